"""Sliding windows, by taps: a tap is one position in the window, and meets the image in a strided slice.

`x` is `(N, *S, C)`, `size` the window, `out` the positions `(*So)`.
"""

from __future__ import annotations

import itertools

import jax.numpy as jnp
from jax import lax

from kcore.extend import window_positions


def taps(size, dilation):
    """For each position in the window, row-major: where it meets the first window."""
    for tap in itertools.product(*map(range, size)):
        yield tuple(t * d for t, d in zip(tap, dilation, strict=True))


def met(x, start, out, strides):
    """The elements that a tap meets: `(N, *So, C)`."""
    stop = (a + (n - 1) * s + 1 for a, n, s in zip(start, out, strides, strict=True))
    return lax.slice(x, (0, *start, 0), (x.shape[0], *stop, x.shape[-1]), (1, *strides, 1))


def spread(part, start, shape, strides):
    """The adjoint of `met`: the elements put back in an image `(N, *shape, C)` of zeros."""
    out = part.shape[1:-1]
    rows = zip(start, shape, out, strides, strict=True)
    widths = [(a, n - a - (o - 1) * s - 1, s - 1) for a, n, o, s in rows]
    return lax.pad(part, jnp.zeros((), part.dtype), [(0, 0, 0), *widths, (0, 0, 0)])


def windows(x, *, size, strides, dilation):
    """All windows: `(N, *So, *size, C)`."""
    out = window_positions(x.shape[1:-1], size, strides, dilation)
    shape = (x.shape[0], *out, *size, x.shape[-1])
    if 0 in shape:
        return jnp.zeros(shape, x.dtype)
    return jnp.stack([met(x, tap, out, strides) for tap in taps(size, dilation)], -2).reshape(shape)


def fold(y, *, shape, strides, dilation):
    """The adjoint of `windows`: windows `(N, *So, *size, C)` added up in an image `(N, *shape, C)`."""
    rank = len(shape)
    size, channels = y.shape[1 + rank : -1], y.shape[-1]
    image = jnp.zeros((y.shape[0], *shape, channels), y.dtype)
    if 0 in y.shape:
        return image
    parts = y.reshape(*y.shape[: 1 + rank], -1, channels)
    for t, tap in enumerate(taps(size, dilation)):
        image += spread(parts[..., t, :], tap, shape, strides)
    return image
