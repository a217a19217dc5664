"""Counting and sets: histograms, unique elements, membership."""

from __future__ import annotations

import numpy as np

from kcore.engine import primitives as P
from kcore.errors import InvalidArgumentError, ShapeError

from ._common import (
    axis_of,
    cast,
    concrete,
    convert,
    dtype_of,
    filled,
    known,
    product,
    promote,
    promote_float,
    require_integer,
    shape_argument,
    shape_of,
    to_float,
)
from .extremes import max as largest
from .extremes import min as smallest
from .indexing import in_range
from .movement import diff
from .operation import op
from .shaping import ravel, slice_axis
from .sorting import searchsorted


@op
def bincount(x, weights=None, minlength=0, sparse=False):
    """How often each integer occurs, from 0 up.

    Args:
        x: non-negative integers of shape `(n,)` or `(batch, n)`.
        weights: what each counts, a tensor of `x`'s shape; 1 by default.
        minlength: how many integers to count at least. Where the value of `x` isn't known, exactly as many are
            counted, and larger integers are ignored.
        sparse: accepted when false, as kcore has no sparse tensors.

    Returns:
        A tensor of shape `(length,)` or `(batch, length)`, int32 or of the dtype of the weights.

    Raises:
        InvalidArgumentError: an integer is negative; or its value isn't known and `minlength` is 0.

    Example:
        >>> ops.bincount([1, 1, 3]).tolist()
        [0, 2, 0, 1]
    """
    if sparse:
        raise InvalidArgumentError("`sparse` must be false, as kcore has no sparse tensors. Received: sparse=True")
    x = convert(x)
    x = cast(x, "int32") if dtype_of(x) == "bool" else x
    require_integer(x, "x")
    length = _count_length(x, minlength)
    weights = filled(1, shape_of(x), "int32") if weights is None else convert(weights)
    rows = shape_of(x)[:-1]
    hits = P.equal(P.reshape(x, shape=(*shape_of(x), 1)), P.cast(P.iota(size=length, dtype="int32"), dtype=dtype_of(x)))
    if len(rows) > 1 or not shape_of(x):
        raise ShapeError(f"`x` must have rank 1 or 2. Received: x.shape={shape_of(x)}")
    if rows:
        spread = P.multiply(P.cast(hits, dtype=dtype_of(weights)), P.reshape(weights, shape=(*shape_of(x), 1)))
        return P.sum(spread, axes=(1,), keepdims=False)
    zeros = filled(0, (length,), dtype_of(weights))
    inside = P.less(x, length)
    kept = P.multiply(weights, P.cast(inside, dtype=dtype_of(weights)))
    return P.scatter_add(zeros, P.where(inside, x, 0), kept, axis=0) if length else zeros


def _count_length(x, minlength: int) -> int:
    value = concrete(x)
    if value is not None and value.size:
        if value.min() < 0:
            raise InvalidArgumentError(f"`x` must hold non-negative integers. Received: x with {value.min()}")
        return max(int(value.max()) + 1, minlength)
    if value is None and minlength == 0:
        raise InvalidArgumentError(
            "`minlength` must be given where the value of `x` isn't known. Received: minlength=0"
        )
    return minlength


@op
def histogram(x, bins=10, range=None):
    """How many elements fall into each of several bins of equal width. The last bin has both its edges.

    Args:
        x: a tensor, which is flattened.
        bins: how many bins.
        range: `(lowest, highest)` edge; by default the smallest and the largest element.

    Returns:
        `(counts, edges)`: an int32 tensor of shape `(bins,)` and a floating one of shape `(bins + 1,)`.

    Raises:
        InvalidArgumentError: `bins` isn't a positive integer, or the range is empty.

    Example:
        >>> [part.tolist() for part in ops.histogram([0.0, 1.0, 1.5, 2.0], bins=2)]
        [[1, 3], [0.0, 1.0, 2.0]]
    """
    if not isinstance(bins, int) or bins < 1:
        raise InvalidArgumentError(f"`bins` must be a positive integer. Received: bins={bins!r}")
    if range is not None and (len(range) != 2 or range[0] > range[1]):
        raise InvalidArgumentError(f"`range` must be (lowest, highest). Received: range={range}")
    x = to_float(ravel(x))
    low, high = (smallest(x), largest(x)) if range is None else (convert(edge, dtype_of(x)) for edge in range)
    same = P.equal(low, high)
    low, high = P.where(same, P.subtract(low, 0.5), low), P.where(same, P.add(high, 0.5), high)
    steps = P.divide(P.iota(size=bins + 1, dtype=dtype_of(x)), float(bins))
    edges = P.add(P.multiply(P.subtract(1, steps), low), P.multiply(steps, high))
    places = P.subtract(searchsorted(edges, x, side="right"), 1)
    places = P.where(P.equal(x, high), bins - 1, places)
    inside = P.bitwise_and(P.less_equal(0, places), P.less(places, bins))
    counts = P.scatter_add(
        filled(0, (bins,), "int32"), P.where(inside, places, 0), P.cast(inside, dtype="int32"), axis=0
    )
    return counts, edges


@op
def isin(x1, x2, assume_unique=False, invert=False):
    """Which elements of `x1` are somewhere in `x2`.

    Args:
        x1: a tensor.
        x2: a tensor, which is flattened.
        assume_unique: accepted; it makes no difference here.
        invert: whether to say which are not.

    Returns:
        A bool tensor of `x1`'s shape.

    Example:
        >>> ops.isin([1, 2, 3], [3, 1]).tolist()
        [True, False, True]
    """
    x1, x2 = promote(x1, x2)
    shape = shape_of(x1)
    pairs = P.equal(P.reshape(x1, shape=(*shape, 1)), ravel(x2))
    found = P.less(0, P.sum(P.cast(pairs, dtype="int32"), axes=(len(shape),), keepdims=False))
    return P.bitwise_not(found) if invert else found


