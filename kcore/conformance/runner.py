"""Runs cases on backends and says how each went."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from kcore import config
from kcore.engine import active
from kcore.engine.backend import Backend, Gap
from kcore.engine.random import set_seed

from . import gaps
from .case import Case
from .check import Check, Mismatch

SEED = 20260801
"""The seed that every case starts from."""


@dataclass(frozen=True)
class Result:
    """How one case went on one backend.

    Attributes:
        case: the case.
        backend: the backend's name.
        outcome: `"passed"`, `"failed"`, or `"gap"`: it failed just as the backend says that it would.
        message: what is wrong, or why it is a gap.
        other: the name of the second backend, for a case of pairs.
        seconds: how long it took.
        worst: the worst error in ULP, by `(op, dtype)`.
        error: what it raised, if it failed.
        gap: the gap.
    """

    case: Case
    backend: str
    outcome: str
    message: str = ""
    other: str = ""
    seconds: float = 0.0
    worst: dict[tuple[str, str], float] = field(default_factory=dict)
    error: BaseException | None = None
    gap: Gap | None = None

    @property
    def name(self) -> str:
        """The case's name, with the second backend's if there is one."""
        return f"{self.case.name} [to {self.other}]" if self.other else self.case.name


def run_case(case: Case, backend: Backend, other: Backend | None = None) -> Result:
    """Run a case on a backend.

    Args:
        case: the case.
        backend: the backend, which needn't be registered.
        other: the second backend of a case of pairs.

    Returns:
        How it went. Whatever the case raises is in it, but `KeyboardInterrupt` and the like.
    """
    check, gap, error = Check(backend, case.op, other), gaps.declared(case, backend), None
    start = time.perf_counter()
    with _prepared(backend):
        try:
            case.run(backend, check)
        except Exception as err:
            error = err
    seconds = time.perf_counter() - start
    outcome, message, gap = _judged(error, gap, backend)
    name = other.name if other is not None and case.pair else ""
    return Result(case, backend.name, outcome, message, name, seconds, check.worst, error, gap)


@contextmanager
def _prepared(backend: Backend) -> Iterator[None]:
    """The backend is active, the seed is set, and every setting is its default; afterwards settings are as before."""
    set_seed(SEED)
    with config.defaults_in_force(), active.activate(backend):
        yield


def _judged(error: Exception | None, gap: Gap | None, backend: Backend) -> tuple[str, str, Gap | None]:
    """The outcome, the message and the gap."""
    if gap is None and error is not None:
        gap = gaps.behind(error, backend)
        if gap is not None:
            return "gap", gaps.explain(gap), gap
    if gap is None:
        return ("passed", "", None) if error is None else ("failed", _told(error), None)
    if error is None:
        return "failed", f"it works, though it is declared as a gap ({gaps.explain(gap)})", gap
    if isinstance(error, gap.error) and (gap.error is AssertionError or not isinstance(error, Mismatch)):
        return "gap", gaps.explain(gap), gap
    told = f"{_told(error)} (the gap {gap.name!r} is to raise {gap.error.__name__})"
    return "failed", told, gap


def _told(error: Exception) -> str:
    notes = " ".join(getattr(error, "__notes__", ()))
    text = str(error) if isinstance(error, Mismatch) else f"{type(error).__name__}: {error}"
    return f"{text} {notes}".strip()


def questions(cases: Iterable[Case], backends: Sequence[Backend]) -> Iterator[tuple[Case, Backend, Backend | None]]:
    """Each case with each backend; a case of pairs with each ordered pair, or with one backend and itself."""
    for case in cases:
        for backend in backends:
            others = [x for x in backends if x is not backend] or [backend]
            for other in others if case.pair else [None]:
                yield case, backend, other


def run_all(
    cases: Iterable[Case],
    backends: Sequence[Backend],
    progress: Callable[[Result], None] | None = None,
    jobs: int = 1,
) -> list[Result]:
    """Run cases on backends.

    Args:
        cases: the cases.
        backends: the backends.
        progress: is told of each result at once.
        jobs: how many processes share the work. With more than one, the cases must be those of `load`, and the
            backends such that a new process finds them by name.

    Returns:
        The results, in order.
    """
    asked = list(questions(cases, backends))
    if jobs > 1:
        from .processes import answers

        given = answers(asked, jobs)
    else:
        given = (run_case(*question) for question in asked)
    results = []
    for result in given:
        results.append(result)
        if progress is not None:
            progress(result)
    return results
