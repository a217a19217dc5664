"""Ops of one tensor, element by element: exponentials, roots, signs, rounding. Trigonometry is in `trigonometry`.

A function of real numbers keeps a floating dtype and computes integers and booleans in floatx; the others keep the
dtype.
"""

from __future__ import annotations

import math

from kcore import dtypes
from kcore.engine import primitives as P
from kcore.errors import DtypeError

from ._common import (
    convert,
    dtype_of,
    scalar,
    to_float,
)
from .operation import op


@op
def abs(x):
    """Absolute value. The gradient at 0 is 0.

    Args:
        x: a tensor.

    Returns:
        A tensor of `x`'s shape and dtype.

    Example:
        >>> ops.abs([-1.0, 2.0]).tolist()
        [1.0, 2.0]
    """
    return _absolute(convert(x))


@op
def absolute(x):
    """Another name of `abs`."""
    return _absolute(convert(x))


def _absolute(x):
    return x if dtype_of(x) == "bool" else P.absolute(x)


@op
def fabs(x):
    """Absolute value, as a float.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.
    """
    return P.absolute(to_float(x))


@op
def negative(x):
    """`-x`.

    Args:
        x: a tensor; not bool.

    Returns:
        A tensor of `x`'s shape and dtype.

    Raises:
        DtypeError: `x` is bool.

    Example:
        >>> ops.negative([1.0, -2.0]).tolist()
        [-1.0, 2.0]
    """
    x = convert(x)
    if dtype_of(x) == "bool":
        raise DtypeError("`x` must be numeric; use `logical_not` for a bool tensor. Received: x.dtype=bool")
    return P.negative(x)


@op
def square(x):
    """`x * x`.

    Args:
        x: a tensor.

    Returns:
        A tensor of `x`'s shape and dtype (int32 for bool).

    Example:
        >>> ops.square([3.0]).tolist()
        [9.0]
    """
    x = convert(x)
    x = P.cast(x, dtype="int32") if dtype_of(x) == "bool" else x
    return P.multiply(x, x)


@op
def sqrt(x):
    """Square root; NaN below 0. The gradient at 0 is infinite.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.

    Example:
        >>> ops.sqrt([4, 9]).tolist()
        [2.0, 3.0]
    """
    return P.sqrt(to_float(x))


@op
def rsqrt(x):
    """`1 / sqrt(x)`; infinite at 0.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.

    Example:
        >>> ops.rsqrt([4.0]).tolist()
        [0.5]
    """
    return P.divide(1, P.sqrt(to_float(x)))


@op
def cbrt(x):
    """Cube root, of negative numbers too. The gradient at 0 is 0.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.
    """
    x = to_float(x)
    zero = P.equal(x, 0)
    root = P.exp(P.divide(P.log(P.absolute(P.where(zero, 1, x))), 3))
    # One Newton step brings the root to the last bit or two; exp(log(x) / 3) alone loses digits for large x.
    safe = P.where(zero, 1, P.absolute(x))
    better = P.subtract(root, P.divide(P.subtract(root, P.divide(safe, P.multiply(root, root))), 3))
    finite = P.less(safe, math.inf)
    return P.multiply(P.sign(x), P.where(finite, P.where(finite, better, root), safe))


@op
def reciprocal(x):
    """`1 / x`, of integers too.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.

    Example:
        >>> ops.reciprocal([4]).tolist()
        [0.25]
    """
    return P.divide(1, to_float(x))


@op
def exp(x):
    """e to the power of `x`.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.

    Example:
        >>> ops.exp([0.0]).tolist()
        [1.0]
    """
    return P.exp(to_float(x))


@op
def exp2(x):
    """2 to the power of `x`.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.
    """
    x = to_float(x)
    return P.power(scalar(2, dtype_of(x)), x)


@op
def expm1(x):
    """`exp(x) - 1`, accurate near 0.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.
    """
    return P.expm1(to_float(x))


@op
def log(x):
    """Natural logarithm: `-inf` at 0, NaN below.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.

    Example:
        >>> ops.log([1.0]).tolist()
        [0.0]
    """
    return P.log(to_float(x))


@op
def log1p(x):
    """`log(1 + x)`, accurate near 0.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.
    """
    return P.log1p(to_float(x))


@op
def log2(x):
    """Logarithm to base 2.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.
    """
    return P.multiply(P.log(to_float(x)), 1 / math.log(2))


@op
def log10(x):
    """Logarithm to base 10.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.
    """
    return P.multiply(P.log(to_float(x)), 1 / math.log(10))


@op
def erf(x):
    """The error function.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.

    Example:
        >>> ops.erf([0.0]).tolist()
        [0.0]
    """
    return P.erf(to_float(x))


@op
def angle(x):
    """The angle of a real number in the complex plane: 0, or pi below 0.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.
    """
    x = to_float(x)
    return P.where(P.equal(x, x), P.multiply(P.cast(P.less(x, 0), dtype=dtype_of(x)), math.pi), x)


@op
def real(x):
    """The real part: `x` itself, as kcore has no complex dtypes.

    Args:
        x: a tensor.

    Returns:
        `x` as a tensor.
    """
    return convert(x)


@op
def imag(x):
    """The imaginary part: zeros, as kcore has no complex dtypes.

    Args:
        x: a tensor.

    Returns:
        A tensor of zeros of `x`'s shape and dtype.
    """
    x = convert(x)
    return (
        P.bitwise_xor(x, x) if not dtypes.is_float(dtype_of(x)) else P.where(P.equal(x, x), scalar(0, dtype_of(x)), 0)
    )


@op
def conj(x):
    """The complex conjugate: `x` itself, as kcore has no complex dtypes.

    Args:
        x: a tensor.

    Returns:
        `x` as a tensor.
    """
    return convert(x)


@op
def conjugate(x):
    """Another name of `conj`."""
    return convert(x)
