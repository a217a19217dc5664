"""Joins: tensors that are made to be concatenated are written side by side in the first place.

An optimizer's gradient is one vector of all variables' gradients. Each of them is the result of one call; where the
backend can write that into given memory, the memory is its part of the vector, and nothing is left to concatenate.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from kcore.engine.primitives.internal import Internal

from .instructions import Instruction, Listing


@dataclass
class Join:
    """One `concat` that needs no call.

    Attributes:
        position: of the `concat`.
        writers: for each operand of it, the position of the instruction that writes the part, which for a `reshape`
            means that it copies; `None` for a part that is copied in the end.
        starts: for each operand, how many elements stand before it.
        reshapes: positions of the calls of `reshape` that have nothing left to do.
    """

    position: int
    writers: list[int | None]
    starts: list[int]
    reshapes: list[int]


def find_joins(listing: Listing, backend, writes: Callable[[Instruction], bool]) -> list[Join]:
    """The joins of a listing, of parts that `writes` says the backend writes into given memory."""
    if not {"concat", "cast"} <= backend.inplace.keys():
        return []
    return _Finder(listing, backend, writes).run()


class _Finder:
    def __init__(self, listing: Listing, backend, writes: Callable[[Instruction], bool]):
        self.listing, self.backend, self.writes = listing, backend, writes
        self.maker = {r: p for p, i in enumerate(listing.instructions) for r in i.results}
        self.uses: dict[int, int] = {}
        for x in (*(x for i in listing.instructions for x in i.operands), *listing.outputs):
            self.uses[x] = self.uses.get(x, 0) + 1

    def run(self) -> list[Join]:
        found = [self._join(p, i) for p, i in enumerate(self.listing.instructions) if self._is_candidate(i)]
        return [join for join in found if any(w is not None and not self._reshapes(w) for w in join.writers)]

    def _is_candidate(self, instruction: Instruction) -> bool:
        flat = instruction.name == "concat" and len(instruction.specs[0].shape) == 1
        return flat and not any(self._shares(x) for x in instruction.results)

    def _shares(self, x: int) -> bool:
        """Whether the tensor, or a view of it, leaves the plan."""
        if x in self.listing.outputs:
            return True
        readers = (i for i in self.listing.instructions if x in i.operands)
        return any(self._shares(r) for i in readers for r in _sharing(i, self.backend))

    def _join(self, position: int, instruction: Instruction) -> Join:
        join, start = Join(position, [], [], []), 0
        for x in instruction.operands:
            join.starts.append(start)
            start += math.prod(self.listing.specs[x].shape)
            join.writers.append(self._writer(x, join))
        return join

    def _writer(self, x: int, join: Join) -> int | None:
        """Who may write the part x, through a `reshape` perhaps."""
        position = self.maker.get(x)
        if position is None or self.uses[x] != 1:
            return None
        instruction = self.listing.instructions[position]
        if not self._reshapes(position):
            return position if self.writes(instruction) else None
        source = instruction.operands[0]
        writer = self.maker.get(source)
        if writer is None or self.listing.instructions[writer].name in self.backend.views:
            return None
        if self.uses[source] == 1 and self.writes(self.listing.instructions[writer]):
            join.reshapes.append(position)
            return writer
        return position

    def _reshapes(self, position: int) -> bool:
        return self.listing.instructions[position].name == "reshape"


def _sharing(instruction: Instruction, backend) -> list[int]:
    """The results that may share memory with operands: of a fused op, what its pullback needs."""
    if isinstance(instruction.primitive, Internal):
        return instruction.results[-1:] if instruction.primitive.fused else instruction.results
    return instruction.results if instruction.name in backend.views else []
