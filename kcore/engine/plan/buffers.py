"""Where results are written: into an operand that dies, into a block that the plan keeps, or wherever the engine likes.

Every tensor has *roots*: the tensors whose memory it may share. A root's memory is free after the last use of all
that share it.

    input     a caller's: never written to, unless it is donated and dead
    constant  never written to
    kept      in a block of the plan: must not leave it
    fresh     made in this call: may leave

Of the roots those are the *owners* that aren't views themselves. A tensor is *whole* if it is all of its owner, in its
order: the owner itself, or a reshape of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from kcore.engine.primitives.internal import Internal
from kcore.engine.spec import Spec

from .instructions import Instruction, Listing
from .joins import Join, find_joins

SMALLEST_KEPT = 1 << 14
"""Results of fewer bytes aren't worth a kept block: the engine's own allocation is as fast."""


@dataclass
class Layout:
    """The decisions.

    Attributes:
        into: for an instruction's position, the number of the dying operand it writes into.
        fused: positions of fused ops that write into their operands.
        block: for an instruction's position, the index of the kept block it writes into.
        block_sizes: bytes of each kept block.
        copied: positions among the outputs that must be copied before they leave.
        joins: the joins, by position, each with its block.
        slots: for an instruction's position, the block and the byte at which its part of a join starts.
        skipped: positions of instructions that have nothing left to do.
        freed: for an instruction's position, the numbers whose memory holds nothing that is read after it.
    """

    into: dict[int, int] = field(default_factory=dict)
    fused: set[int] = field(default_factory=set)
    block: dict[int, int] = field(default_factory=dict)
    block_sizes: list[int] = field(default_factory=list)
    copied: set[int] = field(default_factory=set)
    joins: dict[int, tuple[Join, int]] = field(default_factory=dict)
    slots: dict[int, tuple[int, int]] = field(default_factory=dict)
    skipped: set[int] = field(default_factory=set)
    freed: dict[int, list[int]] = field(default_factory=dict)


def nbytes(spec: Spec) -> int:
    return (
        math.prod(spec.shape) * np.dtype(spec.dtype).itemsize if spec.dtype != "bfloat16" else 2 * math.prod(spec.shape)
    )


def plan_buffers(listing: Listing, backend, donated: Iterable[int]) -> Layout:
    """Decide for each instruction where it writes."""
    return _Planner(listing, backend, set(donated)).run()


class _Planner:
    def __init__(self, listing: Listing, backend, donated: set[int]):
        self.listing = listing
        self.backend = backend
        self.layout = Layout()
        self.roots: dict[int, frozenset[int]] = {x: frozenset((x,)) for x in (*listing.inputs, *listing.constants)}
        self.writable = set(donated)
        self.block_of: dict[int, int] = {}
        self.free: list[int] = []
        self.views: set[int] = set()
        self.whole: set[int] = set()
        self._find_roots()
        self.dies = self._deaths()
        self.leaving = frozenset().union(*(self.roots[x] for x in listing.outputs)) if listing.outputs else frozenset()

    def _find_roots(self) -> None:
        for instruction in self.listing.instructions:
            shared: frozenset[int] = frozenset()
            if instruction.name in self.backend.views:
                source = instruction.operands[0]
                shared = self.roots[source]
                self.views.update(instruction.results)
                if instruction.name == "reshape" and self._is_whole(source):
                    self.whole.update(instruction.results)
            elif isinstance(instruction.primitive, Internal):
                shared = frozenset().union(*(self.roots[x] for x in instruction.operands))
            own = instruction.results
            if isinstance(instruction.primitive, Internal) and instruction.primitive.fused:
                self.roots.update({x: frozenset((x,)) for x in own[:-1]})
                own, shared = own[-1:], self._shared_by_residuals(instruction).union(own[:-1])
            self.roots.update({x: shared | {x} for x in own})

    def _shared_by_residuals(self, instruction: Instruction) -> frozenset[int]:
        """What residuals may share memory with, besides the outputs: the operands that the pullback reads."""
        reads = self.backend.fused[instruction.name].reads
        operands = instruction.operands if reads is None else [instruction.operands[i] for i in reads]
        return frozenset().union(*(self.roots[x] for x in operands))

    def _writes(self, instruction: Instruction) -> bool:
        """Whether the backend is given the memory to write the result into."""
        plain = len(instruction.results) == 1 and not isinstance(instruction.primitive, Internal)
        if not plain or instruction.specs[0].shape == ():
            return False
        specs = [self.listing.specs[x] for x in instruction.operands]
        return self.backend.writes(instruction.name, specs, [self._is_whole(x) for x in instruction.operands])

    def _is_whole(self, x: int) -> bool:
        return x in self.whole or x not in self.views

    def _owners(self, x: int) -> set[int]:
        return {root for root in self.roots[x] if root not in self.views}

    def _deaths(self) -> dict[int, int]:
        """For each root the position of the last instruction that reads something that shares its memory."""
        dies: dict[int, int] = {}
        for x, position in self.listing.last_uses().items():
            for root in self.roots[x]:
                dies[root] = max(dies.get(root, -1), position)
        return dies

    def _reserve_joins(self) -> None:
        """A block of its own for each join, from the first part that is written to the last reader."""
        for join in find_joins(self.listing, self.backend, self._writes):
            spec = self.listing.instructions[join.position].specs[0]
            self.layout.block_sizes.append(nbytes(spec))
            block, width = len(self.layout.block_sizes) - 1, nbytes(Spec((1,), spec.dtype))
            self.layout.joins[join.position] = join, block
            self.layout.skipped.update(join.reshapes)
            for writer, start in zip(join.writers, join.starts, strict=True):
                if writer is not None:
                    self.layout.slots[writer] = block, start * width

    def run(self) -> Layout:
        self._reserve_joins()
        expiring: dict[int, list[int]] = {}
        for root, position in self.dies.items():
            expiring.setdefault(position, []).append(root)
        for position, instruction in enumerate(self.listing.instructions):
            self._place(position, instruction)
            dead = expiring.get(position, [])
            passed_on = self._passed_on(position, instruction)
            self.layout.freed[position] = [x for x in dead if x in self.writable and x not in passed_on]
            for root in dead:
                if root in self.block_of:
                    self.free.append(self.block_of.pop(root))
        self._copy_what_stays()
        return self.layout

    def _place(self, position: int, instruction: Instruction) -> None:
        if position in self.layout.slots or position in self.layout.joins:
            result = instruction.results[0]
            self.roots[result] = frozenset((result,))
            if position in self.layout.joins:
                self.block_of[result] = self.layout.joins[position][1]
                self.writable.add(result)
            return
        if isinstance(instruction.primitive, Internal) and instruction.primitive.fused:
            self._place_fused(position, instruction)
            return
        if not self._writes(instruction):
            if instruction.name not in self.backend.views and not isinstance(instruction.primitive, Internal):
                self.writable.update(() if instruction.specs[0].shape == () else instruction.results)
            return
        result = instruction.results[0]
        self.roots[result] = frozenset((result,))
        victim = self._victim(position, instruction)
        if victim is not None:
            self.layout.into[position] = victim
            self._hand_over(victim, result)
        elif result not in self.leaving and nbytes(instruction.specs[0]) >= SMALLEST_KEPT:
            self.layout.block[position] = self.block_of[result] = self._take_block(nbytes(instruction.specs[0]))
        self.writable.add(result)

    def _passed_on(self, position: int, instruction: Instruction) -> set[int]:
        """The operands whose memory holds the results now."""
        written = [self.layout.into[position]] if position in self.layout.into else []
        if position in self.layout.fused:
            written = [instruction.operands[i] for i in self.backend.fused[instruction.name].overwrites]
        return {root for x in written for root in self.roots[x]}

    def _hand_over(self, x: int, result: int) -> None:
        """The block that x is in, if it is in one, is now the result's."""
        for owner in self._owners(x) & self.block_of.keys():
            self.block_of[result] = self.block_of.pop(owner)

    def _place_fused(self, position: int, instruction: Instruction) -> None:
        entry = self.backend.fused[instruction.name]
        pairs = [
            (instruction.operands[i], result) for i, result in zip(entry.overwrites, instruction.results, strict=False)
        ]
        safe = all(
            instruction.operands.count(x) == 1 and self._may_overwrite(position, x, result, instruction)
            for x, result in pairs
        )
        if entry.inplace is not None and safe:
            self.layout.fused.add(position)
            for x, result in pairs:
                self._hand_over(x, result)
        self.writable.update(instruction.results[:-1])

    def _may_overwrite(self, position: int, x: int, result: int, instruction: Instruction) -> bool:
        """Whether x is dead after this instruction, in memory that may be written to and that may go where the result
        goes."""
        owners = self._owners(x)
        return (
            self._is_whole(x)
            and owners <= self.writable
            and all(self.dies[root] == position for root in self.roots[x])
            and sum(not owners.isdisjoint(self.roots[o]) for o in set(instruction.operands)) == 1
            and not (result in self.leaving and not owners.isdisjoint(self.block_of))
        )

    def _victim(self, position: int, instruction: Instruction) -> int | None:
        """An operand that dies here, of the result's spec, in memory that may be written to and nobody else reads
        from."""
        if instruction.primitive.group != "elementwise":
            return None
        result = instruction.results[0]
        for x in instruction.operands:
            if self.listing.specs[x] == instruction.specs[0] and self._may_overwrite(position, x, result, instruction):
                return x
        return None

    def _take_block(self, size: int) -> int:
        sizes = self.layout.block_sizes
        fitting = [b for b in self.free if size <= sizes[b] <= 2 * size]
        if fitting:
            best = min(fitting, key=sizes.__getitem__)
            self.free.remove(best)
            return best
        sizes.append(size)
        return len(sizes) - 1

    def _copy_what_stays(self) -> None:
        """Outputs that are inputs, constants, or views of them are copied, as are repeated ones."""
        seen: set[int] = set()
        held = {*self.listing.inputs, *self.listing.constants}
        for position, x in enumerate(self.listing.outputs):
            if self.roots[x] & (held | seen):
                self.layout.copied.add(position)
            seen |= self.roots[x]
