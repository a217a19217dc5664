"""Rounding, limiting, replacing: what elements are allowed to be."""

from __future__ import annotations

import math

from kcore import dtypes
from kcore.engine import primitives as P

from ._common import NUMBERS, convert, dtype_of, scalar, to_dtype, to_float, weak_dtype, with_gradient
from .operation import op


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
