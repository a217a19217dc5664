"""Convolution and its two adjoints, of any rank, by patches and matrix products, a cache-sized block at a time.

Notation, for one call:

    x       (N, *S, C)        image, already padded
    kernel  (*K, Cg, O)       Cg = C / G channels and Og = O / G features in each of G groups
    y       (N, *So, O)       result; P positions in a block, T = prod(K) taps
    patches (G, P, T * Cg)    what the kernel meets at each position

Choices were measured (`benchmarks/micro/numpy_convolution.py`):

- patches of a block of about 1 MB are built and multiplied before the next block, instead of all patches at once;
- with few channels patches are built as (T * Cg, P): the copy then runs along a row of the image;
- the adjoint in x multiplies patches along the last axis with all rows of the kernel (`_rows`), or, with strides and
  groups, y tap by tap, and adds each product to the image, instead of folding one product of all taps;
- one channel a group (depthwise) needs no product: taps are multiplied and added up elementwise.

Works with any module that has NumPy's interface, given as `xp`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from kcore.extend import window_positions

from . import _depthwise, _rows
from ._blocks import image_blocks
from ._window import taps, windows

NARROW = 16
"""Elements in a row of a window (width times channels) below which patches are built transposed."""


class Settings(NamedTuple):
    """The static side of a convolution."""

    strides: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    groups: int


def conv(xp, x, kernel, settings: Settings, out=None):
    """`(N, *S, C)` with `(*K, Cg, O)` to `(N, *So, O)`, into `out` if it is given."""
    if x.dtype.char == "e":
        return _put(xp, conv(xp, x.astype("float32"), kernel.astype("float32"), settings), out, x.dtype)
    size = kernel.shape[:-2]
    x = padded(xp, x, settings.padding)
    spatial = window_positions(x.shape[1:-1], size, settings.strides, settings.dilation)
    y = xp.empty((x.shape[0], *spatial, kernel.shape[-1]), x.dtype) if out is None else out
    if 0 in y.shape or 0 in x.shape or 0 in size:
        y.fill(0)
    elif kernel.shape[-2] == 1 and settings.groups > 1:
        _depthwise.conv(xp, x, kernel, y, settings)
    else:
        _by_patches(xp, x, kernel, y, settings)
    return y


def _by_patches(xp, x, kernel, y, settings):
    groups, features = settings.groups, kernel.shape[-1]
    weights = _grouped_kernel(kernel, groups)
    source = _Patches(xp, x, kernel.shape, settings)
    for samples, rows in source.blocks(y.shape):
        part = y[samples, rows]
        target = part.reshape(-1, features)
        if groups == 1:
            xp.matmul(source.block(samples, rows)[0], weights[0], out=target)
        else:
            product = xp.matmul(source.block(samples, rows), weights)
            target.reshape(-1, groups, features // groups)[...] = product.transpose(1, 0, 2)


def conv_kernel_grad(xp, x, y, size, settings: Settings):
    """`(N, *S, C)` with `(N, *So, O)` to `(*size, Cg, O)`."""
    if x.dtype.char == "e":
        return conv_kernel_grad(xp, x.astype("float32"), y.astype("float32"), size, settings).astype(x.dtype)
    groups, features = settings.groups, y.shape[-1]
    channels = x.shape[-1] // groups
    x = padded(xp, x, settings.padding)
    if 0 in y.shape or 0 in x.shape or 0 in size:
        return xp.zeros((*size, channels, features), x.dtype)
    if channels == 1 and groups > 1:
        return _depthwise.kernel_grad(xp, x, y, size, settings)
    if size[-1] * channels >= NARROW and _rows.kernel_grad_applies(x, y, size, settings):
        return _rows.kernel_grad(xp, x, y, size, settings)
    source = _Patches(xp, x, (*size, channels, features), settings)
    grad = xp.zeros((groups, math.prod(size) * channels, features // groups), x.dtype)
    product = xp.empty(grad.shape, grad.dtype)
    for samples, rows in source.blocks(y.shape):
        part = y[samples, rows].reshape(-1, groups, features // groups).transpose(1, 0, 2)
        grad += xp.matmul(source.block(samples, rows).transpose(0, 2, 1), part, out=product)
    by_group = grad.reshape(groups, -1, channels, features // groups)
    return by_group.transpose(1, 2, 0, 3).reshape(*size, channels, features)


def conv_transpose(xp, y, kernel, size, settings: Settings, out=None):
    """`(N, *So, O)` with `(*K, Cg, O)` to `(N, *size, C)`, into `out` if it is given: the adjoint of `conv` in x."""
    if y.dtype.char == "e":
        wide = conv_transpose(xp, y.astype("float32"), kernel.astype("float32"), size, settings)
        return _put(xp, wide, out, y.dtype)
    channels = kernel.shape[-2] * settings.groups
    x = xp.empty((y.shape[0], *size, channels), y.dtype) if out is None else out
    y = xp.ascontiguousarray(y)
    if 0 in y.shape or 0 in kernel.shape or 0 in x.shape:
        x.fill(0)
    elif _is_pointwise(kernel.shape[:-2], settings) and settings.groups == 1:
        xp.matmul(y.reshape(-1, y.shape[-1]), kernel.reshape(channels, -1).T, out=x.reshape(-1, channels))
    elif kernel.shape[-3] * channels >= NARROW and _rows.applies(y, kernel, settings):
        _rows.conv_transpose(xp, y, kernel, x, settings)
    else:
        _by_taps(xp, y, kernel, x, settings)
    return x


def _put(xp, result, out, dtype):
    if out is None:
        return result.astype(dtype)
    out[...] = result
    return out


def _by_taps(xp, y, kernel, x, settings):
    size, channels = x.shape[1:-1], x.shape[-1]
    add_taps = _depthwise.add_taps if kernel.shape[-2] == 1 and settings.groups > 1 else _add_product_taps
    spread = tuple(n + lo + hi for n, (lo, hi) in zip(size, settings.padding, strict=True))
    inner = tuple(slice(lo, lo + n) for n, (lo, _) in zip(size, settings.padding, strict=True))
    sample_bytes = math.prod(spread) * channels * x.itemsize
    for samples, _ in image_blocks(y.shape[0], 1, min(sample_bytes, 1 << 20)):
        part = x[samples]
        if spread == size:
            part.fill(0)
            add_taps(xp, y[samples], kernel, part, settings)
            continue
        image = xp.zeros((part.shape[0], *spread, channels), x.dtype)
        add_taps(xp, y[samples], kernel, image, settings)
        part[...] = image[(slice(None), *inner)]


def _add_product_taps(xp, y, kernel, image, settings):
    """Add y times each tap of the kernel where that tap met the image. Few channels take one product for all taps."""
    groups, size, out = settings.groups, kernel.shape[:-2], y.shape[1:-1]
    channels, features = kernel.shape[-2], kernel.shape[-1] // groups
    rows = y.reshape(-1, groups, features).transpose(1, 2, 0)
    weights = kernel.reshape(-1, channels, groups, features)
    if size[-1] * channels < NARROW:
        every = xp.matmul(weights.transpose(2, 0, 1, 3).reshape(groups, -1, features), rows)
        every = every.reshape(groups, -1, channels, y.shape[0], *out)
        products = (every[:, t] for t in range(every.shape[1]))
        for product, (_, where) in zip(products, taps(size, out, settings.strides, settings.dilation), strict=True):
            image[(slice(None), *where)] += xp.moveaxis(product.reshape(-1, *product.shape[2:]), 0, -1)
        return
    scratch = xp.empty((groups, rows.shape[-1], channels), y.dtype)
    for tap, (_, where) in zip(weights, taps(size, out, settings.strides, settings.dilation), strict=True):
        product = xp.matmul(rows.transpose(0, 2, 1), tap.transpose(1, 2, 0), out=scratch)
        image[(slice(None), *where)] += product.transpose(1, 0, 2).reshape(y.shape[0], *out, -1)


class _Patches:
    """Builds the patches of one block of an image after another, in one buffer."""

    def __init__(self, xp, x, kernel_shape, settings: Settings):
        self._xp, self._groups = xp, settings.groups
        self._size, channels = kernel_shape[:-2], kernel_shape[-2]
        self._depth = math.prod(self._size) * channels
        self._pointwise = _is_pointwise(self._size, settings) and settings.groups == 1
        seen = windows(xp, x, size=self._size, strides=settings.strides, dilation=settings.dilation)
        self._view = seen.reshape(*seen.shape[:-1], self._groups, channels) if self._groups > 1 else seen
        self._narrow = self._size[-1] * channels < NARROW and self._groups == 1
        self._x, self._buffer = x, None

    def blocks(self, y_shape):
        """Slices of the batch and of the first spatial axis. A pointwise convolution takes everything at once."""
        if self._pointwise:
            return [(slice(None), slice(None))]
        sample = math.prod(y_shape[1:-1]) * self._depth * self._groups * self._x.itemsize
        return image_blocks(y_shape[0], y_shape[1], sample)

    def block(self, samples: slice, rows: slice):
        """The patches `(G, P, T * Cg)` of a block, a view of the buffer."""
        if self._pointwise:
            return self._x.reshape(1, -1, self._depth)
        part = self._view[samples, rows]
        rank = len(self._size)
        flat = self._room(part.size)
        if self._narrow:
            taps_first = part.transpose(*range(1 + rank, part.ndim), *range(1 + rank))
            self._xp.copyto(flat.reshape(taps_first.shape), taps_first)
            return flat.reshape(1, self._depth, -1).transpose(0, 2, 1)
        if self._groups == 1:
            self._xp.copyto(flat.reshape(part.shape), part)
            return flat.reshape(1, -1, self._depth)
        order = (part.ndim - 2, *range(part.ndim - 2), part.ndim - 1)
        ordered = part.transpose(order)
        self._xp.copyto(flat.reshape(ordered.shape), ordered)
        return flat.reshape(self._groups, -1, self._depth)

    def _room(self, size: int):
        if self._buffer is None or self._buffer.size < size:
            self._buffer = self._xp.empty(size, self._x.dtype)
        return self._buffer[:size]


def _is_pointwise(size, settings) -> bool:
    """Whether y at a position depends on x at that position only, so that the convolution is one product."""
    plain = all(k == 1 for k in size) and all(s == 1 for s in settings.strides)
    return plain and not any(lo or hi for lo, hi in settings.padding)


def _grouped_kernel(kernel, groups: int):
    """`(*K, Cg, O)` as `(G, T * Cg, Og)`."""
    features = kernel.shape[-1]
    return kernel.reshape(-1, groups, features // groups).transpose(1, 0, 2)


def padded(xp, x, padding):
    """The image with zeros around its spatial axes; contiguous."""
    if not any(lo or hi for lo, hi in padding):
        return xp.ascontiguousarray(x)
    shape = tuple(n + lo + hi for n, (lo, hi) in zip(x.shape[1:-1], padding, strict=True))
    result = xp.zeros((x.shape[0], *shape, x.shape[-1]), x.dtype)
    result[(slice(None), *(slice(lo, lo + n) for n, (lo, _) in zip(x.shape[1:-1], padding, strict=True)))] = x
    return result
