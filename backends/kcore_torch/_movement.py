"""Moving elements, windows, and reading and writing at indices. x itself is never written to."""

import itertools
from functools import partial
from operator import attrgetter, itemgetter, methodcaller

import torch

from kcore.extend import is_float, window_positions

from ._dtypes import DTYPES, on_signed
from ._elementwise import cast

SIMPLE = {
    "reshape": lambda x, *, shape: x.reshape(shape),
    "permute_dims": lambda x, *, axes: x.permute(axes),
    "broadcast_to": lambda x, *, shape: x.expand(shape),
    "slice": lambda x, *, start, stop, step: x[tuple(map(slice, start, stop, step))],
    "concat": lambda *xs, axis: torch.cat(xs, axis),
    "flip": on_signed(lambda x, *, axes: torch.flip(x, axes)),
    "take": on_signed(lambda x, indices, *, axis: _take(x, indices, axis)),
    "take_along_axis": on_signed(lambda x, indices, *, axis: torch.gather(x, axis, indices.long())),
    "scatter": on_signed(lambda x, *written, axis: _scatter(axis, x, *_flat(axis, x, *written))),
    "scatter_add": on_signed(lambda x, *added, axis: torch.index_add(x, axis, *_flat(axis, x, *added))),
    "scatter_add_along_axis": on_signed(lambda x, at, added, *, axis: torch.scatter_add(x, axis, at.long(), added)),
}

BINDERS = {
    "reshape": lambda *, shape: methodcaller("reshape", shape),
    "permute_dims": lambda *, axes: attrgetter("mT") if axes == (1, 0) else methodcaller("permute", axes),
    "broadcast_to": lambda *, shape: methodcaller("expand", shape),
    "cast": lambda *, dtype: methodcaller("to", dtype=DTYPES[dtype]) if is_float(dtype) else partial(cast, dtype=dtype),
    "slice": lambda *, start, stop, step: itemgetter(tuple(map(slice, start, stop, step))),
}
"""Functions of a primitive's parameters that give a plan its function of the operand, without a Python frame."""


def pad(x, value, *, widths, out=None):
    """x with `value` around it."""
    out = x.new_empty([lo + n + hi for n, (lo, hi) in zip(x.shape, widths, strict=True)]) if out is None else out
    out.fill_(value)
    out[tuple(slice(lo, lo + n) for n, (lo, _) in zip(x.shape, widths, strict=True))] = x
    return out


def _take(x, indices, axis):
    rows = torch.index_select(x, axis, indices.reshape(-1).long())
    return rows if indices.ndim == 1 else rows.reshape((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))


def _flat(axis, x, indices, updates):
    """The indices as a vector, and the updates with one axis for it."""
    shape = (*x.shape[:axis], indices.numel(), *x.shape[axis + 1 :])
    return indices.reshape(-1).long(), updates.reshape(shape)


def _scatter(axis, x, index, updates):
    """The last of repeated indices stays, which torch leaves open: take the update of the highest number."""
    if not index.numel():
        return x.clone()
    numbers = torch.arange(1, index.numel() + 1, device=x.device)
    last = numbers.new_zeros(x.shape[axis]).scatter_reduce(0, index, numbers, "amax")
    written = (last > 0).reshape(-1, *(1,) * (x.ndim - axis - 1))
    return torch.where(written, torch.index_select(updates, axis, (last - 1).clamp(min=0)), x)


def windows(x, *, size, strides, dilation):
    """All windows of `(N, *S, C)`, as a view `(N, *So, *size, C)`."""
    shape = (x.shape[0], *window_positions(x.shape[1:-1], size, strides, dilation), *size, x.shape[-1])
    if 0 in shape:
        return x.new_empty(shape)
    steps = (b * s for factors in (strides, dilation) for b, s in zip(x.stride()[1:-1], factors, strict=True))
    return x.as_strided(shape, (x.stride(0), *steps, x.stride(-1)))


def fold(y, *, shape, strides, dilation):
    """The adjoint of `windows`: windows `(N, *So, *size, C)` added up in an image `(N, *shape, C)`, tap by tap."""
    rank, image = len(shape), y.new_zeros((y.shape[0], *shape, y.shape[-1]))
    out, size = y.shape[1 : 1 + rank], y.shape[1 + rank : 1 + 2 * rank]
    every = (slice(None),) * (rank + 1)
    for tap in itertools.product(*map(range, size)) if 0 not in y.shape else ():
        starts = zip((t * d for t, d in zip(tap, dilation, strict=True)), out, strides, strict=True)
        image[(slice(None), *(slice(a, a + (n - 1) * s + 1, s) for a, n, s in starts))] += y[(*every, *tap)]
    return image
