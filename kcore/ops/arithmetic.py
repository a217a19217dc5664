"""Arithmetic of two operands, which broadcast and are promoted to one dtype (see `_common`)."""

from __future__ import annotations

import math

from kcore import dtypes
from kcore.engine import primitives as P
from kcore.errors import DtypeError

from ._common import (
    NUMBERS,
    convert,
    dtype_of,
    float_dtype,
    promote,
    promote_float,
    require_integer,
    to_dtype,
)
from .operation import op

_FAST = ("float32", "float64")


def operands(x1, x2):
    """Two operands as the primitives take them: tensors of one dtype, or one tensor and a Python number of its kind."""
    if type(x2) is float or type(x2) is int:
        x1 = x1 if type(x1) in NUMBERS else convert(x1)
        if type(x1) not in NUMBERS and dtype_of(x1) in _FAST:
            return x1, x2
    elif type(x1) not in NUMBERS:
        x1, x2 = convert(x1), x2 if type(x2) in NUMBERS else convert(x2)
        if type(x2) not in NUMBERS and dtype_of(x1) == dtype_of(x2):
            return x1, x2
    return promote(x1, x2)


def is_bool(x) -> bool:
    return type(x) is bool or (type(x) not in NUMBERS and dtype_of(x) == "bool")


def _no_bool(x, name: str, instead: str) -> None:
    if is_bool(x):
        raise DtypeError(
            f"`{name}` isn't defined for bool operands; use `{instead}`. Received: x1.dtype=bool, x2.dtype=bool"
        )


@op
def add(x1, x2):
    """Sum of two tensors, elementwise; of two bool tensors, logical or.

    Args:
        x1, x2: tensors or numbers, of shapes that broadcast.

    Returns:
        A tensor of the broadcast shape and the promoted dtype.

    Raises:
        ShapeError: the shapes don't broadcast.

    Example:
        >>> ops.add([1, 2], [[10], [20]]).tolist()
        [[11, 12], [21, 22]]
    """
    x1, x2 = operands(x1, x2)
    return P.bitwise_or(x1, x2) if is_bool(x1) else P.add(x1, x2)


@op
def subtract(x1, x2):
    """Difference of two tensors, elementwise.

    Args:
        x1, x2: tensors or numbers, of shapes that broadcast; not both bool.

    Returns:
        A tensor of the broadcast shape and the promoted dtype. Unsigned integers wrap.

    Raises:
        DtypeError: both are bool.

    Example:
        >>> ops.subtract([3.0, 5.0], 1).tolist()
        [2.0, 4.0]
    """
    x1, x2 = operands(x1, x2)
    _no_bool(x1, "subtract", "logical_xor")
    return P.subtract(x1, x2)


@op
def multiply(x1, x2):
    """Product of two tensors, elementwise; of two bool tensors, logical and.

    Args:
        x1, x2: tensors or numbers, of shapes that broadcast.

    Returns:
        A tensor of the broadcast shape and the promoted dtype.

    Example:
        >>> ops.multiply([1.0, 2.0], 3).tolist()
        [3.0, 6.0]
    """
    x1, x2 = operands(x1, x2)
    return P.bitwise_and(x1, x2) if is_bool(x1) else P.multiply(x1, x2)


@op
def divide(x1, x2):
    """True quotient of two tensors, elementwise: of integers too.

    Args:
        x1, x2: tensors or numbers, of shapes that broadcast.

    Returns:
        A floating tensor of the broadcast shape; integers are divided in floatx. A nonzero number by zero gives an
        infinity, 0 / 0 NaN.

    Example:
        >>> ops.divide([1, 2], 4).tolist()
        [0.25, 0.5]
    """
    return P.divide(*promote_float(x1, x2))


@op
def true_divide(x1, x2):
    """Another name of `divide`."""
    return P.divide(*promote_float(x1, x2))


@op
def divide_no_nan(x1, x2):
    """Quotient of two tensors, 0 wherever the divisor is 0.

    Gradients are 0 there too.

    Args:
        x1, x2: tensors or numbers, of shapes that broadcast.

    Returns:
        A floating tensor of the broadcast shape.

    Example:
        >>> ops.divide_no_nan([1.0, 3.0], [0.0, 2.0]).tolist()
        [0.0, 1.5]
    """
    x1, x2 = promote_float(x1, x2)
    zero = P.equal(x2, 0)
    return P.where(zero, 0, P.divide(x1, P.where(zero, 1, x2)))


