"""Functional models: their configurations, in the form of Keras 3 (written and read) and of Keras 2 (read).

tensor reference   which output of which call of which layer: `["dense", 0, 0]`
Keras 3's calls    {"args": [...], "kwargs": {...}} with {"class_name": "__keras_tensor__", ...} for tensors
Keras 2's calls    [["dense", 0, 0, {kwargs}], ...]; where the layer is a model its first call had number 1
"""

from __future__ import annotations

from typing import Any

from kcore import registry
from kcore.errors import SerializationError
from kcore.layers import BatchNormalization, Bidirectional, InputLayer, Layer, TimeDistributed
from kcore.layers._call_arguments import signature_of
from kcore.ops.operation import KerasTensor, OpCall, symbolic_leaves

from . import _op_config
from .graph import Graph
from .model import Model

_TENSOR = "__keras_tensor__"
_DEFAULT_NONE = (BatchNormalization, Bidirectional, TimeDistributed)


@registry.builtin("models")
class Functional(Model):
    """A model made of the calls between some `KerasTensor`s and others: what `Model(inputs, outputs)` returns.

    Args:
        inputs: a `KerasTensor`, or a list or dictionary of them. One that doesn't come from an `Input` is where the
            model starts.
        outputs: likewise; computed from `inputs`.
        name: a name.
        **kwargs: as of every layer.

    Raises:
        InvalidArgumentError: an output depends on more than `inputs`, there is a cycle, or two layers have one name.

    Example:
        >>> a, b = Input((2,)), Input((2,))
        >>> Functional([a, b], a + b)([np.ones((1, 2)), np.ones((1, 2))]).tolist()
        [[2.0, 2.0]]
    """

    def __init__(self, inputs, outputs, name=None, **kwargs):
        super().__init__(inputs=inputs, outputs=outputs, name=name, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """The layers, their calls, and which tensors are inputs and outputs, as Keras 3 writes them."""
        graph = self._known_graph("get_config")
        references = _References(graph)
        return {
            "name": self.name,
            "trainable": self._trainable,
            "layers": [references.describe(operation) for operation in graph.operations],
            "input_layers": references.structure(graph.inputs),
            "output_layers": references.structure(graph.outputs),
        }


class _References:
    """Names and call numbers of a graph's operations, for writing."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self.names = graph.names()
        self.number = {
            id(node): i for operation in graph.operations for i, node in enumerate(graph.nodes_of(operation))
        }

    def history(self, x: KerasTensor) -> list[Any]:
        node = self.graph.node_of(x)
        index = self.graph.ref(x).index
        return [self.names[id(node.operation)], self.number[id(node)], index]

    def structure(self, tensors: Any) -> Any:
        """References in the structure of some tensors."""
        if isinstance(tensors, KerasTensor):
            return self.history(tensors)
        if isinstance(tensors, dict):
            return {key: self.structure(x) for key, x in tensors.items()}
        return [self.structure(x) for x in tensors]

    def describe(self, operation: Any) -> dict[str, Any]:
        """An operation and its calls."""
        name = self.names[id(operation)]
        if isinstance(operation, OpCall):
            described = _op_config.op_to_config(operation, name)
            calls = [_op_config.call_arguments(operation, node) for node in self.graph.nodes_of(operation)]
        else:
            described = registry.serialize_keras_object(operation)
            calls = [(node.call_args, node.call_kwargs) for node in self.graph.nodes_of(operation)]
        if isinstance(operation, InputLayer):
            calls = []
        nodes = [{"args": self.plain(list(args)), "kwargs": self.plain(kwargs)} for args, kwargs in calls]
        return {**described, "name": name, "inbound_nodes": nodes}

    def plain(self, value: Any) -> Any:
        """Call arguments as plain data."""
        if isinstance(value, KerasTensor):
            config = {"shape": list(value.shape), "dtype": value.dtype, "keras_history": self.history(value)}
            return {"class_name": _TENSOR, "config": config}
        if symbolic_leaves(value):
            return (
                {k: self.plain(v) for k, v in value.items()}
                if isinstance(value, dict)
                else [self.plain(v) for v in value]
            )
        return registry.serialize_keras_object(value)


def functional_from_config(cls: type, config: dict[str, Any]) -> Any:
    """A functional model from its configuration.

    Args:
        cls: the class to make: `Model`, or a subclass that takes `inputs` and `outputs`.
        config: in Keras 3's form or in Keras 2's.

    Raises:
        SerializationError: a call refers to a tensor that nothing computes.
    """
    reader = _Reader(config)
    reader.replay()
    options = {"trainable": config["trainable"]} if "trainable" in config else {}
    inputs, outputs = reader.structure(config["input_layers"]), reader.structure(config["output_layers"])
    return cls(inputs=inputs, outputs=outputs, name=config.get("name"), **options)


class _Reader:
    """Makes the layers of a configuration, then repeats their calls as soon as their arguments are there."""

    def __init__(self, config: dict[str, Any]):
        self.operations: dict[str, Any] = {}
        self.static: dict[str, dict[str, Any]] = {}
        self.calls: dict[str, list[Any]] = {}
        self.tensors: dict[tuple[str, int, int], KerasTensor] = {}
        for data in config["layers"]:
            self._make(data)
        self.is_keras2 = any(isinstance(call, list) for calls in self.calls.values() for call in calls)

    def _make(self, data: dict[str, Any]) -> None:
        name = data.get("name") or data["config"]["name"]
        if _op_config.is_op(data):
            self.operations[name], self.static[name] = _op_config.op_from_config(data)
        else:
            plain = {key: value for key, value in data.items() if key not in ("inbound_nodes", "name")}
            self.operations[name] = registry.deserialize_keras_object(plain, group="layers")
        self.calls[name] = list(data.get("inbound_nodes") or [])
        if isinstance(self.operations[name], InputLayer):
            self.tensors[name, 0, 0] = self.operations[name].output

    def replay(self) -> None:
        """Repeat all calls."""
        pending = {name: list(enumerate(calls)) for name, calls in self.calls.items() if calls}
        while pending:
            before = sum(map(len, pending.values()))
            for name, calls in list(pending.items()):
                while calls and self._ready(name, calls[0][1]):
                    self._repeat(name, *calls.pop(0))
                if not calls:
                    del pending[name]
            if sum(map(len, pending.values())) == before:
                raise SerializationError(
                    f"The calls of the layers {list(pending)} refer to tensors that no layer of the model computes."
                )

    def _ready(self, name: str, call: Any) -> bool:
        return all(reference in self.tensors for reference in self._references(call))

    def _repeat(self, name: str, number: int, call: Any) -> None:
        operation = self.operations[name]
        args, kwargs = self._arguments(call)
        if isinstance(operation, OpCall) and operation.op == "get_item":
            args = [args[0], tuple(args[1]) if isinstance(args[1], list) else args[1]]
        elif not self.is_keras2 and _is_default_flag(operation, kwargs.get("training")):
            del kwargs["training"]
        outputs = operation(*args, **{**kwargs, **self.static.get(name, {})})
        for index, x in enumerate(symbolic_leaves(outputs)):
            self.tensors[name, number, index] = x

    def _references(self, call: Any) -> list[tuple[str, int, int]]:
        found: list[tuple[str, int, int]] = []
        self._arguments(call, found)
        return found

    def _arguments(self, call: Any, found: list | None = None) -> tuple[list[Any], dict[str, Any]]:
        """The arguments of a call; with `found`, only the references in them are gathered."""
        if isinstance(call, dict):
            args, kwargs = self._revive(call.get("args", []), found), self._revive(call.get("kwargs", {}), found)
            return list(args), kwargs
        kwargs: dict[str, Any] = {}
        first = []
        for name, node, tensor, *options in [call] if isinstance(call[0], str) else call:
            first.append(self._look_up(self._keras2(name, node, tensor), found))
            kwargs.update(self._keras2_kwargs(options[0] if options else {}, found))
        return [first[0] if len(first) == 1 else first], kwargs

    def _keras2(self, name: str, node: int, tensor: int) -> tuple[str, int, int]:
        return (name, node - 1 if isinstance(self.operations.get(name), Model) else node, tensor)

    def _keras2_kwargs(self, kwargs: dict[str, Any], found: list | None) -> dict[str, Any]:
        return {key: self._keras2_value(value, found) for key, value in kwargs.items()}

    def _keras2_value(self, value: Any, found: list | None) -> Any:
        if isinstance(value, list) and len(value) == 3 and value[0] in self.operations:
            return self._look_up(self._keras2(*value), found)
        return [self._keras2_value(item, found) for item in value] if isinstance(value, list) else value

    def _revive(self, value: Any, found: list | None) -> Any:
        if isinstance(value, dict):
            if value.get("class_name") == _TENSOR:
                return self._look_up(tuple(value["config"]["keras_history"]), found)
            if "class_name" in value and "config" in value:
                return registry.deserialize_keras_object(value)
            return {key: self._revive(item, found) for key, item in value.items()}
        return [self._revive(item, found) for item in value] if isinstance(value, (list, tuple)) else value

    def _look_up(self, reference: Any, found: list | None) -> Any:
        if found is not None:
            found.append(tuple(reference))
        return self.tensors.get(tuple(reference))

    def structure(self, references: Any) -> Any:
        """The tensors that references stand for, in the structure of those."""
        if isinstance(references, dict):
            return {key: self.structure(item) for key, item in references.items()}
        if len(references) == 3 and isinstance(references[0], str):
            return self._existing(tuple(references))
        return [self.structure(item) for item in references]

    def _existing(self, reference: tuple[str, int, int]) -> KerasTensor:
        key = self._keras2(*reference) if self.is_keras2 else reference
        if key in self.tensors:
            return self.tensors[key]
        raise SerializationError(
            f"The model refers to output {reference[2]} of call {reference[1]} of layer '{reference[0]}', which "
            "isn't there."
        )


def _is_default_flag(operation: Any, training: Any) -> bool:
    """Whether a saved `training=False` is only the default of the layer's `call`.

    Keras 3 saves that default like a flag that the user gave, and then lets the flag of the model's call override
    either. Here a flag that was given holds, so the default must go. Layers whose default is `None` don't get it saved:
    there a saved flag was given.
    """
    if training is not False or isinstance(operation, (Model, *_DEFAULT_NONE)) or not isinstance(operation, Layer):
        return False
    built_in = registry.lookup_group(type(operation)) == "layers"
    return built_in or signature_of(type(operation).call).training_default is False
