"""Reductions that skip NaN, and scans along an axis."""

from __future__ import annotations

import math

from kcore import dtypes
from kcore.engine import primitives as P

from ._common import (
    axes_of,
    axis_of,
    cast,
    convert,
    dtype_of,
    product,
    scalar,
    shape_of,
    to_float,
)
from .extremes import argmax, argmin
from .extremes import max as largest
from .extremes import min as smallest
from .operation import op
from .reductions import prod, safe_sqrt, sum


def _is_number(x):
    return P.equal(x, x)


def _without_nan(x, value):
    """The tensor with NaN replaced."""
    x = convert(x)
    return P.where(_is_number(x), x, scalar(value, dtype_of(x))) if dtypes.is_float(dtype_of(x)) else x


@op
def nansum(x, axis=None, keepdims=False):
    """Sum over axes of what isn't NaN.

    Args:
        x: a tensor.
        axis: an axis, several, or `None` for all.
        keepdims: whether to keep the reduced axes with size 1.

    Returns:
        A tensor with the dtype that `sum` gives.

    Example:
        >>> ops.nansum([1.0, float("nan"), 2.0]).tolist()
        3.0
    """
    return sum(_without_nan(x, 0), axis, keepdims)


@op
def nanprod(x, axis=None, keepdims=False):
    """Product over axes of what isn't NaN.

    Args:
        x: a tensor.
        axis: an axis, several, or `None` for all.
        keepdims: whether to keep the reduced axes with size 1.

    Returns:
        A tensor with the dtype that `prod` gives.
    """
    return prod(_without_nan(x, 1), axis, keepdims)


@op
def nanmean(x, axis=None, keepdims=False):
    """Mean over axes of what isn't NaN; NaN where all is.

    Args:
        x: a tensor.
        axis: an axis, several, or `None` for all.
        keepdims: whether to keep the reduced axes with size 1.

    Returns:
        A floating tensor.

    Example:
        >>> ops.nanmean([1.0, float("nan"), 2.0]).tolist()
        1.5
    """
    x = to_float(x)
    axes = axes_of(axis, len(shape_of(x)))
    return _nanmean(x, _is_number(x), axes, keepdims)


def _nanmean(x, is_number, axes, keepdims):
    total = P.sum(P.where(is_number, x, 0), axes=axes, keepdims=keepdims)
    return P.divide(total, P.sum(P.cast(is_number, dtype=dtype_of(x)), axes=axes, keepdims=keepdims))


@op
def nanvar(x, axis=None, keepdims=False):
    """Variance over axes of what isn't NaN.

    Args:
        x: a tensor.
        axis: an axis, several, or `None` for all.
        keepdims: whether to keep the reduced axes with size 1.

    Returns:
        A floating tensor.
    """
    x = to_float(x)
    axes = axes_of(axis, len(shape_of(x)))
    is_number = _is_number(x)
    distance = P.where(is_number, P.subtract(x, _nanmean(x, is_number, axes, True)), 0)
    return _nanmean(P.multiply(distance, distance), is_number, axes, keepdims)


@op
def nanstd(x, axis=None, keepdims=False):
    """Standard deviation over axes of what isn't NaN.

    Args:
        x: a tensor.
        axis: an axis, several, or `None` for all.
        keepdims: whether to keep the reduced axes with size 1.

    Returns:
        A floating tensor.
    """
    return safe_sqrt(nanvar(x, axis, keepdims))


@op
def nanmax(x, axis=None, keepdims=False):
    """Largest element over axes of what isn't NaN; NaN where all is.

    Args:
        x: a tensor.
        axis: an axis, several, or `None` for all.
        keepdims: whether to keep the reduced axes with size 1.

    Returns:
        A tensor of `x`'s dtype.
    """
    return _nan_extremum(largest, x, -math.inf, axis, keepdims)


@op
def nanmin(x, axis=None, keepdims=False):
    """Smallest element over axes of what isn't NaN; NaN where all is.

    Args:
        x: a tensor.
        axis: an axis, several, or `None` for all.
        keepdims: whether to keep the reduced axes with size 1.

    Returns:
        A tensor of `x`'s dtype.
    """
    return _nan_extremum(smallest, x, math.inf, axis, keepdims)


