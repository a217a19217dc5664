"""From a listing to a Python function: one line an instruction, each a call of a function that is bound already."""

from __future__ import annotations

import functools
import linecache
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from kcore.engine.primitives.internal import Internal
from kcore.engine.spec import Spec

from .buffers import Layout
from .hoisting import Views, find_views
from .instructions import Instruction, Listing


class Source:
    """The generated program.

    Attributes:
        text: its source.
        names: what the source refers to.
        instruction_at: the position of the instruction on each line.
    """

    def __init__(self, listing: Listing, layout: Layout, backend, kept: Iterable[int] = (), blocks=None):
        self.listing, self.layout, self.backend = listing, layout, backend
        self.views = find_views(listing, backend, kept)
        self.names: dict[str, Any] = {f"c{x}": tensor for x, tensor in listing.constants.items()}
        self.instruction_at: dict[int, int] = {}
        self.blocks = blocks or [backend.allocate(size) for size in layout.block_sizes]
        self.text = self._write()

    def _write(self) -> str:
        lines = [f"def program({', '.join(self._name(x) for x in self.listing.inputs)}):"]
        done = {*self.layout.skipped, *(position for positions in self.views.values() for position in positions)}
        lines += [f"    {self._view_call(source)}" for source in self.views]
        dying = self._dying(done)
        for position, instruction in enumerate(self.listing.instructions):
            calls = [] if position in done else list(self._calls(position, instruction))
            lines += [f"    {line}" for line in self._before(position)] if calls else []
            for call in calls:
                lines.append("    " + call)
                self.instruction_at[len(lines)] = position
            lines += [f"    {line}" for line in self._after(position, dying.get(position, []))]
        lines.append(
            "    return (" + "".join(self._output(i, x) + ", " for i, x in enumerate(self.listing.outputs)) + ")"
        )
        return "\n".join(lines) + "\n"

    def _before(self, position: int) -> list[str]:
        """Lines before an instruction's calls."""
        return []

    def _after(self, position: int, dying: list[int]) -> list[str]:
        """Lines after an instruction's calls: `dying` are the numbers that nothing reads any more."""
        return ["del " + ", ".join(map(self._name, dying))] if dying else []

    def _view_call(self, source: int) -> str:
        """The line that asks for an input's views."""
        instructions = [self.listing.instructions[position] for position in self.views[source]]
        made = [(bound(i, self.listing, self.backend, False), i.operands[0], i.results[0]) for i in instructions]
        others = (i for p, i in enumerate(self.listing.instructions) if p not in self.views[source])
        read = {*(x for i in others for x in i.operands), *self.listing.outputs}
        wanted = [i.results[0] for i in instructions if i.results[0] in read]
        self.names[f"views{source}"] = Views(source, made, wanted, self.backend.is_contiguous)
        return f"{''.join(f'v{x}, ' for x in wanted)}= views{source}(v{source})" if wanted else "pass"

    def _dying(self, done: set[int]) -> dict[int, list[int]]:
        """The names that can be dropped after each instruction, so that the engine frees their memory."""
        made = {
            r: position
            for position, i in enumerate(self.listing.instructions)
            if position not in done
            for r in i.results
        }
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

    def _calls(self, position: int, instruction: Instruction) -> Iterator[str]:
        if position in self.layout.joins:
            yield from self._join_calls(position, instruction)
            return
        operands = [self._name(x) for x in instruction.operands]
        target = self._target(position, instruction)
        function = f"f{position}"
        into = target is not None or position in self.layout.fused
        if into and instruction.name == "reshape":
            self.names[function] = self._copy(instruction.specs[0])
        else:
            self.names[function] = bound(instruction, self.listing, self.backend, into)
        if target is not None:
            operands.append(f"out={target}")
        yield f"{_results(instruction)} = {function}({', '.join(operands)})"

    def _join_calls(self, position: int, instruction: Instruction) -> Iterator[str]:
        """The parts that nobody writes in place are copied."""
        join, block = self.layout.joins[position]
        spec = instruction.specs[0]
        whole = self.backend.place(self.blocks[block], spec)
        for x, writer, start in zip(instruction.operands, join.writers, join.starts, strict=True):
            if writer is None:
                part, copy = f"b{position}_{start}", f"copy{position}"
                self.names[part] = whole[start : start + self.listing.specs[x].shape[0]]
                self.names[copy] = self._copy(spec)
                yield f"{copy}({self._name(x)}, out={part})"
        self.names[f"b{position}"] = whole
        yield f"v{instruction.results[0]} = b{position}"

    def _copy(self, spec: Spec) -> Callable[..., Any]:
        return functools.partial(self.backend.inplace["cast"], dtype=spec.dtype)

    def _target(self, position: int, instruction: Instruction) -> str | None:
        if position in self.layout.into:
            return self._name(self.layout.into[position])
        if position in self.layout.block:
            name = f"b{position}"
            self.names[name] = self.backend.place(self.blocks[self.layout.block[position]], instruction.specs[0])
            return name
        if position in self.layout.slots:
            (block, start), name = self.layout.slots[position], f"b{position}"
            reshapes = instruction.name == "reshape"
            spec = self.listing.specs[instruction.operands[0]] if reshapes else instruction.specs[0]
            self.names[name] = self.backend.place(self.blocks[block][start:], spec)
            return name
        return None

    def compile(self) -> Callable[..., tuple]:
        """The function."""
        filename = f"<kcore plan {id(self):x}>"
        linecache.cache[filename] = (len(self.text), None, self.text.splitlines(True), filename)
        namespace = dict(self.names)
        exec(compile(self.text, filename, "exec"), namespace)
        return namespace["program"]


def _results(instruction: Instruction) -> str:
    """What a call is unpacked into: a fused op gives its outputs and what its pullback needs."""
    names = [f"v{r}" for r in instruction.results]
    if not isinstance(instruction.primitive, Internal):
        return ", ".join(names)
    if instruction.primitive.fused:
        return f"({''.join(f'{name}, ' for name in names[:-1])}), {names[-1]}"
    return "".join(f"{name}, " for name in names)


def bound(instruction: Instruction, listing: Listing, backend, into: bool) -> Callable[..., Any]:
    """The function that an instruction calls, with its static parameters fixed."""
    if isinstance(instruction.primitive, Internal):
        return instruction.primitive.bind(backend, instruction.params, into)
    specs = [listing.specs[x] for x in instruction.operands]
    return backend.bind(instruction.name, instruction.params, specs, into)
