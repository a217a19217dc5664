"""Reductions and scans. The result has x's dtype, whatever NumPy would widen it to."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

PRODUCT_FROM = 16384
"""Elements from which a sum over leading or trailing axes is a product with ones: a third of `np.add.reduce`'s time."""


@lru_cache(maxsize=64)
def _ones(count: int, dtype: str):
    ones = np.ones(count, dtype)
    ones.flags.writeable = False
    return ones


def sum(x, *, axes, keepdims):
    """The sum over axes. float16 is added up in float32."""
    if x.size >= PRODUCT_FROM and x.dtype.char in "fd" and x.flags.c_contiguous:
        fast = _sum_by_product(x, axes)
        if fast is not None:
            return fast.reshape(reduced_shape(x.shape, axes, keepdims))
    if x.dtype.char == "e":
        return np.add.reduce(x, axes, np.float32, keepdims=keepdims).astype(np.float16)
    return np.add.reduce(x, axes, x.dtype, keepdims=keepdims)


def _sum_by_product(x, axes):
    rank, count = x.ndim, len(axes)
    if count in (0, rank):
        return None
    summed = math.prod(x.shape[a] for a in axes)
    kept = x.size // summed
    if axes[-1] == count - 1 and kept > 1:
        return np.matmul(_ones(summed, x.dtype.char), x.reshape(summed, kept))
    if axes[0] == rank - count and summed > 1:
        return np.matmul(x.reshape(kept, summed), _ones(summed, x.dtype.char))
    return None


def reduced_shape(shape, axes, keepdims) -> tuple[int, ...]:
    """The shape that remains of `shape` when `axes` are reduced."""
    if keepdims:
        return tuple(1 if i in axes else n for i, n in enumerate(shape))
    return tuple(n for i, n in enumerate(shape) if i not in axes)


def prod(x, *, axes, keepdims):
    """The product over axes. float16 is multiplied up in float32."""
    if x.dtype.char == "e":
        return np.multiply.reduce(x, axes, np.float32, keepdims=keepdims).astype(np.float16)
    return np.multiply.reduce(x, axes, x.dtype, keepdims=keepdims)


def max(x, *, axes, keepdims):
    """The largest over axes; NaN propagates."""
    return np.maximum.reduce(x, axes, keepdims=keepdims)


def min(x, *, axes, keepdims):
    """The smallest over axes; NaN propagates."""
    return np.minimum.reduce(x, axes, keepdims=keepdims)


def cumsum(x, *, axis):
    """The running sum along an axis. float16 is added up in float32, float32 in float64."""
    wide = {"e": np.float32, "f": np.float64}.get(x.dtype.char, x.dtype)
    return np.add.accumulate(x, axis, wide).astype(x.dtype, copy=False)
