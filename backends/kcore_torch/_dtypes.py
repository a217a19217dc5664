"""Dtypes, and the wide unsigned integers, which PyTorch stores but hardly computes with.

For uint16, uint32 and uint64 it has no addition, no shift, no comparison by size, no indexing and no reduction. Three
ways around, each the cheapest that gives the right bits:

    on_bits    on a signed view of the same width: for what doesn't depend on the sign
    by_order   on that view with the highest bit flipped, which orders as the unsigned numbers do
    widened    on int64, where the value counts; uint64, which nothing holds, goes through NumPy
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

DTYPES = {
    name: getattr(torch, name)
    for name in (
        "bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16", "bfloat16",
        "float32", "float64",
    )
}  # fmt: skip
"""The engine's dtypes by their canonical names."""

NAMES = {dtype: name for name, dtype in DTYPES.items()}
SIGNED = {torch.uint16: torch.int16, torch.uint32: torch.int32, torch.uint64: torch.int64}
"""The wide unsigned dtypes, and those to view them as."""

_HIGHEST_BIT = {torch.uint16: -(2**15), torch.uint32: -(2**31), torch.uint64: -(2**63)}


def _signed(x):
    return x.view(SIGNED[x.dtype]) if x.dtype in SIGNED else x


def on_bits(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function on signed views of wide unsigned operands; the result is of the first one's dtype again."""

    @functools.wraps(function)
    def run(x, *others, **params):
        if x.dtype not in SIGNED:
            return function(x, *others, **params)
        if "out" in params:
            params["out"] = _signed(params["out"])
        return function(_signed(x), *map(_signed, others), **params).view(x.dtype)

    return run


def by_order(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function on signed integers that are ordered as the wide unsigned operands; it keeps their dtype or gives
    positions or truth values."""

    @functools.wraps(function)
    def run(x, *others, **params):
        if x.dtype not in SIGNED:
            return function(x, *others, **params)
        flip = _HIGHEST_BIT[x.dtype]
        out = params.pop("out", None)
        result = function(*(_signed(a) ^ flip for a in (x, *others)), **params)
        if result.dtype is SIGNED[x.dtype] and function.__name__ not in POSITIONS:
            result = (result ^ flip).view(x.dtype)
        return result if out is None else out.copy_(result)

    return run


POSITIONS = ("argmax", "argmin", "argsort")
"""What gives int32 positions, and not numbers of the operands' dtype."""


def widened(host: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a function of two tensors of integers; `host` is the same in NumPy, for uint64."""

    def decorate(function):
        @functools.wraps(function)
        def run(x, y):
            if x.dtype not in SIGNED:
                return function(x, y)
            if x.dtype is torch.uint64:
                with np.errstate(all="ignore"):
                    return torch.as_tensor(host(x.cpu().numpy(), y.cpu().numpy()), device=x.device)
            return function(x.to(torch.int64), y.to(torch.int64)).to(x.dtype)

        return run

    return decorate
