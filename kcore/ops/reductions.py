"""Reductions: sums, means, extremes, and what is built on them.

`axis` is an axis, several, or `None` for all; `keepdims` keeps the reduced axes with size 1. Integer sums and
products are formed in at
least 32 bits, as in Keras: bool and small integers in int32, small unsigned ones in uint32. 16-bit floats are summed
in float32.
"""

from __future__ import annotations

import math

from kcore import dtypes
from kcore.engine import primitives as P
from kcore.errors import ShapeError

from ._common import (
    axes_of,
    cast,
    convert,
    dtype_of,
    float_dtype,
    is_unknown,
    product,
    promote,
    shape_of,
    to_dtype,
    to_float,
    wide_float,
    with_gradient,
)
from .operation import op

_SUM_DTYPES = {"bool": "int32", "int8": "int32", "int16": "int32", "uint8": "uint32", "uint16": "uint32"}


def sum_dtype(dtype: str) -> str:
    """The dtype of a sum of elements of this dtype."""
    return _SUM_DTYPES.get(dtype, dtype)


def count_of(shape, axes) -> int:
    """How many elements a reduction over these axes joins."""
    return product(shape[a] for a in axes)


@op
def sum(x, axis=None, keepdims=False):
    """Sum over axes.

    Args:
        x: a tensor.
        axis: an axis, several, or `None` for all.
        keepdims: whether to keep the reduced axes with size 1.

    Returns:
        A tensor of `x`'s dtype (int32 or uint32 for bool and smaller integers). The sum of nothing is 0.

    Example:
        >>> ops.sum([[1, 2], [3, 4]], axis=0).tolist()
        [4, 6]
    """
    x = convert(x)
    return _sum(cast(x, sum_dtype(dtype_of(x))), axes_of(axis, len(shape_of(x))), keepdims)


def _sum(x, axes, keepdims):
    dtype = dtype_of(x)
    if dtype == wide_float(dtype):
        return P.sum(x, axes=axes, keepdims=keepdims)
    return P.cast(P.sum(P.cast(x, dtype="float32"), axes=axes, keepdims=keepdims), dtype=dtype)


@op
def prod(x, axis=None, keepdims=False, dtype=None):
    """Product over axes. Its gradient is right where factors are 0.

    Args:
        x: a tensor.
        axis: an axis, several, or `None` for all.
        keepdims: whether to keep the reduced axes with size 1.
        dtype: dtype of the result; by default `x`'s (int32 or uint32 for bool and smaller integers).

    Returns:
        A tensor. The product of nothing is 1.

    Example:
        >>> ops.prod([[1, 2], [3, 4]], axis=1).tolist()
        [2, 12]
    """
    x = convert(x)
    wanted = sum_dtype(dtype_of(x)) if dtype is None else dtypes.standardize_dtype(dtype)
    return P.prod(cast(x, wanted), axes=axes_of(axis, len(shape_of(x))), keepdims=keepdims)


@op
def mean(x, axis=None, keepdims=False):
    """Mean over axes.

    Args:
        x: a tensor.
        axis: an axis, several, or `None` for all.
        keepdims: whether to keep the reduced axes with size 1.

    Returns:
        A floating tensor. The mean of nothing is NaN.

    Example:
        >>> ops.mean([[1, 2], [3, 4]], axis=0).tolist()
        [2.0, 3.0]
    """
    x = to_float(x)
    dtype = dtype_of(x)
    axes = axes_of(axis, len(shape_of(x)))
    return cast(_mean(cast(x, wide_float(dtype)), axes, keepdims), dtype)


def _mean(x, axes, keepdims):
    return P.divide(P.sum(x, axes=axes, keepdims=keepdims), float(count_of(shape_of(x), axes)))


def centered_moments(x, axes, keepdims):
    """Mean and variance over axes, in two passes: the mean first, then the mean square distance from it."""
    center = _mean(x, axes, True)
    distance = P.subtract(x, center)
    variance = _mean(P.multiply(distance, distance), axes, keepdims)
    if not keepdims:
        center = P.reshape(center, shape=shape_of(variance))
    return center, variance


