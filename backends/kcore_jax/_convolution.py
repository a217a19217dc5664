"""Convolution and its two adjoints, of any rank.

x (N, *S, C)    kernel (*K, Cg, O)    y (N, *So, O)    where Cg = C / groups
"""

from __future__ import annotations

from typing import NamedTuple

import jax
from jax import lax


class Settings(NamedTuple):
    """The static side of a convolution."""

    strides: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    groups: int
    precision: str | None


def conv(x, kernel, settings: Settings):
    """`(N, *S, C)` with `(*K, Cg, O)` to `(N, *So, O)`."""
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


def conv_transpose(y, kernel, size, settings: Settings):
    """`(N, *So, O)` with `(*K, Cg, O)` to `(N, *size, C)`: the adjoint of `conv` in x."""
    x = jax.ShapeDtypeStruct((y.shape[0], *size, kernel.shape[-2] * settings.groups), y.dtype)
    return jax.linear_transpose(lambda x: conv(x, kernel, settings), x)(y)[0]


def conv_kernel_grad(x, y, size, settings: Settings):
    """`(N, *S, C)` with `(N, *So, O)` to `(*size, Cg, O)`: the adjoint of `conv` in the kernel."""
    kernel = jax.ShapeDtypeStruct((*size, x.shape[-1] // settings.groups, y.shape[-1]), y.dtype)
    return jax.linear_transpose(lambda kernel: conv(x, kernel, settings), kernel)(y)[0]
