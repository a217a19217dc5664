"""Elementwise primitives: those that are one function of torch, and those for which torch means something else."""

import numpy as np
import torch

from kcore.extend import iinfo

from ._dtypes import DTYPES, NAMES, SIGNED, on_host, on_signed, signed

SAME = (
    "arctan2", "bitwise_and", "bitwise_or", "bitwise_xor", "cos", "divide", "erf", "exp", "expm1", "floor", "log",
    "log1p", "multiply", "round", "sigmoid", "sin", "sqrt", "tanh", "where",
)  # fmt: skip
NATIVE = {
    **{name: getattr(torch, name) for name in SAME},
    **{name: on_signed(getattr(torch, name)) for name in ("add", "subtract", "negative", "bitwise_not")},
    **{name: on_signed(getattr(torch, name), ordered=True) for name in ("less", "less_equal", "maximum", "minimum")},
    "equal": torch.eq,
    "shift_left": on_signed(torch.bitwise_left_shift),
}
"""Primitives that are a function of torch, which also takes `out=`."""


def _floor_divide(x, y):
    if x.is_floating_point():
        return torch.floor_divide(x, y)
    result = torch.floor_divide(x, _safe_divisor(y)) * (y != 0)
    return torch.where(y == -1, -x, result) if y.dtype.is_signed else result


def _safe_divisor(y):
    """Integers without 0, for which torch raises, and -1, by which the processor traps on the lowest integer."""
    if y.is_floating_point():
        return y
    return torch.where((y == 0) | (y == -1) if y.dtype.is_signed else y == 0, 1, y)


SIMPLE = {
    "absolute": lambda x: x.clone() if x.dtype in SIGNED else torch.abs(x),
    "sign": lambda x: torch.where(x.isnan(), x, torch.sign(x)) if x.dtype not in SIGNED else (x != 0).to(x.dtype),
    "floor_divide": on_host(_floor_divide, np.floor_divide),
    "remainder": on_host(lambda x, y: torch.remainder(x, _safe_divisor(y)), np.remainder),
    "power": on_host(torch.pow, np.power),
}


def shift_right(x, y):
    """floor(x / 2**y). Wide unsigned integers are shifted as signed ones, without the copies of the sign."""
    if x.dtype not in SIGNED:
        return torch.bitwise_right_shift(x, y)
    width, y = 8 * x.itemsize, signed(y)
    copies = torch.bitwise_left_shift(torch.full_like(y, -1), torch.clamp(width - y, min=0))
    return torch.bitwise_right_shift(signed(x), y).bitwise_and_(copies.bitwise_not_()).view(x.dtype)


def cast(x, *, dtype):
    """x in another dtype; x itself when it has it. Float to integer truncates, saturates, and takes NaN to 0."""
    target = DTYPES[dtype]
    if x.is_floating_point() and not target.is_floating_point and target is not torch.bool:
        return _float_to_integer(x, target)
    return x.to(dtype=target)


def _float_to_integer(x, target):
    """By way of float64; what reaches the highest integer is set, as float64 rounds that of 64 bits up."""
    info = iinfo(NAMES[target])
    wide, top = x.to(torch.float64).nan_to_num(0.0, torch.inf, -torch.inf), float(info.max)
    highest = torch.as_tensor(np.array(info.max, NAMES[target]), device=x.device)
    return torch.where(wide >= top, highest, wide.clamp(info.min, np.nextafter(top, 0)).to(target))
