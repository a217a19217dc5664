"""Matrix product and convolution.

Notation: an image `(N, *S, C)` is, with its axes permuted, a `(N, C, *S)` in the engine's channels-last memory format,
so that nothing is copied on the way in or out; a kernel `(*K, Cg, O)` becomes `(O, Cg, *K)`.
"""

import torch
from torch.nn import functional

from kcore.extend import window_positions

from ._dtypes import on_signed

BACKWARD = torch.ops.aten.convolution_backward.default
"""What autograd calls: the adjoints of a convolution in x and in the kernel."""

LARGE = torch.get_num_threads() << 24 if hasattr(torch.ops.mkldnn, "_linear_pointwise") else float("inf")
"""Multiplications from which on oneDNN's product makes good for its slower call. It writes into no given memory."""


def is_large(x, y) -> bool:
    """Whether two matrices of float32, or those of such specs, are for oneDNN."""
    return x.shape[0] * x.shape[-1] * y.shape[-1] >= LARGE and len(x.shape) == 2 and str(x.dtype).endswith("float32")


def product(x, y, bias=None, *, out=None):
    """`x @ y + bias` of matrices of floats, for which oneDNN would copy an x that is transposed."""
    if out is None and is_large(x, y) and x.is_contiguous() and not x.is_cuda:
        return torch.ops.mkldnn._linear_pointwise(x, y.t(), bias, "none", [], "")
    return torch.mm(x, y, out=out) if bias is None else torch.addmm(bias, x, y)


@on_signed
def matmul(x, y, *, out=None):
    """The matrix product over the last two axes; of integers, which CUDA lacks, by way of float64 there."""
    if x.is_cuda and not x.is_floating_point():
        return torch.matmul(x.double(), y.double()).to(x.dtype)
    return torch.matmul(x, y, out=out)


def _lifted(*places):
    """Decorate a function of operands that take one more spatial axis at `places[:2]`, and its result at `places[2]`.

    One spatial axis is taken for two: torch has channels-last memory for two and three only."""

    def decorate(function):
        def run(x, y, **settings):
            if len(settings["strides"]) > 1:
                return function(x, y, **settings)
            ones = {name: (1, *settings[name]) for name in ("strides", "dilation", "size") if name in settings}
            settings |= {**ones, "padding": ((0, 0), *settings["padding"])}
            return function(x.unsqueeze(places[0]), y.unsqueeze(places[1]), **settings).squeeze(places[2])

        return run

    return decorate


def _image(x):
    return x.permute(0, -1, *range(1, x.ndim - 1))


def _back(x):
    return x.permute(0, *range(2, x.ndim), 1)


def _padded(x, padding):
    """The image and the padding that is left to torch, which takes as much before as after."""
    if all(lo == hi for lo, hi in padding):
        return x, [lo for lo, _ in padding]
    return functional.pad(x, [0, 0, *(w for pair in reversed(padding) for w in pair)]), [0] * len(padding)


def _convolve(function, images, kernel, strides, padding, dilation, groups, *mask):
    kernel = kernel.permute(-1, -2, *range(kernel.ndim - 2))
    call = strides, padding, dilation, False, [0] * len(strides), groups, *mask
    return function(*map(_image, images), kernel, None, *call)


@_lifted(1, 0, 1)
def conv(x, kernel, *, strides, padding, dilation, groups):
    """`(N, *S, C)` with `(*K, Cg, O)` to `(N, *So, O)`."""
    x, before = _padded(x, padding)
    size = tuple(n + 2 * lo for n, lo in zip(x.shape[1:-1], before, strict=True))
    shape = (x.shape[0], *window_positions(size, kernel.shape[:-2], strides, dilation), kernel.shape[-1])
    if 0 in (*shape, *x.shape, *kernel.shape):
        return x.new_zeros(shape)
    return _back(_convolve(torch.convolution, (x,), kernel, strides, before, dilation, groups))


@_lifted(1, 0, 1)
def conv_transpose(y, kernel, *, size, strides, padding, dilation, groups):
    """`(N, *So, O)` with `(*K, Cg, O)` to `(N, *size, C)`: the adjoint of `conv` in x."""
    x = y.new_empty((y.shape[0], *size, kernel.shape[-2] * groups))
    if 0 in (*x.shape, *y.shape, *kernel.shape):
        return x.zero_()
    x, before = _padded(x, padding)
    grad = _back(_convolve(BACKWARD, (y, x), kernel, strides, before, dilation, groups, (True, False, False))[0])
    starts = (lo - b for (lo, _), b in zip(padding, before, strict=True))
    return grad[(slice(None), *(slice(a, a + n) for a, n in zip(starts, size, strict=True)))]


@_lifted(1, 1, 0)
def conv_kernel_grad(x, y, *, size, strides, padding, dilation, groups):
    """`(N, *S, C)` with `(N, *So, O)` to `(*size, Cg, O)`: the adjoint of `conv` in the kernel."""
    kernel = x.new_empty((*size, x.shape[-1] // groups, y.shape[-1]))
    if 0 in (*x.shape, *y.shape, *kernel.shape):
        return kernel.zero_()
    x, before = _padded(x, padding)
    grad = _convolve(BACKWARD, (y, x), kernel, strides, before, dilation, groups, (False, True, False))[1]
    return grad.permute(*range(2, grad.ndim), 1, 0)
