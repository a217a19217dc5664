"""The adjoints of a convolution of stride 1, by the rows of the kernel, a cache-sized block at a time.

Notation as in `_convolution`; a row of the kernel is what it has along the last axis, W taps, and there are R rows.
Patches along the last axis are W times as large as an image, where those of all taps would be R * W times as large.

- In x: one product of y's patches with all rows gives each row's share of the image, added where that row met it.
- In the kernel: what a row met is a part of x's patches, of which y makes the row's gradient in one product.
"""

from __future__ import annotations

import itertools
import math

from ._blocks import PATCH_BYTES, flat_blocks, image_blocks, strided
from ._window import meet, windows


def applies(y, kernel, settings) -> bool:
    """Whether strides and groups allow it, patches don't reach far beyond y, and those of one position along the first
    axis fit a block."""
    reach = (kernel.shape[-3] - 1) * settings.dilation[-1]
    plain = settings.groups == 1 and all(s == 1 for s in settings.strides)
    near = max(settings.padding[-1]) <= reach and 2 * reach <= y.shape[-2]
    return plain and near and _block_bytes(y, kernel, y.shape[-2] + reach) <= PATCH_BYTES


def _block_bytes(y, kernel, positions: int) -> int:
    """What the patches of one position along y's first spatial axis take."""
    return math.prod(y.shape[2:-2]) * positions * kernel.shape[-3] * kernel.shape[-1] * y.itemsize


def conv_transpose(xp, y, kernel, x, settings) -> None:
    """Write what the adjoint in x gives into x."""
    if kernel.ndim == 3:
        flat = settings._replace(strides=(1, 1), padding=((0, 0), *settings.padding), dilation=(1, *settings.dilation))
        conv_transpose(xp, y[:, None], kernel[None], x[:, None], flat)
        return
    shares = None
    sample_bytes = y.shape[1] * _block_bytes(y, kernel, x.shape[-2])
    for samples, part in image_blocks(y.shape[0], y.shape[1], sample_bytes):
        block = y[samples, part]
        shares = shares or _Shares(xp, block.shape, x.shape[-2], kernel, settings)
        if part.start == 0:
            x[samples].fill(0)
        _add(x[samples], shares(block), part.start, settings)


def kernel_grad_applies(x, y, size, settings) -> bool:
    """Whether rows are of two axes and meet x without strides, and samples are so large that one is a block."""
    plain = len(size) == 2 and size[0] > 1 and settings.strides[0] == settings.groups == 1
    return plain and math.prod(y.shape[1:-1]) * math.prod(size) * x.shape[-1] * x.itemsize > PATCH_BYTES // 2


def kernel_grad(xp, x, y, size, settings):
    """`(N, *S, C)`, padded, with `(N, *So, O)` to `(*size, C, O)`."""
    (rows, width), (height, out), (channels, features) = size, y.shape[1:-1], (x.shape[-1], y.shape[-1])
    dilation = settings.dilation[0]
    reach = (rows - 1) * dilation
    seen = windows(xp, x, size=(1, width), strides=settings.strides, dilation=settings.dilation)
    depth = width * channels
    step = min(height, max(reach + 1, PATCH_BYTES // (out * depth * x.itemsize)))
    patches = xp.empty((step + reach, out, depth), x.dtype)
    line, position, item = patches.strides
    met = strided(xp, patches, (rows, depth, step * out), (line * dilation, item, position))
    grad, product = xp.zeros((rows, depth, features), x.dtype), xp.empty((rows, depth, features), x.dtype)
    for sample, part in itertools.product(range(len(x)), flat_blocks(height, step)):
        here, flow = seen[sample, part.start : part.stop + reach], y[sample, part].reshape(-1, features)
        xp.copyto(patches[: len(here)].reshape(here.shape), here)
        grad += xp.matmul(met[..., : len(flow)], flow, out=product)
    return grad.reshape(rows, width, channels, features)


class _Shares:
    """`(n, *So, O)` to each row's share of the image, `(n, *So[:-1], S[-1], *rows, C)`; its memory is used again.

    Args:
        xp: the module.
        shape: of y's first block, the largest.
        positions: the last of x's spatial axes.
        kernel, settings: of the convolution.
    """

    def __init__(self, xp, shape, positions: int, kernel, settings):
        self._xp = xp
        *rows, width, channels, features = kernel.shape
        reach = (width - 1) * settings.dilation[-1]
        before = reach - settings.padding[-1][0]
        self._weights = xp.moveaxis(kernel[..., ::-1, :, :], (-3, -1), (0, 1)).reshape(width * features, -1)
        self._wide = xp.zeros((*shape[:-2], positions + reach, features), kernel.dtype)
        self._inside = self._wide[..., before : before + shape[-2], :]
        size = (*(1 for _ in rows), width)
        self._windows = windows(xp, self._wide, size=size, strides=settings.strides, dilation=settings.dilation)
        self._patches = xp.empty(self._windows.shape, kernel.dtype)
        self._products = xp.empty((*shape[:-2], positions, *rows, channels), kernel.dtype)

    def __call__(self, block):
        part = slice(0, block.shape[0]), slice(0, block.shape[1])
        patches, products = self._patches[part], self._products[part]
        self._inside[part] = block
        self._xp.copyto(patches, self._windows[part])
        depth, features = self._weights.shape
        self._xp.matmul(patches.reshape(-1, depth), self._weights, out=products.reshape(-1, features))
        return products


def _add(image, shares, first: int, settings) -> None:
    """Add each row's share where that row met the image; `first` is the place of the shares in y along its first
    spatial axis."""
    rank = image.ndim - 2
    before = (settings.padding[0][0] - first, *(lo for lo, _ in settings.padding[1:-1]))
    for row in itertools.product(*map(range, shares.shape[rank + 1 : -1])):
        axes = zip(image.shape[1:rank], row, settings.dilation[:-1], shares.shape[1:rank], before, strict=True)
        where, met = zip(*(meet(n, r * d, o, 1, lo) for n, r, d, o, lo in axes), strict=True)
        target = image[(slice(None), *where)]
        target += shares[(slice(None), *met, slice(None), *row)]
