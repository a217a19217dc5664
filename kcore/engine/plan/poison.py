"""Plans that show wrong decisions about memory, for tests: `with poisoning(): ...`.

Whatever a plan gives up is filled with bytes of 255, in floats a NaN that no arithmetic makes: a tensor that dies, a
donated input, and all kept blocks before a call and after it. Before each call its operands are searched for that.
Integers and bools are filled too (with -1 or the largest one, and `True`), but not searched: the answer goes wrong.
Inputs that weren't donated must have their numbers still when the plan is through.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from kcore import tree
from kcore.dtypes import is_float
from kcore.engine.spec import Spec

from . import buffers
from .buffers import Layout
from .codegen import Source
from .instructions import Instruction, Listing


@contextlib.contextmanager
def poisoning() -> Iterator[None]:
    """Context manager: plans made inside are `Poisoned`, and keep blocks for the smallest results too."""
    from kcore.engine import plan

    before = plan.POISONING, buffers.SMALLEST_KEPT
    plan.POISONING, buffers.SMALLEST_KEPT = True, 1
    try:
        yield
    finally:
        plan.POISONING, buffers.SMALLEST_KEPT = before


class Poisoned(Source):
    """A program that fills what it gives up, and reads none of it."""

    def __init__(self, listing: Listing, layout: Layout, backend, kept: Iterable[int], donated: Iterable[int]):
        self._guard = _Guard(listing, backend)
        self._in_place = {r for position in layout.skipped for r in listing.instructions[position].results}
        super().__init__(listing, layout, backend, kept)
        self.names["guard"] = self._guard
        written = set(donated)
        self._unwritten = [i for i, x in enumerate(listing.inputs) if x not in written]

    def _before(self, position: int) -> list[str]:
        operands = [x for x in self.listing.instructions[position].operands if x not in self._in_place]
        return [f"guard.read({position}, {operands}, {self._tuple(operands)})"]

    def _after(self, position: int, dying: list[int]) -> list[str]:
        """No name is dropped: it may be the one whose memory is given up later."""
        freed = [x for x in self.layout.freed[position] if self.listing.specs[x].shape != ()]
        return [f"guard.give_up({position}, {self._tuple(freed)})"] if freed else []

    def _tuple(self, numbers: Sequence[int]) -> str:
        return f"({''.join(f'{self._name(x)}, ' for x in numbers)})"

    def compile(self) -> Callable[..., tuple]:
        program = super().compile()

        def run(*inputs) -> tuple:
            before = self._bytes(inputs)
            self._fill_blocks()
            outputs = program(*inputs)
            self._fill_blocks()
            self._guard.finish(outputs)
            if self._bytes(inputs) != before:
                raise AssertionError("A plan wrote into an input that wasn't donated.")
            return outputs

        return run

    def _fill_blocks(self) -> None:
        for block in self.blocks:
            block[...] = 255

    def _bytes(self, inputs: Sequence[Any]) -> list[bytes]:
        return [np.asarray(self.backend.to_numpy(inputs[i])).tobytes() for i in self._unwritten]


class _Guard:
    def __init__(self, listing: Listing, backend):
        self._listing, self._backend = listing, backend
        self._given_up: list[tuple[int, np.ndarray]] = []

    def give_up(self, position: int, tensors: Sequence[Any]) -> None:
        """Fill tensors whose last reader was the instruction at this position."""
        for x in tensors:
            dtype = self._backend.dtype_of(x)
            x[...] = True if dtype == "bool" else self._filling(dtype)
            self._given_up.append((position, self._backend.to_numpy(x)))

    def _filling(self, dtype: str) -> Any:
        block = self._backend.allocate(8)
        block[...] = 255
        return self._backend.place(block, Spec((), dtype))

    def read(self, position: int, numbers: Sequence[int], operands: Sequence[Any]) -> None:
        """Refuse operands that hold the filling."""
        instruction = self._listing.instructions[position]
        for operand, number in zip(operands, numbers, strict=True):
            for x in self._tensors(operand):
                if is_poisoned(x, self._backend):
                    raise AssertionError(
                        f"{self._described(instruction)} reads operand %{number} ({self._listing.specs[number]}) from "
                        f"memory that {self._culprit(x)}."
                    )

    def finish(self, outputs: Sequence[Any]) -> None:
        """Refuse outputs that hold the filling."""
        self._given_up.clear()
        for place, (x, number) in enumerate(zip(outputs, self._listing.outputs, strict=True)):
            if is_poisoned(x, self._backend):
                raise AssertionError(f"Output {place} of a plan (%{number}) is in memory that the plan keeps.")

    def _tensors(self, operand: Any) -> list[Any]:
        """The operand; what a fused op keeps for its pullback may be several tensors."""
        return [x for x in tree.flatten(operand) if self._backend.is_tensor(x)]

    def _described(self, instruction: Instruction) -> str:
        return f"`{instruction.name}`" + (f" in layer '{instruction.path}'" if instruction.path else "")

    def _culprit(self, x: Any) -> str:
        """Who let the memory go, where tensors can be compared by it."""
        memory = self._backend.to_numpy(x)
        for position, given_up in reversed(self._given_up):
            if np.shares_memory(memory, given_up):
                return f"was given up after {self._described(self._listing.instructions[position])}"
        return "nothing was written into, or that was given up"


def is_poisoned(x: Any, backend) -> bool:
    """Whether a tensor of floats holds an element whose bytes are all 255."""
    if backend.shape_of(x) == () or not is_float(backend.dtype_of(x)):
        return False
    array = np.ascontiguousarray(backend.to_numpy(x))
    bits = array.view(f"u{array.itemsize}")
    return bool((bits == np.iinfo(bits.dtype).max).any())
