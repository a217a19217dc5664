"""`x[key]`: integers, slices, `...`, `None`, integer tensors and, where values are known, boolean masks.

The rules are NumPy's. A key is worked off in three steps: the basic part (one `slice`, one `flip`, one `reshape`),
then the integer tensors that are left, together, as one `take` on joined axes.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from kcore.engine import primitives as P
from kcore.errors import InvalidArgumentError, InvalidTypeError

from ._common import cast, convert, dtype_of, is_unknown, known, shape_of
from .indexing import in_range
from .operation import op


@op
def get_item(x, key):
    """`x[key]`, by NumPy's rules.

    Args:
        x: a tensor.
        key: an integer, a slice, `...`, `None`, a tensor of integers or bools, or a tuple of these.

    Returns:
        A tensor.

    Raises:
        InvalidArgumentError: an index is out of range, or there are too many.
        UnknownShapeError: a boolean mask whose values aren't known, since the result would have no known shape.

    Example:
        >>> ops.get_item([[1, 2, 3], [4, 5, 6]], (0, slice(None, None, -1))).tolist()
        [3, 2, 1]
    """
    x = convert(x)
    entries = _entries(key, len(shape_of(x)))
    x, places = _basic(x, entries)
    return _advanced(x, places) if places else x


def _entries(key: Any, rank: int) -> list[Any]:
    """The key as a list of entries that covers every axis, masks replaced by integer tensors."""
    parts = list(key) if isinstance(key, tuple) else [key]
    parts = [entry for part in parts for entry in _normalized(part)]
    used = sum(part is not None and part is not Ellipsis for part in parts)
    if used > rank or sum(part is Ellipsis for part in parts) > 1:
        raise InvalidArgumentError(
            f"`key` must have at most one entry an axis and one `...`. Received: key={key!r} for rank {rank}"
        )
    rest = [slice(None)] * (rank - used)
    if any(not isinstance(part, (int, slice, type(None), type(Ellipsis))) for part in parts):
        parts = [convert(part) if isinstance(part, int) else part for part in parts]
    where = next((i for i, part in enumerate(parts) if part is Ellipsis), None)
    return [*parts, *rest] if where is None else [*parts[:where], *rest, *parts[where + 1 :]]


def _normalized(part: Any) -> list[Any]:
    if (
        part is None
        or part is Ellipsis
        or isinstance(part, slice)
        or (isinstance(part, int) and not isinstance(part, bool))
    ):
        return [part]
    if isinstance(part, np.integer):
        return [int(part)]
    index = convert(part)
    if dtype_of(index) != "bool":
        if not (isinstance(part, (list, tuple)) or hasattr(part, "shape") or hasattr(part, "dtype")):
            raise InvalidTypeError(
                f"`key` must consist of integers, slices, `...`, None and tensors. Received: {part!r}"
            )
        return [index]
    return [convert(places.astype("int32")) for places in np.nonzero(known(index, "mask"))]


def _basic(x, entries: list[Any]):
    """Apply integers, slices and `None`; returns the tensor and the integer tensors left, by axis of it."""
    starts, stops, steps, flips, shape = [], [], [], [], []
    places: list[tuple[int, Any]] = []
    for axis, (entry, size) in enumerate(zip([e for e in entries if e is not None], shape_of(x), strict=True)):
        start, stop, step = _bounds(entry, size, axis)
        starts.append(start)
        stops.append(stop)
        steps.append(abs(step))
        if step < 0:
            flips.append(axis)
    sizes = iter(_lengths(starts, stops, steps))
    for entry in entries:
        if entry is None:
            shape.append(1)
            continue
        size = next(sizes)
        if isinstance(entry, int):
            continue
        if not isinstance(entry, slice):
            places.append((len(shape), entry))
        shape.append(size)
    whole = tuple(shape_of(x))
    if any(starts) or tuple(stops) != whole or any(s != 1 for s in steps):
        x = P.slice(x, start=tuple(starts), stop=tuple(stops), step=tuple(steps))
    x = P.flip(x, axes=tuple(flips)) if flips else x
    return (x if shape_of(x) == tuple(shape) else P.reshape(x, shape=tuple(shape))), places


def _lengths(starts, stops, steps) -> list[int]:
    return [-(-(b - a) // s) for a, b, s in zip(starts, stops, steps, strict=True)]


def _bounds(entry: Any, size: int, axis: int) -> tuple[int, int, int]:
    """Start, stop and step of what an entry keeps of an axis, the start below the stop whatever the step's sign."""
    if isinstance(entry, int):
        if not -size <= entry < size and not is_unknown(size):
            raise InvalidArgumentError(f"An index must be in [{-size}, {size}) for axis {axis}. Received: {entry}")
        start = entry if entry >= 0 else size + entry
        return start, start + 1, 1
    if not isinstance(entry, slice) or entry == slice(None):
        return 0, size, 1
    step = 1 if entry.step is None else operator.index(entry.step)
    if step == 0:
        raise InvalidArgumentError(f"A slice must have a step other than 0. Received: {entry}")
    if is_unknown(size):
        return _open_bounds(entry, size, step)
    start, stop, step = entry.indices(size)
    if step > 0:
        return start, max(start, stop), step
    count = max(-(-(start - stop) // -step), 0)
    first = start + (count - 1) * step if count else 0
    return first, (start + 1 if count else 0), step


def _open_bounds(entry: slice, size: int, step: int) -> tuple[int, int, int]:
    """The same along an axis of unknown size: `x[1:3]` has two elements, what depends on the size is unknown."""
    start = 0 if entry.start is None else operator.index(entry.start)
    if step > 0 and entry.stop is not None:
        stop = operator.index(entry.stop)
        if (start < 0) == (stop < 0):
            return 0, max(stop - start, 0), step
    if step > 0 and start < 0 and entry.stop is None:
        return 0, -start, step
    return 0, size + 0, step


def _advanced(x, places: list[tuple[int, Any]]):
    """Take at integer tensors, one an axis: the axes are brought together, joined, and read at joined indices."""
    shape, axes = shape_of(x), [axis for axis, _ in places]
    indices = [in_range(index, shape[axis], f"index for axis {axis}") for axis, index in places]
    if len(axes) == 1:
        return P.take(x, indices[0], axis=axes[0])
    adjacent = axes == list(range(axes[0], axes[-1] + 1))
    front = axes[0] if adjacent else 0
    others = [a for a in range(len(shape)) if a not in axes]
    x = P.permute_dims(x, axes=(*others[:front], *axes, *others[front:]))
    linear, stride = None, 1
    for axis, index in reversed(list(zip(axes, indices, strict=True))):
        part = P.multiply(cast(index, "int32"), int(stride))
        linear = part if linear is None else P.add(linear, part)
        stride = stride * shape[axis]
    joined = P.reshape(x, shape=(*(shape[a] for a in others[:front]), stride, *(shape[a] for a in others[front:])))
    return P.take(joined, linear, axis=front)
