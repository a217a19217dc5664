"""Pooling: one number for each window."""

from __future__ import annotations

import math

import numpy as np

from kcore.engine import primitives as P
from kcore.engine.fused import fused_op
from kcore.errors import ShapeError

from ._common import convert, dtype_of, is_unknown, lowest, pair, scalar, shape_of, to_float
from .convolution import from_channels_last, pad_pairs, resolve_data_format, to_channels_last
from .operation import op


@fused_op("max_pool")
def max_pool_windows(x, *, size, strides, padding):
    """The largest element of each window; padding counts as `-inf`.

    The gradient goes to the first of equal ones; NaN is the largest.

    Args:
        x: a tensor of shape `(N, *S, C)`.
        size, strides: integers, one a spatial axis.
        padding: pairs (before, after), one a spatial axis.

    Returns:
        A tensor of shape `(N, *So, C)`.
    """
    windows = _windows(x, lowest(dtype_of(x)), size, strides, padding)
    axis = len(shape_of(windows)) - 2
    where = P.argmax(windows, axis=axis)
    shape = shape_of(where)
    best = P.take_along_axis(windows, P.reshape(where, shape=(*shape[:-1], 1, shape[-1])), axis=axis)
    return P.reshape(best, shape=shape)


@fused_op("average_pool")
def average_pool_windows(x, *, size, strides, padding):
    """The mean of each window; padding isn't counted.

    Args:
        x: a floating tensor of shape `(N, *S, C)`.
        size, strides: integers, one a spatial axis.
        padding: pairs (before, after), one a spatial axis.

    Returns:
        A tensor of shape `(N, *So, C)`.
    """
    windows = _windows(x, 0, size, strides, padding)
    total = P.sum(windows, axes=(len(shape_of(windows)) - 2,), keepdims=False)
    spatial = shape_of(x)[1:-1]
    if not any(lo or hi for lo, hi in padding) or any(map(is_unknown, spatial)):
        return P.divide(total, float(math.prod(size)))
    counts = np.ones(())
    for n, k, s, (lo, hi) in zip(spatial, size, strides, padding, strict=True):
        inside = np.pad(np.ones(n), (lo, hi))
        counts = counts[..., None] * np.lib.stride_tricks.sliding_window_view(inside, k)[::s].sum(-1)
    return P.divide(total, convert(np.maximum(counts, 1)[None, ..., None], dtype_of(x)))


def _windows(x, fill, size, strides, padding):
    """Windows of the padded tensor: `(N, *So, elements of a window, C)`."""
    if any(lo or hi for lo, hi in padding):
        x = P.pad(x, scalar(fill, dtype_of(x)), widths=((0, 0), *padding, (0, 0)))
    windows = P.windows(x, size=size, strides=strides, dilation=(1,) * len(size))
    shape, rank = shape_of(windows), len(size)
    return P.reshape(windows, shape=(*shape[: rank + 1], math.prod(size), shape[-1]))


def _pool(pool, x, pool_size, strides, padding, data_format):
    rank = len(shape_of(x)) - 2
    if rank < 1:
        raise ShapeError(f"`inputs` must be (batch, spatial..., channels). Received: inputs.shape={shape_of(x)}")
    data_format = resolve_data_format(data_format)
    size = pair(pool_size, rank, "pool_size")
    strides = size if strides is None else pair(strides, rank, "strides")
    x = to_channels_last(x, data_format)
    pairs = pad_pairs(padding, shape_of(x)[1:-1], size, strides)
    out = pool(x, size=size, strides=strides, padding=pairs)
    return from_channels_last(out, data_format)


@op
def max_pool(inputs, pool_size, strides=None, padding="valid", data_format=None):
    """The largest element of each window. NaN is the largest; the gradient goes to the first of equal ones.

    Args:
        inputs: a tensor of shape `(batch, *spatial, channels)`, or with channels first.
        pool_size: the window, an integer or one a spatial axis.
        strides: an integer, or one a spatial axis; `pool_size` by default.
        padding: `"valid"` or `"same"`; padding counts as `-inf`.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.

    Returns:
        A tensor of shape `(batch, *spatial, channels)`, or with channels first.

    Raises:
        ShapeError: the rank is below 3, or the window is larger than the input.

    Example:
        >>> ops.max_pool(ops.reshape([1.0, 3.0, 2.0, 0.0], (1, 4, 1)), 2)[0, :, 0].tolist()
        [3.0, 2.0]
    """
    return _pool(max_pool_windows, convert(inputs), pool_size, strides, padding, data_format)


@op
def average_pool(inputs, pool_size, strides=None, padding="valid", data_format=None):
    """The mean of each window; padding isn't counted.

    Args:
        inputs: a tensor of shape `(batch, *spatial, channels)`, or with channels first.
        pool_size: the window, an integer or one a spatial axis.
        strides: an integer, or one a spatial axis; `pool_size` by default.
        padding: `"valid"` or `"same"`.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.

    Returns:
        A floating tensor of shape `(batch, *spatial, channels)`, or with channels first.

    Raises:
        ShapeError: the rank is below 3, or the window is larger than the input.

    Example:
        >>> ops.average_pool(ops.reshape([1.0, 3.0, 2.0, 0.0], (1, 4, 1)), 2)[0, :, 0].tolist()
        [2.0, 1.0]
    """
    return _pool(average_pool_windows, to_float(inputs), pool_size, strides, padding, data_format)
