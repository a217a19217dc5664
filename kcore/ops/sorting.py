"""Order: sorting, ranks, quantiles. NaN counts as the largest number; equal elements keep their order."""

from __future__ import annotations

import math

from kcore import dtypes
from kcore.engine import primitives as P
from kcore.errors import InvalidArgumentError

from ._common import (
    axes_of,
    axis_of,
    cast,
    convert,
    dtype_of,
    filled,
    is_unknown,
    product,
    promote,
    require_integer,
    scalar,
    shape_of,
    to_float,
)
from .operation import op
from .shaping import ravel, slice_axis


def _axis(x, axis):
    x = convert(x)
    return (ravel(x), 0) if axis is None else (x, axis_of(axis, len(shape_of(x))))


def _rankable(x):
    return cast(x, "int32") if dtype_of(x) == "bool" else x


def descending(x, axis: int):
    """The indices that sort from large to small; equal elements keep their order."""
    size = shape_of(x)[axis]
    backwards = P.argsort(P.flip(x, axes=(axis,)), axis=axis)
    return P.subtract(int(size) - 1, P.flip(backwards, axes=(axis,)))


@op
def argsort(x, axis=-1):
    """The indices that sort a tensor along an axis.

    Args:
        x: a tensor.
        axis: an axis; `None` to flatten first.

    Returns:
        An int32 tensor. Equal elements keep their order; NaN comes last.

    Example:
        >>> ops.argsort([3, 1, 2]).tolist()
        [1, 2, 0]
    """
    x, axis = _axis(x, axis)
    return P.argsort(_rankable(x), axis=axis)


@op
def sort(x, axis=-1):
    """A tensor sorted from small to large along an axis.

    Args:
        x: a tensor.
        axis: an axis; `None` to flatten first.

    Returns:
        A tensor; NaN comes last.

    Example:
        >>> ops.sort([3, 1, 2]).tolist()
        [1, 2, 3]
    """
    x, axis = _axis(x, axis)
    return P.take_along_axis(x, P.argsort(_rankable(P.stop_gradient(x)), axis=axis), axis=axis)


@op
def argpartition(x, kth, axis=-1):
    """Indices that put the `kth` smallest element at its place.

    Smaller ones come before it and larger ones after; here all are sorted.

    Args:
        x: a tensor.
        kth: an index.
        axis: an axis; `None` to flatten first.

    Returns:
        An int32 tensor.
    """
    x, axis = _axis(x, axis)
    axis_of(kth, shape_of(x)[axis], "kth")
    return P.argsort(_rankable(x), axis=axis)


@op
def top_k(x, k, sorted=True):
    """The `k` largest elements along the last axis and where they are.

    Of equal elements the first ones are taken; NaN counts as the largest.

    Args:
        x: a tensor of rank 1 or more.
        k: how many.
        sorted: whether the largest must come first; they always do.

    Returns:
        `(values, indices)`: a tensor of `x`'s dtype and an int32 one, of shape `x.shape[:-1] + (k,)`.

    Raises:
        InvalidArgumentError: there are fewer than `k` elements.

    Example:
        >>> values, indices = ops.top_k([1, 5, 3], 2)
        >>> values.tolist(), indices.tolist()
        ([5, 3], [1, 2])
    """
    x = convert(x)
    axis = axis_of(-1, len(shape_of(x)))
    size = shape_of(x)[axis]
    if not 0 <= k <= size and not is_unknown(size):
        raise InvalidArgumentError(f"`k` must be in [0, {size}]. Received: k={k}, x.shape={shape_of(x)}")
    indices = slice_axis(descending(_rankable(P.stop_gradient(x)), axis), axis, 0, k)
    return P.take_along_axis(x, indices, axis=axis), indices


