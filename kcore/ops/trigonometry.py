"""Trigonometric and hyperbolic functions, and their inverses. What isn't floating is computed in floatx."""

from __future__ import annotations

import math

from kcore.engine import primitives as P

from ._common import dtype_of, scalar, to_float
from .operation import op


@op
def sin(x):
    """Sine.

    Args:
        x: a tensor of angles in radians.

    Returns:
        A floating tensor of `x`'s shape.

    Example:
        >>> ops.sin([0.0]).tolist()
        [0.0]
    """
    return P.sin(to_float(x))


@op
def cos(x):
    """Cosine.

    Args:
        x: a tensor of angles in radians.

    Returns:
        A floating tensor of `x`'s shape.

    Example:
        >>> ops.cos([0.0]).tolist()
        [1.0]
    """
    return P.cos(to_float(x))


@op
def tan(x):
    """Tangent.

    Args:
        x: a tensor of angles in radians.

    Returns:
        A floating tensor of `x`'s shape.
    """
    x = to_float(x)
    return P.divide(P.sin(x), P.cos(x))


@op
def sinc(x):
    """`sin(pi x) / (pi x)`, 1 at 0.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.

    Example:
        >>> ops.sinc([0.0]).tolist()
        [1.0]
    """
    x = P.multiply(to_float(x), math.pi)
    zero = P.equal(x, 0)
    safe = P.where(zero, 1, x)
    return P.where(zero, 1, P.divide(P.sin(safe), safe))


@op
def arcsin(x):
    """The angle in [-pi/2, pi/2] whose sine is `x`; NaN outside [-1, 1].

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.
    """
    x = to_float(x)
    return P.arctan2(x, _cathetus(x))


@op
def arccos(x):
    """The angle in [0, pi] whose cosine is `x`; NaN outside [-1, 1].

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.
    """
    x = to_float(x)
    return P.arctan2(_cathetus(x), x)


def _cathetus(x):
    """sqrt(1 - x**2), without cancellation near 1."""
    return P.sqrt(P.multiply(P.subtract(1, x), P.add(x, 1)))


@op
def arctan(x):
    """The angle in [-pi/2, pi/2] whose tangent is `x`.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.

    Example:
        >>> ops.arctan([0.0]).tolist()
        [0.0]
    """
    return P.arctan2(to_float(x), 1)


@op
def sinh(x):
    """Hyperbolic sine, accurate near 0.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.
    """
    x = to_float(x)
    return P.multiply(P.subtract(P.expm1(x), P.expm1(P.negative(x))), 0.5)


@op
def cosh(x):
    """Hyperbolic cosine.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.

    Example:
        >>> ops.cosh([0.0]).tolist()
        [1.0]
    """
    x = to_float(x)
    return P.multiply(P.add(P.exp(x), P.exp(P.negative(x))), 0.5)


@op
def tanh(x):
    """Hyperbolic tangent.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.

    Example:
        >>> ops.tanh([0.0]).tolist()
        [0.0]
    """
    return P.tanh(to_float(x))


@op
def arcsinh(x):
    """Inverse hyperbolic sine, accurate near 0 and for large `x`.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.
    """
    x = to_float(x)
    size = P.absolute(x)
    large = P.less(1e4, size)
    near = P.where(large, 1, size)
    squared = P.multiply(near, near)
    small = P.log1p(P.add(near, P.divide(squared, P.add(P.sqrt(P.add(squared, 1)), 1))))
    far = P.add(P.log(P.where(large, size, 1)), math.log(2))
    return P.multiply(_sign_or_one(x), P.where(large, far, small))


def _sign_or_one(x):
    """The sign with 1 at 0, so that the gradient passes there."""
    return P.where(P.less(x, 0), scalar(-1, dtype_of(x)), 1)


@op
def arccosh(x):
    """Inverse hyperbolic cosine; NaN below 1.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.
    """
    x = to_float(x)
    large = P.less(1e4, x)
    beyond = P.subtract(P.where(large, 2, x), 1)
    near = P.log1p(P.add(beyond, P.sqrt(P.multiply(beyond, P.add(beyond, 2)))))
    return P.where(large, P.add(P.log(P.where(large, x, 1)), math.log(2)), near)


@op
def arctanh(x):
    """Inverse hyperbolic tangent: infinite at -1 and 1, NaN beyond.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.
    """
    x = to_float(x)
    return P.multiply(P.subtract(P.log1p(x), P.log1p(P.negative(x))), 0.5)


@op
def deg2rad(x):
    """Degrees to radians.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.
    """
    return P.multiply(to_float(x), math.pi / 180)


@op
def rad2deg(x):
    """Radians to degrees.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.
    """
    return P.multiply(to_float(x), 180 / math.pi)
