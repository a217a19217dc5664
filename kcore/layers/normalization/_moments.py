"""The mean and variance that normalization layers share.

Notation: `axes` are the axes that are reduced; statistics keep them with size 1, so that they broadcast against `x`.
The variance is the mean of the squared distances from the mean (two passes): the difference of `E[x**2]` and
`E[x]**2` would lose all digits where the mean is large against the deviation. Both are formed in float32 at least.
"""

from __future__ import annotations

from typing import Any

from kcore import ops
from kcore.dtypes import standardize_dtype


def widen(x: Any) -> Any:
    """`x` in float32 if its own dtype is shorter than that."""
    return ops.cast(x, "float32") if standardize_dtype(x.dtype) in ("float16", "bfloat16") else x


def moments(x: Any, axes: tuple[int, ...], weights: Any = None) -> tuple[Any, Any, Any]:
    """The mean, what is left of `x` without it, and the variance.

    Args:
        x: a floating tensor.
        axes: the axes that are reduced.
        weights: a tensor that broadcasts to `x`, the weight of each value, or `None` where all weigh the same. If all
            weigh nothing, mean and variance are 0.

    Returns:
        `(mean, x - mean, variance)`, where mean and variance have size 1 along `axes`.
    """
    if weights is None:
        mean = ops.mean(x, axis=axes, keepdims=True)
        centered = ops.subtract(x, mean)
        return mean, centered, ops.mean(ops.square(centered), axis=axes, keepdims=True)
    weights = ops.broadcast_to(ops.cast(weights, x.dtype), tuple(x.shape))
    total = ops.sum(weights, axis=axes, keepdims=True)
    share = ops.divide(weights, ops.where(ops.equal(total, 0), ops.ones_like(total), total))
    mean = ops.sum(ops.multiply(x, share), axis=axes, keepdims=True)
    centered = ops.subtract(x, mean)
    return mean, centered, ops.sum(ops.multiply(ops.square(centered), share), axis=axes, keepdims=True)


def scaled(centered: Any, variance: Any, epsilon: float, gamma: Any = None, beta: Any = None) -> Any:
    """`gamma * centered / sqrt(variance + epsilon) + beta`; what is `None` is left out."""
    factor = ops.rsqrt(ops.add(variance, epsilon))
    if gamma is not None:
        factor = ops.multiply(factor, gamma)
    y = ops.multiply(centered, factor)
    return y if beta is None else ops.add(y, beta)
