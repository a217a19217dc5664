"""Images."""

from __future__ import annotations

import numpy as np

from kcore import layers, ops

from ._section import PROBED, count, f32, section, slope, twice

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


@known(
    61,
    "bicubic_lanczos_and_area_kernels",
    sources=("K#20213", "K#20797", "K#22903", PROBED),
    answer="Keys's cubic with a = -0.5, Lanczos's kernels of 3 and 5, and the mean of the area covered, on every "
    "backend; weights beyond the border are left out and the rest scaled to a sum of 1.",
)
def _kernels(backend, check):
    x = count(1, 1, 4, 1)
    near, far = 0.8671875, -0.0703125
    first = far / (near + far)
    for got in twice(lambda x: ops.image.resize(x, (1, 8), "bicubic", data_format="channels_last"), x):
        check.close(got[0, 0, 0, 0], np.asarray(first), op="layer")
    up = layers.UpSampling2D((1, 2), interpolation="bicubic", data_format="channels_last")
    check.close(up(x)[0, 0, 0, 0], np.asarray(first), op="layer")
    for radius in (3, 5):
        places = np.arange(4) - (-0.25)
        kernel = np.where(np.abs(places) < radius, np.sinc(places) * np.sinc(places / radius), 0)
        up = layers.UpSampling2D((1, 2), interpolation=f"lanczos{radius}", data_format="channels_last")
        check.close(up(x)[0, 0, 0, 0], np.asarray(kernel @ np.arange(4) / kernel.sum()), op="layer")
    check.close(ops.image.resize(x, (1, 2), "area", data_format="channels_last").reshape(-1), f32(0.5, 2.5), op="layer")


@known(
    62,
    "beyond_the_border",
    sources=("K#20608", "K#20768", "KC#926", PROBED),
    answer="SciPy's definitions, on every backend: `constant` interpolates with the constant, `wrap` repeats all "
    "pixels, `mirror` turns about the outermost pixels, `reflect` about the border; of two pixels equally near the "
    "later is the nearest.",
)
def _borders(backend, check):
    x, places = f32(0, 1, 2, 3), f32([-3, -1.5, -0.6, 1.5, 3.2, 4, 5.5])
    expected = {
        "constant": [9, 9, 5.4, 1.5, 4.2, 9, 9],
        "nearest": [0, 0, 0, 1.5, 3, 3, 3],
        "wrap": [1, 2.5, 1.8, 1.5, 2.4, 0, 1.5],
        "mirror": [3, 1.5, 0.6, 1.5, 2.8, 2, 0.5],
        "reflect": [2, 0.5, 0, 1.5, 3, 3, 1.5],
    }
    image = x.reshape(1, 4, 1)
    for mode, values in expected.items():
        for got in twice(lambda x, p, mode=mode: ops.image.map_coordinates(x, p, 1, mode, 9.0), x, places):
            check.close(got, np.array(values), op="layer", dtype="float32")
        move = f32(1, 0, -1.5, 0, 1, 0, 0, 0)
        moved = ops.image.affine_transform(image, move, "bilinear", mode, 9.0, "channels_last")
        check.close(moved[0, 0, 0], np.asarray(values[1]), op="layer", dtype="float32")
    check.equal(ops.image.map_coordinates(x, f32([-0.5, 0.5, 1.5]), 0), f32(0, 1, 2))


@known(
    62,
    "last_two_numbers_of_a_transform",
    answer="They make it a projection: coordinates are divided by `c0 x + c1 y + 1`, as the documentation says.",
)
def _projection(backend, check):
    x = count(1, 4, 1)
    got = ops.image.affine_transform(x, f32(1, 0, 0, 0, 1, 0, 0.5, 0), data_format="channels_last")
    check.close(got[0, :, 0], np.array([0, 2 / 3, 1, 1.2]), op="layer", dtype="float32")


@known(
    63,
    "axes_and_size_of_a_blur",
    sources=("K#23542", "K#22046", "K#22054", "TF#127247"),
    answer="`kernel_size` and `sigma` are those of height and width, in this order; the data format is the configured "
    "one; an even kernel reaches further down and to the right, and the image keeps its size.",
)
def _blur(backend, check):
    x = np.pad(f32([1]), 2).reshape(1, 5, 5, 1)
    bell = np.exp([-0.5, 0, -0.5]) / np.exp([-0.5, 0, -0.5]).sum()
    check.close(ops.image.gaussian_blur(x, (3, 1))[0, :, 2, 0], np.pad(bell, 1), op="layer", dtype="float32")
    check.close(ops.image.gaussian_blur(x, (1, 3))[0, 2, :, 0], np.pad(bell, 1), op="layer", dtype="float32")
    check.equal(ops.image.gaussian_blur(x, (2, 1))[0, :, 2, 0], f32(0, 0.5, 0.5, 0, 0))
    first = x.reshape(1, 1, 5, 5)
    check.equal(ops.image.gaussian_blur(first, (1, 2), data_format="channels_first")[0, 0, 2], f32(0, 0.5, 0.5, 0, 0))


@known(
    51,
    "images_of_16_bit_floats",
    sources=("K#23214",),
    answer="Computed in float32 and rounded to the images' dtype; integers are rounded and held to their range.",
    needs=("dtype:float16",),
)
def _halves(backend, check):
    x = count(1, 1, 4, 1)
    for name in ("nearest", "bilinear", "bicubic", "lanczos3"):
        wide = check.numpy(ops.image.resize(x, (1, 7), name, data_format="channels_last"))
        half = ops.image.resize(x.astype(np.float16), (1, 7), name, data_format="channels_last")
        check.close(half, wide.astype(np.float64), op="layer", dtype="float16")
    black = np.array([0, 255], np.uint8).reshape(1, 1, 2, 1)
    check.equal(
        ops.image.resize(black, (1, 4), "bicubic", data_format="channels_last")[0, 0, :, 0],
        np.array([0, 53, 202, 255], np.uint8),
    )


@known(
    51,
    "images_of_bfloat16",
    sources=("K#23214",),
    answer="Computed in float32 and rounded to the images' dtype.",
    needs=("dtype:bfloat16",),
)
def _brain(backend, check):
    x = ops.cast(count(1, 4, 1), "bfloat16")
    for got in (ops.image.resize(x, (1, 2), data_format="channels_last"), ops.image.gaussian_blur(x, (1, 1))):
        check.spec(got, (1, got.shape[1], 1), "bfloat16")
    check.close(ops.image.resize(x, (1, 2), data_format="channels_last")[0, :, 0], f32(0.5, 2.5))
