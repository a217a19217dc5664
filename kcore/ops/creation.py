"""Ops that make tensors from sizes and numbers."""

from __future__ import annotations

import math

import numpy as np

from kcore import config, dtypes
from kcore.engine import active
from kcore.engine import primitives as P
from kcore.engine.tracing import Tracer
from kcore.errors import InvalidArgumentError, ShapeError

from ._common import (
    NUMBERS,
    axis_of,
    cast,
    convert,
    dtype_of,
    filled,
    is_unknown,
    promote_float,
    scalar,
    shape_argument,
    shape_of,
    to_dtype,
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
def arange(start, stop=None, step=None, dtype=None):
    """Evenly spaced numbers from `start` to before `stop`.

    Args:
        start: first number; with `stop` `None`, 0 is the first number and this is where it stops.
        stop: the end, which isn't reached.
        step: the distance; 1 by default.
        dtype: a dtype; by default int32, or floatx if one of the numbers is a float.

    Returns:
        A tensor of rank 1.

    Raises:
        InvalidArgumentError: `step` is 0.

    Example:
        >>> ops.arange(3).tolist(), ops.arange(1, 2, 0.5).tolist()
        ([0, 1, 2], [1.0, 1.5])
    """
    step = 1 if step is None else step
    start, stop = (0, start) if stop is None else (start, stop)
    if step == 0:
        raise InvalidArgumentError(f"`step` must not be 0. Received: step={step}")
    if dtype is None:
        dtype = dtypes.result_type(*(_number_type(n) for n in (start, stop, step)))
    dtype = dtypes.standardize_dtype(dtype)
    if any(map(is_unknown, (start, stop, step))):
        return P.iota(size=(stop - start) // step, dtype=dtype)
    start, stop, step = (n if isinstance(n, (int, float)) else np.asarray(n).item() for n in (start, stop, step))
    count = max(math.ceil((stop - start) / step), 0)
    if start == 0 and step == 1:
        return P.iota(size=count, dtype=dtype)
    return active.current().asarray(np.arange(count) * step + start, dtype)


def _number_type(x):
    if isinstance(x, (bool, int)):
        return "int32"
    return config.floatx() if type(x) is float else dtype_of(convert(x))


@op
def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0):
    """Evenly spaced numbers over an interval.

    Args:
        start, stop: ends of the interval, numbers or tensors of shapes that broadcast.
        num: how many numbers.
        endpoint: whether `stop` is the last one.
        retstep: whether to return the distance too.
        dtype: a dtype; by default that of `start` and `stop`, made floating.
        axis: where the new axis goes.

    Returns:
        A tensor with one axis more than the ends, or `(tensor, distance)`.

    Raises:
        InvalidArgumentError: `num` is negative.

    Example:
        >>> ops.linspace(0.0, 1.0, 3).tolist()
        [0.0, 0.5, 1.0]
    """
    if num < 0:
        raise InvalidArgumentError(f"`num` must not be negative. Received: num={num}")
    start, stop = promote_float(start, stop)
    gaps = num - 1 if endpoint else num
    shape = shape_of(P.add(start, stop))
    distance = (
        P.divide(P.subtract(stop, start), float(gaps)) if gaps > 0 else P.multiply(P.subtract(stop, start), math.nan)
    )
    steps = P.reshape(P.iota(size=num, dtype=dtype_of(start)), shape=(num, *(1,) * len(shape)))
    result = (
        P.add(start, P.multiply(steps, distance))
        if gaps > 0
        else P.add(start, P.multiply(steps, scalar(0, dtype_of(start))))
    )
    result = P.broadcast_to(result, shape=(num, *shape))
    if endpoint and num > 1:
        result = P.where(P.equal(steps, num - 1), stop, result)
    place = axis_of(axis, len(shape) + 1)
    order = (*range(1, place + 1), 0, *range(place + 1, len(shape) + 1))
    result = cast(
        P.permute_dims(result, axes=order), dtype_of(start) if dtype is None else dtypes.standardize_dtype(dtype)
    )
    return (result, distance) if retstep else result


@op
def logspace(start, stop, num=50, endpoint=True, base=10, dtype=None, axis=0):
    """Powers of a base with evenly spaced exponents.

    Args:
        start, stop: first and last exponent, numbers or tensors.
        num: how many numbers.
        endpoint: whether `stop` is the last exponent.
        base: the base.
        dtype: a dtype; by default that of `start` and `stop`, made floating.
        axis: where the new axis goes.

    Returns:
        A tensor with one axis more than the ends.

    Example:
        >>> ops.logspace(0.0, 2.0, 3).tolist()
        [1.0, 10.0, 100.0]
    """
    exponents = linspace(start, stop, num, endpoint, axis=axis)
    powers = P.power(convert(base, dtype_of(exponents)), exponents)
    return powers if dtype is None else cast(powers, dtypes.standardize_dtype(dtype))


@op
def geomspace(start, stop, num=50, endpoint=True, dtype=None, axis=0):
    """Numbers with a constant ratio from one to the next.

    Args:
        start, stop: ends, of one sign and not 0, numbers or tensors.
        num: how many numbers.
        endpoint: whether `stop` is the last one.
        dtype: a dtype; by default that of `start` and `stop`, made floating.
        axis: where the new axis goes.

    Returns:
        A tensor with one axis more than the ends.

    Example:
        >>> [round(n, 4) for n in ops.geomspace(1.0, 100.0, 3).tolist()]
        [1.0, 10.0, 100.0]
    """
    start, stop = promote_float(start, stop)
    logs = linspace(P.log(P.absolute(start)), P.log(P.absolute(stop)), num, endpoint, axis=axis)
    signs = linspace(P.sign(start), P.sign(start), num, endpoint, axis=axis)
    result = P.multiply(P.exp(logs), signs)
    return result if dtype is None else cast(result, dtypes.standardize_dtype(dtype))


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


@op
def meshgrid(*x, indexing="xy"):
    """Coordinate grids from vectors.

    Args:
        *x: tensors of rank 1 (or numbers).
        indexing: `"xy"` (the first two axes swapped, as in plots) or `"ij"`.

    Returns:
        A list of tensors, one a vector, each of the shape of the grid.

    Raises:
        InvalidArgumentError: another `indexing`.

    Example:
        >>> [grid.tolist() for grid in ops.meshgrid([1, 2], [3])]
        [[[1, 2]], [[3, 3]]]
    """
    if indexing not in ("xy", "ij"):
        raise InvalidArgumentError(f"`indexing` must be 'xy' or 'ij'. Received: indexing={indexing!r}")
    vectors = [convert(v) for v in x]
    vectors = [P.reshape(v, shape=(1,)) if shape_of(v) == () else v for v in vectors]
    sizes = [shape_of(v)[0] for v in vectors]
    places = list(range(len(vectors)))
    if indexing == "xy" and len(vectors) > 1:
        places[0], places[1] = 1, 0
    shape = tuple(sizes[places.index(i)] for i in range(len(sizes)))
    columns = (
        tuple(size if i == place else 1 for i in range(len(shape))) for size, place in zip(sizes, places, strict=True)
    )
    return [P.broadcast_to(P.reshape(v, shape=c), shape=shape) for v, c in zip(vectors, columns, strict=True)]


@op
def vander(x, N=None, increasing=False):
    """The Vandermonde matrix: powers of the elements of a vector.

    Args:
        x: a tensor of rank 1.
        N: how many columns; as many as elements by default.
        increasing: whether powers grow from left to right.

    Returns:
        A tensor of shape `(len(x), N)`.

    Example:
        >>> ops.vander([2, 3]).tolist()
        [[2, 1], [3, 1]]
    """
    x = convert(x)
    (size,) = shape_of(x)
    count = size if N is None else N
    powers = P.iota(size=count, dtype="int32")
    powers = powers if increasing else P.flip(powers, axes=(0,))
    column, row = to_dtype(dtype_of(x), P.reshape(x, shape=(size, 1)), P.reshape(powers, shape=(1, count)))
    return P.power(column, row)
