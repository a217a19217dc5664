"""Writing at indices: blocks, scattered elements, segments.

An index out of range is an error where its value is known (eager mode); in a captured function it isn't checked, but
that a block that would stick out is moved inside.
"""

from __future__ import annotations

from kcore import dtypes
from kcore.engine import primitives as P
from kcore.errors import InvalidArgumentError, ShapeError, UnsupportedError

from ._common import (
    cast,
    concrete,
    convert,
    dtype_of,
    filled,
    is_unknown,
    lowest,
    product,
    require_integer,
    scalar,
    shape_argument,
    shape_of,
)
from .indexing import in_range
from .operation import op


@op
def slice(inputs, start_indices, shape):
    """A block of a tensor.

    Args:
        inputs: a tensor.
        start_indices: where the block starts: an integer an axis, or a tensor of integers.
        shape: its size along each axis; -1 for all the rest (where the start is known).

    Returns:
        A tensor of shape `shape`.

    Raises:
        InvalidArgumentError: the block sticks out (in a captured function with a start that isn't known, it is moved
            inside).

    Example:
        >>> ops.slice([[1, 2, 3], [4, 5, 6]], (0, 1), (2, 2)).tolist()
        [[2, 3], [5, 6]]
    """
    x = convert(inputs)
    starts, sizes = _known_starts(start_indices), shape_argument(shape)
    if starts is not None:
        sizes = tuple(n - a if s == -1 else s for n, a, s in zip(shape_of(x), starts, sizes, strict=False))
    _check_block(shape_of(x), starts, sizes)
    if starts is not None:
        stops = tuple(a + n for a, n in zip(starts, sizes, strict=True))
        return P.slice(x, start=starts, stop=stops, step=(1,) * len(sizes))
    for axis, places in enumerate(_block_places(shape_of(x), start_indices, sizes)):
        x = P.take(x, places, axis=axis)
    return x


@op
def slice_update(inputs, start_indices, updates):
    """A tensor with a block of it replaced.

    Args:
        inputs: a tensor.
        start_indices: where the block starts: an integer an axis, or a tensor of integers.
        updates: the block, of `inputs`' rank.

    Returns:
        A tensor of `inputs`' shape and dtype.

    Raises:
        InvalidArgumentError: the block sticks out (in a captured function with a start that isn't known, it is moved
            inside).

    Example:
        >>> ops.slice_update([1, 2, 3, 4], [1], [7, 8]).tolist()
        [1, 7, 8, 4]
    """
    x = convert(inputs)
    updates = convert(updates, dtype_of(x))
    shape, sizes = shape_of(x), shape_of(updates)
    starts = _known_starts(start_indices)
    _check_block(shape, starts, sizes)
    places = _block_places(shape, starts if starts is not None else start_indices, sizes)
    partial = [i for i, (n, s) in enumerate(zip(shape, sizes, strict=True)) if n != s]
    if not partial:
        return updates
    if len(partial) == 1:
        return P.scatter(x, places[partial[0]], updates, axis=partial[0])
    total = product(shape)
    flat = P.scatter(
        P.reshape(x, shape=(total,)),
        P.reshape(_linear(shape, places), shape=(product(sizes),)),
        P.reshape(updates, shape=(product(sizes),)),
        axis=0,
    )
    return P.reshape(flat, shape=shape)


def _known_starts(start_indices) -> tuple[int, ...] | None:
    if isinstance(start_indices, (list, tuple)) and all(isinstance(i, int) for i in start_indices):
        return tuple(start_indices)
    value = concrete(convert(start_indices))
    return None if value is None else tuple(int(i) for i in value.reshape(-1))


def _check_block(shape, starts, sizes) -> None:
    if len(sizes) != len(shape) or (starts is not None and len(starts) != len(shape)):
        raise ShapeError(
            f"`start_indices` and the block must have an entry an axis. Received: x.shape={shape}, block={sizes}"
        )
    for n, a, s in zip(shape, starts or (0,) * len(shape), sizes, strict=True):
        if not is_unknown(n) and not is_unknown(s) and not 0 <= a <= a + s <= n:
            raise InvalidArgumentError(
                f"The block must lie inside the tensor. "
                f"Received: x.shape={shape}, start_indices={starts}, block={sizes}"
            )


