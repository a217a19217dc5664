"""What is done to gradients before the rule sees them: conversion, and clipping by norm, global norm or value."""

from __future__ import annotations

from collections.abc import Sequence

from kcore import dtypes
from kcore.engine import backend, tracing
from kcore.engine import primitives as P
from kcore.engine.variable import Variable

from ._groups import Group


def as_tensor(x):
    """A tensor of the engine, or a tracer without value: a variable's or a tape's value; anything else is converted."""
    x = tracing.value_of(x.value if isinstance(x, Variable) else x)
    return x if isinstance(x, tracing.Tracer) else backend.current().asarray(x)


def dtype_of(tensor) -> str:
    """The canonical dtype of a tensor or a tracer."""
    return tracing.spec_of(tensor).dtype


def cast(tensor, dtype: str):
    """The tensor in `dtype`; no node is made when it has that dtype already."""
    return tensor if dtype_of(tensor) == dtype else P.cast(tensor, dtype=dtype)


def squared_norm(tensor):
    """The sum of squares, as a tensor of shape `()`."""
    return P.sum(P.multiply(tensor, tensor), axes=tuple(range(len(tensor.shape))), keepdims=False)


def _shrink(norm, limit: float):
    """The factor that brings a norm down to `limit`, and 1 where it is below already. A NaN norm gives NaN."""
    return P.divide(limit, P.maximum(norm, limit))


def clip_by_norm(group: Group, gradient, limit: float):
    """Scale each member's gradient so that its L2 norm is at most `limit`.

    Args:
        group: the group the gradient belongs to.
        gradient: `(n,)` tensor (or the only member's gradient).
        limit: the largest norm allowed.

    Returns:
        The clipped gradient, of the same shape.
    """
    return group.join([P.multiply(part, _shrink(P.sqrt(squared_norm(part)), limit)) for part in group.split(gradient)])


def clip_by_global_norm(gradients: Sequence, limit: float) -> list:
    """Scale all gradients by one factor so that the L2 norm of all of them together is at most `limit`.

    Args:
        gradients: one gradient a group; dtypes may differ.
        limit: the largest norm allowed.
    """
    widest = dtypes.result_type(*(dtype_of(g) for g in gradients))
    total, *others = (cast(squared_norm(g), widest) for g in gradients)
    for square in others:
        total = P.add(total, square)
    factor = _shrink(P.sqrt(total), limit)
    return [P.multiply(g, cast(factor, dtype_of(g))) for g in gradients]


def clip_by_value(gradient, limit: float):
    """Bring every number of a gradient into `[-limit, limit]`."""
    return P.maximum(P.minimum(gradient, limit), -limit)
