"""Comparison and logic. Operands broadcast and are promoted to one dtype (see `_common`)."""

from __future__ import annotations

import math

from kcore import dtypes
from kcore.engine import primitives as P

from ._common import convert, dtype_of, promote_float, to_dtype
from .arithmetic import is_bool, operands
from .operation import op


def _comparison(pick):
    def compare(x1, x2):
        return pick(*operands(x1, x2))

    return compare


_equal, _less, _less_equal = map(_comparison, (P.equal, P.less, P.less_equal))


@op
def equal(x1, x2):
    """Whether two tensors are equal, elementwise; NaN equals nothing.

    Args:
        x1, x2: tensors or numbers, of shapes that broadcast.

    Returns:
        A bool tensor of the broadcast shape.

    Example:
        >>> ops.equal([1, 2], 2).tolist()
        [False, True]
    """
    return _equal(x1, x2)


@op
def not_equal(x1, x2):
    """Whether two tensors differ, elementwise; NaN differs from everything.

    Args:
        x1, x2: tensors or numbers, of shapes that broadcast.

    Returns:
        A bool tensor of the broadcast shape.
    """
    return P.bitwise_not(_equal(x1, x2))


@op
def less(x1, x2):
    """`x1 < x2`, elementwise; false for NaN.

    Args:
        x1, x2: tensors or numbers, of shapes that broadcast.

    Returns:
        A bool tensor of the broadcast shape.
    """
    return _less(*_ordered(x1, x2))


@op
def less_equal(x1, x2):
    """`x1 <= x2`, elementwise; false for NaN.

    Args:
        x1, x2: tensors or numbers, of shapes that broadcast.

    Returns:
        A bool tensor of the broadcast shape.
    """
    return _less_equal(*_ordered(x1, x2))


@op
def greater(x1, x2):
    """`x1 > x2`, elementwise; false for NaN.

    Args:
        x1, x2: tensors or numbers, of shapes that broadcast.

    Returns:
        A bool tensor of the broadcast shape.

    Example:
        >>> ops.greater([1, 3], 2).tolist()
        [False, True]
    """
    x1, x2 = _ordered(x1, x2)
    return _less(x2, x1)


@op
def greater_equal(x1, x2):
    """`x1 >= x2`, elementwise; false for NaN.

    Args:
        x1, x2: tensors or numbers, of shapes that broadcast.

    Returns:
        A bool tensor of the broadcast shape.
    """
    x1, x2 = _ordered(x1, x2)
    return _less_equal(x2, x1)


def _ordered(x1, x2):
    """Operands for an order: bools as int32."""
    x1, x2 = operands(x1, x2)
    return to_dtype("int32", x1, x2) if is_bool(x1) else (x1, x2)


@op
def isclose(x1, x2, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Whether `|x1 - x2| <= atol + rtol * |x2|`, elementwise; equal infinities are close.

    Args:
        x1, x2: tensors or numbers, of shapes that broadcast.
        rtol, atol: tolerances.
        equal_nan: whether NaN is close to NaN.

    Returns:
        A bool tensor of the broadcast shape.

    Example:
        >>> ops.isclose([1.0, 1.1], 1.0).tolist()
        [True, False]
    """
    x1, x2 = promote_float(x1, x2)
    bound = P.add(P.multiply(P.absolute(x2), rtol), atol)
    finite = P.less(P.absolute(x2), math.inf)
    near = P.bitwise_and(finite, P.less_equal(P.absolute(P.subtract(x1, x2)), bound))
    close = P.bitwise_or(near, P.equal(x1, x2))
    if equal_nan:
        both = P.bitwise_not(P.bitwise_or(P.equal(x1, x1), P.equal(x2, x2)))
        close = P.bitwise_or(close, both)
    return close


def _truth(x):
    """A tensor as bools: what isn't 0 is true, NaN too."""
    x = convert(x)
    return x if dtype_of(x) == "bool" else P.bitwise_not(P.equal(x, 0))


@op
def logical_and(x1, x2):
    """Logical and, elementwise; what isn't 0 is true.

    Args:
        x1, x2: tensors, of shapes that broadcast.

    Returns:
        A bool tensor of the broadcast shape.

    Example:
        >>> ops.logical_and([True, True], [0, 2]).tolist()
        [False, True]
    """
    return P.bitwise_and(_truth(x1), _truth(x2))


@op
def logical_or(x1, x2):
    """Logical or, elementwise; what isn't 0 is true.

    Args:
        x1, x2: tensors, of shapes that broadcast.

    Returns:
        A bool tensor of the broadcast shape.
    """
    return P.bitwise_or(_truth(x1), _truth(x2))


@op
def logical_xor(x1, x2):
    """Logical exclusive or, elementwise; what isn't 0 is true.

    Args:
        x1, x2: tensors, of shapes that broadcast.

    Returns:
        A bool tensor of the broadcast shape.
    """
    return P.bitwise_xor(_truth(x1), _truth(x2))


@op
def logical_not(x):
    """Logical not, elementwise; what isn't 0 is true.

    Args:
        x: a tensor.

    Returns:
        A bool tensor of `x`'s shape.
    """
    return P.bitwise_not(_truth(x))


@op
def isnan(x):
    """Where a tensor is NaN.

    Args:
        x: a tensor; integers are never NaN.

    Returns:
        A bool tensor of `x`'s shape.

    Example:
        >>> ops.isnan([1.0, float("nan")]).tolist()
        [False, True]
    """
    x = convert(x)
    return P.bitwise_not(P.equal(x, x))


@op
def isinf(x):
    """Where a tensor is an infinity.

    Args:
        x: a tensor.

    Returns:
        A bool tensor of `x`'s shape.
    """
    x = convert(x)
    return P.equal(P.absolute(x), math.inf) if dtypes.is_float(dtype_of(x)) else _never(x)


@op
def isposinf(x):
    """Where a tensor is plus infinity.

    Args:
        x: a tensor.

    Returns:
        A bool tensor of `x`'s shape.
    """
    x = convert(x)
    return P.equal(x, math.inf) if dtypes.is_float(dtype_of(x)) else _never(x)


@op
def isneginf(x):
    """Where a tensor is minus infinity.

    Args:
        x: a tensor.

    Returns:
        A bool tensor of `x`'s shape.
    """
    x = convert(x)
    return P.equal(x, -math.inf) if dtypes.is_float(dtype_of(x)) else _never(x)


@op
def isfinite(x):
    """Where a tensor is neither NaN nor an infinity.

    Args:
        x: a tensor.

    Returns:
        A bool tensor of `x`'s shape.
    """
    x = convert(x)
    return P.less(P.absolute(x), math.inf) if dtypes.is_float(dtype_of(x)) else P.equal(x, x)


@op
def isreal(x):
    """Where a tensor is real: everywhere, as kcore has no complex dtypes.

    Args:
        x: a tensor.

    Returns:
        A bool tensor of `x`'s shape.
    """
    return P.bitwise_not(_never(convert(x)))


def _never(x):
    return P.bitwise_and(P.equal(x, x), P.bitwise_not(P.equal(x, x)))


@op
def signbit(x):
    """Where the sign bit is set: negative numbers, and -0.0.

    Args:
        x: a tensor.

    Returns:
        A bool tensor of `x`'s shape; false for NaN.
    """
    x = convert(x)
    if not dtypes.is_float(dtype_of(x)):
        return _never(x) if dtype_of(x) == "bool" else P.less(x, 0)
    zero = P.equal(x, 0)
    return P.bitwise_or(P.less(x, 0), P.less(P.divide(1, P.where(zero, x, 1)), 0))
