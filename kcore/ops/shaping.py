"""Shapes, axes and joining. These ops keep the dtype and pass gradients on."""

from __future__ import annotations

from kcore.engine import primitives as P
from kcore.errors import InvalidArgumentError, ShapeError

from ._common import (
    axes_of,
    axis_of,
    convert,
    is_unknown,
    product,
    promote,
    shape_argument,
    shape_of,
)
from .operation import op


@op
def reshape(x, newshape):
    """The same elements, row-major, in another shape.

    Args:
        x: a tensor.
        newshape: sizes; one of them may be -1 (or `None`), which is worked out.

    Returns:
        A tensor of shape `newshape`.

    Raises:
        ShapeError: the number of elements differs.

    Example:
        >>> ops.reshape([1, 2, 3, 4], (2, -1)).tolist()
        [[1, 2], [3, 4]]
    """
    x = convert(x)
    return P.reshape(x, shape=_full_shape(shape_of(x), newshape))


def _full_shape(shape, newshape) -> tuple[int, ...]:
    entries = [newshape] if isinstance(newshape, int) or newshape is None else newshape
    wanted = shape_argument([-1 if d is None else d for d in entries], "newshape")
    open_axes = [i for i, d in enumerate(wanted) if d == -1]
    if not open_axes:
        return wanted
    rest, total = product(d for d in wanted if d != -1), product(shape)
    unknown = is_unknown(total) or is_unknown(rest)
    if len(open_axes) > 1 or (not unknown and (total % rest if rest else total)):
        raise ShapeError(
            f"`newshape` must have at most one -1 and keep the number of elements. "
            f"Received: x.shape={tuple(shape)}, newshape={newshape}"
        )
    size = total // rest if rest else 0
    return tuple(size if d == -1 else d for d in wanted)


@op
def ravel(x):
    """All elements in one dimension, row-major.

    Args:
        x: a tensor.

    Returns:
        A tensor of rank 1.

    Example:
        >>> ops.ravel([[1, 2], [3, 4]]).tolist()
        [1, 2, 3, 4]
    """
    x = convert(x)
    return P.reshape(x, shape=(product(shape_of(x)),))


@op
def transpose(x, axes=None):
    """Axes in another order.

    Args:
        x: a tensor.
        axes: a permutation: axis i of the result is axis `axes[i]` of `x`; `None` for the reverse order.

    Returns:
        A tensor with `x`'s elements.

    Raises:
        InvalidArgumentError: `axes` isn't a permutation.

    Example:
        >>> ops.transpose([[1, 2], [3, 4]]).tolist()
        [[1, 3], [2, 4]]
    """
    x = convert(x)
    rank = len(shape_of(x))
    if axes is None:
        return P.permute_dims(x, axes=tuple(reversed(range(rank))))
    order = tuple(axis_of(a, rank, "axes") for a in axes)
    if sorted(order) != list(range(rank)):
        raise InvalidArgumentError(
            f"`axes` must name each axis of `x` once. Received: axes={axes}, x.shape={shape_of(x)}"
        )
    return P.permute_dims(x, axes=order)


@op
def moveaxis(x, source, destination):
    """Some axes at other places, the others in their order.

    Args:
        x: a tensor.
        source: an axis or several.
        destination: where each goes.

    Returns:
        A tensor with `x`'s elements.

    Example:
        >>> ops.moveaxis(np.zeros((2, 3, 4)), 0, -1).shape
        (3, 4, 2)
    """
    x = convert(x)
    rank = len(shape_of(x))
    sources, destinations = axis_list(source, rank, "source"), axis_list(destination, rank, "destination")
    if len(sources) != len(destinations):
        raise InvalidArgumentError(
            f"`source` and `destination` must be of one length. Received: source={source}, destination={destination}"
        )
    order = [i for i in range(rank) if i not in sources]
    for place, axis in sorted(zip(destinations, sources, strict=True)):
        order.insert(place, axis)
    return P.permute_dims(x, axes=tuple(order))


