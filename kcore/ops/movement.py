"""Moving elements: flipping, rolling, repeating, cutting. These ops keep the dtype and pass gradients on."""

from __future__ import annotations

import operator
from collections.abc import Sequence

import numpy as np

from kcore.engine import primitives as P
from kcore.errors import ShapeError

from ._common import axes_of, axis_of, convert, dtype_of, is_unknown, shape_argument, shape_of
from .operation import op
from .shaping import axis_list, ravel, slice_axis, swapaxes


@op
def flip(x, axis=None):
    """Elements in reverse order along axes.

    Args:
        x: a tensor.
        axis: an axis, several, or `None` for all.

    Returns:
        A tensor of `x`'s shape.

    Example:
        >>> ops.flip([1, 2, 3]).tolist()
        [3, 2, 1]
    """
    x = convert(x)
    return P.flip(x, axes=axes_of(axis, len(shape_of(x))))


@op
def fliplr(x):
    """Elements in reverse order along the second axis.

    Args:
        x: a tensor of rank 2 or more.

    Returns:
        A tensor of `x`'s shape.
    """
    return flip(x, 1)


@op
def flipud(x):
    """Elements in reverse order along the first axis.

    Args:
        x: a tensor of rank 1 or more.

    Returns:
        A tensor of `x`'s shape.
    """
    return flip(x, 0)


@op
def rot90(array, k=1, axes=(0, 1)):
    """Rotated by quarter turns in the plane of two axes, from the first towards the second.

    Args:
        array: a tensor of rank 2 or more.
        k: how many quarter turns.
        axes: two axes.

    Returns:
        A tensor with `array`'s elements.

    Example:
        >>> ops.rot90([[1, 2], [3, 4]]).tolist()
        [[2, 4], [1, 3]]
    """
    x = convert(array)
    first, second = axis_list(axes, len(shape_of(x)), "axes")
    turns = k % 4
    if turns == 2:
        return flip(x, (first, second))
    if turns == 1:
        return swapaxes(flip(x, second), first, second)
    return flip(swapaxes(x, first, second), second) if turns == 3 else x


@op
def roll(x, shift, axis=None):
    """Elements moved along an axis, those that leave at one end enter at the other.

    Args:
        x: a tensor.
        shift: by how many places, an integer, or one an axis.
        axis: an axis, several, or `None` to roll the flattened tensor.

    Returns:
        A tensor of `x`'s shape.

    Example:
        >>> ops.roll([1, 2, 3], 1).tolist()
        [3, 1, 2]
    """
    x = convert(x)
    if axis is None:
        return P.reshape(_roll(ravel(x), shift, 0), shape=shape_of(x))
    axes = axis if isinstance(axis, (list, tuple)) else [axis]
    shifts = shift if isinstance(shift, (list, tuple)) else [shift] * len(axes)
    for places, a in zip(shifts, axes, strict=True):
        x = _roll(x, places, axis_of(a, len(shape_of(x))))
    return x


def _roll(x, shift, axis: int):
    size = shape_of(x)[axis]
    if size == 0 or operator.index(shift) % size == 0:
        return x
    cut = size - operator.index(shift) % size
    return P.concat(slice_axis(x, axis, cut, size), slice_axis(x, axis, 0, cut), axis=axis)


@op
def tile(x, repeats):
    """The whole tensor repeated along axes.

    Args:
        x: a tensor.
        repeats: how often along each axis, an integer or several; missing ones in front count as 1.

    Returns:
        A tensor; of higher rank if there are more `repeats` than axes.

    Example:
        >>> ops.tile([1, 2], 2).tolist()
        [1, 2, 1, 2]
    """
    x = convert(x)
    counts = shape_argument(repeats, "repeats")
    rank = max(len(counts), len(shape_of(x)))
    counts = (1,) * (rank - len(counts)) + counts
    shape = (1,) * (rank - len(shape_of(x))) + shape_of(x)
    paired = tuple(d for d in shape for d in (1, d))
    wide = tuple(d for pair in zip(counts, shape, strict=True) for d in pair)
    spread = P.broadcast_to(P.reshape(x, shape=paired), shape=wide)
    return P.reshape(spread, shape=tuple(c * d for c, d in zip(counts, shape, strict=True)))


