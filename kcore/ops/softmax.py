"""Softmax and its relatives: functions that normalize along an axis."""

from __future__ import annotations

from typing import Any

from kcore.dtypes import finfo
from kcore.engine import primitives as P
from kcore.engine.fused import fused_op

from ._common import axes_of, axis_of, cast, dtype_of, shape_of, to_float, wide_float
from .activation import positive_part
from .operation import op
from .sorting import descending


@op
def softmax(x, axis: Any = -1):
    """`exp(x) / sum(exp(x))` along an axis, without overflow.

    An element of `-inf` gets 0. Where all elements along the axis are `-inf` (a fully masked row) the result is 0,
    and so is the gradient. A NaN or `inf` makes the whole row NaN.

    Args:
        x: a tensor.
        axis: an axis, or several to normalize together.

    Returns:
        A floating tensor of `x`'s shape.

    Example:
        >>> ops.softmax([0.0, 0.0]).tolist()
        [0.5, 0.5]
    """
    x = to_float(x)
    dtype = dtype_of(x)
    return cast(normalized(cast(x, wide_float(dtype)), axes=axes_of(axis, len(shape_of(x)))), dtype)


@fused_op("softmax")
def normalized(x, *, axes):
    """Softmax of a float tensor along axes; 0 where all are -inf."""
    raised = P.exp(P.subtract(x, finite_shift(x, axes)))
    total = P.sum(raised, axes=axes, keepdims=True)
    # A fully masked row sums to 0: it is divided by 1. A product by the row's reciprocal is cheaper to
    # differentiate than a quotient.
    total = P.add(total, P.cast(P.equal(total, 0), dtype=dtype_of(x)))
    return P.multiply(raised, P.divide(1, total))


def finite_shift(x, axes):
    """The largest element along axes (kept), without gradient; for a row of -inf the least finite number."""
    return P.stop_gradient(P.maximum(P.max(x, axes=axes, keepdims=True), float(finfo(dtype_of(x)).min)))


@op
def log_softmax(x, axis: Any = -1):
    """`log(softmax(x))` along an axis, without overflow or underflow.

    Where all elements along the axis are `-inf` the result is `-inf`.

    Args:
        x: a tensor.
        axis: an axis, or several to normalize together.

    Returns:
        A floating tensor of `x`'s shape.

    Example:
        >>> ops.log_softmax([1000.0, 0.0]).tolist()
        [0.0, -1000.0]
    """
    x = to_float(x)
    dtype = dtype_of(x)
    return cast(_log_softmax(cast(x, wide_float(dtype)), axes_of(axis, len(shape_of(x)))), dtype)


def _log_softmax(x, axes):
    shifted = P.subtract(x, finite_shift(x, axes))
    total = P.sum(P.exp(shifted), axes=axes, keepdims=True)
    total = P.add(total, P.cast(P.equal(total, 0), dtype=dtype_of(x)))
    return P.subtract(shifted, P.log(total))


@op
def sparsemax(x, axis=-1):
    """The point of the simplex nearest to `x` along an axis: like softmax, with exact zeros.

    Args:
        x: a tensor.
        axis: an axis.

    Returns:
        A floating tensor of `x`'s shape.

    Source:
        Martins and Astudillo, From softmax to sparsemax (2016).

    Example:
        >>> ops.sparsemax([2.0, 0.0]).tolist()
        [1.0, 0.0]
    """
    x = to_float(x)
    axis = axis_of(axis, len(shape_of(x)))
    ordered = P.take_along_axis(x, descending(P.stop_gradient(x), axis), axis=axis)
    size = shape_of(x)[axis]
    place = tuple(size if i == axis else 1 for i in range(len(shape_of(x))))
    ranks = P.add(P.reshape(P.iota(size=size, dtype=dtype_of(x)), shape=place), 1)
    sums = P.cumsum(ordered, axis=axis)
    inside = P.cast(P.less(sums, P.add(P.multiply(ranks, ordered), 1)), dtype=dtype_of(x))
    support = P.sum(inside, axes=(axis,), keepdims=True)
    level = P.divide(P.subtract(P.sum(P.multiply(ordered, inside), axes=(axis,), keepdims=True), 1), support)
    return positive_part(P.subtract(x, level))
