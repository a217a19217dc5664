"""Cases run by several processes: an engine that compiles spends most of the time in its compiler, on one core."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from typing import Any

from kcore.engine.backend import Backend
from kcore.engine.selection import get_backend

from .case import CASES, Case
from .catalog import load
from .runner import Result, run_case

Question = tuple[Case, Backend, Backend | None]

CHUNK = 8
"""Questions that a process takes at a time."""


def answers(asked: Sequence[Question], jobs: int) -> Iterator[Result]:
    """The results of questions, in their order, from `jobs` processes.

    Args:
        asked: the questions; their cases are of `load`, and their backends are found by name.
        jobs: how many processes.

    Yields:
        The results. What a case raised stays in its process; its message is here.
    """
    named = [(case.name, backend.name, other.name if other else None) for case, backend, other in asked]
    # Processes are started afresh, as engines with threads of their own don't survive a fork.
    with ProcessPoolExecutor(jobs, get_context("spawn"), initializer=_start, initargs=(dict(os.environ),)) as pool:
        for (case, _, _), result in zip(asked, pool.map(_answer, named, chunksize=CHUNK), strict=True):
            yield replace(result, case=case)


def _start(environment: dict[str, str]) -> None:
    os.environ.update(environment)
    load()


def _answer(question: tuple[str, str, str | None]) -> Any:
    name, backend, other = question
    result = run_case(CASES[name], get_backend(backend), get_backend(other) if other else None)
    return replace(result, case=None, error=None)
