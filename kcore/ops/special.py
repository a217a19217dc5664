"""Special functions: error functions, Bessel, greatest common divisors; and window functions."""

from __future__ import annotations

import math

import numpy as np

from kcore import config, dtypes
from kcore.engine import primitives as P
from kcore.errors import UnsupportedError

from ._common import NUMBERS, concrete, convert, dtype_of, promote, require_integer, scalar, to_float, with_gradient
from .operation import op

_I0_SMALL = tuple(1 / (math.factorial(k) ** 2 * 4**k) for k in range(31))
"""Power series of the Bessel function in x**2: exact to float64's last digits up to |x| = 15."""


@op
def erfc(x):
    """`1 - erf(x)`, accurate for large `x` to about 2e-7 of its size (to 16 digits below 1).

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.

    Source:
        Beyond 1 the rational Chebyshev fit of Press et al., Numerical recipes, section 6.2.

    Example:
        >>> ops.erfc([0.0]).tolist()
        [1.0]
    """
    x = to_float(x)
    large = P.less(1, x)
    far = P.where(large, x, 1)
    t = P.divide(1, P.add(P.multiply(far, 0.5), 1))
    tail = P.multiply(t, P.exp(P.subtract(_polynomial(t, _ERFC), P.multiply(far, far))))
    slope = -2 / math.sqrt(math.pi)
    out = P.where(large, tail, P.subtract(1, P.erf(P.where(large, 0, x))))
    return with_gradient(out, x, lambda g: P.multiply(g, P.multiply(P.exp(P.negative(P.multiply(x, x))), slope)))


_ERFC = (
    -1.26551223,
    1.00002368,
    0.37409196,
    0.09678418,
    -0.18628806,
    0.27886807,
    -1.13520398,
    1.48851587,
    -0.82215223,
    0.17087277,
)


def _polynomial(x, coefficients):
    """The polynomial with these coefficients, the constant one first, by Horner's rule."""
    total = scalar(coefficients[-1], dtype_of(x))
    for c in reversed(coefficients[:-1]):
        total = P.add(P.multiply(total, x), c)
    return total


@op
def erfinv(x):
    """The inverse of the error function; infinite at -1 and 1, NaN beyond.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.

    Source:
        Start values of Giles, Approximating the erfinv function (2011), then two Newton steps.

    Example:
        >>> ops.erfinv([0.0]).tolist()
        [0.0]
    """
    x = to_float(x)
    inside = P.less(P.absolute(x), 1)
    safe = P.where(inside, x, 0)
    w = P.negative(P.log(P.multiply(P.subtract(1, safe), P.add(safe, 1))))
    near = P.less(w, 5)
    center = _polynomial(P.subtract(P.where(near, w, 0), 2.5), _GILES_CENTER)
    tail = _polynomial(P.subtract(P.sqrt(P.where(near, 9, w)), 3), _GILES_TAIL)
    y = P.multiply(P.where(near, center, tail), safe)
    for _ in range(2):
        slope = P.multiply(P.exp(P.negative(P.multiply(y, y))), 2 / math.sqrt(math.pi))
        y = P.subtract(y, P.divide(P.subtract(P.erf(y), safe), slope))
    edge = P.where(P.equal(P.absolute(x), 1), P.multiply(P.sign(x), math.inf), math.nan)
    out = P.where(inside, y, edge)

    def gradient(g):
        return P.multiply(g, P.multiply(P.exp(P.multiply(out, out)), math.sqrt(math.pi) / 2))

    return with_gradient(out, x, gradient)


_GILES_CENTER = (
    1.50140941,
    0.246640727,
    -0.00417768164,
    -0.00125372503,
    0.000218580870,
    -4.39150654e-06,
    -3.5233877e-06,
    3.43273939e-07,
    2.81022636e-08,
)
_GILES_TAIL = (
    2.83297682,
    1.00167406,
    0.00943887047,
    -0.0076224613,
    0.00573950773,
    -0.00367342844,
    0.00134934322,
    0.000100950558,
    -0.000200214257,
)


@op
def i0(x):
    """The modified Bessel function of order 0.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.

    Source:
        Abramowitz and Stegun, Handbook of mathematical functions, 9.6.12 (the power series, to 15) and 9.7.1
        (asymptotic, beyond).

    Example:
        >>> ops.i0([0.0]).tolist()
        [1.0]
    """
    x = P.absolute(to_float(x))
    large = P.less(15, x)
    near, far = P.where(large, 0, x), P.where(large, x, 15)
    series = _polynomial(P.multiply(near, near), _I0_SMALL)
    tail = _polynomial(P.divide(1, far), _i0_tail())
    beyond = P.divide(P.multiply(P.exp(far), tail), P.sqrt(P.multiply(far, 2 * math.pi)))
    return P.where(large, beyond, series)


