"""Ops that make tensors from sizes and numbers."""

from __future__ import annotations

from kcore import config, dtypes
from kcore.engine import active
from kcore.engine import primitives as P
from kcore.engine.tracing import Tracer
from kcore.errors import ShapeError

from ._common import (
    NUMBERS,
    convert,
    dtype_of,
    filled,
    scalar,
    shape_argument,
    shape_of,
)
from .operation import op


def _dtype_or_floatx(dtype) -> str:
    return config.floatx() if dtype is None else dtypes.standardize_dtype(dtype)


def own(x):
    """A tensor that shares memory with no other: users may write to what creation ops return."""
    return x if x.__class__ is Tracer else active.current().copy(x)


@op
def zeros(shape, dtype=None):
    """A tensor of zeros.

    Args:
        shape: an integer or several.
        dtype: a dtype; floatx by default.

    Returns:
        A tensor.

    Example:
        >>> ops.zeros(2).tolist()
        [0.0, 0.0]
    """
    return own(filled(0, shape_argument(shape), _dtype_or_floatx(dtype)))


@op
def empty(shape, dtype=None):
    """A tensor of this shape whose elements don't matter (they are zeros).

    Args:
        shape: an integer or several.
        dtype: a dtype; floatx by default.

    Returns:
        A tensor.
    """
    return own(filled(0, shape_argument(shape), _dtype_or_floatx(dtype)))


@op
def ones(shape, dtype=None):
    """A tensor of ones.

    Args:
        shape: an integer or several.
        dtype: a dtype; floatx by default.

    Returns:
        A tensor.

    Example:
        >>> ops.ones((1, 2)).tolist()
        [[1.0, 1.0]]
    """
    return own(filled(1, shape_argument(shape), _dtype_or_floatx(dtype)))


@op
def full(shape, fill_value, dtype=None):
    """A tensor with one value everywhere.

    Args:
        shape: an integer or several.
        fill_value: a number, or a tensor that broadcasts to `shape`.
        dtype: a dtype; floatx by default.

    Returns:
        A tensor.

    Example:
        >>> ops.full(2, 7, dtype="int32").tolist()
        [7, 7]
    """
    return _full(shape_argument(shape), fill_value, _dtype_or_floatx(dtype))


def _full(shape, fill_value, dtype: str):
    if type(fill_value) in NUMBERS:
        return own(filled(fill_value, shape, dtype))
    return own(P.broadcast_to(convert(fill_value, dtype), shape=shape))


def _like(x, dtype) -> tuple[tuple[int, ...], str]:
    x = convert(x)
    return shape_of(x), dtype_of(x) if dtype is None else dtypes.standardize_dtype(dtype)


@op
def zeros_like(x, dtype=None):
    """Zeros in the shape of a tensor.

    Args:
        x: a tensor.
        dtype: a dtype; `x`'s by default.

    Returns:
        A tensor of `x`'s shape.

    Example:
        >>> ops.zeros_like([1, 2]).tolist()
        [0, 0]
    """
    shape, dtype = _like(x, dtype)
    return own(filled(0, shape, dtype))


@op
def empty_like(x, dtype=None):
    """A tensor in the shape of another whose elements don't matter (they are zeros).

    Args:
        x: a tensor.
        dtype: a dtype; `x`'s by default.

    Returns:
        A tensor of `x`'s shape.
    """
    shape, dtype = _like(x, dtype)
    return own(filled(0, shape, dtype))


@op
def ones_like(x, dtype=None):
    """Ones in the shape of a tensor.

    Args:
        x: a tensor.
        dtype: a dtype; `x`'s by default.

    Returns:
        A tensor of `x`'s shape.

    Example:
        >>> ops.ones_like([1.0, 2.0]).tolist()
        [1.0, 1.0]
    """
    shape, dtype = _like(x, dtype)
    return own(filled(1, shape, dtype))


@op
def full_like(x, fill_value, dtype=None):
    """One value in the shape of a tensor.

    Args:
        x: a tensor.
        fill_value: a number, or a tensor that broadcasts to `x`'s shape.
        dtype: a dtype; `x`'s by default.

    Returns:
        A tensor of `x`'s shape.

    Example:
        >>> ops.full_like([1, 2], 5).tolist()
        [5, 5]
    """
    shape, dtype = _like(x, dtype)
    return _full(shape, fill_value, dtype)


@op
def eye(N, M=None, k=0, dtype=None):
    """A matrix with ones on a diagonal and zeros elsewhere.

    Args:
        N: how many rows.
        M: how many columns; `N` by default.
        k: which diagonal; above the main one if positive.
        dtype: a dtype; floatx by default.

    Returns:
        A tensor of shape `(N, M)`.

    Example:
        >>> ops.eye(2).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    return P.cast(P.equal(*_rows_and_columns(N, M, k)), dtype=_dtype_or_floatx(dtype))


@op
def identity(n, dtype=None):
    """The identity matrix.

    Args:
        n: how many rows and columns.
        dtype: a dtype; floatx by default.

    Returns:
        A tensor of shape `(n, n)`.
    """
    return eye(n, dtype=dtype)


@op
def tri(N, M=None, k=0, dtype=None):
    """A matrix with ones on and below a diagonal and zeros above.

    Args:
        N: how many rows.
        M: how many columns; `N` by default.
        k: which diagonal; above the main one if positive.
        dtype: a dtype; floatx by default.

    Returns:
        A tensor of shape `(N, M)`.

    Example:
        >>> ops.tri(2).tolist()
        [[1.0, 0.0], [1.0, 1.0]]
    """
    rows, columns = _rows_and_columns(N, M, k)
    return P.cast(P.less_equal(columns, rows), dtype=_dtype_or_floatx(dtype))


def _rows_and_columns(N, M, k):
    """Row numbers plus `k`, and column numbers, of shapes that broadcast to `(N, M)`."""
    M = N if M is None else M
    rows = P.reshape(P.iota(size=N, dtype="int32"), shape=(N, 1))
    return P.add(rows, int(k)), P.reshape(P.iota(size=M, dtype="int32"), shape=(1, M))


@op
def tril(x, k=0):
    """The lower triangle of matrices: zeros above a diagonal.

    Args:
        x: a tensor of shape `(..., n, m)`.
        k: the last diagonal that is kept.

    Returns:
        A tensor of `x`'s shape and dtype.

    Example:
        >>> ops.tril([[1, 2], [3, 4]]).tolist()
        [[1, 0], [3, 4]]
    """
    return _triangle(x, k, lower=True)


@op
def triu(x, k=0):
    """The upper triangle of matrices: zeros below a diagonal.

    Args:
        x: a tensor of shape `(..., n, m)`.
        k: the first diagonal that is kept.

    Returns:
        A tensor of `x`'s shape and dtype.

    Example:
        >>> ops.triu([[1, 2], [3, 4]]).tolist()
        [[1, 2], [0, 4]]
    """
    return _triangle(x, k, lower=False)


def _triangle(x, k, *, lower: bool):
    x = convert(x)
    if len(shape_of(x)) < 2:
        raise ShapeError(f"`x` must have rank 2 or more. Received: x.shape={shape_of(x)}")
    rows, columns = _rows_and_columns(*shape_of(x)[-2:], k)
    kept = P.less_equal(columns, rows) if lower else P.less_equal(rows, columns)
    return P.where(kept, x, scalar(0, dtype_of(x)))
