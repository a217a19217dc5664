"""Moving elements, and reading and writing at indices. x itself is never written to."""

from __future__ import annotations

import math

import torch

from ._dtypes import on_bits


def pad(x, value, *, widths, out=None):
    """x with `value` around it."""
    shape = [lo + n + hi for n, (lo, hi) in zip(x.shape, widths, strict=True)]
    out = x.new_empty(shape) if out is None else out
    if out.numel() != x.numel():
        out.fill_(value)
    out[tuple(slice(lo, lo + n) for n, (lo, _) in zip(x.shape, widths, strict=True))] = x
    return out


def bind_reshape(*, shape):
    """`reshape` with its shape fixed."""
    return lambda x: x.reshape(shape)


def bind_permute(*, axes):
    """`permute_dims` with its axes fixed."""
    return lambda x: x.permute(axes)


def bind_broadcast(*, shape):
    """`broadcast_to` with its shape fixed."""
    return lambda x: x.expand(shape)


def bind_slice(*, start, stop, step):
    """`slice` with its bounds fixed."""
    index = tuple(map(slice, start, stop, step))
    return lambda x: x[index]


def bind_concat(*, axis):
    """`concat` with its axis fixed."""
    cat = torch.cat
    return lambda *xs: cat(xs, axis)


flip = on_bits(lambda x, *, axes: torch.flip(x, axes))


@on_bits
def take(x, indices, *, axis):
    """The entries of x at the indices along an axis."""
    if indices.ndim == 1:
        return torch.index_select(x, axis, indices.long())
    shape = (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
    return torch.index_select(x, axis, indices.reshape(-1).long()).reshape(shape)


@on_bits
def take_along_axis(x, indices, *, axis):
    """One entry along an axis at each position of the indices."""
    return torch.gather(x, axis, indices.long())


def _flat(x, indices, updates, axis):
    """The indices as a vector, and the updates with one axis for it."""
    shape = (*x.shape[:axis], indices.numel(), *x.shape[axis + 1 :])
    return indices.reshape(-1).long(), updates.reshape(shape)


@on_bits
def scatter(x, indices, updates, *, axis):
    """x with the updates put where `take` would read; the last of repeated indices stays, which torch leaves open."""
    index, updates = _flat(x, indices, updates, axis)
    order = torch.arange(1, index.numel() + 1, device=x.device)
    last = torch.zeros(x.shape[axis], dtype=torch.int64, device=x.device).scatter_reduce(0, index, order, "amax")
    if not index.numel():
        return x.clone()
    written = (last > 0).reshape(-1, *(1,) * (x.ndim - axis - 1))
    return torch.where(written, torch.index_select(updates, axis, (last - 1).clamp(min=0)), x)


@on_bits
def scatter_add(x, indices, updates, *, axis):
    """x with the updates added where `take` would read; repeated indices accumulate."""
    index, updates = _flat(x, indices, updates, axis)
    return torch.index_add(x, axis, index, updates)


@on_bits
def scatter_add_along_axis(x, indices, updates, *, axis):
    """x with the updates added where `take_along_axis` would read; repeated indices accumulate."""
    return torch.scatter_add(x, axis, indices.long(), updates)


def windows(x, *, size, strides, dilation):
    """All windows of `(N, *S, C)`, as a view `(N, *So, *size, C)`."""
    out = positions(x.shape[1:-1], size, strides, dilation)
    spatial = x.stride()[1:-1]
    outer = (b * s for b, s in zip(spatial, strides, strict=True))
    inner = (b * d for b, d in zip(spatial, dilation, strict=True))
    shape = (x.shape[0], *out, *size, x.shape[-1])
    if 0 in shape:
        return x.new_empty(shape)
    return x.as_strided(shape, (x.stride(0), *outer, *inner, x.stride(-1)))


def fold(y, *, shape, strides, dilation):
    """The adjoint of `windows`: windows `(N, *So, *size, C)` added up in an image `(N, *shape, C)`, tap by tap."""
    rank = len(shape)
    out, size = y.shape[1 : 1 + rank], y.shape[1 + rank : 1 + 2 * rank]
    image = y.new_zeros((y.shape[0], *shape, y.shape[-1]))
    if 0 in y.shape:
        return image
    taps = y.reshape(y.shape[0], *out, math.prod(size), y.shape[-1])
    for t in range(math.prod(size)):
        rest, where = t, [slice(None)]
        for k, n, s, d in reversed(list(zip(size, out, strides, dilation, strict=True))):
            rest, first = divmod(rest, k)
            where.insert(1, slice(first * d, first * d + (n - 1) * s + 1, s))
        image[tuple(where)] += taps.select(-2, t)
    return image


def positions(shape, size, strides, dilation) -> tuple[int, ...]:
    """How many windows fit along each axis: none, or floor((n - extent) / stride) + 1."""
    extents = ((k - 1) * d + 1 for k, d in zip(size, dilation, strict=True))
    return tuple((n - e) // s + 1 if n >= e else 0 for n, e, s in zip(shape, extents, strides, strict=True))
