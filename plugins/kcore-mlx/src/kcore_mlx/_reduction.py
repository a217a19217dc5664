"""Reductions, order and the matrix product.

MLX widens small integers and gives indices as uint32; the primitives don't. Sums and products of nothing are made here:
MLX 0.32 gives wrong ones of several axes, and now and then never comes back from one.
"""

from __future__ import annotations

import math

import mlx.core as mx

CHAIN = 512
"""Numbers added one after another. MLX adds up all of them so, and loses 65 ULP of 10,000 numbers in float32."""


def sum(x, *, axes, keepdims):
    if x.size == 0:
        return _of_nothing(x, 0, axes, keepdims)
    if math.prod(x.shape[a] for a in axes) <= CHAIN or not mx.issubdtype(x.dtype, mx.floating):
        return mx.sum(x, axis=axes, keepdims=keepdims).astype(x.dtype)
    for axis in axes:
        x = _sum_in_blocks(x, axis)
    return x if keepdims else mx.squeeze(x, axis=axes)


def _sum_in_blocks(x, axis: int):
    """The sum along one axis, which stays with size 1; of more than `CHAIN` numbers it is a sum of sums."""
    before, size, after = x.shape[:axis], x.shape[axis], x.shape[axis + 1 :]
    if size <= CHAIN:
        return mx.sum(x, axis=axis, keepdims=True)
    blocks, rest = mx.split(x, [size - size % CHAIN], axis=axis)
    sums = mx.sum(blocks.reshape(*before, size // CHAIN, CHAIN, *after), axis=axis + 1)
    total = _sum_in_blocks(sums, axis)
    return total + mx.sum(rest, axis=axis, keepdims=True) if size % CHAIN else total


def prod(x, *, axes, keepdims):
    if x.size == 0:
        return _of_nothing(x, 1, axes, keepdims)
    return mx.prod(x, axis=axes, keepdims=keepdims).astype(x.dtype)


def _of_nothing(x, value: int, axes, keepdims):
    shape = [1 if i in axes else n for i, n in enumerate(x.shape) if keepdims or i not in axes]
    return mx.full(shape, value, dtype=x.dtype)


def max(x, *, axes, keepdims):
    return mx.max(x, axis=axes, keepdims=keepdims)


def min(x, *, axes, keepdims):
    return mx.min(x, axis=axes, keepdims=keepdims)


def argmax(x, *, axis):
    return _index_of(mx.argmax, x, axis)


def argmin(x, *, axis):
    return _index_of(mx.argmin, x, axis)


def _index_of(function, x, axis: int):
    """MLX refuses every tensor of no elements; the primitive refuses an axis of none."""
    if x.size == 0 and x.shape[axis]:
        return mx.zeros((*x.shape[:axis], *x.shape[axis + 1 :]), dtype=mx.int32)
    return function(x, axis=axis).astype(mx.int32)


def argsort(x, *, axis):
    return mx.argsort(x, axis=axis).astype(mx.int32)


def cumsum(x, *, axis):
    """Half precision is added up in float32."""
    if x.dtype in (mx.float16, mx.bfloat16):
        return mx.cumsum(x.astype(mx.float32), axis=axis).astype(x.dtype)
    return mx.cumsum(x, axis=axis)


def matmul(x, y):
    """MLX multiplies matrices of floats only; of integers it is a product and a sum, which wraps as it should."""
    if mx.issubdtype(x.dtype, mx.floating):
        return mx.matmul(x, y)
    return sum(x[..., None] * y[..., None, :, :], axes=(x.ndim - 1,), keepdims=False)
