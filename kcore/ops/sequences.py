"""Ops that make sequences of numbers and grids of them."""

from __future__ import annotations

import math

import numpy as np

from kcore import config, dtypes
from kcore.engine import active
from kcore.engine import primitives as P
from kcore.errors import InvalidArgumentError

from ._common import axis_of, cast, convert, dtype_of, is_unknown, promote_float, scalar, shape_of, to_dtype
from .operation import op


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