@op
def var(x, axis=None, keepdims=False):
    """Variance over axes (of the whole population: divided by n), in two passes, so that a large mean costs no digits.

    Args:
        x: a tensor.
        axis: an axis, several, or `None` for all.
        keepdims: whether to keep the reduced axes with size 1.

    Returns:
        A floating tensor.

    Example:
        >>> ops.var([1.0, 3.0]).tolist()
        1.0
    """
    x = to_float(x)
    dtype = dtype_of(x)
    variance = centered_moments(cast(x, wide_float(dtype)), axes_of(axis, len(shape_of(x))), keepdims)[1]
    return cast(variance, dtype)


@op
def std(x, axis=None, keepdims=False):
    """Standard deviation over axes: the root of `var`. The gradient is 0 where it is 0.

    Args:
        x: a tensor.
        axis: an axis, several, or `None` for all.
        keepdims: whether to keep the reduced axes with size 1.

    Returns:
        A floating tensor.

    Example:
        >>> ops.std([1.0, 3.0]).tolist()
        1.0
    """
    x = to_float(x)
    dtype = dtype_of(x)
    variance = centered_moments(cast(x, wide_float(dtype)), axes_of(axis, len(shape_of(x))), keepdims)[1]
    return cast(safe_sqrt(variance), dtype)


def safe_sqrt(x):
    """The root of a non-negative float tensor, with gradient 0 at 0."""
    root = P.sqrt(x)

    def gradient(g):
        zero = P.equal(x, 0)
        return P.where(zero, 0, P.divide(P.multiply(g, 0.5), P.sqrt(P.where(zero, 1, x))))

    return with_gradient(root, x, gradient)


@op
def logsumexp(x, axis=None, keepdims=False):
    """`log(sum(exp(x)))` over axes, without overflow; `-inf` of minus infinities, and of nothing.

    Args:
        x: a tensor.
        axis: an axis, several, or `None` for all.
        keepdims: whether to keep the reduced axes with size 1.

    Returns:
        A floating tensor.

    Example:
        >>> ops.logsumexp([1000.0, 1000.0]).tolist()
        1000.693
    """
    x = to_float(x)
    axes = axes_of(axis, len(shape_of(x)))
    if any(shape_of(x)[axis] == 0 for axis in axes if not is_unknown(shape_of(x)[axis])):
        return P.log(P.sum(x, axes=axes, keepdims=keepdims))
    largest = P.stop_gradient(P.max(x, axes=axes, keepdims=True))
    shift = P.where(P.less(P.absolute(largest), math.inf), largest, 0)
    total = P.sum(P.exp(P.subtract(x, shift)), axes=axes, keepdims=keepdims)
    result = P.log(total)
    return P.add(result, shift if keepdims else P.reshape(shift, shape=shape_of(result)))


@op
def average(x, axis=None, weights=None):
    """Weighted mean over axes.

    Args:
        x: a tensor.
        axis: an axis, several, or `None` for all.
        weights: a tensor of `x`'s shape, or of one dimension as long as the single `axis`; `None` for equal weights.

    Returns:
        A floating tensor.

    Raises:
        ShapeError: the weights fit neither way.

    Example:
        >>> ops.average([1.0, 4.0], weights=[2.0, 1.0]).tolist()
        2.0
    """
    if weights is None:
        return mean(x, axis)
    x, weights = promote(x, weights)
    x, weights = to_dtype(float_dtype(dtype_of(x)), x, weights)
    shape, axes = shape_of(x), axes_of(axis, len(shape_of(x)))
    if shape_of(weights) != shape:
        if len(axes) != 1 or shape_of(weights) != (shape[axes[0]],):
            raise ShapeError(
                f"`weights` must have `x`'s shape, or be as long as `axis`. "
                f"Received: x.shape={shape}, weights.shape={shape_of(weights)}, axis={axis}"
            )
        weights = P.reshape(weights, shape=tuple(d if i == axes[0] else 1 for i, d in enumerate(shape)))
        weights = P.broadcast_to(weights, shape=shape)
    total = P.sum(P.multiply(x, weights), axes=axes, keepdims=False)
    return P.divide(total, P.sum(weights, axes=axes, keepdims=False))