@op
def unique(
    x, sorted=True, return_index=False, return_inverse=False, return_counts=False, axis=None, size=None, fill_value=None
):
    """The different elements (or slices) of a tensor whose value is known, in order.

    Args:
        x: a tensor.
        sorted: whether they must be sorted; they always are.
        return_index: whether to return where each comes first.
        return_inverse: whether to return where each element of `x` is among them.
        return_counts: whether to return how often each occurs.
        axis: the axis whose slices are compared; `None` for the elements of the flattened tensor.
        size: how many to return: more are cut off, missing ones filled in.
        fill_value: what is filled in; the smallest one by default.

    Returns:
        A tensor, or a tuple of the tensors asked for (int32 but for the first).

    Raises:
        UnknownShapeError: the value isn't known, as the result's shape depends on it.

    Example:
        >>> ops.unique([3, 1, 3]).tolist()
        [1, 3]
    """
    x = convert(x)
    value = known(x, "x")
    found, index, inverse, counts = np.unique(
        value, return_index=True, return_inverse=True, return_counts=True, axis=axis
    )
    along = 0 if axis is None else axis_of(axis, value.ndim)
    if size is not None:
        found = _fitted(found, size, along, fill_value)
        index, counts = (_fitted(part, size, 0, fill) for part, fill in ((index, None), (counts, 0)))
    wanted = [
        (return_index, index),
        (return_inverse, inverse.reshape(value.shape if axis is None else -1)),
        (return_counts, counts),
    ]
    parts = [convert(found, dtype_of(x)), *(convert(part.astype("int32")) for want, part in wanted if want)]
    return tuple(parts) if len(parts) > 1 else parts[0]


def _fitted(found: np.ndarray, size: int, axis: int, fill_value) -> np.ndarray:
    missing = size - found.shape[axis]
    if missing <= 0:
        return np.take(found, np.arange(size), axis=axis)
    fill = (
        np.take(found, [0], axis=axis)
        if fill_value is None
        else np.full_like(np.take(found, [0], axis=axis), fill_value)
    )
    return np.concatenate([found, np.repeat(fill, missing, axis=axis)], axis=axis)


@op
def unravel_index(indices, shape):
    """The places that indices into a flattened tensor stand for.

    Args:
        indices: integers.
        shape: the shape of the tensor.

    Returns:
        A tuple of integer tensors, one an axis.

    Raises:
        InvalidArgumentError: an index is out of range (where its value is known).

    Example:
        >>> [i.tolist() for i in ops.unravel_index([5], (2, 3))]
        [[1], [2]]
    """
    sizes = shape_argument(shape)
    rest = in_range(indices, product(sizes))
    places = []
    for n in reversed(sizes):
        places.append(P.remainder(rest, int(n)))
        rest = P.floor_divide(rest, int(n))
    return tuple(reversed(places))


@op
def corrcoef(x):
    """The correlations of variables, one a row.

    Args:
        x: a tensor of shape `(variables, observations)`.

    Returns:
        A floating tensor of shape `(variables, variables)`, within [-1, 1].

    Example:
        >>> ops.corrcoef([[0.0, 1.0], [2.0, 0.0]]).tolist()
        [[1.0, -1.0], [-1.0, 1.0]]
    """
    x = to_float(x)
    x = P.reshape(x, shape=(1, *shape_of(x))) if len(shape_of(x)) == 1 else x
    count = shape_of(x)[1]
    distance = P.subtract(x, P.divide(P.sum(x, axes=(1,), keepdims=True), float(count)))
    covariance = P.matmul(distance, P.permute_dims(distance, axes=(1, 0)))
    size = P.sqrt(P.sum(P.multiply(distance, distance), axes=(1,), keepdims=True))
    ratio = P.divide(P.divide(covariance, size), P.permute_dims(size, axes=(1, 0)))
    return P.minimum(P.maximum(ratio, -1), 1)


@op
def trapezoid(y, x=None, dx=1.0, axis=-1):
    """The integral along an axis by the trapezoidal rule.

    Args:
        y: a tensor of values.
        x: where they were taken, a tensor of `y`'s shape or as long as the axis; `None` for places `dx` apart.
        dx: the distance of places.
        axis: an axis.

    Returns:
        A floating tensor without that axis.

    Example:
        >>> ops.trapezoid([1.0, 2.0, 3.0]).tolist()
        4.0
    """
    y = to_float(y)
    shape = shape_of(y)
    axis = axis_of(axis, len(shape))
    sums = P.add(slice_axis(y, axis, 1, shape[axis]), slice_axis(y, axis, 0, shape[axis] - 1))
    if x is None:
        return P.multiply(P.sum(sums, axes=(axis,), keepdims=False), 0.5 * float(dx))
    y, x = promote_float(sums, x)
    gaps = diff(x, axis=-1 if len(shape_of(x)) == 1 else axis)
    if len(shape_of(gaps)) == 1:
        gaps = P.reshape(gaps, shape=tuple(shape[i] - 1 if i == axis else 1 for i in range(len(shape))))
    return P.multiply(P.sum(P.multiply(y, gaps), axes=(axis,), keepdims=False), 0.5)
