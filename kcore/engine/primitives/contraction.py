"""Matrix product and convolution. The three of convolution are linear in both operands and one another's gradients.

Layout: images are (batch, *spatial, channels), kernels (*spatial, channels // groups, features). `size` is the
spatial shape to produce. Padding is a pair an axis, and output position o reads input positions o * stride - before +
k * dilation.
"""

from __future__ import annotations

import itertools

import numpy as np

from kcore.engine.spec import Spec
from kcore.errors import ShapeError

from .elementwise import _same_dtype
from .movement import shape_of
from .row import P, Sample, define
from .samples import floats

GROUP = "contraction"


def _matmul_spec(x: Spec, y: Spec) -> Spec:
    if len(x.shape) < 2 or len(x.shape) != len(y.shape) or x.shape[:-2] != y.shape[:-2] or x.shape[-1] != y.shape[-2]:
        raise ShapeError(f"`matmul` takes (..., m, k) and (..., k, n). Received: x.shape={x.shape}, y.shape={y.shape}")
    return Spec((*x.shape[:-1], y.shape[-1]), _same_dtype("matmul", x, y))


def swap_last(x):
    rank = len(shape_of(x))
    return P.permute_dims(x, axes=(*range(rank - 2), rank - 1, rank - 2))


def _matmul_samples():
    yield Sample("matrices", (floats(3, 4), floats(4, 2)))
    yield Sample("batches", (floats(2, 3, 3, 4), floats(2, 3, 4, 2)))
    yield Sample("empty contraction", (np.zeros((2, 0), np.float32), np.zeros((0, 3), np.float32)))
    yield Sample("empty batch", (np.zeros((0, 2, 3), np.float32), np.zeros((0, 3, 2), np.float32)))
    yield Sample(
        "integers", (np.arange(6, dtype=np.int32).reshape(2, 3), np.arange(6, dtype=np.int32).reshape(3, 2)), grad=False
    )
    yield Sample("float64", (floats(2, 2, dtype="float64"), floats(2, 2, dtype="float64")))


matmul = define(
    "matmul",
    "x y",
    group=GROUP,
    spec=_matmul_spec,
    reference=np.matmul,
    samples=_matmul_samples,
    vjps=(lambda g, out, x, y: P.matmul(g, swap_last(y)), lambda g, out, x, y: P.matmul(swap_last(x), g)),
    doc="the matrix product over the last two axes; leading axes are equal",
)


def output_size(size, kernel, strides, padding, dilation) -> tuple[int, ...]:
    """The spatial shape of a convolution.

    Floor((size + padding - (kernel - 1) * dilation - 1) / stride) + 1, and 0 at least.
    """
    rows = zip(size, kernel, strides, padding, dilation, strict=True)
    return tuple(_positions(n + lo + hi, (k - 1) * d + 1, s) for n, k, s, (lo, hi), d in rows)


def _positions(size, extent, stride):
    return (size - extent) // stride + 1 if size >= extent else 0


def _conv_spec(x: Spec, kernel: Spec, *, strides, padding, dilation, groups) -> Spec:
    rank = len(strides)
    if len(x.shape) != rank + 2 or len(kernel.shape) != rank + 2:
        raise ShapeError(
            f"`conv` takes x and kernel of rank {rank + 2}. Received: x.shape={x.shape}, kernel.shape={kernel.shape}"
        )
    if x.shape[-1] != kernel.shape[-2] * groups or kernel.shape[-1] % groups:
        raise ShapeError(
            f"`conv` takes x of kernel.shape[-2] * groups channels, and features that groups divides. "
            f"Received: x.shape={x.shape}, kernel.shape={kernel.shape}, groups={groups}"
        )
    size = output_size(x.shape[1:-1], kernel.shape[:-2], strides, padding, dilation)
    return Spec((x.shape[0], *size, kernel.shape[-1]), _same_dtype("conv", x, kernel))


def _taps(kernel_size, out_size, strides, dilation):
    """For each kernel position: its index and the slices of the padded input that it meets."""
    for tap in itertools.product(*map(range, kernel_size)):
        starts = [t * d for t, d in zip(tap, dilation, strict=True)]
        yield tap, tuple(slice(a, a + (n - 1) * s + 1, s) for a, n, s in zip(starts, out_size, strides, strict=True))


