"""Graphs: a captured function as a flat list of nodes, to be read, checked, replayed and compiled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kcore.errors import CaptureError

from .spec import Spec
from .tracing import Capture, Node, Tracer, current_capture, layer_path, spec_of


class Graph:
    """A captured function.

    Attributes:
        inputs: its input tracers.
        nodes: the calls, in order.
        outputs: tracers, or constants.

    `str(graph)` is a listing that a person can read.
    """

    def __init__(self, inputs: Sequence[Tracer], nodes: Sequence[Node], outputs: Sequence[Any]):
        self.inputs = tuple(inputs)
        self.nodes = tuple(nodes)
        self.outputs = tuple(outputs)
        self.programs: dict[Any, Any] = {}

    @property
    def output_specs(self) -> tuple[Spec, ...]:
        return tuple(spec_of(x) for x in self.outputs)

    def apply(self, *operands) -> list[Any]:
        """Run the nodes again on these operands, in whatever mode is on: the graph as a function of tensors."""
        env: dict[Any, Any] = {tracer.key: x for tracer, x in zip(self.inputs, operands, strict=True)}
        for node in self.nodes:
            values = [env[x.key] if isinstance(x, Tracer) else x for x in node.operands]
            with layer_path(node.path):
                result = node.primitive(*values, **node.params)
            for i, value in enumerate(result if node.several else (result,)):
                env[node, i] = value
        return [env[x.key] if isinstance(x, Tracer) else x for x in self.outputs]

    def check(self) -> None:
        """Derive every shape and dtype again; each operand must come from before.

        Raises:
            CaptureError: the graph contradicts the table.
        """
        known = {tracer.key: tracer.spec for tracer in self.inputs}
        for node in self.nodes:
            missing = [x for x in node.operands if isinstance(x, Tracer) and x.key not in known]
            if missing:
                raise CaptureError(
                    f"Node `{node.primitive.name}` uses a tensor that comes later, or from elsewhere: {missing}"
                )
            specs = node.primitive.spec(*(spec_of(x) for x in node.operands), **node.params)
            specs = specs if node.several else (specs,)
            if specs != node.specs:
                raise CaptureError(f"Node `{node.primitive.name}` has specs {node.specs}; the table says {specs}.")
            known.update({(node, i): spec for i, spec in enumerate(specs)})
        lost = [x for x in self.outputs if isinstance(x, Tracer) and x.key not in known]
        if lost:
            raise CaptureError(f"Outputs that no node makes: {lost}")

    def __str__(self) -> str:
        return "\n".join(_listing(self))


def _listing(graph: Graph):
    names: dict[Any, str] = {}

    def name(x) -> str:
        if not isinstance(x, Tracer):
            return f"const({spec_of(x)})"
        return names.setdefault(x.key, f"%{len(names)}")

    yield "graph(" + ", ".join(f"{name(x)}: {x.spec}" for x in graph.inputs) + ")"
    for node in graph.nodes:
        operands = [name(x) for x in node.operands]
        results = [names.setdefault((node, i), f"%{len(names)}") for i in range(len(node.specs))]
        typed = ", ".join(f"{r}: {s}" for r, s in zip(results, node.specs, strict=True))
        params = ", ".join(f"{k}={_short(v)}" for k, v in node.params.items())
        where = f"  # {node.path}" if node.path else ""
        yield f"  {typed} = {node.primitive.name}({', '.join(operands)}{'; ' if params else ''}{params}){where}"
    yield "  return " + ", ".join(name(x) for x in graph.outputs)


def _short(value) -> str:
    return (
        f"<{len(value.nodes)} nodes>" if isinstance(value, Graph) else getattr(value, "__name__", None) or repr(value)
    )


def capture_body(fn: Callable[..., Sequence[Any]], specs: Sequence[Spec]) -> tuple[Graph, list[Tracer]]:
    """Capture `fn`, a function of tensors that returns a list of tensors, as the body of a control flow node.

    Returns:
        The graph, whose first inputs are the tensors that `fn` uses from around it and the others those of `specs`;
        and the former, as the capture around this one sees them.
    """
    parent = current_capture()
    abstract = parent is not None and parent.abstract
    with Capture(parent=parent, abstract=abstract) as capture:
        inputs = [capture.input(spec) for spec in specs]
        outputs = [capture.adopt(x) for x in fn(*inputs)]
    outer = [pair[0] for pair in capture.free.values()]
    inner = [pair[1] for pair in capture.free.values()]
    return Graph([*inner, *inputs], capture.nodes, outputs), outer