@op
def floor_divide(x1, x2):
    """Quotient rounded towards minus infinity.

    Args:
        x1, x2: tensors or numbers, of shapes that broadcast.

    Returns:
        A tensor of the broadcast shape and the promoted dtype (int32 for two bool operands). An integer divided by
        zero gives 0. No gradient flows.

    Example:
        >>> ops.floor_divide([7, -7], 2).tolist()
        [3, -4]
    """
    return P.floor_divide(*_counting(x1, x2))


@op
def mod(x1, x2):
    """Remainder with the sign of the divisor: `x1 - x2 * floor(x1 / x2)`.

    Args:
        x1, x2: tensors or numbers, of shapes that broadcast.

    Returns:
        A tensor of the broadcast shape and the promoted dtype (int32 for two bool operands); 0 for an integer by
        zero, NaN for a float.

    Example:
        >>> ops.mod([7, -7], 3).tolist()
        [1, 2]
    """
    return P.remainder(*_counting(x1, x2))


@op
def fmod(x1, x2):
    """Remainder with the sign of the dividend, as in C.

    Args:
        x1, x2: tensors or numbers, of shapes that broadcast.

    Returns:
        A tensor of the broadcast shape and the promoted dtype (int32 for two bool operands).

    Example:
        >>> ops.fmod([7, -7], 3).tolist()
        [1, -1]
    """
    x1, x2 = _counting(x1, x2)
    if dtypes.is_integer(dtype_of(x1)) and dtype_of(x1).startswith("u"):
        return P.remainder(x1, x2)
    rest = P.remainder(P.absolute(x1), P.absolute(x2))
    return P.where(P.less(x1, 0), P.negative(rest), rest)


def _counting(x1, x2):
    """Promoted operands, bools as int32."""
    x1, x2 = promote(x1, x2)
    return to_dtype("int32", x1, x2) if dtype_of(x1) == "bool" else (x1, x2)


@op
def power(x1, x2):
    """`x1` to the power of `x2`, elementwise.

    The gradient in `x2` is 0 where `x1 <= 0`.

    Args:
        x1, x2: tensors or numbers, of shapes that broadcast.

    Returns:
        A tensor of the broadcast shape and the promoted dtype (int32 for two bool operands). An integer to a negative
        power is the truncated
        value: 0 but for 1 and -1.

    Example:
        >>> ops.power([2.0, 3.0], 2).tolist()
        [4.0, 9.0]
    """
    if x2 == 2 if type(x2) in (int, float) else False:
        x1 = _counting(x1, x2)[0]
        return P.multiply(x1, x1)
    return P.power(*_counting(x1, x2))


@op
def maximum(x1, x2):
    """The larger of two tensors, elementwise. NaN in either gives NaN. The gradient is halved at a tie.

    Args:
        x1, x2: tensors or numbers, of shapes that broadcast.

    Returns:
        A tensor of the broadcast shape and the promoted dtype.

    Example:
        >>> ops.maximum([1.0, -2.0], 0).tolist()
        [1.0, 0.0]
    """
    x1, x2 = operands(x1, x2)
    return P.bitwise_or(x1, x2) if is_bool(x1) else P.maximum(x1, x2)


@op
def minimum(x1, x2):
    """The smaller of two tensors, elementwise. NaN in either gives NaN. The gradient is halved at a tie.

    Args:
        x1, x2: tensors or numbers, of shapes that broadcast.

    Returns:
        A tensor of the broadcast shape and the promoted dtype.

    Example:
        >>> ops.minimum([1.0, -2.0], 0).tolist()
        [0.0, -2.0]
    """
    x1, x2 = operands(x1, x2)
    return P.bitwise_and(x1, x2) if is_bool(x1) else P.minimum(x1, x2)


@op
def fmax(x1, x2):
    """The larger of two tensors; of NaN and a number, the number.

    Args:
        x1, x2: tensors or numbers, of shapes that broadcast.

    Returns:
        A tensor of the broadcast shape and the promoted dtype.
    """
    return _without_nan(maximum, x1, x2)


@op
def fmin(x1, x2):
    """The smaller of two tensors; of NaN and a number, the number.

    Args:
        x1, x2: tensors or numbers, of shapes that broadcast.

    Returns:
        A tensor of the broadcast shape and the promoted dtype.
    """
    return _without_nan(minimum, x1, x2)