def axis_list(axes, rank: int, name: str) -> list[int]:
    axes = axes if isinstance(axes, (list, tuple)) else [axes]
    axes_of(axes, rank, name)
    return [axis_of(a, rank, name) for a in axes]


@op
def swapaxes(x, axis1, axis2):
    """Two axes exchanged.

    Args:
        x: a tensor.
        axis1, axis2: axes.

    Returns:
        A tensor with `x`'s elements.

    Example:
        >>> ops.swapaxes(np.zeros((2, 3, 4)), 0, -1).shape
        (4, 3, 2)
    """
    x = convert(x)
    order = list(range(len(shape_of(x))))
    i, j = axis_of(axis1, len(order), "axis1"), axis_of(axis2, len(order), "axis2")
    order[i], order[j] = order[j], order[i]
    return P.permute_dims(x, axes=tuple(order))


@op
def expand_dims(x, axis):
    """New axes of size 1.

    Args:
        x: a tensor.
        axis: places in the result, an integer or several.

    Returns:
        A tensor with `x`'s elements.

    Example:
        >>> ops.expand_dims([1, 2], -1).tolist()
        [[1], [2]]
    """
    x = convert(x)
    shape = list(shape_of(x))
    places = axis if isinstance(axis, (list, tuple)) else (axis,)
    for place in axes_of(places, len(shape) + len(places)):
        shape.insert(place, 1)
    return P.reshape(x, shape=tuple(shape))


@op
def squeeze(x, axis=None):
    """Without axes of size 1.

    Args:
        x: a tensor.
        axis: an axis or several, of size 1; `None` for all such.

    Returns:
        A tensor with `x`'s elements.

    Raises:
        ShapeError: an axis has another size.

    Example:
        >>> ops.squeeze([[1, 2]]).tolist()
        [1, 2]
    """
    x = convert(x)
    shape = shape_of(x)
    axes = tuple(i for i, d in enumerate(shape) if d == 1) if axis is None else axes_of(axis, len(shape))
    if any(shape[a] != 1 and not is_unknown(shape[a]) for a in axes):
        raise ShapeError(f"`axis` must name axes of size 1. Received: x.shape={shape}, axis={axis}")
    return P.reshape(x, shape=tuple(d for i, d in enumerate(shape) if i not in axes))


@op
def broadcast_to(x, shape):
    """Repeated along axes of size 1, and along new axes in front.

    Args:
        x: a tensor.
        shape: a shape that `x`'s broadcasts to.

    Returns:
        A tensor of shape `shape`.

    Raises:
        ShapeError: `x` doesn't broadcast to it.

    Example:
        >>> ops.broadcast_to([1, 2], (2, 2)).tolist()
        [[1, 2], [1, 2]]
    """
    return P.broadcast_to(convert(x), shape=shape_argument(shape))


@op
def concatenate(xs, axis: int | None = 0):
    """Tensors joined along an axis that they have.

    Args:
        xs: a sequence of tensors, of one shape but along `axis`.
        axis: an axis; `None` to flatten all first.

    Returns:
        A tensor of the promoted dtype.

    Raises:
        ShapeError: the other axes differ.
        InvalidArgumentError: there is no tensor.

    Example:
        >>> ops.concatenate([[1, 2], [3]]).tolist()
        [1, 2, 3]
    """
    tensors = _several(xs)
    if axis is None:
        tensors, axis = [ravel(x) for x in tensors], 0
    return P.concat(*tensors, axis=axis_of(axis, len(shape_of(tensors[0]))))


def _several(xs) -> list:
    if not isinstance(xs, (list, tuple)):
        xs = unstack(xs)
    if not xs:
        raise InvalidArgumentError(f"`xs` must hold at least one tensor. Received: xs={xs}")
    return promote(*map(convert, xs))


