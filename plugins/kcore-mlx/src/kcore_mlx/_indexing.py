"""Reading and writing at indices.

MLX checks no index: one that lies outside reads or writes memory of others. Here reads are clamped to the axis, and
writes outside it are dropped.
"""

from __future__ import annotations

import mlx.core as mx

WIDE = {mx.int32: mx.int32, mx.uint32: mx.int64, mx.uint64: mx.int64, mx.int64: mx.int64}
"""What indices are computed in, where it isn't int32: sizes needn't fit into their own dtype."""


def take(x, indices, *, axis):
    return mx.take(x, _clamped(indices, x.shape[axis]), axis=axis)


def take_along_axis(x, indices, *, axis):
    return mx.take_along_axis(x, _clamped(indices, x.shape[axis]), axis=axis)


def _clamped(indices, size: int):
    return mx.clip(indices.astype(WIDE.get(indices.dtype, mx.int32)), -size, size - 1)


def _outside(indices, size: int):
    return indices != _clamped(indices, size)


def scatter(x, indices, updates, *, axis):
    """The last of repeated indices stays, in whatever order a device writes: it is found first, by its position."""
    flat, rows, outside = _flattened(x, indices, updates, axis)
    if rows.size == 0:
        return x
    order = mx.where(outside, -1, mx.arange(flat.size, dtype=mx.int32))
    last = mx.full((x.shape[axis],), -1, dtype=mx.int32).at[flat].maximum(order)
    written = (last >= 0).reshape(-1, *(1,) * (x.ndim - axis - 1))
    return mx.where(written, mx.take(rows, mx.maximum(last, 0), axis=axis), x)


def scatter_add(x, indices, updates, *, axis):
    flat, rows, outside = _flattened(x, indices, updates, axis)
    if rows.size == 0:
        return x
    rows = mx.where(outside.reshape(-1, *(1,) * (x.ndim - axis - 1)), 0, rows)
    return x.at[(slice(None),) * axis + (flat,)].add(rows)


def _flattened(x, indices, updates, axis: int):
    """Clamped indices of rank 1 with their updates, and which lay outside. An index of rank 0 can crash MLX 0.32."""
    flat, size = indices.reshape(-1), x.shape[axis]
    rows = updates.reshape(*x.shape[:axis], flat.size, *x.shape[axis + 1 :])
    return _clamped(flat, size), rows, _outside(flat, size)


def scatter_add_along_axis(x, indices, updates, *, axis):
    if updates.size == 0:
        return x
    grid = [mx.arange(n).reshape(-1, *(1,) * (x.ndim - 1 - i)) for i, n in enumerate(indices.shape)]
    grid[axis] = _clamped(indices, x.shape[axis])
    return x.at[tuple(grid)].add(mx.where(_outside(indices, x.shape[axis]), 0, updates))