def _without_nan(pick, x1, x2):
    x1, x2 = promote(x1, x2)
    if not dtypes.is_float(dtype_of(x1)):
        return pick(x1, x2)
    is_number = P.equal(x1, x1), P.equal(x2, x2)
    return pick(P.where(is_number[0], x1, x2), P.where(is_number[1], x2, x1))


@op
def arctan2(x1, x2):
    """The angle of the point `(x2, x1)` in radians, in [-pi, pi].

    Args:
        x1: ordinates.
        x2: abscissas, of a shape that broadcasts with `x1`'s.

    Returns:
        A floating tensor of the broadcast shape.

    Example:
        >>> ops.arctan2([0.0], [1.0]).tolist()
        [0.0]
    """
    return P.arctan2(*promote_float(x1, x2))


@op
def hypot(x1, x2):
    """`sqrt(x1**2 + x2**2)` without overflow on the way. An infinity in either gives infinity, even beside NaN.

    The gradient at (0, 0) is 0.

    Args:
        x1, x2: tensors or numbers, of shapes that broadcast.

    Returns:
        A floating tensor of the broadcast shape.

    Example:
        >>> ops.hypot(3.0, 4.0).tolist()
        5.0
    """
    x1, x2 = (P.absolute(x) for x in promote_float(x1, x2))
    large, small = P.maximum(x1, x2), P.minimum(x1, x2)
    trivial = P.bitwise_or(P.equal(large, 0), P.equal(large, math.inf))
    ratio = P.divide(P.where(trivial, 0, small), P.where(trivial, 1, large))
    result = P.multiply(large, P.sqrt(P.add(P.multiply(ratio, ratio), 1)))
    infinite = P.bitwise_or(P.equal(x1, math.inf), P.equal(x2, math.inf))
    return P.where(infinite, math.inf, P.where(P.equal(large, 0), 0, result))


@op
def logaddexp(x1, x2):
    """`log(exp(x1) + exp(x2))`, without overflow.

    Args:
        x1, x2: tensors or numbers, of shapes that broadcast.

    Returns:
        A floating tensor of the broadcast shape.

    Example:
        >>> ops.logaddexp([1000.0], [1000.0]).tolist()
        [1000.693]
    """
    x1, x2 = promote_float(x1, x2)
    difference = P.subtract(x1, x2)
    same = P.equal(x1, x2)
    gap = P.negative(P.absolute(P.where(same, 0, difference)))
    return P.add(P.maximum(x1, x2), P.log1p(P.exp(gap)))


@op
def logaddexp2(x1, x2):
    """`log2(2**x1 + 2**x2)`, without overflow.

    Args:
        x1, x2: tensors or numbers, of shapes that broadcast.

    Returns:
        A floating tensor of the broadcast shape.
    """
    x1, x2 = promote_float(x1, x2)
    natural = logaddexp(P.multiply(x1, math.log(2)), P.multiply(x2, math.log(2)))
    return P.multiply(natural, 1 / math.log(2))


@op
def heaviside(x1, x2):
    """0 where `x1 < 0`, 1 where `x1 > 0`, `x2` where `x1` is 0, NaN where it is NaN.

    Args:
        x1: a tensor.
        x2: the value at 0, of a shape that broadcasts.

    Returns:
        A floating tensor of the broadcast shape. No gradient flows to `x1`.
    """
    x1, x2 = promote_float(x1, x2)
    step = P.where(P.less(x1, 0), 0, P.where(P.less(0, x1), 1, x2))
    return P.where(P.equal(x1, x1), step, math.nan)


@op
def ldexp(x1, x2):
    """`x1 * 2**x2`.

    Args:
        x1: a tensor.
        x2: integer exponents, of a shape that broadcasts.

    Returns:
        A floating tensor of the broadcast shape.

    Example:
        >>> ops.ldexp([0.5], [3]).tolist()
        [4.0]
    """
    x1, x2 = convert(x1), convert(x2)
    require_integer(x2, "x2")
    x1, x2 = to_dtype(float_dtype(dtype_of(x1), dtype_of(x2)), x1, x2)
    return P.multiply(x1, P.power(P.add(P.multiply(x2, 0), 2), x2))
