"""Pooling of one to three spatial axes by torch's own kernels, on images `(N, *S, C)` seen as channels-last `(N, C,
*S)`."""

from __future__ import annotations

import torch
from torch.nn.functional import avg_pool2d, avg_pool3d

aten = torch.ops.aten


def even(size, padding) -> bool:
    """Whether torch takes the padding: as much before as after, and at most half of the window."""
    return all(lo == hi <= k // 2 for k, (lo, hi) in zip(size, padding, strict=True))


def _lifted(x, size, strides, padding):
    """The image as torch wants it, with two spatial axes at least, and the numbers for each axis."""
    befores = tuple(lo for lo, _ in padding)
    if len(size) == 1:
        x, size, strides, befores = x.unsqueeze(1), (1, *size), (1, *strides), (0, *befores)
    return x.permute(0, x.ndim - 1, *range(1, x.ndim - 1)), (size, strides, befores)


def _dropped(x, like):
    x = x.permute(0, *range(2, x.ndim), 1)
    return x.squeeze(1) if x.ndim > like.ndim else x


def max_pool(x, *, size, strides, padding):
    """The largest in each window. Returns `((y,), positions)`."""
    image, numbers = _lifted(x, size, strides, padding)
    pool = aten.max_pool3d_with_indices if len(size) == 3 else aten.max_pool2d_with_indices
    y, where = pool(image, *numbers)
    return (_dropped(y, x),), where


def max_pool_grad(where, cotangents, x, *, size, strides, padding):
    """The gradient: all of a window's goes to its first maximum."""
    image, numbers = _lifted(x, size, strides, padding)
    g, _ = _lifted(cotangents[0], size, strides, padding)
    backward = aten.max_pool3d_with_indices_backward if len(size) == 3 else aten.max_pool2d_with_indices_backward
    return (_dropped(backward(g, image, *numbers, (1,) * len(numbers[0]), False, where), x),)


def average_pool(x, *, size, strides, padding):
    """The mean of each window; padding isn't counted. Returns `((y,), None)`."""
    image, numbers = _lifted(x, size, strides, padding)
    pool = avg_pool3d if len(size) == 3 else avg_pool2d
    return (_dropped(pool(image, *numbers, False, False), x),), None


def average_pool_grad(residuals, cotangents, x, *, size, strides, padding):
    """The gradient: a window's is shared evenly by the elements in it."""
    image, numbers = _lifted(x, size, strides, padding)
    g, _ = _lifted(cotangents[0], size, strides, padding)
    backward = aten.avg_pool3d_backward if len(size) == 3 else aten.avg_pool2d_backward
    return (_dropped(backward(g, image, *numbers, False, False, None), x),)
