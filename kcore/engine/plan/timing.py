"""How long a plan's calls take: its own program, with a look at the clock after each call.

Times are means over the faster half of some runs: other programs disturb those less, and unlike those of medians, the
sum of all calls' times is the time of a run.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import Plan
from .codegen import Source

Inputs = Callable[[], Sequence[Any]]
"""Gives the inputs of the first run, in memory that may be written over."""


class Timed(Source):
    """The program in the plan's own memory, with a note of the time after each call (what dies is freed before)."""

    def __init__(self, plan: Plan):
        super().__init__(plan.listing, plan.layout, plan.backend, plan.kept, plan.source.blocks)
        self.clock = _Clock(plan.backend)
        self.names["note"] = self.clock.note

    def _after(self, position: int, dying: list[int]) -> list[str]:
        if position not in self.instruction_at.values():
            return super()._after(position, dying)
        result = self.listing.instructions[position].results[0]
        before, after = [x for x in dying if x != result], [x for x in dying if x == result]
        note = f"note({position}, {self._name(result)})"
        return [*super()._after(position, before), note, *super()._after(position, after)]


class _Clock:
    """Times by position of the instruction, in seconds."""

    def __init__(self, backend):
        self.times: dict[int, list[float]] = {}
        self._backend = backend
        self._last = 0.0

    def start(self) -> None:
        self._last = time.perf_counter()

    def note(self, position: int, result: Any) -> None:
        """What passed since the last note, until the result is there."""
        wait_for(self._backend, [result])
        self.times.setdefault(position, []).append(time.perf_counter() - self._last)
        self._last = time.perf_counter()

    def overhead(self, result: Any) -> float:
        """What a note of a result that is there already says."""
        times, self.times = self.times, {}
        self.start()
        for _ in range(100):
            self.note(0, result)
        empty, self.times = statistics.median(self.times[0]), times
        return empty


def wait_for(backend, tensors: Sequence[Any]) -> None:
    """Return when the tensors are computed, on an engine that doesn't wait for that: a GPU's are copied to the host."""
    for x in tensors:
        if backend.is_tensor(x):
            backend.to_numpy(x)


def time_calls(plan: Plan, inputs: Inputs, carried: Mapping[int, int], repeats: int) -> dict[int, float]:
    """The time of each call, in seconds by its position.

    The calls run one by one, also on an engine that compiles whole plans.

    Args:
        plan: the plan.
        inputs: its inputs.
        carried: for a position among the inputs, the output that takes its place in the next run.
        repeats: how many runs are timed; one more goes before.
    """
    source = Timed(plan)
    program, clock = source.compile(), source.clock

    def run(*values):
        clock.start()
        return program(*values)

    with plan.context():
        outputs, totals = _repeat(run, inputs, carried, repeats + 1)
        overhead = clock.overhead(outputs[0]) if outputs else 0.0
    fast = _faster_half(totals[1:])
    return {
        position: max(statistics.mean(times[1:][i] for i in fast) - overhead, 0.0)
        for position, times in clock.times.items()
    }


def time_plan(plan: Plan, inputs: Inputs, carried: Mapping[int, int], repeats: int) -> tuple[float, float]:
    """The time of the first run of a plan, in which an engine may compile it, and that of further ones."""

    def run(*values):
        outputs = plan(*values)
        wait_for(plan.backend, outputs)
        return outputs

    _, times = _repeat(run, inputs, carried, repeats + 1)
    later = times[1:]
    return times[0], statistics.mean(later[i] for i in _faster_half(later))


def _faster_half(times: Sequence[float]) -> list[int]:
    """Which runs these were."""
    return sorted(range(len(times)), key=times.__getitem__)[: (len(times) + 1) // 2]


def _repeat(
    run: Callable[..., Any], inputs: Inputs, carried: Mapping[int, int], repeats: int
) -> tuple[Any, list[float]]:
    """The outputs of the last of several runs, each of which goes on where the one before stopped; and their times."""
    values, outputs, times = list(inputs()), (), []
    for _ in range(repeats):
        start = time.perf_counter()
        outputs = run(*values)
        times.append(time.perf_counter() - start)
        for target, source in carried.items():
            values[target] = outputs[source]
    return outputs, times
