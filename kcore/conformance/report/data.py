"""The report card as plain data."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from kcore.conformance.gaps import KINDS
from kcore.conformance.runner import Result
from kcore.conformance.tolerances import tolerance
from kcore.engine.backend import Backend
from kcore.version import __version__

FORMAT = 1
"""The version of the form of the data. It grows when a reader of the last form would be misled."""
OUTCOMES = ("passed", "failed", "gap")


def summarize(results: Sequence[Result], backends: Sequence[Backend], *, level: str, quick: bool) -> dict[str, Any]:
    """Sum results up.

    Args:
        results: of a run.
        backends: those that were asked.
        level: what they were asked for.
        quick: whether it was the quick form.

    Returns:
        Plain data: `"backends"` (counts, gaps, time), `"ops"` (by group and op, for each backend: counts, time, worst
        error), `"cases"` (all of them), and what the run was.
    """
    return {
        "format": FORMAT,
        "kcore": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "when": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "level": level,
        "quick": quick,
        "backends": [_backend(backend, results) for backend in backends],
        "ops": _ops(results),
        "cases": [_case(result) for result in results],
    }


def _backend(backend: Backend, results: Sequence[Result]) -> dict[str, Any]:
    mine = [r for r in results if r.backend == backend.name]
    return {
        "name": backend.name,
        "engine": backend.engine_version(),
        "devices": list(backend.devices()),
        **_counts(mine),
        "gaps": [_gap(gap, mine) for gap in backend.capabilities.gaps],
    }


def _gap(gap: Any, results: Iterable[Result]) -> dict[str, Any]:
    return {
        "name": gap.name,
        "kind": gap.kind,
        "means": KINDS.get(gap.kind, gap.kind),
        "reason": gap.reason,
        "error": gap.error.__name__,
        "cases": sum(r.gap is not None and r.gap.name == gap.name for r in results),
    }


def _counts(results: Sequence[Result]) -> dict[str, Any]:
    counts: dict[str, Any] = {outcome: sum(r.outcome == outcome for r in results) for outcome in OUTCOMES}
    return {**counts, "seconds": round(sum(r.seconds for r in results), 3)}


def _ops(results: Sequence[Result]) -> list[dict[str, Any]]:
    by_op: dict[tuple[str, str], dict[str, list[Result]]] = {}
    for result in results:
        row = by_op.setdefault((result.case.group, result.case.op or result.case.family), {})
        row.setdefault(result.backend, []).append(result)
    return [
        {
            "group": group,
            "op": op,
            "backends": {name: {**_counts(mine), "worst": worst(mine)} for name, mine in row.items()},
        }
        for (group, op), row in by_op.items()
    ]


def worst(results: Iterable[Result]) -> dict[str, dict[str, Any]]:
    """The worst error of results for each dtype: in ULP, how much is allowed, and by which row of the table."""
    found: dict[str, dict[str, Any]] = {}
    for result in results:
        for (op, dtype), ulps in result.worst.items():
            allowed = tolerance(op).ulps(dtype)
            if dtype not in found or _share(ulps, allowed) > _share(found[dtype]["ulps"], found[dtype]["allowed"]):
                found[dtype] = {"ulps": _plain(ulps), "allowed": allowed, "row": op}
    return {dtype: entry for dtype, entry in found.items() if entry["ulps"] != 0 or entry["allowed"]}


def _share(ulps: Any, allowed: float) -> float:
    number = float("inf") if ulps is None else ulps
    return number / allowed if allowed else float("inf") if number else 0.0


def _plain(ulps: float) -> float | None:
    """As JSON can say it: None for an infinite error."""
    return round(ulps, 3) if np.isfinite(ulps) else None


def _case(result: Result) -> dict[str, Any]:
    case = result.case
    return {
        "name": result.name,
        "backend": result.backend,
        "outcome": result.outcome,
        "message": result.message,
        "seconds": round(result.seconds, 4),
        "level": case.level,
        "group": case.group,
        "op": case.op,
        "answer": case.answer,
        "sources": list(case.sources),
    }
