"""Dtypes, and the wide unsigned integers, which PyTorch stores but hardly computes with.

For uint16, uint32 and uint64 it has no addition, shift, comparison by size, indexing or reduction. What depends on bits
or order alone runs on signed integers of the same width (`on_signed`); division and power in NumPy (`on_host`).
"""

import functools

import numpy as np
import torch

from kcore.extend import Capabilities

DTYPES = {name: getattr(torch, name) for name in (*Capabilities().dtypes, "bfloat16")}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
SIGNED = {torch.uint16: torch.int16, torch.uint32: torch.int32, torch.uint64: torch.int64}
"""The wide unsigned dtypes, and those to view them as."""
WIDE = frozenset(map(NAMES.get, SIGNED))


def signed(x, *, ordered: bool = False):
    """A signed view of a wide unsigned tensor; with `ordered`, its highest bit is flipped, so that it orders alike."""
    dtype = SIGNED.get(x.dtype)
    if dtype is None:
        return x
    return x.view(dtype) ^ torch.iinfo(dtype).min if ordered else x.view(dtype)


def on_signed(function, *, ordered: bool = False):
    """The function, which runs on `signed` operands where the first one is a wide unsigned tensor.

    A result of signed integers of that width is made unsigned again; so the function must not return positions.
    """

    @functools.wraps(function)
    def run(x, *others, **params):
        if x.dtype not in SIGNED:
            return function(x, *others, **params)
        out = params.pop("out", None)
        result = function(*(signed(a, ordered=ordered) for a in (x, *others)), **params)
        if result.dtype is SIGNED[x.dtype]:
            result = signed(result.view(x.dtype), ordered=ordered).view(x.dtype)
        return result if out is None else out.copy_(result)

    return run


def on_host(function, host):
    """The function of two tensors; wide unsigned ones go through the function `host` of NumPy."""

    @functools.wraps(function)
    def run(x, y):
        if x.dtype not in SIGNED:
            return function(x, y)
        with np.errstate(all="ignore"):
            return torch.as_tensor(host(x.cpu().numpy(), y.cpu().numpy()), device=x.device)

    return run
