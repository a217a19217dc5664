"""Matrix products and their relatives. `einsum` has a file of its own."""

from __future__ import annotations

from typing import Any

from kcore.engine import primitives as P
from kcore.engine.spec import broadcast_shapes
from kcore.errors import ShapeError

from ._common import axis_of, convert, dtype_of, is_unknown, product, promote, shape_of, to_dtype
from .operation import op
from .shaping import ravel, unstack


def _promote(x1, x2):
    """Two operands of one numeric dtype, and what to do with the result: bools are multiplied as int32."""
    x1, x2 = promote(x1, x2)
    if dtype_of(x1) != "bool":
        return x1, x2, lambda out: out
    x1, x2 = to_dtype("int32", x1, x2)
    return x1, x2, lambda out: P.bitwise_not(P.equal(out, 0))


@op
def matmul(x1, x2):
    """The matrix product over the last two axes.

    The axes before them broadcast. A vector counts as a row on the left, and as a column on the right.

    Args:
        x1: a tensor of shape `(..., n, k)` or `(k,)`.
        x2: a tensor of shape `(..., k, m)` or `(k,)`.

    Returns:
        A tensor of shape `(..., n, m)`, without the axis of a vector, and of the promoted dtype (int32 for two int8
        operands).

    Raises:
        ShapeError: the shapes don't fit.

    Example:
        >>> ops.matmul([[1, 2], [3, 4]], [1, 1]).tolist()
        [3, 7]
    """
    x1, x2 = convert(x1), convert(x2)
    small = dtype_of(x1) == dtype_of(x2) == "int8"
    x1, x2, finish = _promote(*(to_dtype("int32", x1, x2) if small else (x1, x2)))
    return finish(_matmul(x1, x2))


def _matmul(x, y):
    x_shape, y_shape = shape_of(x), shape_of(y)
    if not x_shape or not y_shape:
        raise ShapeError(f"`x1` and `x2` must have rank 1 or more. Received: x1.shape={x_shape}, x2.shape={y_shape}")
    left = P.reshape(x, shape=(1, *x_shape)) if len(x_shape) == 1 else x
    right = P.reshape(y, shape=(*y_shape, 1)) if len(y_shape) == 1 else y
    out = batched_product(left, right)
    if len(x_shape) > 1 and len(y_shape) > 1:
        return out
    shape = shape_of(out)
    rows = () if len(x_shape) == 1 else shape[-2:-1]
    columns = () if len(y_shape) == 1 else shape[-1:]
    return P.reshape(out, shape=(*shape[:-2], *rows, *columns))


def batched_product(x, y):
    """The matrix product of operands of rank 2 or more whose batch axes broadcast."""
    (*x_batch, n, k), (*y_batch, k2, m) = shape_of(x), shape_of(y)
    if k != k2 and (is_unknown(k) or is_unknown(k2)):
        k = k2 if is_unknown(k) else k
        x, y = P.reshape(x, shape=(*x_batch, n, k)), P.reshape(y, shape=(*y_batch, k, m))
    elif k != k2:
        raise ShapeError(
            f"The last axis of `x1` must match the last but one of `x2`. "
            f"Received: x1.shape={shape_of(x)}, x2.shape={shape_of(y)}"
        )
    if not y_batch and x_batch:
        flat = P.matmul(P.reshape(x, shape=(product(x_batch) * n, k)), y)
        return P.reshape(flat, shape=(*x_batch, n, m))
    if x_batch != y_batch:
        batch = broadcast_shapes(tuple(x_batch), tuple(y_batch))
        x, y = P.broadcast_to(x, shape=(*batch, n, k)), P.broadcast_to(y, shape=(*batch, k, m))
    return P.matmul(x, y)


@op
def dot(x1, x2):
    """The dot product: of vectors, of matrices, and of the last axis of `x1` with the last but one of `x2`.

    Args:
        x1, x2: tensors; with a scalar it is the elementwise product.

    Returns:
        A tensor of shape `x1.shape[:-1] + x2.shape without that axis`.

    Raises:
        ShapeError: the shapes don't fit.

    Example:
        >>> ops.dot([1, 2], [3, 4]).tolist()
        11
    """
    x1, x2, finish = _promote(x1, x2)
    ranks = len(shape_of(x1)), len(shape_of(x2))
    if 0 in ranks:
        return finish(P.multiply(x1, x2))
    return finish(_tensordot(x1, x2, [ranks[0] - 1], [max(ranks[1] - 2, 0)]))


@op
def tensordot(x1, x2, axes: Any = 2):
    """The sum of products over some axes of both.

    Args:
        x1, x2: tensors.
        axes: how many axes, the last of `x1` with the first of `x2`; or a pair: axes of `x1`, axes of `x2`.

    Returns:
        A tensor with the other axes of `x1`, then those of `x2`.

    Raises:
        ShapeError: the sizes of the axes differ.

    Example:
        >>> ops.tensordot([[1, 2], [3, 4]], [[1, 0], [0, 1]], axes=1).tolist()
        [[1, 2], [3, 4]]
    """
    x1, x2, finish = _promote(x1, x2)
    rank = len(shape_of(x1))
    if isinstance(axes, int):
        first, second = list(range(rank - axes, rank)), list(range(axes))
    else:
        first, second = ([a] if isinstance(a, int) else list(a) for a in tuple(axes))
    first = [axis_of(a, rank, "axes") for a in first]
    second = [axis_of(a, len(shape_of(x2)), "axes") for a in second]
    return finish(_tensordot(x1, x2, first, second))


