"""What a plan uses: functions that write into a buffer, and functions with their static parameters fixed beforehand.

`INPLACE[name](*operands, out=buffer, **params)` returns the buffer, which is contiguous. To an elementwise one it
may be one of the operands that has the result's shape and dtype; to others it must share no memory with an operand.
"""

from __future__ import annotations

import numpy as np

from . import _convolution, _elementwise, _movement, _reduction
from ._array_module import FUNCTIONS
from ._convolution import Settings
from ._erf import erf
from ._movement import flipped


def _concat(*xs, axis, out):
    return np.concatenate(xs, axis, out=out)


def _max(x, *, axes, keepdims, out):
    return np.maximum.reduce(x, axes, out=out, keepdims=keepdims)


def _min(x, *, axes, keepdims, out):
    return np.minimum.reduce(x, axes, out=out, keepdims=keepdims)


def _sum(x, *, axes, keepdims, out):
    np.copyto(out, _reduction.sum(x, axes=axes, keepdims=keepdims))
    return out


def _pad(x, value, *, widths, out):
    return _movement.pad(np, x, value, widths=widths, out=out)


def _matmul(x, y, *, out):
    if x.dtype.char == "e":
        np.copyto(out, np.matmul(x.astype(np.float32), y.astype(np.float32)))
        return out
    return np.matmul(x, y, out)


def _conv(x, kernel, *, strides, padding, dilation, groups, out):
    return _convolution.conv(np, x, kernel, Settings(strides, padding, dilation, groups), out)


def _conv_transpose(y, kernel, *, size, strides, padding, dilation, groups, out):
    settings = Settings(strides, padding, dilation, groups)
    return _convolution.conv_transpose(np, y, kernel, size, settings, out)


INPLACE = {
    **{name: getattr(np, function) for name, function in FUNCTIONS.items()},
    "sigmoid": _elementwise.sigmoid,
    "erf": erf,
    "power": _elementwise.power,
    "where": _elementwise.where,
    "cast": _elementwise.cast_into,
    "max": _max,
    "min": _min,
    "sum": _sum,
    "pad": _pad,
    "concat": _concat,
    "matmul": _matmul,
    "conv": _conv,
    "conv_transpose": _conv_transpose,
}


def _bind_reshape(*, shape):
    return lambda x: x.reshape(shape)


def _bind_permute(*, axes):
    return lambda x: x.transpose(axes)


def _bind_broadcast(*, shape):
    return lambda x: np.broadcast_to(x, shape)


def _bind_slice(*, start, stop, step):
    index = tuple(map(slice, start, stop, step))
    return lambda x: x[index]


def _bind_flip(*, axes):
    return lambda x: x[flipped(x.ndim, axes)]


def _bind_concat(*, axis):
    concatenate = np.concatenate
    return lambda *xs: concatenate(xs, axis)


def _bind_cast(*, dtype):
    """Unlike the primitive's method it always copies: a plan takes the result for memory of its own."""
    dtype = np.dtype(dtype)
    if dtype.kind in "iu":
        return lambda x: x.copy() if x.dtype == dtype else _elementwise.cast(x, dtype=dtype)
    return lambda x: x.astype(dtype)


BINDERS = {
    "reshape": _bind_reshape,
    "permute_dims": _bind_permute,
    "broadcast_to": _bind_broadcast,
    "slice": _bind_slice,
    "flip": _bind_flip,
    "concat": _bind_concat,
    "cast": _bind_cast,
}
