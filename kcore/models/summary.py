"""The table that `Model.summary` prints."""

from __future__ import annotations

import itertools
import math
import re
import sys
from collections.abc import Callable
from typing import Any

from kcore import dtypes, tree
from kcore.errors import InvalidArgumentError, KcoreError
from kcore.layers import Layer
from kcore.ops.operation import KerasTensor

from .tables import Column, table

_PLAIN = (Column("Layer (type)", 0.45), Column("Output Shape", 0.33), Column("Param #", 0.22, True))
_CONNECTED = (
    Column("Layer (type)", 0.29),
    Column("Output Shape", 0.25),
    Column("Param #", 0.18, True),
    Column("Connected to", 0.28),
)
_TRAINABLE = Column("Trainable", 0.19)


def print_summary(
    model: Any,
    line_length: int | None = None,
    positions: Any = None,
    print_fn: Callable[[str], Any] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Any = None,
) -> None:
    """Print the summary of a model.

    Args:
        model: the model.
        line_length: the width in characters.
        positions: where each column ends: fractions of the width, or characters.
        print_fn: what is called once with the text; the standard output if `None`.
        expand_nested: whether the layers of nested models are listed.
        show_trainable: whether a column says which layers are trainable.
        layer_range: two names, or patterns, of the first and the last layer to list.

    Example:
        >>> print_summary(Sequential(name="empty"), print_fn=lambda text: print(text.splitlines()[0]))
        Model: "empty"
    """
    text = summary_text(model, line_length, positions, expand_nested, show_trainable, layer_range)
    (print_fn or _write)(text)


