"""What a plan is, as plain data: what the passes did, which memory it uses, and its calls."""

from __future__ import annotations

import math
from typing import Any

from kcore.engine.graph import Graph
from kcore.engine.primitives.internal import Internal
from kcore.engine.spec import Spec

from . import Plan
from .buffers import nbytes
from .instructions import Instruction

PASSES = {
    "capture": "calls in the captured graph",
    "lower": "without those that only pass a tensor on",
    "simplify": "without those that change nothing, are of constants, or were made before",
    "prune": "without those whose result nobody reads",
    "hoist": "without views of variables, which are kept from step to step",
    "join": "without those that put parts side by side, which are written there",
}
"""What each pass leaves of the calls."""


def passes(plan: Plan) -> dict[str, int]:
    """How many calls are left after each of `PASSES`; the last number is how many a step makes."""
    sizes = dict(plan.listing.sizes)
    sizes["hoist"] = sizes["prune"] - len(hoisted(plan))
    sizes["join"] = len(run_positions(plan))
    return sizes


def hoisted(plan: Plan) -> set[int]:
    """The positions of the instructions that make views of variables."""
    return {position for positions in plan.source.views.values() for position in positions}


def run_positions(plan: Plan) -> list[int]:
    """The positions of the instructions that are calls of an engine's function at each step, in order."""
    gone = hoisted(plan) | plan.layout.skipped
    complete = {p for p, (join, _) in plan.layout.joins.items() if None not in join.writers}
    return [p for p in range(len(plan.listing.instructions)) if p not in gone | complete]


def memory(plan: Plan) -> dict[str, int]:
    """Where results go.

    Returns:
        The number of calls whose result goes `in_place` of an operand, `in_blocks` that the plan keeps, `as_views` of
        another tensor, and into memory that is `allocated`; `blocks` and `block_bytes`, and the `allocated_bytes`
        of a step. An engine that compiles the plan decides on its own.
    """
    places = [place_of(plan, position) for position in run_positions(plan)]
    fresh = [p for p, place in zip(run_positions(plan), places, strict=True) if place == "new"]
    return {
        "in_place": places.count("operand"),
        "in_blocks": places.count("block"),
        "as_views": places.count("view"),
        "allocated": places.count("new"),
        "blocks": len(plan.layout.block_sizes),
        "block_bytes": sum(plan.layout.block_sizes),
        "allocated_bytes": sum(_bytes(spec) for p in fresh for spec in plan.listing.instructions[p].specs),
    }


def place_of(plan: Plan, position: int) -> str:
    """Where an instruction's result goes: an `"operand"`, a `"block"`, nowhere (a `"view"`), or `"new"` memory."""
    layout, instruction = plan.layout, plan.listing.instructions[position]
    if position in layout.into or position in layout.fused:
        return "operand"
    if position in layout.block or position in layout.slots or position in layout.joins:
        return "block"
    if instruction.name in plan.backend.views and not isinstance(instruction.primitive, Internal):
        return "view"
    return "new"


def calls(plan: Plan) -> list[dict[str, Any]]:
    """The calls of a step, in order.

    Returns:
        For each its `position`, `call` (a primitive or fused op), the `layer` that made it (a path that ends with
        ` (gradient)` for calls that differentiate it), `operands` and `results` (specs in words), `params` in words,
        and the `place` of its result.
    """
    return [
        _call(plan, position, plan.listing.instructions[position]) | {"place": place_of(plan, position)}
        for position in run_positions(plan)
    ]


def _call(plan: Plan, position: int, instruction: Instruction) -> dict[str, Any]:
    specs = plan.listing.specs
    return {
        "position": position,
        "call": title(instruction),
        "layer": instruction.path,
        "operands": [str(specs[x]) for x in instruction.operands if specs[x].dtype != "opaque"],
        "results": [str(spec) for spec in instruction.specs if spec.dtype != "opaque"],
        "params": {name: _in_words(value) for name, value in instruction.params.items()},
    }


def title(instruction: Instruction) -> str:
    """The name of a call; of a pullback, with the op that it belongs to."""
    op = instruction.params.get("op")
    return f"{op.name} {instruction.name}" if instruction.name == "pullback" and op is not None else instruction.name


def _in_words(value: Any) -> str:
    if isinstance(value, Graph):
        return f"{len(value.nodes)} calls"
    return getattr(value, "name", None) or getattr(value, "__name__", None) or str(value)


def _bytes(spec: Spec) -> int:
    return 0 if spec.dtype == "opaque" or not math.prod(spec.shape) else nbytes(spec)
