"""Convolution and its two adjoints, of any rank.

x (N, *S, C)    kernel (*K, Cg, O)    y (N, *So, O)    where Cg = C / groups
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from kcore.extend import window_positions

from ._window import met, taps

MANY = 64
"""The taps from which on XLA's own depthwise convolution is taken: one after the other would take long to compile."""


class Settings(NamedTuple):
    """The static side of a convolution."""

    strides: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    groups: int
    precision: str | None


def conv(x, kernel, settings: Settings):
    """`(N, *S, C)` with `(*K, Cg, O)` to `(N, *So, O)`."""
    single = kernel.shape[-2] == 1 and settings.groups > 1 and math.prod(kernel.shape[:-2]) < MANY
    if single and 0 not in (*x.shape, *kernel.shape) and jax.default_backend() == "cpu":
        return _depthwise(x, kernel, settings)
    return _xla(x, kernel, settings)


def _xla(x, kernel, settings: Settings):
    rank = len(settings.strides)
    image = (0, rank + 1, *range(1, rank + 1))
    return lax.conv_general_dilated(
        x,
        kernel,
        settings.strides,
        settings.padding,
        rhs_dilation=settings.dilation,
        dimension_numbers=lax.ConvDimensionNumbers(image, (rank + 1, rank, *range(rank)), image),
        feature_group_count=settings.groups,
        precision=settings.precision,
        preferred_element_type=x.dtype,
    )


def _depthwise(x, kernel, settings: Settings):
    """Each channel by itself: no product, but what each tap meets, multiplied and added up elementwise."""
    zero, size = jnp.zeros((), x.dtype), kernel.shape[:-2]
    x = lax.pad(x, zero, [(0, 0, 0), *((*ends, 0) for ends in settings.padding), (0, 0, 0)])
    out = window_positions(x.shape[1:-1], size, settings.strides, settings.dilation)
    y = jnp.zeros((), jnp.promote_types(x.dtype, "float32"))
    for tap, places in zip(itertools.product(*map(range, size)), taps(size, settings.dilation), strict=True):
        weights = kernel[tap].reshape(x.shape[-1], -1)
        y = y + met(x, places, out, settings.strides)[..., None] * weights
    return y.reshape(x.shape[0], *out, kernel.shape[-1]).astype(x.dtype)


def conv_transpose(y, kernel, size, settings: Settings):
    """`(N, *So, O)` with `(*K, Cg, O)` to `(N, *size, C)`: the adjoint of `conv` in x."""
    x = jax.ShapeDtypeStruct((y.shape[0], *size, kernel.shape[-2] * settings.groups), y.dtype)
    return jax.linear_transpose(lambda x: conv(x, kernel, settings), x)(y)[0]


def conv_kernel_grad(x, y, size, settings: Settings):
    """`(N, *S, C)` with `(N, *So, O)` to `(*size, Cg, O)`: the adjoint of `conv` in the kernel."""
    kernel = jax.ShapeDtypeStruct((*size, x.shape[-1] // settings.groups, y.shape[-1]), y.dtype)
    return jax.linear_transpose(lambda kernel: _xla(x, kernel, settings), kernel)(y)[0]