def _write(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def summary_text(
    model, line_length=None, positions=None, expand_nested=False, show_trainable=False, layer_range=None
) -> str:
    """The summary of a model as text; arguments as those of `print_summary`."""
    connected = model._graph is not None and not _is_chain(model)
    columns = list(_CONNECTED if connected else _PLAIN) + ([_TRAINABLE] if show_trainable else [])
    widths = _widths(columns, line_length or (98 if connected else 78), positions)
    rows = _rows(model, _selected(model, layer_range), connected, expand_nested, show_trainable)
    lines = [f'Model: "{model.name}"', *table(columns, widths, rows), *_totals(model)]
    return "\n".join(lines)


def _is_chain(model: Any) -> bool:
    """Whether each layer is called once, on the output of one other."""
    graph = model._graph
    return (
        all(len(node.input_tensors) <= 1 and len(graph.nodes_of(node.operation)) == 1 for node in graph.nodes)
        and len({id(x) for node in graph.nodes for x in node.input_tensors}) == len(graph.nodes) - 1
    )


def _selected(model: Any, layer_range: Any) -> list[Any]:
    operations = model.layers if model._graph is None or hasattr(model, "_stack") else list(model._graph.operations)
    if layer_range is None:
        return operations
    if len(layer_range) != 2:
        raise InvalidArgumentError(f"`layer_range` must be two names. Received: layer_range={layer_range}")
    names = [operation.name for operation in operations]
    places = []
    for pattern in layer_range:
        found = [i for i, name in enumerate(names) if name == pattern or re.fullmatch(pattern, name)]
        if not found:
            raise InvalidArgumentError(
                f"`layer_range` must name layers of the model: {names}. Received: layer_range={layer_range}"
            )
        places.append(found)
    return operations[min(places[0]) : max(places[1]) + 1]


def _widths(columns: list[Column], line_length: int, positions: Any) -> list[int]:
    inner = line_length - len(columns) - 1
    if positions is None:
        total = sum(column.share for column in columns)
        ends = [sum(column.share for column in columns[: i + 1]) / total for i in range(len(columns))]
    else:
        ends = list(positions)[: len(columns)]
        if len(ends) < len(columns):
            raise InvalidArgumentError(f"`positions` must hold {len(columns)} numbers. Received: positions={positions}")
        ends = [end / line_length for end in ends] if ends[-1] > 1 else ends
    edges = [0, *(round(end * inner) for end in ends)]
    return [max(right - left, 4) for left, right in itertools.pairwise(edges)]


def _rows(
    model, operations, connected: bool, expand_nested: bool, show_trainable: bool, depth: int = 0
) -> list[list[str]]:
    rows = []
    prefix = f"{'    ' * (depth - 1)}└ " if depth else ""
    for operation in operations:
        row = [f"{prefix}{operation.name} ({_kind(operation)})", _output_shape(operation), _params(operation)]
        row += [_connections(model, operation)] if connected else []
        rows.append(row + ([_trainable(operation)] if show_trainable else []))
        if expand_nested and hasattr(operation, "layers") and isinstance(operation, Layer):
            rows += _rows(operation, _selected(operation, None), False, True, show_trainable, depth + 1)
    width = len(_CONNECTED if connected else _PLAIN) + show_trainable
    return [row if len(row) == width else [*row[:3], "", *row[3:]] for row in rows]


def _kind(operation: Any) -> str:
    return (
        type(operation).__name__
        if isinstance(operation, Layer)
        else "".join(p.capitalize() for p in operation.op.split("_"))
    )


def _output_shape(operation: Any) -> str:
    if operation._inbound_nodes:
        shapes = [tree.map_structure(_shape_of, node.outputs) for node in operation._inbound_nodes]
        unique = list(dict.fromkeys(map(repr, shapes)))
        return unique[0] if len(unique) == 1 else "multiple"
    graph = getattr(operation, "_graph", None)
    if graph is not None:
        return repr(tree.map_structure(_shape_of, graph.outputs))
    return _shape_when_built(operation) if operation._build_shapes else "?"


def _shape_when_built(layer: Layer) -> str:
    """The output's shape for the shape that the layer was built with."""
    shapes = layer._build_shapes
    try:
        return repr(
            layer.compute_output_shape(*shapes.values()) if len(shapes) == 1 else layer.compute_output_shape(**shapes)
        )
    except (KcoreError, TypeError, ValueError):
        return "?"


def _shape_of(x: Any) -> Any:
    return x.shape if isinstance(x, KerasTensor) else None


def _params(operation: Any) -> str:
    if not isinstance(operation, Layer):
        return "0"
    return f"{operation.count_params():,}" if operation.built else "0 (unbuilt)"


def _trainable(operation: Any) -> str:
    if not isinstance(operation, Layer) or not operation.weights:
        return "-"
    return "Y" if operation.trainable else "N"


def _connections(model: Any, operation: Any) -> str:
    graph = model._graph
    found = []
    for node in graph.nodes_of(operation):
        for x in node.input_tensors if graph.parents(node) else ():
            source = graph.node_of(x)
            index = graph.ref(x).index
            found.append(f"{source.operation.name}[{graph.nodes_of(source.operation).index(source)}][{index}]")
    return ", ".join(found) or "-"


def _totals(model: Any) -> list[str]:
    trainable, others = _size(model.trainable_weights), _size(model.non_trainable_weights)
    optimizer = _size(model.optimizer.variables) if getattr(model.optimizer, "built", False) else (0, 0)
    total = tuple(map(sum, zip(trainable, others, optimizer, strict=True)))
    lines = [
        f" Total params: {_sized(total)}",
        f" Trainable params: {_sized(trainable)}",
        f" Non-trainable params: {_sized(others)}",
    ]
    return [*lines, f" Optimizer params: {_sized(optimizer)}"] if optimizer[0] else lines


def _size(variables: Any) -> tuple[int, int]:
    """How many scalars and how many bytes."""
    counts = [(math.prod(v.shape), dtypes.itemsize(v.dtype)) for v in variables]
    return sum(n for n, _ in counts), sum(n * size for n, size in counts)


def _sized(size: Any) -> str:
    count, amount = size
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1024 or unit == "GB":
            return f"{count:,} ({amount:.2f} {unit})"
        amount /= 1024
    raise AssertionError
