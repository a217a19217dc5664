"""Reading and writing at indices.

An index counts from the end if it is negative. One out of range is an error where its value is known (eager mode); in
a captured function it isn't checked here, and what happens is the engine's affair: an error (NumPy), or an undefined
element.
"""

from __future__ import annotations

from kcore import config, dtypes
from kcore.engine import primitives as P
from kcore.errors import InvalidArgumentError, ShapeError

from ._common import (
    axis_of,
    cast,
    concrete,
    convert,
    dtype_of,
    is_unknown,
    product,
    require_integer,
    shape_of,
)
from .operation import op
from .shaping import ravel


def in_range(indices, size: int, name: str = "indices", lowest: int | None = None):
    """Integer indices, the negative ones counted from the end.

    Args:
        indices: integers.
        size: what they must be below.
        name: the argument's name, for the error.
        lowest: the least that is allowed, `-size` by default.

    Raises:
        DtypeError: they aren't integers.
        InvalidArgumentError: one is known to be out of range.
    """
    indices = convert(indices)
    if dtype_of(indices) == "bool":
        indices = cast(indices, "int32")
    require_integer(indices, name)
    if product(shape_of(indices)) == 0:
        return indices
    known = None if is_unknown(size) else concrete(indices)
    if known is not None:
        low, high = known.min(), known.max()
        least = -size if lowest is None else lowest
        if low < least or high >= size:
            wrong = low if low < least else high
            raise InvalidArgumentError(f"`{name}` must be in [{least}, {size}). Received: {name} with {wrong}")
        if low >= 0:
            return indices
    if dtype_of(indices).startswith("u") or lowest == 0:
        return indices
    return P.where(P.less(indices, 0), P.add(indices, int(size)), indices)


@op
def take(x, indices, axis=None):
    """Elements (or slices) at indices along an axis.

    Args:
        x: a tensor.
        indices: integers of any shape.
        axis: an axis; `None` to take from the flattened tensor.

    Returns:
        A tensor of shape `x.shape[:axis] + indices.shape + x.shape[axis + 1:]`.

    Raises:
        InvalidArgumentError: an index is out of range (where its value is known).

    Example:
        >>> ops.take([10, 20, 30], [2, -3]).tolist()
        [30, 10]
    """
    x = convert(x)
    x, axis = (ravel(x), 0) if axis is None else (x, axis_of(axis, len(shape_of(x))))
    return P.take(x, in_range(indices, shape_of(x)[axis]), axis=axis)


@op
def take_along_axis(x, indices, axis=None):
    """One element along an axis at each position of the indices.

    Args:
        x: a tensor.
        indices: integers, of `x`'s rank and sizes (or sizes that broadcast) but along `axis`.
        axis: an axis; `None` to take from the flattened tensor at flattened indices.

    Returns:
        A tensor of the shape of the (broadcast) indices.

    Raises:
        InvalidArgumentError: an index is out of range (where its value is known).
        ShapeError: the shapes don't fit.

    Example:
        >>> ops.take_along_axis([[1, 2], [3, 4]], [[1], [0]], axis=1).tolist()
        [[2], [3]]
    """
    x, indices = convert(x), convert(indices)
    if axis is None:
        x, indices, axis = ravel(x), ravel(indices), 0
    shape = shape_of(x)
    axis = axis_of(axis, len(shape))
    if len(shape_of(indices)) != len(shape):
        raise ShapeError(
            f"`indices` must have the rank of `x`. Received: x.shape={shape}, indices.shape={shape_of(indices)}"
        )
    indices = in_range(indices, shape[axis])
    pairs = enumerate(zip(shape, shape_of(indices), strict=True))
    common = tuple(i if n == 1 or a == axis else n for a, (n, i) in pairs)
    if common != shape_of(indices):
        indices = P.broadcast_to(indices, shape=common)
    wide = tuple(n if a == axis else c for a, (n, c) in enumerate(zip(shape, common, strict=True)))
    x = x if wide == shape else P.broadcast_to(x, shape=wide)
    return P.take_along_axis(x, indices, axis=axis)


@op
def one_hot(x, num_classes, axis=-1, dtype=None, sparse=False):
    """A row for each class number: 1 at that place, 0 elsewhere; all 0 for a number outside the classes.

    Args:
        x: integers of any shape.
        num_classes: how many classes.
        axis: the place of the new axis in the result.
        dtype: a dtype; floatx by default.
        sparse: accepted when false, as kcore has no sparse tensors.

    Returns:
        A tensor with one axis more than `x`.

    Raises:
        DtypeError: `x` isn't of integers.

    Example:
        >>> ops.one_hot([0, 2], 3, dtype="int32").tolist()
        [[1, 0, 0], [0, 0, 1]]
    """
    _not_sparse(sparse)
    x = convert(x)
    x = cast(x, "int32") if dtype_of(x) == "bool" else x
    require_integer(x, "x")
    shape = shape_of(x)
    place = axis_of(axis, len(shape) + 1)
    classes = P.reshape(
        P.iota(size=num_classes, dtype=dtype_of(x)),
        shape=tuple(num_classes if i == place else 1 for i in range(len(shape) + 1)),
    )
    hits = P.equal(P.reshape(x, shape=(*shape[:place], 1, *shape[place:])), classes)
    return P.cast(hits, dtype=config.floatx() if dtype is None else dtypes.standardize_dtype(dtype))


def _not_sparse(sparse) -> None:
    if sparse:
        raise InvalidArgumentError("`sparse` must be false, as kcore has no sparse tensors. Received: sparse=True")


@op
def multi_hot(inputs, num_classes=None, axis=-1, dtype=None, sparse=False, **kwargs):
    """A row for each set of class numbers: 1 at their places, 0 elsewhere; numbers outside the classes are ignored.

    Args:
        inputs: integers of shape `(n,)` or `(batch, n)`: the classes of one or of several samples.
        num_classes: how many classes.
        axis: the place of the classes in the result.
        dtype: a dtype; floatx by default.
        sparse: accepted when false, as kcore has no sparse tensors.
        **kwargs: `num_tokens`, an old name of `num_classes`.

    Returns:
        A tensor of shape `(num_classes,)` or `(batch, num_classes)`.

    Example:
        >>> ops.multi_hot([0, 2, 2], 4, dtype="int32").tolist()
        [1, 0, 1, 0]
    """
    num_classes = kwargs.pop("num_tokens", num_classes)
    if kwargs or num_classes is None:
        raise InvalidArgumentError(f"`num_classes` must be an integer. Received: num_classes={num_classes}, {kwargs}")
    inputs = convert(inputs)
    reduced = 1 if len(shape_of(inputs)) > 1 else 0
    rows = one_hot(cast(inputs, "int32"), num_classes, axis=axis, dtype=dtype, sparse=sparse)
    return P.max(rows, axes=(reduced,), keepdims=False)
