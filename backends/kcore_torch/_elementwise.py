"""Elementwise primitives: those that are one function of torch, and those for which torch means something else."""

from __future__ import annotations

import functools

import numpy as np
import torch

from kcore.extend import iinfo

from ._dtypes import DTYPES, NAMES, SIGNED, by_order, on_bits, widened

SAME = (
    "arctan2", "bitwise_and", "bitwise_or", "bitwise_xor", "cos", "divide", "erf", "exp", "expm1", "floor", "log",
    "log1p", "multiply", "round", "sigmoid", "sin", "sqrt", "tanh",
)  # fmt: skip
NATIVE = {
    **{name: getattr(torch, name) for name in SAME},
    "equal": torch.eq,
    **{name: on_bits(getattr(torch, name)) for name in ("add", "subtract", "negative", "bitwise_not")},
    "shift_left": on_bits(torch.bitwise_left_shift),
    **{name: by_order(getattr(torch, name)) for name in ("less", "less_equal", "maximum", "minimum")},
}
"""Primitives that are a function of torch, which also takes `out=`."""


def absolute(x):
    """|x|."""
    return x.clone() if x.dtype in SIGNED else torch.abs(x)


def sign(x):
    """-1, 0 or 1; NaN stays NaN, of which torch makes 0."""
    if x.is_floating_point():
        return torch.where(torch.isnan(x), x, torch.sign(x))
    return (x != 0).to(x.dtype) if x.dtype in SIGNED else torch.sign(x)


@widened(np.floor_divide)
def floor_divide(x, y):
    """floor(x / y). Integers by 0, where torch raises, give 0; the lowest by -1, where the processor does, wraps."""
    if x.is_floating_point():
        return torch.floor_divide(x, y)
    result = torch.floor_divide(x, _safe_divisor(y)) * (y != 0)
    return torch.where(y == -1, -x, result) if y.dtype.is_signed else result


@widened(np.remainder)
def remainder(x, y):
    """x - y * floor(x / y); integers by 0 give 0."""
    return torch.remainder(x, y if x.is_floating_point() else _safe_divisor(y))


def _safe_divisor(y):
    unsafe = (y == 0) | (y == -1) if y.dtype.is_signed else y == 0
    return torch.where(unsafe, 1, y)


@widened(np.power)
def power(x, y):
    """x to the power of y."""
    return torch.pow(x, y)


def shift_right(x, y):
    """floor(x / 2**y). Of wide unsigned integers: shifted as signed ones, without the copies of the sign."""
    if x.dtype not in SIGNED:
        return torch.bitwise_right_shift(x, y)
    width, y = 8 * x.itemsize, y.view(SIGNED[x.dtype])
    copies = torch.bitwise_left_shift(torch.full_like(y, -1), torch.clamp(width - y, min=0))
    shifted = torch.bitwise_right_shift(x.view(y.dtype), y)
    return shifted.bitwise_and_(copies.bitwise_not_()).view(x.dtype)


def cast(x, *, dtype):
    """x in another dtype; x itself when it has it. Float to integer truncates, saturates, and takes NaN to 0."""
    target = DTYPES[dtype]
    if x.is_floating_point() and not target.is_floating_point and target is not torch.bool:
        return _float_to_integer(x, target)
    return x.to(target)


def _float_to_integer(x, target):
    """By way of float64, which holds the bounds of all but 64-bit integers."""
    info, wide = iinfo(NAMES[target]), x.to(torch.float64).nan_to_num(0.0, torch.inf, -torch.inf)
    if info.bits < 64:
        return wide.clamp(info.min, info.max).to(torch.int64).to(target)
    below = np.nextafter(float(info.max), 0)
    highest = torch.as_tensor(np.array(info.max, NAMES[target]), device=x.device)
    return torch.where(wide > below, highest, wide.clamp(info.min, below).to(target))


def cast_into(x, *, dtype, out):
    """`cast` into a buffer."""
    return out.copy_(cast(x, dtype=dtype) if x.is_floating_point() else x)


def bind_cast(*, dtype):
    """The cast of a plan, which never is to the dtype that x has."""
    target = DTYPES[dtype]
    if target.is_floating_point or target is torch.bool:
        return lambda x: x.to(target)
    return functools.partial(cast, dtype=dtype)