@op
def repeat(x, repeats, axis=None):
    """Each element repeated in place.

    Args:
        x: a tensor.
        repeats: how often, an integer, or one an element along `axis` (known integers).
        axis: an axis; `None` to flatten first.

    Returns:
        A tensor.

    Example:
        >>> ops.repeat([1, 2], 2).tolist()
        [1, 1, 2, 2]
    """
    x = convert(x)
    x, axis = (ravel(x), 0) if axis is None else (x, axis_of(axis, len(shape_of(x))))
    shape = shape_of(x)
    counts = np.asarray(repeats)
    if counts.size == 1:
        count = int(counts.reshape(()))
        column = P.reshape(x, shape=(*shape[: axis + 1], 1, *shape[axis + 1 :]))
        spread = P.broadcast_to(column, shape=(*shape[: axis + 1], count, *shape[axis + 1 :]))
        return P.reshape(spread, shape=(*shape[:axis], shape[axis] * count, *shape[axis + 1 :]))
    if counts.ndim != 1 or (len(counts) != shape[axis] and not is_unknown(shape[axis])):
        raise ShapeError(
            f"`repeats` must be an integer, or one an element. Received: repeats={repeats}, x.shape={shape}"
        )
    return P.take(x, convert(np.repeat(np.arange(len(counts), dtype="int32"), counts)), axis=axis)


@op
def split(x, indices_or_sections, axis=0):
    """Cut along an axis.

    Args:
        x: a tensor.
        indices_or_sections: how many equal parts, or the places of the cuts.
        axis: an axis.

    Returns:
        A list of tensors.

    Raises:
        ShapeError: the axis can't be cut into so many equal parts.

    Example:
        >>> [part.tolist() for part in ops.split([1, 2, 3, 4], 2)]
        [[1, 2], [3, 4]]
    """
    x = convert(x)
    axis = axis_of(axis, len(shape_of(x)))
    size = shape_of(x)[axis]
    if isinstance(indices_or_sections, Sequence) or getattr(indices_or_sections, "ndim", 0):
        return _cut(x, axis, shape_argument(indices_or_sections, "indices_or_sections"))
    count = operator.index(indices_or_sections)
    if count < 1 or (size % count and not is_unknown(size)):
        raise ShapeError(
            f"`indices_or_sections` must divide the size of `axis`. "
            f"Received: indices_or_sections={count}, x.shape={shape_of(x)}, axis={axis}"
        )
    part = size // count
    return [slice_axis(x, axis, i * part, (i + 1) * part) for i in range(count)]


def _cut(x, axis: int, places) -> list:
    size = shape_of(x)[axis]
    known = [min(max(p + size if p < 0 else p, 0), size) for p in places]
    edges = [0, *known, size]
    return [slice_axis(x, axis, a, max(a, b)) for a, b in zip(edges[:-1], edges[1:], strict=True)]


@op
def array_split(x, indices_or_sections, axis=0):
    """Cut along an axis into parts as equal as can be: the first ones are longer by one.

    Args:
        x: a tensor.
        indices_or_sections: how many parts, or the places of the cuts.
        axis: an axis.

    Returns:
        A list of tensors.

    Example:
        >>> [part.tolist() for part in ops.array_split([1, 2, 3], 2)]
        [[1, 2], [3]]
    """
    x = convert(x)
    axis = axis_of(axis, len(shape_of(x)))
    if isinstance(indices_or_sections, Sequence):
        return _cut(x, axis, shape_argument(indices_or_sections, "indices_or_sections"))
    base, longer = divmod(int(shape_of(x)[axis]), operator.index(indices_or_sections))
    sizes = [base + 1] * longer + [base] * (indices_or_sections - longer)
    return _cut(x, axis, tuple(int(p) for p in np.cumsum(sizes[:-1])))


@op
def hsplit(x, indices_or_sections):
    """Cut along the second axis (the first of a vector): see `split`.

    Args:
        x: a tensor.
        indices_or_sections: how many equal parts, or the places of the cuts.

    Returns:
        A list of tensors.
    """
    x = convert(x)
    return split(x, indices_or_sections, 0 if len(shape_of(x)) == 1 else 1)


@op
def vsplit(x, indices_or_sections):
    """Cut along the first axis: see `split`.

    Args:
        x: a tensor of rank 2 or more.
        indices_or_sections: how many equal parts, or the places of the cuts.

    Returns:
        A list of tensors.
    """
    return split(x, indices_or_sections, 0)


@op
def dsplit(x, indices_or_sections):
    """Cut along the third axis: see `split`.

    Args:
        x: a tensor of rank 3 or more.
        indices_or_sections: how many equal parts, or the places of the cuts.

    Returns:
        A list of tensors.
    """
    return split(x, indices_or_sections, 2)


@op
def diff(a, n=1, axis=-1):
    """Differences of neighbours along an axis, `n` times over.

    Args:
        a: a tensor.
        n: how many times.
        axis: an axis.

    Returns:
        A tensor of `a`'s dtype, shorter by `n` along the axis. Of bools, whether neighbours differ.

    Example:
        >>> ops.diff([1, 4, 9]).tolist()
        [3, 5]
    """
    x = convert(a)
    axis = axis_of(axis, len(shape_of(x)))
    subtract = P.bitwise_xor if dtype_of(x) == "bool" else P.subtract
    for _ in range(n):
        size = shape_of(x)[axis]
        x = subtract(slice_axis(x, axis, min(1, size), size), slice_axis(x, axis, 0, max(size - 1, 0)))
    return x