def _tensordot(x, y, x_axes, y_axes):
    x_shape, y_shape = shape_of(x), shape_of(y)
    sizes = list(zip((x_shape[a] for a in x_axes), (y_shape[a] for a in y_axes), strict=False))
    if len(x_axes) != len(y_axes) or any(m != n and not is_unknown(m) and not is_unknown(n) for m, n in sizes):
        raise ShapeError(
            f"The axes that are summed over must have equal sizes. "
            f"Received: x1.shape={x_shape}, x2.shape={y_shape}, axes={(x_axes, y_axes)}"
        )
    x_rest = [a for a in range(len(x_shape)) if a not in x_axes]
    y_rest = [a for a in range(len(y_shape)) if a not in y_axes]
    joined = product(n if is_unknown(m) else m for m, n in sizes)
    left = P.reshape(permuted(x, (*x_rest, *x_axes)), shape=(product(x_shape[a] for a in x_rest), joined))
    right = P.reshape(permuted(y, (*y_axes, *y_rest)), shape=(joined, product(y_shape[a] for a in y_rest)))
    return P.reshape(P.matmul(left, right), shape=(*(x_shape[a] for a in x_rest), *(y_shape[a] for a in y_rest)))


def permuted(x, order):
    return x if tuple(order) == tuple(range(len(order))) else P.permute_dims(x, axes=tuple(order))


@op
def inner(x1, x2):
    """The sum of products over the last axes.

    Args:
        x1, x2: tensors with a last axis of one size; with a scalar it is the elementwise product.

    Returns:
        A tensor of shape `x1.shape[:-1] + x2.shape[:-1]`.

    Example:
        >>> ops.inner([1, 2], [3, 4]).tolist()
        11
    """
    x1, x2, finish = _promote(x1, x2)
    ranks = len(shape_of(x1)), len(shape_of(x2))
    if 0 in ranks:
        return finish(P.multiply(x1, x2))
    return finish(_tensordot(x1, x2, [ranks[0] - 1], [ranks[1] - 1]))


@op
def outer(x1, x2):
    """The products of all pairs of elements.

    Args:
        x1, x2: tensors, which are flattened.

    Returns:
        A tensor of shape `(size of x1, size of x2)`.

    Example:
        >>> ops.outer([1, 2], [3, 4]).tolist()
        [[3, 4], [6, 8]]
    """
    x1, x2 = ravel(x1), ravel(x2)
    x1, x2, finish = _promote(x1, x2)
    (n,), (m,) = shape_of(x1), shape_of(x2)
    return finish(P.multiply(P.reshape(x1, shape=(n, 1)), P.reshape(x2, shape=(1, m))))


@op
def vdot(x1, x2):
    """The dot product of the flattened tensors.

    Args:
        x1, x2: tensors of one size.

    Returns:
        A tensor of shape `()`.

    Example:
        >>> ops.vdot([[1, 2]], [[3], [4]]).tolist()
        11
    """
    return dot(ravel(x1), ravel(x2))


@op
def kron(x1, x2):
    """The Kronecker product: a copy of `x2` for each element of `x1`, times it.

    Args:
        x1, x2: tensors.

    Returns:
        A tensor whose sizes are the products of theirs.

    Example:
        >>> ops.kron([1, 2], [1, 1]).tolist()
        [1, 1, 2, 2]
    """
    x1, x2, finish = _promote(x1, x2)
    rank = max(len(shape_of(x1)), len(shape_of(x2)))
    a, b = ((1,) * (rank - len(shape_of(x))) + shape_of(x) for x in (x1, x2))
    left = P.reshape(x1, shape=tuple(d for n in a for d in (n, 1)))
    right = P.reshape(x2, shape=tuple(d for n in b for d in (1, n)))
    return finish(P.reshape(P.multiply(left, right), shape=tuple(m * n for m, n in zip(a, b, strict=True))))


@op
def cross(x1, x2, axisa=-1, axisb=-1, axisc=-1, axis=None):
    """The vector product of vectors of 3 (or 2) components.

    Args:
        x1, x2: tensors.
        axisa, axisb: the axes of the components.
        axisc: the axis of the components in the result; of no effect for two vectors of 2 components, whose product
            is a number.
        axis: all three in one.

    Returns:
        A tensor.

    Raises:
        ShapeError: there are neither 2 nor 3 components.

    Example:
        >>> ops.cross([1, 0, 0], [0, 1, 0]).tolist()
        [0, 0, 1]
    """
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis, axis, axis)
    x1, x2 = promote(x1, x2)
    a, b = _components(x1, axisa), _components(x2, axisb)
    if {len(a), len(b)} - {2, 3}:
        raise ShapeError(f"There must be 2 or 3 components. Received: x1.shape={shape_of(x1)}, x2.shape={shape_of(x2)}")

    def minor(i, j):
        return P.subtract(_times(a, b, i, j), _times(a, b, j, i))

    if len(a) == len(b) == 2:
        return minor(0, 1)
    parts = [minor(1, 2), minor(2, 0), minor(0, 1)]
    shape = shape_of(parts[2])
    parts = [P.broadcast_to(part, shape=shape) for part in parts]
    place = axis_of(axisc, len(shape) + 1)
    return P.concat(*(P.reshape(part, shape=(*shape[:place], 1, *shape[place:])) for part in parts), axis=place)


def _components(x, axis):
    return unstack(x, axis=axis)


def _times(a, b, i: int, j: int):
    """a[i] * b[j], a missing third component being 0."""
    if i < len(a) and j < len(b):
        return P.multiply(a[i], b[j])
    return P.multiply(P.multiply(a[min(i, len(a) - 1)], b[min(j, len(b) - 1)]), 0)
