"""Reductions, scans and orders along axes. Results have x's dtype; no axes mean a copy, and not torch's all axes."""

from __future__ import annotations

import torch

from ._dtypes import by_order, on_bits


@on_bits
def sum(x, *, axes, keepdims):
    """The sum over axes."""
    return torch.sum(x, axes, keepdims, dtype=x.dtype) if axes else x.clone()


@on_bits
def prod(x, *, axes, keepdims):
    """The product over axes, one after the other."""
    result = x if axes else x.clone()
    for axis in reversed(axes):
        result = torch.prod(result, axis, keepdims, dtype=x.dtype)
    return result


def _extremum(name: str, function):
    def extremum(x, *, axes, keepdims):
        return function(x, axes, keepdims) if axes else x.clone()

    extremum.__name__ = name
    return by_order(extremum)


max = _extremum("max", torch.amax)
min = _extremum("min", torch.amin)


def _position(name: str, function):
    def position(x, *, axis):
        return function(x.to(torch.uint8) if x.dtype is torch.bool else x, axis).to(torch.int32)

    position.__name__ = name
    return by_order(position)


argmax = _position("argmax", torch.argmax)
argmin = _position("argmin", torch.argmin)


@by_order
def argsort(x, *, axis):
    """int32 indices that sort ascending, stable, NaN last."""
    return torch.sort(x, dim=axis, stable=True).indices.to(torch.int32)


@on_bits
def cumsum(x, *, axis):
    """The running sum along an axis."""
    return torch.cumsum(x, axis, dtype=x.dtype)
