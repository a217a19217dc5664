"""Fitting what a functional model is called with to the inputs it declares."""

from __future__ import annotations

from typing import Any

from kcore import dtypes, ops, tree
from kcore.engine.spec import public_shape
from kcore.errors import InvalidArgumentError, ShapeError
from kcore.ops import masks
from kcore.ops.operation import KerasTensor

from .graph import Graph


def fit_inputs(graph: Graph, inputs: Any) -> list[Any]:
    """The values of a graph's inputs, in order, in their declared dtypes.

    Args:
        graph: the graph that will run.
        inputs: a tensor for a graph of one input; else a list or tuple in the declared order, or a dictionary by the
            inputs' keys or names. A last axis of size 1 may be missing, or be there in excess.

    Returns:
        A tensor for each input, or `None` for an optional one.

    Raises:
        InvalidArgumentError: there are too few or too many inputs, or a name is missing.
        ShapeError: an input's shape doesn't fit the declared one.
    """
    names = input_names(graph)
    values = _in_order(graph, names, inputs)
    if len(values) != len(names):
        raise InvalidArgumentError(
            f"Model '{graph.name}' expects {len(names)} input(s): {names}. Received: {len(values)} input(s)"
        )
    return [_fit(graph, i, name, x) for i, (name, x) in enumerate(zip(names, values, strict=True))]


def input_names(graph: Graph) -> list[str]:
    """The names of the graph's inputs: those of their layers."""
    return [graph.node_of(x).operation.name for x in graph.flat_inputs]


def _in_order(graph: Graph, names: list[str], inputs: Any) -> list[Any]:
    if not isinstance(inputs, dict):
        return tree.flatten(inputs)
    keys = sorted(graph.inputs) if isinstance(graph.inputs, dict) else names
    if any(tree.is_nested(x) for x in inputs.values()):
        return tree.flatten(inputs)
    missing = [key for key in keys if key not in inputs]
    if missing:
        raise InvalidArgumentError(
            f"Model '{graph.name}' expects the inputs {keys}; {missing} are missing. Received: inputs={list(inputs)}"
        )
    return [inputs[key] for key in keys]


def _fit(graph: Graph, index: int, name: str, x: Any) -> Any:
    declared = graph.flat_inputs[index]
    if x is None:
        if graph.node_of(declared).operation.optional:
            return None
        raise InvalidArgumentError(f"Input {index} ('{name}') of model '{graph.name}' isn't optional. Received: None")
    if not hasattr(x, "shape"):
        raise InvalidArgumentError(
            f"Input {index} ('{name}') of model '{graph.name}' must be a tensor or an array. Received: {x!r} of "
            f"{type(x)}"
        )
    fitted = _fit_rank(declared, x)
    shape = public_shape(tuple(fitted.shape))
    if len(shape) != declared.ndim or any(
        a is not None and b is not None and a != b for a, b in zip(shape, declared.shape, strict=True)
    ):
        raise ShapeError(
            f"Input {index} ('{name}') of model '{graph.name}' must have shape {declared.shape}. "
            f"Received: shape={public_shape(tuple(x.shape))}"
        )
    if dtypes.standardize_dtype(fitted.dtype) != declared.dtype:
        fitted = ops.cast(fitted, declared.dtype)
    if fitted is not x and (mask := masks.get_mask(x)) is not None:
        masks.set_mask(fitted, mask)
    return fitted


def _fit_rank(declared: KerasTensor, x: Any) -> Any:
    rank = len(x.shape)
    if rank == declared.ndim + 1 and x.shape[-1] == 1:
        return ops.squeeze(x, axis=-1)
    if rank == declared.ndim - 1 and declared.shape[-1] == 1:
        return ops.expand_dims(x, axis=-1)
    return x
