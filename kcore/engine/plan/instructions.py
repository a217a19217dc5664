"""A graph with its tensors numbered: what the passes of a plan work on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kcore.engine.graph import Graph
from kcore.engine.primitives.internal import Internal
from kcore.engine.primitives.row import Primitive
from kcore.engine.spec import Spec
from kcore.engine.tracing import Tracer


@dataclass(slots=True)
class Instruction:
    """One call: numbers of its operands and results.

    Attributes:
        specs: the specs of the results.
        path: the layer that it belongs to.
    """

    primitive: Primitive
    operands: list[int]
    params: dict[str, Any]
    results: list[int]
    specs: tuple[Spec, ...]
    path: str = ""

    @property
    def name(self) -> str:
        return self.primitive.name


@dataclass
class Listing:
    """A graph in numbers.

    Attributes:
        inputs, outputs: numbers of tensors.
        constants: the tensors that are known, by number.
        specs: what every number is.
        sizes: how many calls there were, by the pass after which they were counted.
    """

    inputs: list[int]
    instructions: list[Instruction]
    outputs: list[int]
    constants: dict[int, Any] = field(default_factory=dict)
    specs: dict[int, Spec] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)

    def number(self, spec: Spec) -> int:
        """A new number."""
        self.specs[len(self.specs)] = spec
        return len(self.specs) - 1

    def constant(self, tensor, spec: Spec) -> int:
        """A new number for a known tensor."""
        number = self.number(spec)
        self.constants[number] = tensor
        return number

    def last_uses(self) -> dict[int, int]:
        """For each number the position of the last instruction that reads it (the number of instructions, for
        outputs)."""
        last = {x: position for position, instruction in enumerate(self.instructions) for x in instruction.operands}
        last.update(dict.fromkeys(self.outputs, len(self.instructions)))
        return last

    def __str__(self) -> str:
        lines = ["plan(" + ", ".join(f"%{x}: {self.specs[x]}" for x in self.inputs) + ")"]
        for i in self.instructions:
            operands = ", ".join(f"const({self.specs[x]})" if x in self.constants else f"%{x}" for x in i.operands)
            results = ", ".join(f"%{r}: {s}" for r, s in zip(i.results, i.specs, strict=True))
            params = "".join(f", {k}={v if not isinstance(v, Graph) else '<graph>'}" for k, v in i.params.items())
            lines.append(f"  {results} = {i.name}({operands}{params})" + (f"  # {i.path}" if i.path else ""))
        return "\n".join([*lines, "  return " + ", ".join(f"%{x}" for x in self.outputs)])


def lower(graph: Graph, backend) -> Listing:
    """Number a graph's tensors. Nodes that only pass operands on disappear here."""
    listing = Listing([], [], [])
    env: dict[Any, int] = {}
    constants: dict[int, int] = {}

    def number(x) -> int:
        if isinstance(x, Tracer):
            return env[x.key]
        if id(x) not in constants:
            constants[id(x)] = listing.constant(x, backend.spec_of(x))
        return constants[id(x)]

    for tracer in graph.inputs:
        env[tracer.key] = listing.number(tracer.spec)
    listing.inputs = list(env.values())
    for node in graph.nodes:
        operands = [number(x) for x in node.operands]
        if getattr(node.primitive, "alias", False):
            env.update({(node, i): operands[i] for i in range(len(node.specs))})
            continue
        params = node.params
        if isinstance(node.primitive, Internal):
            operands, params = node.primitive.lowered(backend, operands, node.specs, params)
        results = [listing.number(spec) for spec in node.specs]
        env.update({(node, i): r for i, r in enumerate(results)})
        listing.instructions.append(Instruction(node.primitive, operands, params, results, node.specs, node.path))
    listing.outputs = [number(x) for x in graph.outputs]
    return listing