@op
def in_top_k(targets, predictions, k):
    """Whether each target class is among the `k` most likely ones. Classes as likely as the `k`-th count as in.

    Args:
        targets: integers of shape `(batch,)`.
        predictions: scores of shape `(batch, classes)`.
        k: how many.

    Returns:
        A bool tensor of shape `(batch,)`; false for a target that isn't a class, and where its score isn't finite.

    Example:
        >>> ops.in_top_k([0, 1], [[0.2, 0.8], [0.2, 0.8]], 1).tolist()
        [False, True]
    """
    targets, predictions = convert(targets), convert(predictions)
    require_integer(targets, "targets")
    batch, classes = shape_of(predictions)
    valid = P.bitwise_and(P.less_equal(0, targets), P.less(targets, int(classes)))
    safe = P.reshape(P.where(valid, targets, 0), shape=(batch, 1))
    own = P.take_along_axis(predictions, safe, axis=1)
    better = P.sum(P.cast(P.less(own, predictions), dtype="int32"), axes=(1,), keepdims=False)
    finite = P.less(P.absolute(P.reshape(own, shape=(batch,))), math.inf) if dtypes.is_float(dtype_of(own)) else valid
    return P.bitwise_and(P.bitwise_and(valid, finite), P.less(better, int(k)))


@op
def searchsorted(sorted_sequence, values, side="left"):
    """Where to insert values so that a sorted vector stays sorted.

    Args:
        sorted_sequence: a tensor of rank 1, from small to large.
        values: a tensor.
        side: before (`"left"`) or after (`"right"`) equal elements.

    Returns:
        An int32 tensor of `values`' shape.

    Raises:
        InvalidArgumentError: the sequence has another rank, or an unknown `side`.

    Example:
        >>> ops.searchsorted([1, 3, 5], [3, 4]).tolist()
        [1, 2]
    """
    sequence, values = promote(sorted_sequence, values)
    if len(shape_of(sequence)) != 1:
        raise InvalidArgumentError(
            f"`sorted_sequence` must have rank 1. Received: sorted_sequence.shape={shape_of(sequence)}"
        )
    if side not in ("left", "right"):
        raise InvalidArgumentError(f"`side` must be 'left' or 'right'. Received: side={side!r}")
    return _insertion(_rankable(sequence), _rankable(values), side == "right")


def _insertion(sequence, values, after: bool):
    """By bisection: log2(n) + 1 rounds of look-ups. NaN counts as the largest number."""
    (size,) = shape_of(sequence)
    low = P.cast(P.multiply(P.cast(P.equal(values, values), dtype="int32"), 0), dtype="int32")
    high = P.add(low, int(size))
    for _ in range(int(size).bit_length()):
        middle = P.shift_right(P.add(low, high), 1)
        element = P.take(sequence, P.minimum(middle, int(size) - 1), axis=0)
        goes_right = P.bitwise_not(_below(values, element)) if after else _below(element, values)
        goes_right = P.bitwise_and(goes_right, P.less(low, high))
        low, high = P.where(goes_right, P.add(middle, 1), low), P.where(goes_right, high, middle)
    return low


def _below(x, y):
    """x < y with NaN as the largest number."""
    if not dtypes.is_float(dtype_of(x)):
        return P.less(x, y)
    return P.bitwise_or(P.less(x, y), P.bitwise_and(P.equal(x, x), P.bitwise_not(P.equal(y, y))))


@op
def digitize(x, bins):
    """The number of the bin that each element falls into: how many edges aren't above it.

    Args:
        x: a tensor.
        bins: edges, from small to large.

    Returns:
        An int32 tensor of `x`'s shape.

    Example:
        >>> ops.digitize([0.5, 2.5], [1.0, 2.0]).tolist()
        [0, 2]
    """
    return searchsorted(bins, x, side="right")


@op
def median(x, axis=None, keepdims=False):
    """The middle element over axes; the mean of the two middle ones of an even count. NaN if there is one.

    Args:
        x: a tensor.
        axis: an axis, several, or `None` for all.
        keepdims: whether to keep the reduced axes with size 1.

    Returns:
        A floating tensor.

    Example:
        >>> ops.median([1, 3, 2, 10]).tolist()
        2.5
    """
    return quantile(x, 0.5, axis, keepdims=keepdims)