def _nan_extremum(reduce, x, identity, axis, keepdims):
    x = convert(x)
    found = reduce(_without_nan(x, identity), axis, keepdims)
    if not dtypes.is_float(dtype_of(x)):
        return found
    some = P.max(_is_number(x), axes=axes_of(axis, len(shape_of(x))), keepdims=keepdims)
    return P.where(some, found, math.nan)


@op
def nanargmax(x, axis=None, keepdims=False):
    """Index of the largest element that isn't NaN; -1 where all is.

    Args:
        x: a tensor.
        axis: an axis; `None` for an index into the flattened tensor.
        keepdims: whether to keep the reduced axes with size 1.

    Returns:
        An int32 tensor.
    """
    return _nan_argument(argmax, x, -math.inf, axis, keepdims)


@op
def nanargmin(x, axis=None, keepdims=False):
    """Index of the smallest element that isn't NaN; -1 where all is.

    Args:
        x: a tensor.
        axis: an axis; `None` for an index into the flattened tensor.
        keepdims: whether to keep the reduced axes with size 1.

    Returns:
        An int32 tensor.
    """
    return _nan_argument(argmin, x, math.inf, axis, keepdims)


def _nan_argument(search, x, identity, axis, keepdims):
    x = convert(x)
    found = search(_without_nan(x, identity), axis, keepdims)
    if not dtypes.is_float(dtype_of(x)):
        return found
    some = P.max(_is_number(x), axes=axes_of(axis, len(shape_of(x))), keepdims=keepdims)
    return P.where(some, found, -1)


@op
def cumsum(x, axis=None, dtype=None):
    """Running sum along an axis.

    Args:
        x: a tensor.
        axis: an axis; `None` to flatten first.
        dtype: dtype of the result; `x`'s by default (int32 for bool).

    Returns:
        A tensor of `x`'s shape (flat if `axis` is `None`).

    Example:
        >>> ops.cumsum([1, 2, 3]).tolist()
        [1, 3, 6]
    """
    x, axis = _scan_operand(x, axis, dtype)
    return P.cumsum(x, axis=axis)


@op
def cumprod(x, axis=None, dtype=None):
    """Running product along an axis. Its gradient is right where factors are 0.

    Args:
        x: a tensor.
        axis: an axis; `None` to flatten first.
        dtype: dtype of the result; `x`'s by default (int32 for bool).

    Returns:
        A tensor of `x`'s shape (flat if `axis` is `None`).

    Source:
        log2(n) multiplications of shifted tensors: Hillis and Steele, Data parallel algorithms (1986).

    Example:
        >>> ops.cumprod([1, 2, 3]).tolist()
        [1, 2, 6]
    """
    x, axis = _scan_operand(x, axis, dtype)
    shape = shape_of(x)
    rank, shift = len(shape), 1
    while shift < shape[axis]:
        widths = tuple((shift, 0) if i == axis else (0, 0) for i in range(rank))
        moved = P.pad(x, scalar(1, dtype_of(x)), widths=widths)
        x = P.multiply(x, P.slice(moved, start=(0,) * rank, stop=shape, step=(1,) * rank))
        shift *= 2
    return x


def _scan_operand(x, axis, dtype):
    x = convert(x)
    x = cast(
        x, dtypes.standardize_dtype(dtype) if dtype is not None else "int32" if dtype_of(x) == "bool" else dtype_of(x)
    )
    if axis is None:
        return P.reshape(x, shape=(product(shape_of(x)),)), 0
    return x, axis_of(axis, len(shape_of(x)))


@op
def nancumsum(x, axis=None, dtype=None):
    """Running sum along an axis, NaN taken as 0.

    Args:
        x: a tensor.
        axis: an axis; `None` to flatten first.
        dtype: dtype of the result; `x`'s by default (int32 for bool).

    Returns:
        A tensor of `x`'s shape (flat if `axis` is `None`).
    """
    return cumsum(_without_nan(x, 0), axis, dtype)


@op
def nancumprod(x, axis=None, dtype=None):
    """Running product along an axis, NaN taken as 1.

    Args:
        x: a tensor.
        axis: an axis; `None` to flatten first.
        dtype: dtype of the result; `x`'s by default (int32 for bool).

    Returns:
        A tensor of `x`'s shape (flat if `axis` is `None`).
    """
    return cumprod(_without_nan(x, 1), axis, dtype)
