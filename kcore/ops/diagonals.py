"""Diagonals of matrices, traces."""

from __future__ import annotations

from kcore.engine import primitives as P
from kcore.errors import ShapeError

from ._common import axis_of, cast, convert, dtype_of, is_unknown, scalar, shape_of
from .operation import op
from .reductions import sum_dtype
from .shaping import ravel


@op
def diag(x, k=0):
    """A matrix with a vector on its diagonal, or the diagonal of a matrix.

    Args:
        x: a tensor of rank 1 or 2.
        k: which diagonal; above the main one if positive.

    Returns:
        A tensor of rank 2 or 1.

    Raises:
        ShapeError: `x` has another rank.

    Example:
        >>> ops.diag([1, 2]).tolist()
        [[1, 0], [0, 2]]
    """
    x = convert(x)
    rank = len(shape_of(x))
    if rank == 2:
        return diagonal(x, k)
    if rank != 1:
        raise ShapeError(f"`x` must have rank 1 or 2. Received: x.shape={shape_of(x)}")
    (size,) = shape_of(x)
    side = size + abs(k)
    # Elements of one diagonal are side + 1 apart in row-major order, so a matrix with a column more has them in its
    # first column.
    column = P.reshape(x, shape=(size, 1))
    rows = P.pad(column, scalar(0, dtype_of(x)), widths=((0, abs(k)), (0, side)))
    flat = P.reshape(rows, shape=(side * (side + 1),))
    shift = k if k > 0 else -k * side
    flat = P.pad(flat, scalar(0, dtype_of(x)), widths=((shift, 0),))
    return P.reshape(P.slice(flat, start=(0,), stop=(side * side,), step=(1,)), shape=(side, side))


@op
def diagflat(x, k=0):
    """A matrix with the flattened tensor on its diagonal.

    Args:
        x: a tensor.
        k: which diagonal; above the main one if positive.

    Returns:
        A tensor of rank 2.
    """
    return diag(ravel(x), k)


@op
def diagonal(x, offset=0, axis1=0, axis2=1):
    """The diagonal over two axes, which is put last.

    Args:
        x: a tensor of rank 2 or more.
        offset: which diagonal; above the main one if positive.
        axis1, axis2: rows and columns.

    Returns:
        A tensor of one rank less.

    Raises:
        ShapeError: `x` has rank 0 or 1.

    Example:
        >>> ops.diagonal([[1, 2], [3, 4]]).tolist()
        [1, 4]
    """
    x = convert(x)
    rank = len(shape_of(x))
    if rank < 2:
        raise ShapeError(f"`x` must have rank 2 or more. Received: x.shape={shape_of(x)}")
    i, j = axis_of(axis1, rank, "axis1"), axis_of(axis2, rank, "axis2")
    x = P.permute_dims(x, axes=(*(a for a in range(rank) if a not in (i, j)), i, j))
    *lead, rows, columns = shape_of(x)
    first = -offset * columns if offset < 0 else offset
    size = _diagonal_length(rows + min(offset, 0), columns - max(offset, 0))
    flat = P.reshape(x, shape=(*lead, rows * columns))
    places = P.add(P.multiply(P.iota(size=size, dtype="int32"), int(columns) + 1), int(first))
    return P.take(flat, places, axis=len(lead))


def _diagonal_length(rows: int, columns: int) -> int:
    if is_unknown(rows) or is_unknown(columns):
        return rows if is_unknown(rows) else columns
    return max(min(rows, columns), 0)


@op
def trace(x, offset=0, axis1=0, axis2=1):
    """The sum of a diagonal.

    Args:
        x: a tensor of rank 2 or more.
        offset: which diagonal; above the main one if positive.
        axis1, axis2: rows and columns.

    Returns:
        A tensor of two ranks less, with the dtype that `sum` gives.

    Example:
        >>> ops.trace([[1, 2], [3, 4]]).tolist()
        5
    """
    line = diagonal(x, offset, axis1, axis2)
    return P.sum(cast(line, sum_dtype(dtype_of(line))), axes=(len(shape_of(line)) - 1,), keepdims=False)