def _i0_tail() -> tuple[float, ...]:
    """Coefficients in 1 / x: the squares of odd numbers up to 2k - 1, over k! 8**k."""
    terms = [1.0]
    for k in range(1, 12):
        terms.append(terms[-1] * (2 * k - 1) ** 2 / (8 * k))
    return tuple(terms)


@op
def gcd(x1, x2):
    """Greatest common divisors, elementwise; 0 of two zeros.

    Args:
        x1, x2: integer tensors, of shapes that broadcast.

    Returns:
        A tensor of the broadcast shape and the promoted dtype.

    Source:
        Euclid's algorithm, as many rounds as the widest pair of the dtype can take.

    Example:
        >>> ops.gcd([12, 7], 8).tolist()
        [4, 1]
    """
    x1, x2 = promote(x1, x2)
    require_integer(x1, "x1")
    x1, x2 = P.absolute(x1), P.absolute(x2)
    rounds = math.ceil(dtypes.itemsize(dtype_of(x1)) * 8 * math.log(2) / math.log((1 + math.sqrt(5)) / 2)) + 1
    for _ in range(rounds):
        x1, x2 = P.where(P.equal(x2, 0), x1, x2), P.where(P.equal(x2, 0), x2, P.remainder(x1, x2))
    return x1


@op
def lcm(x1, x2):
    """Least common multiples, elementwise; 0 where one is 0.

    Args:
        x1, x2: integer tensors, of shapes that broadcast.

    Returns:
        A tensor of the broadcast shape and the promoted dtype.

    Example:
        >>> ops.lcm([4, 0], 6).tolist()
        [12, 0]
    """
    x1, x2 = promote(x1, x2)
    require_integer(x1, "x1")
    return P.absolute(P.multiply(P.floor_divide(x1, gcd(x1, x2)), x2))


@op
def view(x, dtype=None):
    """The bytes of a tensor whose value is known, read as another dtype.

    Args:
        x: a tensor of rank 1 or more, where the widths of the dtypes differ.
        dtype: a dtype; `x`'s by default.

    Returns:
        A tensor; its last axis grows or shrinks with the ratio of the widths.

    Raises:
        UnsupportedError: the value isn't known.

    Example:
        >>> ops.view(ops.array([1.0]), "int32").tolist()
        [1065353216]
    """
    x = convert(x)
    value = concrete(x)
    if value is None:
        raise UnsupportedError(
            "`x` must have a known value to be read as another dtype. Received: a tensor without one"
        )
    return convert(np.ascontiguousarray(value).view(dtypes.standardize_dtype(dtype or dtype_of(x))))


def _window(size, weights):
    """A window of `size` points by `weights(cosines of k times the angle)`, in floatx."""
    count = int(size)
    if count < 2:
        return convert(np.ones(max(count, 0)), config.floatx())
    angle = 2 * np.pi * np.arange(count) / (count - 1)
    return convert(weights(angle), config.floatx())


@op
def bartlett(x):
    """The Bartlett (triangular) window.

    Args:
        x: how many points.

    Returns:
        A tensor of shape `(x,)` in floatx.

    Example:
        >>> ops.bartlett(3).tolist()
        [0.0, 1.0, 0.0]
    """
    return _window(x, lambda a: 1 - np.abs(a / np.pi - 1))


@op
def hanning(x):
    """The Hann window.

    Args:
        x: how many points.

    Returns:
        A tensor of shape `(x,)` in floatx.

    Example:
        >>> ops.hanning(3).tolist()
        [0.0, 1.0, 0.0]
    """
    return _window(x, lambda a: 0.5 - 0.5 * np.cos(a))


@op
def hamming(x):
    """The Hamming window.

    Args:
        x: how many points.

    Returns:
        A tensor of shape `(x,)` in floatx.
    """
    return _window(x, lambda a: 0.54 - 0.46 * np.cos(a))


@op
def blackman(x):
    """The Blackman window.

    Args:
        x: how many points.

    Returns:
        A tensor of shape `(x,)` in floatx.
    """
    return _window(x, lambda a: 0.42 - 0.5 * np.cos(a) + 0.08 * np.cos(2 * a))


@op
def kaiser(x, beta):
    """The Kaiser window.

    Args:
        x: how many points.
        beta: its shape: 0 is a rectangle, larger values narrow it.

    Returns:
        A tensor of shape `(x,)` in floatx.
    """
    beta = beta if type(beta) in NUMBERS else float(np.asarray(beta))
    return _window(x, lambda a: np.i0(beta * np.sqrt(np.maximum(1 - (a / np.pi - 1) ** 2, 0))) / np.i0(beta))
