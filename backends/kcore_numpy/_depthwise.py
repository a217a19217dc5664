"""Convolution with one channel a group: images times taps, added up elementwise, some rows at a time; and its adjoints.

Notation as in `_convolution`; each of the C channels has M features, and feature c * M + m of y is channel c's m-th.
"""

from __future__ import annotations

import math

from ._blocks import image_blocks
from ._window import taps

BLOCK_BYTES = 1 << 18
"""Bytes of the block of y at work, of which two or three are at hand at a time."""


def conv(xp, x, kernel, y, settings) -> None:
    """Write the convolution of the padded x into y."""
    spread = y.reshape(*y.shape[:-1], x.shape[-1], -1)
    weights = _tap_weights(xp, kernel, spread)
    steps = [where for _, where in taps(kernel.shape[:-2], y.shape[1:-1], settings.strides, settings.dilation)]
    for samples, rows in _row_blocks(y):
        target = spread[samples, rows]
        total, product = xp.empty((2, *target.shape[:-1]), x.dtype)
        for m in range(spread.shape[-1]):
            for t, where in enumerate(steps):
                met = x[(samples, *_of_rows(where, rows))]
                xp.multiply(met, weights[t, m], out=product if t else total)
                if t:
                    xp.add(total, product, out=total)
            target[..., m] = total


def add_taps(xp, y, kernel, image, settings) -> None:
    """Add to the padded image what the adjoint in x gives."""
    spread = y.reshape(*y.shape[:-1], image.shape[-1], -1)
    weights = _tap_weights(xp, kernel, spread)
    steps = [where for _, where in taps(kernel.shape[:-2], y.shape[1:-1], settings.strides, settings.dilation)]
    for samples, rows in _row_blocks(y):
        part = spread[samples, rows]
        product = xp.empty(part.shape[:-1], y.dtype)
        for t, where in enumerate(steps):
            met = image[(samples, *_of_rows(where, rows))]
            for m in range(spread.shape[-1]):
                xp.multiply(part[..., m], weights[t, m], out=product)
                xp.add(met, product, out=met)


def kernel_grad(xp, x, y, size, settings):
    """The adjoint in the kernel, of the padded x."""
    channels = x.shape[-1]
    spread = y.reshape(*y.shape[:-1], channels, -1)
    grad = xp.zeros((math.prod(size), channels, spread.shape[-1]), x.dtype)
    steps = [where for _, where in taps(size, y.shape[1:-1], settings.strides, settings.dilation)]
    for samples, rows in _row_blocks(y):
        part = spread[samples, rows]
        product = xp.empty(part.shape[:-1], x.dtype)
        ones = xp.ones(product.size // channels, x.dtype)
        for t, where in enumerate(steps):
            met = x[(samples, *_of_rows(where, rows))]
            for m in range(spread.shape[-1]):
                xp.multiply(met, part[..., m], out=product)
                grad[t, :, m] += xp.matmul(ones, product.reshape(-1, channels))
    return grad.reshape(*size, 1, y.shape[-1])


def _row_blocks(y):
    return image_blocks(y.shape[0], y.shape[1], math.prod(y.shape[1:]) * y.itemsize, BLOCK_BYTES)


def _of_rows(where, rows: slice):
    """Of the slices that a tap meets, the part for these rows of y."""
    first, *others = where
    start = first.start + rows.start * first.step
    return slice(start, start + (rows.stop - rows.start - 1) * first.step + 1, first.step), *others


def _tap_weights(xp, kernel, spread):
    """The kernel as `(T, M, W, C)`, repeated along the last spatial axis, so that an inner loop has W * C elements."""
    width, channels, many = spread.shape[-3:]
    rows = kernel.reshape(-1, channels, many).transpose(0, 2, 1)[:, :, None]
    if spread.ndim == 4:
        return rows.copy()
    return xp.broadcast_to(rows, (rows.shape[0], many, width, channels)).copy()
