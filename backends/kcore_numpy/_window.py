"""Sliding windows, by taps: a tap is one position in the window, and meets the image in a strided view.

`x` is `(N, *S, C)`, `size` the window, `out` the positions `(*So)`. All works with any module like NumPy.
"""

from __future__ import annotations

import itertools

from kcore.extend import window_positions

from ._blocks import strided


def taps(size, out, strides, dilation):
    """For each position in the window, row-major: its index and the slices of the image that it meets."""
    for tap in itertools.product(*map(range, size)):
        starts = (t * d for t, d in zip(tap, dilation, strict=True))
        yield tap, tuple(slice(a, a + (n - 1) * s + 1, s) for a, n, s in zip(starts, out, strides, strict=True))


def windows(xp, x, *, size, strides, dilation):
    """All windows, as a read-only view `(N, *So, *size, C)`."""
    out = window_positions(x.shape[1:-1], size, strides, dilation)
    shape = (x.shape[0], *out, *size, x.shape[-1])
    if 0 in shape:
        return xp.zeros(shape, x.dtype)
    spatial = x.strides[1:-1]
    outer = (b * s for b, s in zip(spatial, strides, strict=True))
    inner = (b * d for b, d in zip(spatial, dilation, strict=True))
    return strided(xp, x, shape, (x.strides[0], *outer, *inner, x.strides[-1]))


def fold(xp, y, *, shape, strides, dilation):
    """The adjoint of `windows`: windows `(N, *So, *size, C)` added up in an image `(N, *shape, C)`."""
    rank = len(shape)
    out, size = y.shape[1 : 1 + rank], y.shape[1 + rank : 1 + 2 * rank]
    image = xp.zeros((y.shape[0], *shape, y.shape[-1]), y.dtype)
    if 0 in y.shape:
        return image
    every = (slice(None),) * (rank + 1)
    for tap, where in taps(size, out, strides, dilation):
        image[(slice(None), *where)] += y[(*every, *tap)]
    return image


def pool_positions(shape, size, strides, padding) -> tuple[int, ...]:
    """How many windows fit along each axis of a padded image."""
    padded = (n + lo + hi for n, (lo, hi) in zip(shape, padding, strict=True))
    return window_positions(padded, size, strides, (1,) * len(size))


def pool_taps(shape, size, out, strides, padding):
    """For each tap: the slices of the image, and of the positions, where it meets the image and not its padding."""
    axes = [
        [meet(n, tap, o, s, lo) for tap in range(k)]
        for n, k, o, s, (lo, _) in zip(shape, size, out, strides, padding, strict=True)
    ]
    for pairs in itertools.product(*axes):
        image, windows_met = zip(*pairs, strict=True)
        if all(part.start < part.stop for part in windows_met):
            yield (slice(None), *image), (slice(None), *windows_met)


def meet(n: int, tap: int, out: int, stride: int, before: int) -> tuple[slice, slice]:
    """The positions o with 0 <= o * stride + tap - before < n: slices of the axis, and of the positions."""
    first = max(0, -(-(before - tap) // stride))
    last = min(out, (n - 1 + before - tap) // stride + 1)
    start = first * stride + tap - before
    return slice(start, start + (last - first - 1) * stride + 1, stride), slice(first, last)


def apart(size, strides) -> bool:
    """Whether no two windows share an element."""
    return all(s >= k for k, s in zip(size, strides, strict=True))
