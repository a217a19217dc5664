"""Sliding windows and their adjoint: what pooling and local layers are made of."""

from __future__ import annotations

import numpy as np

from kcore.engine.spec import Spec
from kcore.errors import ShapeError

from .contraction import _positions, _taps
from .movement import shape_of
from .row import P, Sample, define
from .samples import floats

GROUP = "window"


def window_positions(shape, size, strides, dilation) -> tuple[int, ...]:
    """How many windows of `size` fit along each spatial axis."""
    rows = zip(shape, size, strides, dilation, strict=True)
    return tuple(_positions(n, (k - 1) * d + 1, s) for n, k, s, d in rows)


def _windows_spec(x: Spec, *, size, strides, dilation) -> Spec:
    if len(x.shape) != len(size) + 2:
        raise ShapeError(f"`windows` takes x of rank {len(size) + 2}. Received: x.shape={x.shape}, size={size}")
    return Spec((x.shape[0], *window_positions(x.shape[1:-1], size, strides, dilation), *size, x.shape[-1]), x.dtype)


def _fold_spec(y: Spec, *, shape, strides, dilation) -> Spec:
    rank = len(shape)
    size = y.shape[1 + rank : 1 + 2 * rank]
    if len(y.shape) != 2 * rank + 2 or y.shape[1 : 1 + rank] != window_positions(shape, size, strides, dilation):
        raise ShapeError(
            f"`fold` takes windows of an image of spatial shape {tuple(shape)}. Received: y.shape={y.shape}, "
            f"strides={strides}"
        )
    return Spec((y.shape[0], *shape, y.shape[-1]), y.dtype)


def _windows(x, *, size, strides, dilation):
    out = window_positions(x.shape[1:-1], size, strides, dilation)
    result = np.zeros((x.shape[0], *out, *size, x.shape[-1]), x.dtype)
    if 0 not in out:
        for tap, where in _taps(size, out, strides, dilation):
            result[(slice(None), *(slice(None),) * len(out), *tap)] = x[(slice(None), *where)]
    return result


def _fold(y, *, shape, strides, dilation):
    rank = len(shape)
    out, size = y.shape[1 : 1 + rank], y.shape[1 + rank : 1 + 2 * rank]
    result = np.zeros((y.shape[0], *shape, y.shape[-1]), np.float64)
    if 0 not in out:
        for tap, where in _taps(size, out, strides, dilation):
            result[(slice(None), *where)] += y[(slice(None), *(slice(None),) * rank, *tap)]
    return result.astype(y.dtype)


def _cases():
    yield "apart", (2, 4, 6, 2), (2, 3), (2, 3), (1, 1)
    yield "overlapping", (1, 5, 5, 2), (3, 3), (1, 1), (1, 1)
    yield "strides", (1, 7, 6, 1), (3, 2), (2, 3), (1, 1)
    yield "dilation", (1, 7, 7, 2), (2, 3), (2, 1), (3, 2)
    yield "one axis", (2, 6, 3), (2,), (2,), (1,)
    yield "three axes", (1, 3, 4, 4, 1), (2, 2, 2), (1, 2, 2), (1, 1, 1)
    yield "empty batch", (0, 4, 4, 1), (2, 2), (2, 2), (1, 1)
    yield "no window fits", (1, 2, 2, 1), (3, 3), (1, 1), (1, 1)


def _windows_samples():
    for name, shape, size, strides, dilation in _cases():
        yield Sample(name, (floats(*shape),), {"size": size, "strides": strides, "dilation": dilation})


def _fold_samples():
    for name, shape, size, strides, dilation in _cases():
        out = window_positions(shape[1:-1], size, strides, dilation)
        y = floats(shape[0], *out, *size, shape[-1])
        yield Sample(name, (y,), {"shape": shape[1:-1], "strides": strides, "dilation": dilation})


def _windows_vjp(g, out, x, *, size, strides, dilation):
    return P.fold(g, shape=shape_of(x)[1:-1], strides=strides, dilation=dilation)


def _fold_vjp(g, out, y, *, shape, strides, dilation):
    rank = len(shape)
    return P.windows(g, size=shape_of(y)[1 + rank : 1 + 2 * rank], strides=strides, dilation=dilation)


windows = define(
    "windows",
    "x",
    "size strides dilation",
    group=GROUP,
    spec=_windows_spec,
    vjps=(_windows_vjp,),
    reference=_windows,
    samples=_windows_samples,
    doc="all windows of an image (batch, *spatial, channels) as (batch, *positions, *size, channels)",
)
fold = define(
    "fold",
    "y",
    "shape strides dilation",
    group=GROUP,
    spec=_fold_spec,
    vjps=(_fold_vjp,),
    reference=_fold,
    samples=_fold_samples,
    doc="the adjoint of `windows`: windows added up in an image of spatial shape `shape`",
)
