"""Distributions by rejection: a fixed number of proposals is made for each number, and the first accepted one taken.

A gamma proposal is accepted with a probability of at least 0.95, so that `ROUNDS` of them are all refused once in
10**10 numbers (the last one is taken then). Numbers agree between backends as far as their `log` and `power` do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kcore import ops
from kcore.engine import random
from kcore.engine.tracing import Tracer
from kcore.random.distributions import resolve
from kcore.random.seeds import draw

ROUNDS = 8
_MOST_COUNTS = 2**24
_FEW_COUNTS = 16


def gamma(shape: Sequence[int], alpha: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Gamma distributed numbers of scale 1.

    Args:
        shape: the shape to make.
        alpha: the positive shape parameter, a number or a tensor that broadcasts to `shape`.
        dtype: a float dtype; `floatx` if `None`.
        seed: an integer, a `SeedGenerator`, or `None`.

    Returns:
        A tensor of this shape and dtype.

    Source: Marsaglia and Tsang, ACM TOMS 26, 2000.

    Example:
        >>> bool((gamma((10,), 2.0, seed=1) > 0).all())
        True
    """
    shape, dtype = resolve(shape, dtype)
    return _gamma(draw(seed), shape, _spread(alpha, shape, dtype), dtype)


def _gamma(key: Any, shape: tuple[int, ...], alpha: Any, dtype: str) -> Any:
    """Marsaglia and Tsang's method for `alpha` at least 1; below, a number for `alpha + 1` is multiplied by
    `u**(1/alpha)`."""
    proposals, decisions, boost = random.split(key, 3)
    small = ops.less(alpha, 1.0)
    d: Any = ops.where(small, alpha + 2.0 / 3.0, alpha - 1.0 / 3.0)
    x = random.normal(proposals, shape=(ROUNDS, *shape), dtype=dtype)
    u = _open_uniform(decisions, (ROUNDS, *shape), dtype)
    root = 1.0 + x / ops.sqrt(9.0 * d)
    v = ops.power(ops.maximum(root, 1e-6), 3.0)
    accepted = ops.less(ops.log(u), 0.5 * x * x + d * (1.0 - v + ops.log(v)))
    accepted = ops.logical_and(accepted, ops.greater(root, 0.0))
    first = ops.expand_dims(ops.argmax(accepted, axis=0), 0)
    chosen = d * ops.squeeze(ops.take_along_axis(v, first, axis=0), 0)
    return ops.where(small, chosen * ops.power(_open_uniform(boost, shape, dtype), 1.0 / alpha), chosen)


def _open_uniform(key: Any, shape: tuple[int, ...], dtype: str) -> Any:
    """Uniform numbers in (0, 1]."""
    return 1.0 - random.uniform(key, shape=shape, dtype=dtype)


def _spread(x: Any, shape: tuple[int, ...], dtype: str) -> Any:
    return ops.broadcast_to(ops.cast(ops.convert_to_tensor(x), dtype), shape)


def beta(shape: Sequence[int], alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Beta distributed numbers, from 0 to 1.

    Args:
        shape: the shape to make.
        alpha: the first positive parameter, a number or a tensor that broadcasts to `shape`.
        beta: the second one, likewise.
        dtype: a float dtype; `floatx` if `None`.
        seed: an integer, a `SeedGenerator`, or `None`.

    Returns:
        A tensor of this shape and dtype: `x / (x + y)` with gamma distributed `x` and `y`.

    Example:
        >>> bool((beta((10,), 2.0, 3.0, seed=1) < 1).all())
        True
    """
    shape, dtype = resolve(shape, dtype)
    return _beta(draw(seed), shape, _spread(alpha, shape, dtype), _spread(beta, shape, dtype), dtype)


def _beta(key: Any, shape: tuple[int, ...], alpha: Any, beta: Any, dtype: str) -> Any:
    first, second = random.split(key, 2)
    x, y = _gamma(first, shape, alpha, dtype), _gamma(second, shape, beta, dtype)
    return x / (x + y)


def binomial(shape: Sequence[int], counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Binomially distributed numbers: how many of `counts` trials succeed.

    While there are many trials, the middle one of their sorted uniform numbers, which is beta distributed, tells half
    of the trials apart; the last few are made one by one.

    Args:
        shape: the shape to make.
        counts: the number of trials, below 2**24; a number or a tensor that broadcasts to `shape`.
        probabilities: the probability of a success, likewise.
        dtype: a float dtype; `floatx` if `None`.
        seed: an integer, a `SeedGenerator`, or `None`.

    Returns:
        A tensor of this shape and dtype, with whole numbers.

    Source: Devroye, "Non-Uniform Random Variate Generation", 1986, chapter X.4.

    Example:
        >>> bool((binomial((10,), 5, 1.0, seed=1) == 5).all())
        True
    """
    shape, dtype = resolve(shape, dtype)
    n, p = _spread(counts, shape, "float32"), _spread(probabilities, shape, "float32")
    *keys, last = random.split(draw(seed), _halvings(counts) + 1)
    successes = ops.zeros_like(n)
    for key in keys:
        n, p, successes = _halve(key, shape, n, p, successes)
    u = random.uniform(last, shape=(_FEW_COUNTS, *shape))
    trial = ops.reshape(ops.arange(_FEW_COUNTS, dtype="float32"), (-1,) + (1,) * len(shape))
    hits = ops.logical_and(ops.less(u, p), ops.less(trial, n))
    return ops.cast(successes + ops.sum(ops.cast(hits, "float32"), axis=0), dtype)


def _halvings(counts: Any) -> int:
    most = _MOST_COUNTS if isinstance(counts, Tracer) else max(float(np.max(np.asarray(counts))), 1.0)
    return max(math.ceil(math.log2(most / _FEW_COUNTS)), 0)


def _halve(key: Any, shape: tuple[int, ...], n: Any, p: Any, successes: Any) -> tuple[Any, Any, Any]:
    """One step for those of more than a few trials: `middle` is the number of rank `rank` among `n` uniform ones."""
    many = ops.greater(n, float(_FEW_COUNTS))
    rank = ops.floor(n / 2.0) + 1.0
    middle = _beta(key, shape, rank, ops.maximum(n + 1.0 - rank, 1.0), "float32")
    below = ops.less_equal(middle, p)
    rest = ops.where(below, (p - middle) / ops.maximum(1.0 - middle, 1e-7), p / ops.maximum(middle, 1e-7))
    left = ops.where(below, n - rank, rank - 1.0)
    gained = ops.where(below, rank, 0.0)
    rest = ops.clip(rest, 0.0, 1.0)
    return ops.where(many, left, n), ops.where(many, rest, p), ops.where(many, successes + gained, successes)
