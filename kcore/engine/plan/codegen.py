"""From a listing to a Python function: one line an instruction, each a call of a function that is bound already."""

from __future__ import annotations

import functools
import linecache
from collections.abc import Callable
from typing import Any

from kcore.engine.primitives.internal import Internal

from .buffers import Layout
from .instructions import Instruction, Listing


class Source:
    """The generated program.

    Attributes:
        text: its source.
        names: what the source refers to.
        instruction_at: the position of the instruction on each line.
    """

    def __init__(self, listing: Listing, layout: Layout, backend):
        self.listing, self.layout, self.backend = listing, layout, backend
        self.names: dict[str, Any] = {f"c{x}": tensor for x, tensor in listing.constants.items()}
        self.instruction_at: dict[int, int] = {}
        self.blocks = [backend.allocate(size) for size in layout.block_sizes]
        self.text = self._write()

    def _write(self) -> str:
        lines = [f"def program({', '.join(self._name(x) for x in self.listing.inputs)}):"]
        dying = self._dying()
        for position, instruction in enumerate(self.listing.instructions):
            lines.append("    " + self._call(position, instruction))
            self.instruction_at[len(lines)] = position
            if dying.get(position):
                lines.append("    del " + ", ".join(self._name(x) for x in dying[position]))
        lines.append(
            "    return (" + "".join(self._output(i, x) + ", " for i, x in enumerate(self.listing.outputs)) + ")"
        )
        return "\n".join(lines) + "\n"

    def _dying(self) -> dict[int, list[int]]:
        """The names that can be dropped after each instruction, so that the engine frees their memory."""
        made = {r: position for position, i in enumerate(self.listing.instructions) for r in i.results}
        last = self.listing.last_uses()
        dying: dict[int, list[int]] = {}
        for x, position in made.items():
            dying.setdefault(last.get(x, position), []).append(x)
        dying.pop(len(self.listing.instructions), None)
        return dying

    def _name(self, x: int) -> str:
        return f"c{x}" if x in self.listing.constants else f"v{x}"

    def _output(self, position: int, x: int) -> str:
        if position in self.layout.copied:
            self.names["copy"] = self.backend.copy
            return f"copy({self._name(x)})"
        return self._name(x)

    def _call(self, position: int, instruction: Instruction) -> str:
        operands = [self._name(x) for x in instruction.operands]
        results = ", ".join(f"v{r}" for r in instruction.results) + ("," if isinstance_of_several(instruction) else "")
        target = self._target(position, instruction)
        function = f"f{position}"
        into = target is not None or position in self.layout.fused
        self.names[function] = bound(instruction, self.backend, into)
        if target is not None:
            operands.append(f"out={target}")
        return f"{results} = {function}({', '.join(operands)})"

    def _target(self, position: int, instruction: Instruction) -> str | None:
        if position in self.layout.into:
            return self._name(self.layout.into[position])
        if position in self.layout.block:
            name = f"b{position}"
            self.names[name] = self.backend.place(self.blocks[self.layout.block[position]], instruction.specs[0])
            return name
        return None

    def compile(self) -> Callable[..., tuple]:
        """The function."""
        filename = f"<kcore plan {id(self):x}>"
        linecache.cache[filename] = (len(self.text), None, self.text.splitlines(True), filename)
        namespace = dict(self.names)
        exec(compile(self.text, filename, "exec"), namespace)
        return namespace["program"]


def isinstance_of_several(instruction: Instruction) -> bool:
    """Whether the call returns a tuple of one."""
    return isinstance(instruction.primitive, Internal) and len(instruction.results) == 1


def bound(instruction: Instruction, backend, into: bool) -> Callable[..., Any]:
    """The function that an instruction calls, with its static parameters fixed."""
    if isinstance(instruction.primitive, Internal):
        if into:
            return _fused_inplace(backend.fused[instruction.name].inplace, instruction.params)
        return functools.partial(instruction.primitive.evaluate_bound, backend, instruction.params)
    if into:
        function = backend.inplace[instruction.name]
        return functools.partial(function, **instruction.params) if instruction.params else function
    return backend.bind(instruction.name, instruction.params)


def _fused_inplace(function: Callable[..., Any], params: dict[str, Any]) -> Callable[..., Any]:
    return lambda *operands: (*function(*operands, **params), None)
