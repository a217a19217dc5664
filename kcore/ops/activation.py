"""Activation functions. Integers are computed in floatx, but by `relu` and `relu6`, which keep them."""

from __future__ import annotations

import math

from kcore import dtypes
from kcore.engine import primitives as P
from kcore.engine.fused import fused_op

from ._common import convert, dtype_of, to_float, with_gradient
from .operation import op


@fused_op("relu")
def positive_part(x):
    """max(x, 0) of floats; the gradient at 0 is 0."""
    out = P.maximum(x, 0)
    return with_gradient(out, x, lambda g: P.multiply(g, P.cast(P.less(0, out), dtype=dtype_of(x))))


def negative_part(x):
    """min(x, 0); the gradient at 0 is 1."""
    out = P.minimum(x, 0)
    return with_gradient(out, x, lambda g: P.multiply(g, P.cast(P.less_equal(x, 0), dtype=dtype_of(x))))


def limited(x, low: float, high: float):
    """x within limits; the gradient is 1 strictly inside, else 0."""
    out = P.minimum(P.maximum(x, low), high)

    def gradient(g):
        inside = P.bitwise_and(P.less(low, out), P.less(out, high))
        return P.multiply(g, P.cast(inside, dtype=dtype_of(x)))

    return with_gradient(out, x, gradient)


def log1p_exp(x):
    """log(1 + exp(x)) without overflow; its gradient is the sigmoid."""
    out = P.add(P.maximum(x, 0), P.log1p(P.exp(P.negative(P.absolute(x)))))
    return with_gradient(out, x, lambda g: P.multiply(g, P.sigmoid(x)))


@op
def relu(x):
    """`max(x, 0)`. The gradient at 0 is 0; NaN stays NaN.

    Args:
        x: a tensor.

    Returns:
        A tensor of `x`'s shape and dtype.

    Example:
        >>> ops.relu([-1.0, 2.0]).tolist()
        [0.0, 2.0]
    """
    x = convert(x)
    if not dtypes.is_float(dtype_of(x)):
        return x if dtype_of(x) == "bool" else P.maximum(x, 0)
    return positive_part(x)


@op
def relu6(x):
    """`min(max(x, 0), 6)`. The gradient at 0 and 6 is 0.

    Args:
        x: a tensor.

    Returns:
        A tensor of `x`'s shape and dtype.

    Example:
        >>> ops.relu6([-1.0, 2.0, 9.0]).tolist()
        [0.0, 2.0, 6.0]
    """
    x = convert(x)
    if not dtypes.is_float(dtype_of(x)):
        return x if dtype_of(x) == "bool" else P.minimum(P.maximum(x, 0), 6)
    return limited(x, 0, 6)


@op
def leaky_relu(x, negative_slope=0.2):
    """`x` above 0, `negative_slope * x` below. The gradient at 0 is `negative_slope`.

    Args:
        x: a tensor.
        negative_slope: a number.

    Returns:
        A floating tensor of `x`'s shape.

    Example:
        >>> ops.leaky_relu([-1.0, 2.0], 0.5).tolist()
        [-0.5, 2.0]
    """
    x = to_float(x)
    scaled = P.multiply(x, float(negative_slope))
    if 0 <= negative_slope <= 1:
        out = P.maximum(x, scaled)
    else:
        out = P.where(P.less(0, x), x, scaled)

    def gradient(g):
        positive = P.cast(P.less(0, x), dtype=dtype_of(x))
        return P.multiply(g, P.add(P.multiply(positive, 1 - float(negative_slope)), float(negative_slope)))

    return with_gradient(out, x, gradient)


@op
def elu(x, alpha=1.0):
    """`x` above 0, `alpha * (exp(x) - 1)` below. The gradient at 0 is `alpha`.

    Args:
        x: a tensor.
        alpha: a number.

    Returns:
        A floating tensor of `x`'s shape.

    Source:
        Clevert, Unterthiner and Hochreiter, Fast and accurate deep network learning by exponential linear units (2015).

    Example:
        >>> ops.elu([0.0, 2.0]).tolist()
        [0.0, 2.0]
    """
    return _elu(to_float(x), float(alpha), 1.0)


