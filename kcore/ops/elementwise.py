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
    NUMBERS,
    convert,
    dtype_of,
    scalar,
    to_dtype,
    to_float,
    weak_dtype,
    with_gradient,
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
def sign(x):
    """-1, 0 or 1 by the sign; NaN stays NaN. No gradient flows.

    Args:
        x: a tensor.

    Returns:
        A tensor of `x`'s shape and dtype.

    Example:
        >>> ops.sign([-3.0, 0.0, 5.0]).tolist()
        [-1.0, 0.0, 1.0]
    """
    x = convert(x)
    return x if dtype_of(x) == "bool" else P.sign(x)


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
def floor(x):
    """The largest integer that isn't above `x`, as a float. No gradient flows.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.

    Example:
        >>> ops.floor([1.7, -1.2]).tolist()
        [1.0, -2.0]
    """
    return P.floor(to_float(x))


@op
def ceil(x):
    """The smallest integer that isn't below `x`, as a float. No gradient flows.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.

    Example:
        >>> ops.ceil([1.2, -1.7]).tolist()
        [2.0, -1.0]
    """
    return P.negative(P.floor(P.negative(to_float(x))))


@op
def trunc(x):
    """The integer part: rounded towards 0. No gradient flows.

    Args:
        x: a tensor; integers are returned as they are.

    Returns:
        A tensor of `x`'s shape and dtype.

    Example:
        >>> ops.trunc([1.7, -1.7]).tolist()
        [1.0, -1.0]
    """
    x = convert(x)
    return P.multiply(P.sign(x), P.floor(P.absolute(x))) if dtypes.is_float(dtype_of(x)) else x


@op
def round(x, decimals=0):
    """Rounded to a number of decimals, halves to even. No gradient flows.

    Args:
        x: a tensor.
        decimals: how many decimals to keep; negative for tens, hundreds, ...

    Returns:
        A tensor of `x`'s shape and dtype.

    Example:
        >>> ops.round([0.5, 1.5, 2.6]).tolist()
        [0.0, 2.0, 3.0]
    """
    x = convert(x)
    if not dtypes.is_float(dtype_of(x)):
        return x if decimals >= 0 else P.cast(round(to_float(x), decimals), dtype=dtype_of(x))
    if decimals == 0:
        return P.round(x)
    factor = 10.0 ** math.fabs(decimals)
    if decimals > 0:
        return P.divide(P.round(P.multiply(x, factor)), factor)
    return P.multiply(P.round(P.divide(x, factor)), factor)


@op
def clip(x, x_min, x_max):
    """Limited to `[x_min, x_max]`. Where `x_min > x_max` the result is `x_max`.

    The gradient is 1 inside and at the edges, 0 outside.

    Args:
        x: a tensor.
        x_min: lower limit, a number or a tensor that broadcasts; `None` for none.
        x_max: upper limit, likewise.

    Returns:
        A tensor of the broadcast shape and the promoted dtype.

    Example:
        >>> ops.clip([-2.0, 0.5, 3.0], 0, 1).tolist()
        [0.0, 0.5, 1.0]
    """
    limits = [limit for limit in (x_min, x_max) if limit is not None]
    limits = [limit if type(limit) in NUMBERS else convert(limit) for limit in limits]
    x = convert(x)
    x, *limits = to_dtype(dtypes.result_type(*map(weak_dtype, (x, *limits))), x, *limits)
    if dtype_of(x) == "bool":
        x, *limits = to_dtype("int32", x, *limits)
    low = None if x_min is None else limits[0]
    high = None if x_max is None else limits[-1]
    return _clip(x, low, high)


def _clip(x, low, high):
    out = x if low is None else P.maximum(x, low)
    out = out if high is None else P.minimum(out, high)
    if not dtypes.is_float(dtype_of(x)):
        return out

    def gradient(g):
        return P.multiply(g, P.cast(P.equal(x, out), dtype=dtype_of(x)))

    return with_gradient(out, x, gradient)


@op
def nan_to_num(x, nan=0.0, posinf=None, neginf=None):
    """NaN and infinities replaced by numbers.

    Args:
        x: a tensor; integers are returned as they are.
        nan: what replaces NaN.
        posinf: what replaces plus infinity; the largest finite number of the dtype by default.
        neginf: what replaces minus infinity; the least finite number of the dtype by default.

    Returns:
        A tensor of `x`'s shape and dtype. No gradient flows through replaced elements.

    Example:
        >>> ops.nan_to_num([float("nan"), 1.0]).tolist()
        [0.0, 1.0]
    """
    x = convert(x)
    if not dtypes.is_float(dtype_of(x)):
        return x
    largest = float(dtypes.finfo(dtype_of(x)).max)
    x = P.where(P.equal(x, x), x, scalar(nan, dtype_of(x)))
    x = P.where(P.equal(x, math.inf), largest if posinf is None else float(posinf), x)
    return P.where(P.equal(x, -math.inf), -largest if neginf is None else float(neginf), x)


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