def _block_places(shape, start_indices, sizes) -> list:
    """For each axis the indices that a block covers."""
    if isinstance(start_indices, tuple):
        return [P.add(P.iota(size=n, dtype="int32"), int(a)) for a, n in zip(start_indices, sizes, strict=True)]
    starts = cast(convert(start_indices), "int32")
    places = []
    for axis, (n, s) in enumerate(zip(shape, sizes, strict=True)):
        start = P.reshape(P.slice(starts, start=(axis,), stop=(axis + 1,), step=(1,)), shape=())
        inside = P.minimum(P.maximum(start, 0), int(n - s))
        places.append(P.add(P.iota(size=s, dtype="int32"), inside))
    return places


def _linear(shape, places):
    """Row-major positions of the grid spanned by indices an axis."""
    total, stride = None, 1
    for axis in reversed(range(len(shape))):
        column = P.reshape(
            places[axis], shape=tuple(shape_of(places[axis])[0] if i == axis else 1 for i in range(len(shape)))
        )
        column = P.multiply(column, int(stride))
        total = column if total is None else P.add(total, column)
        stride = stride * shape[axis]
    return total


@op
def scatter(indices, values, shape):
    """Zeros, with values added at indices; values at one place add up.

    Args:
        indices: integers of shape `(..., k)`: each row addresses the first k axes.
        values: a tensor of shape `indices.shape[:-1] + shape[k:]`.
        shape: the shape of the result.

    Returns:
        A tensor of shape `shape` and `values`' dtype.

    Example:
        >>> ops.scatter([[0], [2], [0]], [1, 5, 2], (3,)).tolist()
        [3, 0, 5]
    """
    values = convert(values)
    return _scatter(filled(0, shape_argument(shape), dtype_of(values)), indices, values, P.scatter_add)


@op
def scatter_update(inputs, indices, updates, reduction=None):
    """A tensor with elements (or slices) at indices replaced, or joined with updates.

    Args:
        inputs: a tensor.
        indices: integers of shape `(..., k)`: each row addresses the first k axes.
        updates: a tensor of shape `indices.shape[:-1] + inputs.shape[k:]`.
        reduction: `None` to replace (of several updates of one place the last one stays), `"add"`, `"max"` or `"min"`.

    Returns:
        A tensor of `inputs`' shape and dtype.

    Raises:
        InvalidArgumentError: an index is out of range (where its value is known).
        UnsupportedError: another `reduction`.

    Example:
        >>> ops.scatter_update([1, 2, 3], [[0], [2]], [7, 9]).tolist()
        [7, 2, 9]
    """
    x = convert(inputs)
    updates = convert(updates, dtype_of(x))
    methods = {None: P.scatter, "add": P.scatter_add, "max": _scatter_max, "min": _scatter_min}
    if reduction not in methods:
        raise UnsupportedError(f"`reduction` must be None, 'add', 'max' or 'min'. Received: reduction={reduction!r}")
    return _scatter(x, indices, updates, methods[reduction])


def _scatter(x, indices, updates, write):
    shape, indices = shape_of(x), convert(indices)
    require_integer(indices, "indices")
    *lead, depth = shape_of(indices)
    if depth > len(shape):
        raise ShapeError(
            f"`indices` must address at most {len(shape)} axes. Received: indices.shape={shape_of(indices)}"
        )
    linear, stride = None, 1
    for axis in reversed(range(depth)):
        starts, stops = (0,) * len(lead) + (axis,), (*lead, axis + 1)
        column = P.slice(indices, start=starts, stop=stops, step=(1,) * (len(lead) + 1))
        column = P.multiply(in_range(P.reshape(column, shape=tuple(lead)), shape[axis]), int(stride))
        linear = column if linear is None else P.add(linear, column)
        stride = stride * shape[axis]
    rows = P.reshape(x, shape=(stride, *shape[depth:]))
    return P.reshape(write(rows, linear, updates, axis=0), shape=shape)


def _scatter_max(x, indices, updates, *, axis):
    """Largest of the rows and of the updates that go there: a segment maximum over both."""
    count, rest = shape_of(x)[0], shape_of(x)[1:]
    total = product(shape_of(indices))
    flat = P.reshape(indices, shape=(total,))
    rows = P.cast(P.iota(size=count, dtype="int32"), dtype=dtype_of(indices))
    data = P.concat(x, P.reshape(updates, shape=(total, *rest)), axis=0)
    return _segment_max(data, P.concat(rows, flat, axis=0), count)


def _scatter_min(x, indices, updates, *, axis):
    return _mirrored(_scatter_max(_mirrored(x), indices, _mirrored(updates), axis=axis))


def _mirrored(x):
    """A tensor in reverse order of size: `-x`, and for integers `-1 - x`, which can't overflow."""
    if dtypes.is_float(dtype_of(x)):
        return P.negative(x)
    return P.bitwise_not(x)


