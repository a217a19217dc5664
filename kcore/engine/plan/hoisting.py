"""Views of variables: made once, and kept as long as the variable's memory stays where it is.

The variables of a model are slices of one flat tensor, which an optimizer updates in place. So a plan would slice and
reshape the same memory in the same way at each step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .instructions import Instruction, Listing

VIEWS = ("slice", "reshape", "permute_dims")
"""Primitives that give a view of a contiguous tensor of one axis, or of a view that `VIEWS` gave."""


def find_views(listing: Listing, backend, kept: Iterable[int]) -> dict[int, list[int]]:
    """Positions of the instructions that make views of kept inputs, by input.

    Args:
        listing: the instructions.
        backend: the backend; views of an engine whose tensors are immutable are left to its compiler.
        kept: numbers of inputs that are likely to be the same tensor at the next call.
    """
    sources = {x: x for x in kept if len(listing.specs[x].shape) == 1}
    found: dict[int, list[int]] = {}
    if backend.immutable or not backend.views.issuperset(VIEWS):
        return found
    for position, instruction in enumerate(listing.instructions):
        source = sources.get(instruction.operands[0]) if instruction.operands else None
        if source is not None and _is_view(instruction):
            sources[instruction.results[0]] = source
            found.setdefault(source, []).append(position)
    return found


def _is_view(instruction: Instruction) -> bool:
    if instruction.name == "slice":
        return set(instruction.params["step"]) == {1}
    return instruction.name in VIEWS


class Views:
    """What gives the views of an input.

    Args:
        source: the input's number.
        steps: function, operand and result of each view, in order.
        wanted: numbers of the views to give.
        is_contiguous: whether a tensor's elements stand side by side in memory; views of others may be copies.
    """

    def __init__(
        self,
        source: int,
        steps: list[tuple[Callable[..., Any], int, int]],
        wanted: list[int],
        is_contiguous: Callable[..., bool],
    ):
        self._source, self._steps, self._wanted, self._is_contiguous = source, steps, wanted, is_contiguous
        self._held: tuple[Any, tuple] = (None, ())

    def __call__(self, x: Any) -> tuple:
        held, views = self._held
        if held is x:
            return views
        env = {self._source: x}
        for function, operand, result in self._steps:
            env[result] = function(env[operand])
        views = tuple(env[number] for number in self._wanted)
        if self._is_contiguous(x):
            self._held = x, views
        return views