@op
def stack(x, axis=0):
    """Tensors of one shape joined along a new axis.

    Args:
        x: a sequence of tensors.
        axis: the place of the new axis in the result.

    Returns:
        A tensor of the promoted dtype.

    Raises:
        ShapeError: the shapes differ.

    Example:
        >>> ops.stack([[1, 2], [3, 4]], axis=1).tolist()
        [[1, 3], [2, 4]]
    """
    tensors = _several(x)
    shapes = [shape_of(t) for t in tensors]
    if any(len(shape) != len(shapes[0]) for shape in shapes):
        raise ShapeError(f"`x` must hold tensors of one shape. Received: shapes={shapes}")
    place = axis_of(axis, len(shapes[0]) + 1)
    return P.concat(
        *(P.reshape(t, shape=(*s[:place], 1, *s[place:])) for t, s in zip(tensors, shapes, strict=True)), axis=place
    )


def _at_least(x, rank: int):
    x = convert(x)
    shape = shape_of(x)
    return x if len(shape) >= rank else P.reshape(x, shape=(1,) * (rank - len(shape)) + shape)


@op
def append(x1, x2, axis=None):
    """Two tensors joined: see `concatenate`.

    Args:
        x1, x2: tensors.
        axis: an axis; `None` to flatten both first.

    Returns:
        A tensor of the promoted dtype.

    Example:
        >>> ops.append([1, 2], [[3]]).tolist()
        [1, 2, 3]
    """
    return concatenate([x1, x2], axis)


@op
def hstack(xs):
    """Tensors joined along the second axis; along the first where they have only one.

    Args:
        xs: a sequence of tensors.

    Returns:
        A tensor of the promoted dtype.

    Example:
        >>> ops.hstack([[1, 2], [3]]).tolist()
        [1, 2, 3]
    """
    tensors = [_at_least(x, 1) for x in xs]
    return concatenate(tensors, 0 if len(shape_of(tensors[0])) == 1 else 1)


@op
def vstack(xs):
    """Tensors joined along the first axis; vectors count as rows.

    Args:
        xs: a sequence of tensors.

    Returns:
        A tensor of the promoted dtype.

    Example:
        >>> ops.vstack([[1, 2], [3, 4]]).tolist()
        [[1, 2], [3, 4]]
    """
    return concatenate([_at_least(x, 2) for x in xs], 0)


@op
def dstack(xs):
    """Tensors joined along the third axis; of shapes `(n,)` and `(m, n)` as if they were `(1, n, 1)` and `(m, n, 1)`.

    Args:
        xs: a sequence of tensors.

    Returns:
        A tensor of the promoted dtype, of rank 3 or more.
    """
    tensors = [_at_least(x, 2) for x in xs]
    return concatenate([expand_dims(x, 2) if len(shape_of(x)) == 2 else x for x in tensors], 2)


def slice_axis(x, axis: int, start: int, stop: int, step: int = 1):
    """The elements from `start` to before `stop` along one axis."""
    shape = shape_of(x)
    starts = tuple(start if i == axis else 0 for i in range(len(shape)))
    stops = tuple(stop if i == axis else d for i, d in enumerate(shape))
    return P.slice(x, start=starts, stop=stops, step=tuple(step if i == axis else 1 for i in range(len(shape))))


@op
def unstack(x, num=None, axis=0):
    """The slices along an axis, which disappears.

    Args:
        x: a tensor.
        num: how many there are; needed only where the size isn't known.
        axis: an axis.

    Returns:
        A list of tensors.

    Raises:
        ShapeError: the size isn't known and `num` isn't given.

    Example:
        >>> [row.tolist() for row in ops.unstack([[1, 2], [3, 4]])]
        [[1, 2], [3, 4]]
    """
    x = convert(x)
    shape = shape_of(x)
    axis = axis_of(axis, len(shape))
    if num is None and is_unknown(shape[axis]):
        raise ShapeError(
            f"`num` must be given where the size isn't known. Received: num=None, x.shape={shape}, axis={axis}"
        )
    rest = (*shape[:axis], *shape[axis + 1 :])
    count = shape[axis] if num is None else num
    return [P.reshape(slice_axis(x, axis, i, i + 1), shape=rest) for i in range(count)]
