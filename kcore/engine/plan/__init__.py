"""Plans: a captured graph made into a straight-line program of the backend's own functions.

lower -> simplify -> reorder -> prune -> plan_buffers -> Source -> a Python function
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable
from typing import Any

from kcore.engine.graph import Graph

from . import passes
from .buffers import Layout, plan_buffers
from .codegen import Source
from .instructions import Listing, lower
from .reorder import pool_first

CHECKING = False
"""Whether specs are derived again after each pass (tests turn it on)."""
POISONING = False
"""Whether new plans fill the memory that they give up, and refuse to read it (tests turn it on): see `poison`."""


def optimize(graph: Graph, backend) -> Listing:
    """The passes, in order."""
    listing = lower(graph, backend)
    sizes = {"capture": len(graph.nodes), "lower": len(listing.instructions)}
    steps = ("simplify", lambda x: passes.simplify(x, backend)), ("reorder", pool_first), ("prune", passes.prune)
    for name, run in steps:
        listing = run(listing)
        sizes[name] = len(listing.instructions)
        if CHECKING:
            passes.check(listing)
    listing.sizes = sizes
    return listing


SMALL = 4096
"""A plan whose arrays have no more numbers is small: to wake a thread takes as long as one thread's work on them."""


def is_small(listing: Listing) -> bool:
    """Whether all arrays are small, as far as it is known: the bodies of control flow aren't looked into."""
    params = (value for instruction in listing.instructions for value in instruction.params.values())
    sizes = (math.prod(spec.shape) for spec in listing.specs.values())
    return not any(isinstance(value, Graph) for value in params) and max(sizes, default=0) <= SMALL


class Plan:
    """A program for a graph on a backend.

    Args:
        graph: the captured function.
        backend: whose functions it calls.
        donated: positions of inputs whose memory the program may overwrite: the caller won't read them again.
        kept: positions of inputs that are likely to be the same tensors at each call.
        inner: whether it is the body of a loop or a branch: a part of the program that the engine compiles.

    Attributes:
        listing: the instructions that are run.
        source: the generated program.
        context: makes the backend's context manager that it runs in.
        kept: the numbers of the inputs that are kept.
        is_compiled: whether the engine makes a program of its own of it.
    """

    def __init__(
        self, graph: Graph, backend, donated: Iterable[int] = (), kept: Iterable[int] = (), inner: bool = False
    ):
        self.backend = backend
        self._donated = tuple(donated)
        self.listing = optimize(graph, backend)
        self.kept = [self.listing.inputs[i] for i in kept]
        self._plan_bodies()
        self.layout = plan_buffers(self.listing, backend, self.overwritten)
        self.source = self._written()
        program = self.source.compile()
        self._program = program if inner else backend.compile(program, self._donated)
        self.is_compiled = self._program is not program
        self.context = backend.small_context if is_small(self.listing) else backend.run_context
        self._lock = threading.Lock()
        self._spare: Any = None

    @property
    def overwritten(self) -> list[int]:
        """The numbers of the donated inputs."""
        return [self.listing.inputs[i] for i in self._donated]

    def _written(self) -> Source:
        if POISONING and self.backend.inplace:
            from .poison import Poisoned

            return Poisoned(self.listing, self.layout, self.backend, self.kept, self.overwritten)
        return Source(self.listing, self.layout, self.backend, self.kept)

    def _plan_bodies(self) -> None:
        """Make the programs of control flow's bodies now, and not while an engine compiles the one around them."""
        for instruction in self.listing.instructions:
            for graph in instruction.params.values():
                if isinstance(graph, Graph):
                    program_of(graph, self.backend)

    def __call__(self, *inputs) -> tuple:
        """Run it on the backend's tensors."""
        with self.context():
            return self.run(*inputs)

    def run(self, *inputs) -> tuple:
        """Run it inside a context that is open already."""
        if not self._lock.acquire(blocking=False):
            return self._without_blocks()(*inputs)
        try:
            return self._program(*inputs)
        except Exception as err:
            self._explain(err)
            raise
        finally:
            self._lock.release()

    def _without_blocks(self):
        """The same program without memory of its own, for a second thread that runs it at the same time."""
        if not self.layout.block_sizes:
            return self._program
        if self._spare is None:
            layout = Layout(into={}, block={}, copied=self.layout.copied)
            self._spare = self.backend.compile(Source(self.listing, layout, self.backend).compile(), self._donated)
        return self._spare

    def _explain(self, err: Exception) -> None:
        """Say which layer's call an engine's error comes from."""
        trace = err.__traceback__
        while trace is not None:
            if (
                trace.tb_frame.f_code.co_filename.startswith("<kcore plan")
                and trace.tb_lineno in self.source.instruction_at
            ):
                instruction = self.listing.instructions[self.source.instruction_at[trace.tb_lineno]]
                specs = ", ".join(str(self.listing.specs[x]) for x in instruction.operands)
                where = f" in layer '{instruction.path}'" if instruction.path else ""
                err.add_note(f"While running `{instruction.name}`{where} on ({specs}) with {instruction.params}.")
                return
            trace = trace.tb_next


def program_of(graph: Graph, backend):
    """The program of a control flow node's body; made once a graph and backend."""
    cached = graph.programs.get(backend)
    if cached is None:
        cached = graph.programs[backend] = Plan(graph, backend, inner=True).run
    return cached
