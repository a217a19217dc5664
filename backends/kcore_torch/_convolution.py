"""Matrix product and convolution.

Notation: an image `(N, *S, C)` is, with its axes permuted, a `(N, C, *S)` in the engine's channels-last memory format,
and so nothing is copied on the way in or out; a kernel `(*K, Cg, O)` becomes `(O, Cg, *K)`. One spatial axis is taken
for two, as torch has channels-last memory for two and three only. Padding that differs before and after is made
beforehand.
"""

from __future__ import annotations

import torch

from ._dtypes import on_bits
from ._movement import positions


@on_bits
def matmul(x, y):
    """The matrix product over the last two axes; of integers, which CUDA lacks, by way of float64 there."""
    if x.is_cuda and not x.is_floating_point():
        return torch.matmul(x.double(), y.double()).to(x.dtype)
    return torch.matmul(x, y)


class _Call:
    """One convolution's settings, for two spatial axes at least and even padding."""

    def __init__(self, strides, padding, dilation, groups):
        self.lifted = len(strides) == 1
        lift = (1,) * self.lifted
        self.even = all(lo == hi for lo, hi in padding)
        self.widths = padding
        self.strides, self.dilation, self.groups = (*lift, *strides), (*lift, *dilation), groups
        self.padding = (*(0,) * self.lifted, *(lo if self.even else 0 for lo, _ in padding))

    def image(self, x):
        """`(N, *S, C)` as `(N, C, *S)`."""
        x = x.unsqueeze(1) if self.lifted else x
        return x.permute(0, x.ndim - 1, *range(1, x.ndim - 1))

    def padded(self, x):
        """The image with uneven padding in it."""
        if self.even:
            return x
        widths = (w for lo, hi in reversed(self.widths) for w in (lo, hi))
        return torch.nn.functional.pad(x, (0, 0, *widths))

    def inner(self, x):
        """`(N, C, *S)` as `(N, *S, C)`, without uneven padding."""
        x = x.permute(0, *range(2, x.ndim), 1)
        x = x.squeeze(1) if self.lifted else x
        return x if self.even else x[(slice(None), *(slice(lo, n - hi) for n, (lo, hi) in self._axes(x)))]

    def _axes(self, x):
        return zip(x.shape[1:-1], self.widths, strict=True)

    def kernel(self, kernel):
        """`(*K, Cg, O)` as `(O, Cg, *K)`."""
        kernel = kernel.unsqueeze(0) if self.lifted else kernel
        return kernel.permute(kernel.ndim - 1, kernel.ndim - 2, *range(kernel.ndim - 2))

    def backward(self, y, x, kernel, mask):
        """What autograd would call: the adjoints in x and in the kernel."""
        return torch.ops.aten.convolution_backward(
            y, x, kernel, None, self.strides, self.padding, self.dilation, False, (0,) * len(self.strides),
            self.groups, mask,
        )  # fmt: skip


def conv(x, kernel, *, strides, padding, dilation, groups):
    """`(N, *S, C)` with `(*K, Cg, O)` to `(N, *So, O)`."""
    size = (n + lo + hi for n, (lo, hi) in zip(x.shape[1:-1], padding, strict=True))
    out = (x.shape[0], *positions(tuple(size), kernel.shape[:-2], strides, dilation), kernel.shape[-1])
    if 0 in out or 0 in x.shape or 0 in kernel.shape:
        return x.new_zeros(out)
    call = _Call(strides, padding, dilation, groups)
    y = torch.convolution(
        call.image(call.padded(x)), call.kernel(kernel), None, call.strides, call.padding, call.dilation, False,
        (0,) * len(call.strides), groups,
    )  # fmt: skip
    y = y.permute(0, *range(2, y.ndim), 1)
    return y.squeeze(1) if call.lifted else y


def conv_transpose(y, kernel, *, size, strides, padding, dilation, groups):
    """`(N, *So, O)` with `(*K, Cg, O)` to `(N, *size, C)`: the adjoint of `conv` in x."""
    shape = (y.shape[0], *size, kernel.shape[-2] * groups)
    if 0 in shape or 0 in y.shape or 0 in kernel.shape:
        return y.new_zeros(shape)
    call = _Call(strides, padding, dilation, groups)
    x = call.image(call.padded(y.new_empty(shape)))
    return call.inner(call.backward(call.image(y), x, call.kernel(kernel), (True, False, False))[0])


def conv_kernel_grad(x, y, *, size, strides, padding, dilation, groups):
    """`(N, *S, C)` with `(N, *So, O)` to `(*size, Cg, O)`: the adjoint of `conv` in the kernel."""
    shape = (*size, x.shape[-1] // groups, y.shape[-1])
    if 0 in shape or 0 in y.shape or 0 in x.shape:
        return y.new_zeros(shape)
    call = _Call(strides, padding, dilation, groups)
    kernel = call.kernel(y.new_empty(shape))
    grad = call.backward(call.image(y), call.image(call.padded(x)), kernel, (False, True, False))[1]
    grad = grad.permute(*range(2, grad.ndim), 1, 0)
    return grad.squeeze(0) if call.lifted else grad
