"""The graph of layers between a model's inputs and outputs: which calls it consists of, in which order, and how it
runs.

    graph      the calls (nodes) between some `KerasTensor`s and others
    depth      the longest way from a node to an output; the layers of a model stand in the order of falling depth
    alias      an input of the model that isn't the output of an `Input`: the model starts there, behind an input layer
    made for it
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from kcore import tree
from kcore.errors import InvalidArgumentError
from kcore.layers import InputLayer, Layer
from kcore.ops.operation import KerasTensor, Node, map_symbolic, symbolic_leaves


class TensorRef(NamedTuple):
    """A `KerasTensor` of a graph, by the place of its node among the graph's nodes and its place among the node's
    outputs."""

    node: int
    index: int


class Graph:
    """The calls between inputs and outputs.

    Args:
        inputs: a structure of `KerasTensor`s.
        outputs: a structure of `KerasTensor`s that are computed from `inputs`.
        extra: further `KerasTensor`s to compute: a functional model's losses.
        name: the model's name, for errors.

    Attributes:
        inputs, outputs: the structures as given.
        flat_inputs, flat_outputs: their leaves, in order.
        nodes: the calls in an order in which they can run; those of inputs first.
        operations: what is called, each once, in the order that Keras gives a model's layers.

    Raises:
        InvalidArgumentError: an input isn't a `KerasTensor` or is given twice, an output doesn't depend on the inputs
            alone, two layers have one name, or the calls form a cycle.
    """

    def __init__(self, inputs: Any, outputs: Any, extra: tuple[KerasTensor, ...] = (), name: str = "model"):
        self.name = name
        self.inputs, self.outputs, self.extra = inputs, outputs, extra
        _check_tensors(inputs, "inputs", name)
        _check_tensors(outputs, "outputs", name)
        self.flat_inputs: list[KerasTensor] = tree.flatten(inputs)
        self.flat_outputs: list[KerasTensor] = tree.flatten(outputs)
        if len({id(x) for x in self.flat_inputs}) < len(self.flat_inputs):
            raise InvalidArgumentError(
                f"`inputs` of model '{name}' must be different tensors. Received: inputs={inputs}"
            )
        self._starts = {id(x): _input_node(x) for x in self.flat_inputs}
        self._collect()
        self._check_names()

    def node_of(self, x: KerasTensor) -> Node:
        """The call that computed a tensor of the graph."""
        start = self._starts.get(id(x))
        if start is not None:
            return start
        history = x._keras_history
        if history is None:
            raise InvalidArgumentError(f"Tensor {x!r} of model '{self.name}' has no history: no layer or op made it.")
        return history.operation._inbound_nodes[history.node_index]

    def parents(self, node: Node) -> list[Node]:
        """The calls that computed a call's inputs, each once."""
        if node in self._starts.values():
            return []
        return list({id(n): n for n in map(self.node_of, node.input_tensors)}.values())

    def ref(self, x: KerasTensor) -> TensorRef:
        """Where a tensor of the graph comes from."""
        node = self.node_of(x)
        index = 0 if id(x) in self._starts else x._keras_history.tensor_index  # type: ignore[union-attr]
        return TensorRef(self._position[id(node)], index)

    def tensor(self, ref: TensorRef) -> KerasTensor:
        """The tensor at a place."""
        return self.nodes[ref.node].output_tensors[ref.index]

    def nodes_of(self, operation: Any) -> list[Node]:
        """The calls of an operation in this graph, in the order they were made."""
        return [node for node in operation._inbound_nodes if id(node) in self._position]

    @property
    def layers(self) -> list[Layer]:
        """The operations that are layers."""
        return [operation for operation in self.operations if isinstance(operation, Layer)]

    def _collect(self) -> None:
        order, seen_first = self._visit()
        depth, of_operation = _depths(order, self.parents)
        for node in self._starts.values():
            if id(node) not in depth:
                order.append(node)
                depth[id(node)] = of_operation[id(node.operation)] = 0
        operations = list({id(node.operation): node.operation for node in (*seen_first, *order)}.values())
        self.operations = sorted(operations, key=lambda operation: -of_operation[id(operation)])
        starts = list(self._starts.values())
        rest = [node for node in order if not any(node is start for start in starts)]
        self.nodes = starts + sorted(rest, key=lambda node: -depth[id(node)])
        self._position = {id(node): i for i, node in enumerate(self.nodes)}

    def _visit(self) -> tuple[list[Node], list[Node]]:
        """All nodes, parents first, and all nodes in the order they were first come upon, walking back from the
        outputs."""
        finished: dict[int, Node] = {}
        entered: dict[int, Node] = {}
        for output in (*self.flat_outputs, *self.extra):
            pending: list[tuple[Node, Iterator[Node]]] = []
            self._enter(self.node_of(output), output, entered, pending)
            while pending:
                node, parents = pending[-1]
                parent = next((p for p in parents if id(p) not in finished), None)
                if parent is None:
                    finished[id(node)] = node
                    pending.pop()
                elif id(parent) in entered:
                    self._refuse_cycle(parent)
                else:
                    self._enter(parent, output, entered, pending)
        return list(finished.values()), list(entered.values())

    def _enter(self, node: Node, output: KerasTensor, entered: dict[int, Node], pending: list) -> None:
        if id(node) in entered:
            return
        parents = self.parents(node)
        if not parents and not any(node is start for start in self._starts.values()):
            raise InvalidArgumentError(
                f"Output {output!r} of model '{self.name}' isn't computed from its `inputs` alone: it depends on "
                f"{node.output_tensors[0]!r} of layer '{node.operation.name}', which isn't one of them. "
                f"Received: inputs={[x.name for x in self.flat_inputs]}"
            )
        entered[id(node)] = node
        pending.append((node, iter(parents)))

    def _refuse_cycle(self, node: Node) -> None:
        raise InvalidArgumentError(
            f"The graph of model '{self.name}' has a cycle: the output {node.output_tensors[0]!r} of layer "
            f"'{node.operation.name}' "
            "is needed to compute itself."
        )

    def _check_names(self) -> None:
        seen: dict[str, Any] = {}
        for layer in self.layers:
            other = seen.setdefault(layer.name, layer)
            if other is not layer:
                raise InvalidArgumentError(
                    f"The layers of model '{self.name}' must have different names. Received: the name '{layer.name}' "
                    "for a "
                    f"{type(other).__name__} and for a {type(layer).__name__}"
                )

    def run(self, values: list[Any], call: Callable[..., Any]) -> list[Any]:
        """Compute the outputs, and what is extra, from values of the inputs.

        Args:
            values: one for each of `flat_inputs`.
            call: `call(operation, args, kwargs)` runs one node.

        Returns:
            A value for each of `flat_outputs`, then for each of `extra`.
        """
        known = {id(x): value for x, value in zip(self.flat_inputs, values, strict=True)}
        known |= {id(start.output_tensors[0]): known[key] for key, start in self._starts.items()}
        for node in self.nodes[len(self._starts) :]:
            args, kwargs = node.fill_in(known)
            outputs = tree.flatten(call(node.operation, args, kwargs))
            known.update(zip(map(id, node.output_tensors), outputs, strict=False))
        return [known[id(x)] for x in (*self.flat_outputs, *self.extra)]

    def names(self) -> dict[int, str]:
        """A name for each operation by its id: its own, with a suffix for an op that is called like another
        operation."""
        taken = {layer.name for layer in self.layers}
        names = {id(layer): layer.name for layer in self.layers}
        for operation in self.operations:
            if id(operation) not in names:
                candidates = (f"{operation.name}_{i}" if i else operation.name for i in range(len(self.operations) + 1))
                names[id(operation)] = next(name for name in candidates if name not in taken)
                taken.add(names[id(operation)])
        return names

    def __getstate__(self) -> dict[str, Any]:
        """A flat description: copying and pickling must not follow the chain of tensors and calls from end to end."""
        described = []
        for node in self.nodes:
            outputs = map_symbolic(lambda x: _Described(x.shape, x.dtype, x.name), node.outputs)
            args, kwargs = map_symbolic(self.ref, (node.call_args, node.call_kwargs))
            is_start = any(node is start for start in self._starts.values())
            operation = node.operation if isinstance(node.operation, Layer) else _DescribedOperation(node.operation)
            described.append((operation, () if is_start else args, {} if is_start else kwargs, outputs))
        structures = map_symbolic(self.ref, (self.inputs, self.outputs, self.extra))
        return {"name": self.name, "nodes": described, "structures": structures}

    def __setstate__(self, state: dict[str, Any]) -> None:
        nodes: list[Node] = []

        def tensor(x):
            return nodes[x.node].output_tensors[x.index] if isinstance(x, TensorRef) else x

        for described, args, kwargs, outputs in state["nodes"]:
            operation = described.operation() if isinstance(described, _DescribedOperation) else described
            if isinstance(operation, InputLayer):
                nodes.append(operation._inbound_nodes[0])
                continue
            filled = _map_leaves((args, kwargs), TensorRef, tensor)
            made = _map_leaves(outputs, _Described, lambda x: x.tensor())
            nodes.append(Node(operation, filled[0], filled[1], made))
        inputs, outputs, extra = _map_leaves(state["structures"], TensorRef, tensor)
        self.__init__(inputs, outputs, extra, state["name"])


