"""The discrete Fourier transform of complex numbers, as pairs of tensors: an optional row, on the host by default."""

from __future__ import annotations

import numpy as np

from kcore.engine.spec import Spec
from kcore.errors import DtypeError, ShapeError

from .elementwise import _same_dtype
from .movement import shape_of
from .row import P, Sample, define
from .samples import floats


def _spec(re: Spec, im: Spec, *, inverse: bool) -> Spec:
    if re.shape != im.shape or not re.shape:
        raise ShapeError(
            f"`fft` takes two tensors of one shape and of rank 1 or more. Received: {re.shape}, {im.shape}"
        )
    dtype = _same_dtype("fft", re, im)
    if dtype not in ("float32", "float64"):
        raise DtypeError(f"`fft` takes float32 or float64. Received: dtype={dtype}")
    return Spec((2, *re.shape), dtype)


def _fft(re, im, *, inverse):
    x = np.asarray(re) + 1j * np.asarray(im)
    y = np.fft.ifft(x, norm="forward") if inverse else np.fft.fft(x)
    return np.stack([y.real, y.imag]).astype(re.dtype)


def halves(pair):
    """The real and the imaginary part of what `fft` gives."""
    shape = shape_of(pair)
    rest, rank = (0,) * (len(shape) - 1), len(shape)
    rows = [P.slice(pair, start=(i, *rest), stop=(i + 1, *shape[1:]), step=(1,) * rank) for i in range(2)]
    return [P.reshape(x, shape=shape[1:]) for x in rows]


def _vjps(g, out, re, im, *, inverse):
    """The adjoint of the transform is the transform the other way round, as neither divides."""
    return halves(P.fft(*halves(g), inverse=not inverse))


def _samples():
    for inverse in (False, True):
        way = "inverse " if inverse else ""
        yield Sample(f"{way}vector", (floats(5), floats(5)[::-1].copy()), {"inverse": inverse})
        yield Sample(f"{way}rows", (floats(2, 3, 8), floats(2, 3, 8)[::-1].copy()), {"inverse": inverse})
    yield Sample("one", (floats(2, 1), floats(2, 1)), {"inverse": False})
    yield Sample("empty batch", (np.zeros((0, 4), np.float32),) * 2, {"inverse": False})
    yield Sample("float64", (floats(6, dtype="float64"), floats(6, dtype="float64")), {"inverse": False})


fft = define(
    "fft",
    "re im",
    "inverse",
    group="Fourier transform",
    required=False,
    spec=_spec,
    vjps=_vjps,
    reference=_fft,
    samples=_samples,
    doc="real and imaginary part, stacked on a new first axis, of the transform over the last axis; no way divides",
)