@op
def quantile(x, q, axis=None, method="linear", keepdims=False):
    """The element below which a part `q` of the elements lies, over axes. NaN if there is one.

    Args:
        x: a tensor.
        q: parts in [0, 1]: a number, or a tensor of rank 1.
        axis: an axis, several, or `None` for all.
        method: between two elements: `"linear"`, `"lower"`, `"higher"`, `"midpoint"` or `"nearest"` (of equally near
            ones the even rank).
        keepdims: whether to keep the reduced axes with size 1.

    Returns:
        A floating tensor; the axis of `q`, if it has one, comes first.

    Raises:
        InvalidArgumentError: an unknown `method`.

    Example:
        >>> ops.quantile([0.0, 1.0, 2.0], 0.25).tolist()
        0.5
    """
    if method not in _BETWEEN:
        raise InvalidArgumentError(
            f"`method` must be one of {', '.join(sorted(_BETWEEN))}. Received: method={method!r}"
        )
    x = to_float(x)
    q = convert(q, dtype_of(x))
    rows, kept = _joined(x, axes_of(axis, len(shape_of(x))), keepdims)
    place = len(shape_of(rows)) - 1
    size = int(shape_of(rows)[place])
    if size == 0:
        return filled(math.nan, (*shape_of(q), *kept), dtype_of(x))
    ordered = sort(rows)
    position = P.multiply(P.reshape(q, shape=(product(shape_of(q)),)), float(size - 1))
    lower, upper, weight = _BETWEEN[method](position)
    low = P.take(ordered, P.cast(lower, dtype="int32"), axis=place)
    high = P.take(ordered, P.minimum(P.cast(upper, dtype="int32"), size - 1), axis=place)
    exact = P.bitwise_or(P.equal(low, high), P.equal(weight, 0))
    found = P.add(low, P.multiply(P.where(exact, 0, P.subtract(high, low)), weight))
    has_nan = P.max(P.bitwise_not(P.equal(rows, rows)), axes=(place,), keepdims=True)
    found = P.where(has_nan, scalar(math.nan, dtype_of(x)), found)
    found = P.permute_dims(found, axes=(place, *range(place)))
    return P.reshape(found, shape=(*shape_of(q), *kept))


def _linear(position):
    lower = P.floor(position)
    return lower, P.add(lower, 1), P.subtract(position, lower)


def _at(position):
    return position, position, P.multiply(position, 0)


def _midpoint(position):
    lower, upper = P.floor(position), P.negative(P.floor(P.negative(position)))
    return lower, upper, P.add(P.multiply(position, 0), 0.5)


_BETWEEN = {
    "linear": _linear,
    "lower": lambda position: _at(P.floor(position)),
    "higher": lambda position: _at(P.negative(P.floor(P.negative(position)))),
    "midpoint": _midpoint,
    "nearest": lambda position: _at(P.round(position)),
}


def _joined(x, axes, keepdims):
    """The tensor with the reduced axes joined as its last one, and the shape that the reduction leaves."""
    shape = shape_of(x)
    others = tuple(i for i in range(len(shape)) if i not in axes)
    rows = P.permute_dims(x, axes=(*others, *axes))
    rows = P.reshape(rows, shape=(*(shape[i] for i in others), product(shape[a] for a in axes)))
    return rows, tuple(1 if i in axes else d for i, d in enumerate(shape) if keepdims or i not in axes)


@op
def percentile(x, q, axis=None, method="linear", keepdims=False):
    """`quantile` with parts in percent.

    Args:
        x: a tensor.
        q: percents in [0, 100]: a number, or a tensor of rank 1.
        axis: an axis, several, or `None` for all.
        method: as in `quantile`.
        keepdims: whether to keep the reduced axes with size 1.

    Returns:
        A floating tensor; the axis of `q`, if it has one, comes first.

    Example:
        >>> ops.percentile([0.0, 1.0, 2.0], 50).tolist()
        1.0
    """
    return quantile(x, P.divide(to_float(q), 100), axis, method, keepdims)
