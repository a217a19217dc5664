"""`clone_model`: the same architecture with layers and weights of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kcore import tree
from kcore.errors import InvalidArgumentError
from kcore.layers import Input, InputLayer, Layer
from kcore.ops.operation import KerasTensor, OpCall

from .functional import Functional
from .model import Model
from .sequential import Sequential


def clone_model(
    model: Model,
    input_tensors: Any = None,
    clone_function: Callable[[Layer], Layer] | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
) -> Any:
    """A model of the same architecture with new layers, whose weights are newly initialized.

    Args:
        model: a `Sequential`, a functional model, or another one with `get_config`.
        input_tensors: `KerasTensor`s to start from, in the structure of the model's inputs; new ones if `None`.
        clone_function: makes a layer from a layer; by its configuration if `None`.
        call_function: `call_function(layer, *args, **kwargs)` calls a new layer on `KerasTensor`s; plainly if `None`.
        recursive: whether `clone_function` is applied inside nested models too.

    Returns:
        The new model, of the same class.

    Raises:
        InvalidArgumentError: `model` isn't a model, or the other arguments don't go with a model of its kind.

    Example:
        >>> model = Sequential([Input((3,)), layers.Dense(2, name="dense")])
        >>> clone_model(model).layers[0] is model.layers[0]
        False
    """
    if not isinstance(model, Model):
        raise InvalidArgumentError(f"`model` must be a model. Received: model={model!r} of {type(model)}")
    clone = _cloner(clone_function, call_function, recursive)
    if isinstance(model, Sequential):
        return _clone_sequential(model, input_tensors, clone)
    if model._graph is not None and isinstance(model, Functional):
        return _clone_graph(model, input_tensors, clone, call_function or _call)
    if input_tensors is not None or clone_function is not None or call_function is not None:
        raise InvalidArgumentError(
            "`input_tensors`, `clone_function` and `call_function` need a Sequential or functional model. Received: "
            f"model={model!r}"
        )
    return type(model).from_config(model.get_config())


def _cloner(clone_function, call_function, recursive: bool) -> Callable[[Layer], Layer]:
    def clone(layer: Layer) -> Layer:
        if recursive and isinstance(layer, (Functional, Sequential)):
            return clone_model(
                layer, None, clone_function, call_function if isinstance(layer, Functional) else None, recursive
            )
        if clone_function is not None and not isinstance(layer, InputLayer):
            return clone_function(layer)
        return _copy(layer)

    return clone


def _copy(layer: Layer) -> Layer:
    return type(layer).from_config(layer.get_config())


def _call(layer: Any, *args: Any, **kwargs: Any) -> Any:
    return layer(*args, **kwargs)


def _clone_sequential(model: Sequential, input_tensors: Any, clone: Callable[[Layer], Layer]) -> Sequential:
    layers: list[Any] = [clone(layer) for layer in model._stack]
    if input_tensors is not None:
        start = tree.flatten(input_tensors)
        if len(start) != 1:
            raise InvalidArgumentError(
                f"`input_tensors` must be one tensor for a Sequential. Received: {input_tensors}"
            )
        layers = [_as_input(start[0]), *(layer for layer in layers if not isinstance(layer, InputLayer))]
    copy = type(model)(layers, name=model.name)
    copy._trainable = model._trainable
    return copy


def _as_input(x: Any) -> KerasTensor:
    history = getattr(x, "_keras_history", None)
    return (
        x
        if history is not None and isinstance(history.operation, InputLayer)
        else Input(batch_shape=x.shape, dtype=x.dtype)
    )


def _clone_graph(model: Any, input_tensors: Any, clone: Callable[[Layer], Layer], call: Callable[..., Any]) -> Any:
    graph = model._graph
    copies = {id(op): _copy_op(op) if isinstance(op, OpCall) else clone(op) for op in graph.operations}
    if input_tensors is None:
        starts = [copies[id(graph.node_of(x).operation)].output for x in graph.flat_inputs]
    else:
        starts = tree.flatten(input_tensors)
        if len(starts) != len(graph.flat_inputs):
            raise InvalidArgumentError(
                f"`input_tensors` must be {len(graph.flat_inputs)} tensors. Received: {input_tensors}"
            )

    def call_copy(operation, args, kwargs):
        copy = copies[id(operation)]
        return copy(*args, **kwargs) if isinstance(operation, OpCall) else call(copy, *args, **kwargs)

    results = graph.run(starts, call_copy)
    inputs = tree.pack_sequence_as(graph.inputs, starts)
    outputs = tree.pack_sequence_as(graph.outputs, results[: len(graph.flat_outputs)])
    copy = type(model)(inputs=inputs, outputs=outputs, name=model.name)
    copy._trainable = model._trainable
    return copy


def _copy_op(operation: OpCall) -> OpCall:
    return OpCall(operation.op, name=operation.name)
