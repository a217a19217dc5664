"""Reductions, scans and orders. Results have x's dtype; no axes mean a copy, and not all axes, as they do to torch."""

import torch

from ._convolution import is_large, product
from ._dtypes import on_signed, signed


def _prod(x, *, axes, keepdims):
    result = x if axes else x.clone()
    for axis in reversed(axes):
        result = torch.prod(result, axis, keepdims, dtype=x.dtype)
    return result


def _extremum(function):
    return on_signed(lambda x, *, axes, keepdims: function(x, axes, keepdims) if axes else x.clone(), ordered=True)


def _comparable(x):
    return x.to(torch.uint8) if x.dtype is torch.bool else signed(x, ordered=True)


OF_FLOATS = {
    "sum": lambda specs, *, axes, keepdims: lambda x, out=None: torch.sum(x, axes, keepdims, out=out),
    "argmax": lambda specs, *, axis: lambda x: torch.argmax(x, axis).to(dtype=torch.int32),
    "matmul": lambda xy: {2: product if is_large(*xy) else torch.mm, 3: torch.bmm}.get(len(xy[0].shape), torch.matmul),
}
"""Functions of the operands' specs and a primitive's parameters that give a plan its function of tensors of floats."""


@on_signed
def _sum(x, *, axes, keepdims, out=None):
    if not axes:
        return x.clone() if out is None else out.copy_(x)
    return torch.sum(x, axes, keepdims, dtype=x.dtype, out=out)


SIMPLE = {
    "sum": _sum,
    "prod": on_signed(_prod),
    "max": _extremum(torch.amax),
    "min": _extremum(torch.amin),
    "argmax": lambda x, *, axis: torch.argmax(_comparable(x), axis).to(torch.int32),
    "argmin": lambda x, *, axis: torch.argmin(_comparable(x), axis).to(torch.int32),
    "argsort": lambda x, *, axis: torch.sort(_comparable(x), dim=axis, stable=True).indices.to(torch.int32),
    "cumsum": on_signed(lambda x, *, axis: torch.cumsum(x, axis, dtype=x.dtype)),
}
