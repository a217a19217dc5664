"""Images."""

from __future__ import annotations

import numpy as np

from kcore import layers

from ._section import count, section, slope

known = section("Images")


@known(
    61,
    "upsampling_nearest_and_bilinear",
    sources=("K#20213", "K#20797", "K#22903"),
    answer="Pixels are areas: their centres lie at half integers, and what lies beyond the outermost centres is the "
    "outermost pixel.",
)
def _upsampling(backend, check):
    x = count(1, 2, 2, 1)
    nearest = layers.UpSampling2D(2)(x)
    check.equal(nearest, np.kron(x[0, :, :, 0], np.ones((2, 2), np.float32))[None, :, :, None])
    weights = np.array([[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]], np.float32)
    bilinear = layers.UpSampling2D(2, interpolation="bilinear")
    check.equal(bilinear(x), (weights @ x[0, :, :, 0] @ weights.T)[None, :, :, None])
    check.equal(slope(bilinear, x), np.full_like(x, 4))
    wide = layers.UpSampling2D((1, 3), interpolation="bilinear")(np.array([[[[0.0], [3.0]]]], np.float32))
    check.close(wide, np.array([0, 0, 1, 2, 3, 3]).reshape(1, 1, 6, 1), op="layer")