def _elu(x, alpha: float, width: float):
    """max(x, 0) + alpha * (exp(min(x, 0) / width) - 1)"""
    below = negative_part(x)
    below = below if width == 1 else P.multiply(below, 1 / width)
    curve = P.expm1(below)
    return P.add(positive_part(x), curve if alpha == 1 else P.multiply(curve, alpha))


@op
def selu(x):
    """The self-normalizing `elu`: scale * elu(x, alpha) with the constants that keep mean 0 and variance 1.

    The gradient at 0 is scale * alpha.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.

    Source:
        Klambauer, Unterthiner, Mayr and Hochreiter, Self-normalizing neural networks (2017).
    """
    return P.multiply(_elu(to_float(x), 1.6732632423543772, 1.0), 1.0507009873554805)


@op
def celu(x, alpha=1.0):
    """`x` above 0, `alpha * (exp(x / alpha) - 1)` below. The gradient at 0 is 1.

    Args:
        x: a tensor.
        alpha: a positive number.

    Returns:
        A floating tensor of `x`'s shape.

    Source:
        Barron, Continuously differentiable exponential linear units (2017).
    """
    return _elu(to_float(x), float(alpha), float(alpha))


@op
def gelu(x, approximate=True):
    """`x` times the normal distribution function of `x`.

    Args:
        x: a tensor.
        approximate: whether to use the formula with tanh instead of erf.

    Returns:
        A floating tensor of `x`'s shape.

    Source:
        Hendrycks and Gimpel, Gaussian error linear units (2016).

    Example:
        >>> ops.gelu([0.0]).tolist()
        [0.0]
    """
    x = to_float(x)
    if approximate:
        cubic = P.multiply(P.add(P.multiply(P.multiply(x, x), 0.044715), 1), x)
        inner = P.tanh(P.multiply(cubic, math.sqrt(2 / math.pi)))
    else:
        inner = P.erf(P.multiply(x, math.sqrt(0.5)))
    return P.multiply(P.multiply(x, 0.5), P.add(inner, 1))


@op
def sigmoid(x):
    """`1 / (1 + exp(-x))`, accurate in both tails.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.

    Example:
        >>> ops.sigmoid([0.0]).tolist()
        [0.5]
    """
    return P.sigmoid(to_float(x))


@op
def silu(x):
    """`x * sigmoid(x)`, also known as swish.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.

    Example:
        >>> ops.silu([0.0]).tolist()
        [0.0]
    """
    x = to_float(x)
    return P.multiply(x, P.sigmoid(x))


@op
def swish(x):
    """Another name of `silu`."""
    x = to_float(x)
    return P.multiply(x, P.sigmoid(x))


@op
def softplus(x):
    """`log(1 + exp(x))`, without overflow.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.

    Example:
        >>> ops.softplus([100.0]).tolist()
        [100.0]
    """
    return log1p_exp(to_float(x))


@op
def log_sigmoid(x):
    """`log(sigmoid(x))`, without underflow.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.

    Example:
        >>> ops.log_sigmoid([-100.0]).tolist()
        [-100.0]
    """
    return P.negative(log1p_exp(P.negative(to_float(x))))


@op
def softsign(x):
    """`x / (1 + |x|)`.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.

    Example:
        >>> ops.softsign([1.0]).tolist()
        [0.5]
    """
    x = to_float(x)
    return P.divide(x, P.add(P.absolute(x), 1))


@op
def mish(x):
    """`x * tanh(softplus(x))`.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.

    Source:
        Misra, Mish: a self regularized non-monotonic activation function (2019).
    """
    x = to_float(x)
    return P.multiply(x, P.tanh(log1p_exp(x)))