@op
def segment_sum(data, segment_ids, num_segments=None, sorted=False):
    """Sums of slices that belong together.

    Args:
        data: a tensor of shape `(n, ...)`.
        segment_ids: integers of shape `(n,)`, from 0: where each slice belongs.
        num_segments: how many segments there are; by default as many as the largest id says (where it is known).
        sorted: whether the ids are sorted; it makes no difference here.

    Returns:
        A tensor of shape `(num_segments, ...)`; 0 for a segment without slices.

    Raises:
        InvalidArgumentError: an id is out of range (where its value is known).

    Example:
        >>> ops.segment_sum([1, 2, 4], [0, 1, 0]).tolist()
        [5, 2]
    """
    data, ids, count = _segments(data, segment_ids, num_segments)
    return P.scatter_add(filled(0, (count, *shape_of(data)[1:]), dtype_of(data)), ids, data, axis=0)


@op
def segment_max(data, segment_ids, num_segments=None, sorted=False):
    """Largest of the slices that belong together, elementwise. The gradient goes to the first one at a tie.

    Args:
        data: a tensor of shape `(n, ...)`.
        segment_ids: integers of shape `(n,)`, from 0: where each slice belongs.
        num_segments: how many segments there are; by default as many as the largest id says (where it is known).
        sorted: whether the ids are sorted; it makes no difference here.

    Returns:
        A tensor of shape `(num_segments, ...)`; `-inf` (or the least integer) for a segment without slices.

    Example:
        >>> ops.segment_max([1, 2, 4], [0, 1, 0]).tolist()
        [4, 2]
    """
    data, ids, count = _segments(data, segment_ids, num_segments)
    return _segment_max(data, ids, count)


@op
def segment_min(data, segment_ids, num_segments=None, sorted=False):
    """Smallest of the slices that belong together, elementwise. The gradient goes to the first one at a tie.

    Args:
        data: a tensor of shape `(n, ...)`.
        segment_ids: integers of shape `(n,)`, from 0: where each slice belongs.
        num_segments: how many segments there are; by default as many as the largest id says (where it is known).
        sorted: whether the ids are sorted; it makes no difference here.

    Returns:
        A tensor of shape `(num_segments, ...)`; `inf` (or the largest integer) for a segment without slices.

    Example:
        >>> ops.segment_min([1, 2, 4], [0, 1, 0]).tolist()
        [1, 2]
    """
    data, ids, count = _segments(data, segment_ids, num_segments)
    return _mirrored(_segment_max(_mirrored(data), ids, count))


def _segments(data, segment_ids, num_segments):
    data, ids = convert(data), convert(segment_ids)
    require_integer(ids, "segment_ids")
    if len(shape_of(ids)) != 1 or shape_of(ids) != shape_of(data)[:1]:
        raise ShapeError(
            f"`segment_ids` must have an id for each slice of `data`. "
            f"Received: data.shape={shape_of(data)}, segment_ids.shape={shape_of(ids)}"
        )
    if num_segments is None:
        known = concrete(ids)
        if known is None:
            raise InvalidArgumentError(
                "`num_segments` must be given where `segment_ids` has no known value. Received: None"
            )
        num_segments = int(known.max()) + 1 if known.size else 0
    return data, in_range(ids, num_segments, "segment_ids", lowest=0), num_segments


def _segment_max(data, ids, count):
    """By sorting: of what is written in ascending order the last is the largest, and of equals the first one."""
    n, rest = shape_of(data)[0], shape_of(data)[1:]
    if n == 0:
        return filled(lowest(dtype_of(data)), (count, *rest), dtype_of(data))
    width = product(rest)
    total = n * width
    columns = P.reshape(P.iota(size=width, dtype="int32"), shape=(1, width))
    places = P.add(P.multiply(P.reshape(cast(ids, "int32"), shape=(n, 1)), int(width)), columns)
    flat, places = P.reshape(data, shape=(total,)), P.reshape(places, shape=(total,))
    backwards = P.argsort(P.stop_gradient(P.flip(flat, axes=(0,))), axis=0)
    order = P.subtract(int(total) - 1, backwards)
    nobody = filled(-1, (count * width,), "int32")
    winner = P.scatter(nobody, P.take(places, order, axis=0), order, axis=0)
    empty = P.less(winner, 0)
    values = P.take(flat, P.maximum(winner, 0), axis=0)
    return P.reshape(P.where(empty, scalar(lowest(dtype_of(data)), dtype_of(data)), values), shape=(count, *rest))
