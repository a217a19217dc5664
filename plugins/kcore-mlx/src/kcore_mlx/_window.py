"""Convolution, sliding windows and their adjoints.

Notation: x `(N, *S, C)`, kernel `(*K, Cg, O)`, y `(N, *So, O)`; G groups of Cg = C / G channels and Og = O / G
features.
"""

from __future__ import annotations

import functools
import itertools
import math

import mlx.core as mx

from kcore.extend import window_positions


def conv(x, kernel, *, strides, padding, dilation, groups):
    rank = len(strides)
    size = [n + lo + hi for n, (lo, hi) in zip(x.shape[1:-1], padding, strict=True)]
    out = window_positions(size, kernel.shape[:-2], strides, dilation)
    if 0 in (x.size, kernel.size, *out):
        return mx.zeros((x.shape[0], *out, kernel.shape[-1]), dtype=x.dtype)
    if x.dtype == mx.float64 or rank > (3 if groups == 1 else 2):
        return _conv_by_taps(x, kernel, out, strides, padding, dilation, groups)
    weights = kernel.transpose(rank + 1, *range(rank + 1))
    sides = tuple(map(list, zip(*padding, strict=True)))
    return mx.conv_general(x, weights, strides, sides, dilation, groups=groups)


def _conv_by_taps(x, kernel, out, strides, padding, dilation, groups):
    """Where `conv_general` stops: float64, more than three spatial axes, three with groups."""
    channels, features = kernel.shape[-2:]
    x = mx.pad(x, [(0, 0), *padding, (0, 0)])
    weights = kernel.reshape(-1, channels, groups, features // groups).transpose(0, 2, 1, 3)
    taps = _taps(kernel.shape[:-2], out, strides, dilation)
    rows = (x[where].reshape(-1, groups, channels).transpose(1, 0, 2) for where in taps)
    products = (row @ weight for row, weight in zip(rows, weights, strict=True))
    total = functools.reduce(mx.add, products)
    return total.transpose(1, 0, 2).reshape(x.shape[0], *out, features)


def conv_transpose(y, kernel, *, size, strides, padding, dilation, groups):
    """By taps: what each position of the kernel sends back, added up in the padded image."""
    channels = kernel.shape[-2]
    padded = [n + lo + hi for n, (lo, hi) in zip(size, padding, strict=True)]
    image = mx.zeros((y.shape[0], *padded, channels * groups), dtype=y.dtype)
    if y.size and kernel.size:
        rows = y.reshape(-1, groups, y.shape[-1] // groups).transpose(1, 0, 2)
        weights = kernel.reshape(-1, channels, groups, y.shape[-1] // groups).transpose(0, 2, 3, 1)
        for weight, where in zip(weights, _taps(kernel.shape[:-2], y.shape[1:-1], strides, dilation), strict=True):
            part = (rows @ weight).transpose(1, 0, 2).reshape(*y.shape[:-1], -1)
            image = image.at[where].add(part)
    inner = (slice(lo, lo + n) for n, (lo, _) in zip(size, padding, strict=True))
    return image[(slice(None), *inner)]


def conv_kernel_grad(x, y, *, size, strides, padding, dilation, groups):
    """By taps: at each position of the kernel, the product of what it met with y."""
    channels, features = x.shape[-1] // groups, y.shape[-1]
    if 0 in (x.size, y.size):
        return mx.zeros((*size, channels, features), dtype=x.dtype)
    x = mx.pad(x, [(0, 0), *padding, (0, 0)])
    grads = y.reshape(-1, groups, features // groups).transpose(1, 0, 2)
    taps = [
        x[where].reshape(-1, groups, channels).transpose(1, 2, 0) @ grads
        for where in _taps(size, y.shape[1:-1], strides, dilation)
    ]
    return mx.stack(taps).transpose(0, 2, 1, 3).reshape(*size, channels, features)


def windows(x, *, size, strides, dilation):
    """A view of x with one more axis for each spatial axis."""
    out = window_positions(x.shape[1:-1], size, strides, dilation)
    shape = (x.shape[0], *out, *size, x.shape[-1])
    if 0 in shape:
        return mx.zeros(shape, dtype=x.dtype)
    steps = [math.prod(x.shape[i + 1 :]) for i in range(x.ndim)]
    outer = (a * s for a, s in zip(steps[1:-1], strides, strict=True))
    inner = (a * d for a, d in zip(steps[1:-1], dilation, strict=True))
    return mx.as_strided(x, shape, (steps[0], *outer, *inner, steps[-1]))


def fold(y, *, shape, strides, dilation):
    rank = len(shape)
    out, size = y.shape[1 : 1 + rank], y.shape[1 + rank : 1 + 2 * rank]
    image = mx.zeros((y.shape[0], *shape, y.shape[-1]), dtype=y.dtype)
    if 0 in y.shape:
        return image
    every = (slice(None),) * (rank + 1)
    indices = itertools.product(*map(range, size))
    for tap, where in zip(indices, _taps(size, out, strides, dilation), strict=True):
        image = image.at[where].add(y[(*every, *tap)])
    return image


def _taps(size, out, strides, dilation):
    """For each position in the window, row-major, the part of the image that it meets."""
    for tap in itertools.product(*map(range, size)):
        starts = (t * d for t, d in zip(tap, dilation, strict=True))
        where = (slice(a, a + (n - 1) * s + 1, s) for a, n, s in zip(starts, out, strides, strict=True))
        yield (slice(None), *where)
