"""Pooling as fused operations: over strided views of the window's taps, a block of samples at a time."""

from __future__ import annotations

import math

import numpy as np

from ._blocks import image_blocks
from ._elementwise import bit_mask, integer_bits
from ._window import apart, pool_positions, pool_taps


def _blocks(x):
    sample_bytes = math.prod(x.shape[1:]) * x.itemsize
    return (samples for samples, _ in image_blocks(x.shape[0], 1, min(sample_bytes, 1 << 20), 1 << 19))


def _plan(x, size, strides, padding):
    out = pool_positions(x.shape[1:-1], size, strides, padding)
    return out, list(pool_taps(x.shape[1:-1], size, out, strides, padding)) if 0 not in out else []


def lowest(dtype):
    """The neutral element of the maximum: -inf, or the smallest integer."""
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def max_pool(x, *, size, strides, padding):
    """The largest in each window; padding counts as -inf, NaN as the largest.

    Args:
        x: `(N, *S, C)`.
        size, strides: an integer a spatial axis.
        padding: a pair (before, after) a spatial axis.

    Returns:
        `((y,), (y,))`: y `(N, *So, C)`, and what the gradient needs besides x.
    """
    out, taps = _plan(x, size, strides, padding)
    y = np.empty((x.shape[0], *out, x.shape[-1]), x.dtype)
    whole = not any(lo or hi for lo, hi in padding)
    for samples in _blocks(x):
        image, target = x[samples], y[samples]
        if not whole or not taps:
            target.fill(lowest(x.dtype))
        for i, (met, where) in enumerate(taps):
            if i == 0 and whole:
                target[...] = image[met]
            else:
                part = target[where]
                np.maximum(part, image[met], out=part)
    return (y,), (y,)


def max_pool_grad(residuals, cotangents, x, *, size, strides, padding):
    """The gradient: all of a window's goes to its first maximum, in row-major order; the first NaN, if there is one."""
    (y,), (g,) = residuals, cotangents
    tiled = size == strides and not any(map(any, padding))
    tiled = tiled and all(o * k == n for n, o, k in zip(x.shape[1:-1], y.shape[1:-1], size, strict=True))
    grad = np.empty(x.shape, x.dtype) if tiled else np.zeros(x.shape, x.dtype)
    _, taps = _plan(x, size, strides, padding)
    add = _assign_masked if apart(size, strides) else _add_masked
    for samples in _blocks(x):
        image, best, flow, target = x[samples], y[samples], g[samples], grad[samples]
        if tiled and _to_the_only_maximum(image, best, flow, target, size):
            continue
        for (met, where), hit in zip(taps, _first_hits(image, best, taps, padding), strict=True):
            add(target[met], flow[where], hit)
    return (grad,)


def _to_the_only_maximum(x, best, g, target, size) -> bool:
    """Write the gradient, for all taps at once, where each window has one maximum; False if one has more, or not all
    numbers are finite."""
    shape = [part for pair in zip(best.shape[1:-1], size, strict=True) for part in pair]
    one_a_window = [part for n in best.shape[1:-1] for part in (n, 1)]
    x, target = (a.reshape(len(a), *shape, a.shape[-1]) for a in (x, target))
    best, g = (a.reshape(len(a), *one_a_window, a.shape[-1]) for a in (best, g))
    hits = np.equal(x, best)
    if np.count_nonzero(hits) != best.size or np.isnan(best).any() or not np.isfinite(g).all():
        return False
    np.multiply(g, hits, out=target)
    return True


def _first_hits(x, best, taps, padding):
    """For each tap: where it is the first to have the window's maximum. Without padding the last has what is left."""
    has_nan = x.dtype.kind == "f" and bool(np.isnan(best).any())
    free = np.ones(best.shape, np.bool_)
    last = None if any(lo or hi for lo, hi in padding) else len(taps) - 1
    for t, (met, where) in enumerate(taps):
        open_here = free[where]
        if t == last:
            yield open_here
            return
        image = x[met]
        hit = np.equal(image, best[where])
        if has_nan:
            hit |= np.isnan(image)
        hit &= open_here
        np.greater(open_here, hit, open_here)
        yield hit


def _assign_masked(target, g, hit):
    """`target[...] = where(hit, g, 0)`, by bits: infinite cotangents stay where they belong."""
    bits = integer_bits(g.dtype)
    np.bitwise_and(g.view(bits), bit_mask(hit, bits), target.view(bits))


def _add_masked(target, g, hit):
    bits = integer_bits(g.dtype)
    np.add(target, np.bitwise_and(g.view(bits), bit_mask(hit, bits)).view(g.dtype), target)


def _counts(shape, size, out, strides, padding, dtype):
    """How many elements of the image lie in each window: `(1, *So, 1)`."""
    counts = np.ones((), dtype)
    for n, k, o, s, (lo, _) in zip(shape, size, out, strides, padding, strict=True):
        first = np.arange(o) * s - lo
        axis = np.minimum(first + k, n) - np.maximum(first, 0)
        counts = np.multiply.outer(counts, np.maximum(axis, 0).astype(dtype))
    return counts[None, ..., None]


def average_pool(x, *, size, strides, padding):
    """The mean of each window; padding isn't counted. Arguments and layout as `max_pool`. Returns `((y,), ())`."""
    out, taps = _plan(x, size, strides, padding)
    y = np.zeros((x.shape[0], *out, x.shape[-1]), x.dtype)
    counts = _counts(x.shape[1:-1], size, out, strides, padding, x.dtype)
    for samples in _blocks(x):
        image, target = x[samples], y[samples]
        for met, where in taps:
            part = target[where]
            np.add(part, image[met], part)
        np.divide(target, counts, target)
    return (y,), ()


def average_pool_grad(residuals, cotangents, x, *, size, strides, padding):
    """The gradient: a window's is shared evenly by the elements in it."""
    (g,) = cotangents
    grad = np.zeros(x.shape, x.dtype)
    out, taps = _plan(x, size, strides, padding)
    counts = _counts(x.shape[1:-1], size, out, strides, padding, x.dtype)
    for samples in _blocks(x):
        share, image = np.divide(g[samples], counts), grad[samples]
        for met, where in taps:
            part = image[met]
            np.add(part, share[where], part)
    return (grad,)