class _Described:
    """A `KerasTensor` without its history, as it is pickled."""

    def __init__(self, shape: tuple, dtype: str, name: str):
        self.shape, self.dtype, self.name = shape, dtype, name

    def tensor(self) -> KerasTensor:
        return KerasTensor(self.shape, self.dtype, name=self.name)


class _DescribedOperation:
    """An operation that isn't a layer, without its calls, as it is pickled."""

    def __init__(self, operation: Any):
        self.kind = type(operation)
        self.state = {**vars(operation), "_inbound_nodes": [], "_outbound_nodes": []}

    def operation(self) -> Any:
        operation = object.__new__(self.kind)
        vars(operation).update(self.state)
        return operation


def _map_leaves(structure: Any, kind: type, fn: Callable[[Any], Any]) -> Any:
    if isinstance(structure, kind):
        return fn(structure)
    if isinstance(structure, dict):
        return {key: _map_leaves(item, kind, fn) for key, item in structure.items()}
    if isinstance(structure, (list, tuple)):
        items = [_map_leaves(item, kind, fn) for item in structure]
        return type(structure)(*items) if hasattr(structure, "_fields") else type(structure)(items)
    return structure


def _input_node(x: KerasTensor) -> Node:
    """The node of the `Input` that a model's input is, or of one made to stand in front of an intermediate tensor."""
    history = x._keras_history
    if history is not None and isinstance(history.operation, InputLayer):
        return history.operation._inbound_nodes[history.node_index]
    return InputLayer(batch_shape=x.shape, dtype=x.dtype)._inbound_nodes[0]


