"""Convolution and its two adjoints, of any rank.

x (N, *S, C)    kernel (*K, Cg, O)    y (N, *So, O)    where Cg = C / groups
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from ._window import met, taps

BLOCK = 1 << 17
"""How many elements of x and y a step of `_by_taps` reads: what stays in a cache."""
MANY = 64
"""The taps from which on XLA's own adjoint is taken: a product for each would take long to compile."""
FEW = 16
"""The channels below which a tap is too thin for a product of its own."""


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
    whole = settings.groups == 1 and 0 not in (*x.shape, *y.shape)
    if whole and math.prod(size) < MANY and jax.default_backend() == "cpu":
        return _by_taps(x, y, size, settings)
    kernel = jax.ShapeDtypeStruct((*size, x.shape[-1] // settings.groups, y.shape[-1]), y.dtype)
    return jax.linear_transpose(lambda kernel: conv(x, kernel, settings), kernel)(y)[0]


def _by_taps(x, y, size, settings: Settings):
    """The adjoint in the kernel as products of what each tap meets with y, a few samples at a time.

    XLA's own took three times as long and more on a CPU: `docs/decisions/0009-jax-compiling.md`.
    """
    x = lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *((*ends, 0) for ends in settings.padding), (0, 0, 0)])
    dtype, channels, features = jnp.promote_types(x.dtype, "float32"), x.shape[-1], y.shape[-1]

    def product(x, y):
        out, rows = y.shape[1:-1], y.reshape(-1, features)
        columns = [met(x, tap, out, settings.strides).reshape(-1, channels) for tap in taps(size, settings.dilation)]
        if channels < FEW:
            columns = [lax.concatenate(columns, 1)]
        contracted = (((0,), (0,)), ((), ()))
        parts = [lax.dot_general(c, rows, contracted, settings.precision, dtype) for c in columns]
        return lax.concatenate(parts, 0)

    step = _block(x.shape[0], (x.size + y.size) // x.shape[0])
    blocks = [a.reshape(-1, step, *a.shape[1:]) for a in (x, y)]
    total = product(blocks[0][0], blocks[1][0])
    if step < x.shape[0]:
        rest = tuple(b[1:] for b in blocks)
        total, _ = lax.scan(lambda total, block: (total + product(*block), None), total, rest)
    return total.reshape(*size, channels, features).astype(x.dtype)


def _block(samples: int, each: int) -> int:
    """How many samples a step takes: the most, of those that divide their number, that stay in a cache."""
    return max(n for n in range(1, samples + 1) if samples % n == 0 and n * each <= max(BLOCK, each))