def _padded(size, padding):
    return tuple(n + lo + hi for n, (lo, hi) in zip(size, padding, strict=True))


def _grouped(x, groups):
    return x.reshape(*x.shape[:-1], groups, x.shape[-1] // groups)


def _conv(x, kernel, *, strides, padding, dilation, groups):
    x64 = np.pad(np.asarray(x, np.float64), ((0, 0), *padding, (0, 0)))
    size = output_size(x.shape[1:-1], kernel.shape[:-2], strides, padding, dilation)
    out = np.zeros((x.shape[0], *size, groups, kernel.shape[-1] // groups))
    weights = _grouped(np.asarray(kernel, np.float64), groups)
    if 0 not in size:
        for tap, where in _taps(kernel.shape[:-2], size, strides, dilation):
            out += np.einsum("...gc,cgf->...gf", _grouped(x64[(slice(None), *where)], groups), weights[tap])
    return out.reshape(x.shape[0], *size, kernel.shape[-1]).astype(x.dtype)


def _conv_transpose(y, kernel, *, size, strides, padding, dilation, groups):
    channels = kernel.shape[-2] * groups
    full = np.zeros((y.shape[0], *_padded(size, padding), groups, kernel.shape[-2]))
    weights, grads = _grouped(np.asarray(kernel, np.float64), groups), _grouped(np.asarray(y, np.float64), groups)
    if 0 not in y.shape[1:-1]:
        for tap, where in _taps(kernel.shape[:-2], y.shape[1:-1], strides, dilation):
            full[(slice(None), *where)] += np.einsum("...gf,cgf->...gc", grads, weights[tap])
    inner = tuple(slice(lo, lo + n) for n, (lo, _) in zip(size, padding, strict=True))
    return full[(slice(None), *inner)].reshape(y.shape[0], *size, channels).astype(y.dtype)


def _conv_kernel_grad(x, y, *, size, strides, padding, dilation, groups):
    x64 = _grouped(np.pad(np.asarray(x, np.float64), ((0, 0), *padding, (0, 0))), groups)
    grads = _grouped(np.asarray(y, np.float64), groups)
    out = np.zeros((*size, x.shape[-1] // groups, groups, y.shape[-1] // groups))
    if 0 not in y.shape[1:-1]:
        for tap, where in _taps(size, y.shape[1:-1], strides, dilation):
            out[tap] = np.einsum("ngc,ngf->cgf", _rows(x64[(slice(None), *where)]), _rows(grads))
    return out.reshape(*size, x.shape[-1] // groups, y.shape[-1]).astype(x.dtype)


def _rows(x):
    return x.reshape(-1, *x.shape[-2:])


def _conv_vjp_x(g, out, x, kernel, *, strides, padding, dilation, groups):
    size = shape_of(x)[1:-1]
    return P.conv_transpose(g, kernel, size=size, strides=strides, padding=padding, dilation=dilation, groups=groups)


def _conv_vjp_kernel(g, out, x, kernel, *, strides, padding, dilation, groups):
    size = shape_of(kernel)[:-2]
    return P.conv_kernel_grad(x, g, size=size, strides=strides, padding=padding, dilation=dilation, groups=groups)


def _settings(rank, strides=None, padding=None, dilation=None, groups=1):
    return {
        "strides": strides or (1,) * rank,
        "padding": padding or ((0, 0),) * rank,
        "dilation": dilation or (1,) * rank,
        "groups": groups,
    }


def _conv_cases():
    yield "valid", (2, 5, 6, 3), (3, 2, 3, 4), _settings(2)
    yield "padding", (1, 4, 4, 2), (3, 3, 2, 2), _settings(2, padding=((1, 1), (0, 2)))
    yield "strides", (1, 7, 6, 2), (3, 2, 2, 3), _settings(2, strides=(2, 3))
    yield "dilation", (1, 7, 7, 1), (3, 2, 1, 2), _settings(2, dilation=(2, 3))
    yield (
        "strides and dilation",
        (1, 8, 7, 2),
        (2, 3, 2, 2),
        _settings(2, strides=(2, 2), dilation=(3, 2), padding=((1, 0), (2, 1))),
    )
    yield "groups", (1, 4, 4, 4), (2, 2, 2, 6), _settings(2, groups=2)
    yield "depthwise", (1, 4, 4, 3), (2, 2, 1, 6), _settings(2, groups=3)
    yield (
        "depthwise strides and dilation",
        (2, 6, 7, 3),
        (2, 3, 1, 3),
        _settings(2, strides=(2, 1), dilation=(1, 2), padding=((1, 0), (0, 2)), groups=3),
    )
    yield "pointwise", (2, 3, 3, 4), (1, 1, 4, 2), _settings(2)
    yield "one axis", (2, 7, 2), (3, 2, 3), _settings(1, strides=(2,), padding=((1, 1),))
    yield "three axes", (1, 3, 4, 3, 2), (2, 2, 2, 2, 2), _settings(3)
    yield "empty batch", (0, 4, 4, 2), (3, 3, 2, 2), _settings(2)
    yield "kernel larger than x", (1, 2, 2, 1), (3, 3, 1, 1), _settings(2)


def _conv_samples():
    for name, x, kernel, settings in _conv_cases():
        yield Sample(name, (floats(*x), floats(*kernel)), settings)


def _adjoint_samples(operands):
    def build():
        for name, x, kernel, settings in _conv_cases():
            if name == "kernel larger than x":
                continue
            out = _conv_spec(Spec(x, "float32"), Spec(kernel, "float32"), **settings).shape
            shapes = {"x": x, "kernel": kernel, "y": out}
            size = x[1:-1] if operands == ("y", "kernel") else kernel[:-2]
            yield Sample(name, tuple(floats(*shapes[o]) for o in operands), {"size": size, **settings})

    return build


def _transpose_spec(y: Spec, kernel: Spec, *, size, strides, padding, dilation, groups) -> Spec:
    expected = output_size(size, kernel.shape[:-2], strides, padding, dilation)
    if y.shape[1:-1] != expected or y.shape[-1] != kernel.shape[-1]:
        raise ShapeError(
            f"`conv_transpose` takes y of spatial shape {expected} and {kernel.shape[-1]} channels. Received: "
            f"y.shape={y.shape}, size={size}"
        )
    return Spec((y.shape[0], *size, kernel.shape[-2] * groups), _same_dtype("conv_transpose", y, kernel))


def _kernel_grad_spec(x: Spec, y: Spec, *, size, strides, padding, dilation, groups) -> Spec:
    expected = output_size(x.shape[1:-1], size, strides, padding, dilation)
    if y.shape[1:-1] != expected or x.shape[0] != y.shape[0]:
        raise ShapeError(
            f"`conv_kernel_grad` takes y of shape ({x.shape[0]}, *{expected}, features). Received: y.shape={y.shape}"
        )
    return Spec((*size, x.shape[-1] // groups, y.shape[-1]), _same_dtype("conv_kernel_grad", x, y))


conv = define(
    "conv",
    "x kernel",
    "strides padding dilation groups",
    group=GROUP,
    spec=_conv_spec,
    vjps=(_conv_vjp_x, _conv_vjp_kernel),
    reference=_conv,
    samples=_conv_samples,
    doc="convolution (cross-correlation) over the spatial axes",
)
conv_transpose = define(
    "conv_transpose",
    "y kernel",
    "size strides padding dilation groups",
    group=GROUP,
    spec=_transpose_spec,
    vjps=(
        lambda g, out, y, kernel, *, size, **settings: P.conv(g, kernel, **settings),
        lambda g, out, y, kernel, *, size, **settings: P.conv_kernel_grad(g, y, size=shape_of(kernel)[:-2], **settings),
    ),
    reference=_conv_transpose,
    samples=_adjoint_samples(("y", "kernel")),
    doc="the adjoint of `conv` in x, for an x of spatial shape `size`",
)
conv_kernel_grad = define(
    "conv_kernel_grad",
    "x y",
    "size strides padding dilation groups",
    group=GROUP,
    spec=_kernel_grad_spec,
    vjps=(
        lambda g, out, x, y, *, size, **settings: P.conv_transpose(y, g, size=shape_of(x)[1:-1], **settings),
        lambda g, out, x, y, *, size, **settings: P.conv(x, g, **settings),
    ),
    reference=_conv_kernel_grad,
    samples=_adjoint_samples(("x", "y")),
    doc="the adjoint of `conv` in the kernel, for spatial size `size`",
)