def _depths(order: list[Node], parents: Callable[[Node], list[Node]]) -> tuple[dict[int, int], dict[int, int]]:
    """For each node, and for each operation, the longest way to an output. All calls of an operation count as deep as
    the deepest."""
    depth: dict[int, int] = {}
    of_operation: dict[int, int] = {}
    for node in reversed(order):
        here = max(depth.get(id(node), 0), of_operation.get(id(node.operation), 0))
        depth[id(node)] = of_operation[id(node.operation)] = here
        for parent in parents(node):
            depth[id(parent)] = max(here + 1, depth.get(id(parent), 0))
    return depth, of_operation


def _check_tensors(structure: Any, what: str, name: str) -> None:
    leaves = tree.flatten(structure)
    wrong = [x for x in leaves if not isinstance(x, KerasTensor)]
    if wrong or not leaves:
        received = f"{what}={structure!r}"
        hint = (
            " A tensor with values isn't one; start from `Input(...)`." if wrong and hasattr(wrong[0], "shape") else ""
        )
        raise InvalidArgumentError(
            f"`{what}` of model '{name}' must be KerasTensors, as `Input` and layers return them.{hint} Received: "
            f"{received}"
        )


def sources(tensors: Any) -> list[KerasTensor]:
    """The `KerasTensor`s of `Input`s that some `KerasTensor`s are computed from, in the order they are come upon.

    Args:
        tensors: a structure of `KerasTensor`s.
    """
    found: dict[int, KerasTensor] = {}
    seen: set[int] = set()
    pending = list(reversed(symbolic_leaves(tensors)))
    while pending:
        x = pending.pop()
        if id(x) in seen or x._keras_history is None:
            continue
        seen.add(id(x))
        node = x._keras_history.operation._inbound_nodes[x._keras_history.node_index]
        if node.is_input:
            found[id(x)] = x
        pending += reversed(node.input_tensors)
    return list(found.values())
