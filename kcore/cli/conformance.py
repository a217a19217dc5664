"""`kcore conformance`: ask backends the questions of the conformance suite."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from kcore.cli._table import show


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "--backend", action="append", metavar="NAME", help="a backend to ask; may be given again (default: yours)"
    )
    parser.add_argument("--report", metavar="FILE", help="write the report card as one HTML page")
    parser.add_argument("--json", metavar="FILE", help="write the report card as JSON")
    parser.add_argument(
        "--level",
        choices=("arrays", "inference", "training", "all"),
        default="all",
        help="what to ask for (default: %(default)s)",
    )
    parser.add_argument("--quick", action="store_true", help="the quick form, about a minute")
    parser.add_argument(
        "--models", type=int, metavar="COUNT", help="nothing but random models, this many: training goes as on NumPy"
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=os.cpu_count() or 1,
        metavar="COUNT",
        help="how many processes share the work (default: as many as there are cores)",
    )
    parser.add_argument("--seed", type=int, default=0, help="the seed of the first random model (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Ask; 0 if every answer was right or a declared gap."""
    from kcore import config, plugins
    from kcore.conformance import run_all
    from kcore.conformance.report import summarize, write_html, write_json
    from kcore.engine.selection import get_backend

    names = dict.fromkeys(arguments.backend or [config.default_backend_name()])
    backends = [get_backend(name) for name in names]
    cases = _cases(arguments)
    print(f"{len(cases)} cases for {', '.join(names)}")
    here = arguments.models is not None or any(map(plugins.is_added, names))
    results = run_all(cases, backends, _progress(), 1 if here else arguments.jobs)
    level = arguments.level if arguments.models is None else "training"
    summary = summarize(results, backends, level=level, quick=arguments.quick)
    for path, write in ((arguments.report, write_html), (arguments.json, write_json)):
        if path:
            write(path, summary)
    _print(summary, results)
    if arguments.report:
        print(f"Report card: {arguments.report}")
    return int(any(result.outcome == "failed" for result in results))


def _cases(arguments: argparse.Namespace) -> list[Any]:
    """The random models that are asked for, or all cases of the level."""
    from kcore.conformance import load

    if arguments.models is not None:
        from kcore.conformance.models.cases import more

        return more(arguments.seed, arguments.models)
    return load(arguments.level, quick=arguments.quick)


def _progress() -> Any:
    """Tells on a terminal how far it is; says nothing elsewhere."""
    if not sys.stdout.isatty():
        return None
    done = 0

    def told(result: Any) -> None:
        nonlocal done
        done += 1
        print(f"\r\x1b[K{done} {result.backend} {result.name[:70]}", end="", flush=True)

    return told


def _print(summary: dict[str, Any], results: Sequence[Any]) -> None:
    if sys.stdout.isatty():
        print("\r\x1b[K", end="")
    _print_groups(summary)
    for result in results:
        if result.outcome == "failed":
            print(f"\nFAILED on {result.backend}: {result.name}\n  {result.message}")
            if result.case.answer:
                print(f"  The answer: {result.case.answer}")
    print()
    for backend in summary["backends"]:
        for (means, reason), gaps in _by_reason(backend["gaps"]).items():
            print(f"{backend['name']}: gaps, {means} ({reason}): {', '.join(gaps)}")
        if summary["level"] == "all" and not summary["quick"]:
            for gap in backend["gaps"]:
                if not gap["cases"]:
                    print(f"  NOTICE: no case meets the gap {gap['name']!r}; nothing shows that it is one.")
        verdict = "conforms" if not backend["failed"] else f"{backend['failed']} FAILED"
        print(
            f"{backend['name']}: {verdict}; {backend['passed']} passed, declared gaps met: {backend['gap']}, "
            f"{backend['seconds']:.1f} s"
        )


def _by_reason(gaps: Sequence[dict[str, str]]) -> dict[tuple[str, str], list[str]]:
    """The names of gaps, by what they mean and why."""
    named: dict[tuple[str, str], list[str]] = {}
    for gap in gaps:
        named.setdefault((gap["means"], gap["reason"]), []).append(gap["name"])
    return named


def _print_groups(summary: dict[str, Any]) -> None:
    names = [backend["name"] for backend in summary["backends"]]
    groups: dict[str, dict[str, list[int]]] = {}
    for row in summary["ops"]:
        for name, entry in row["backends"].items():
            counts = groups.setdefault(row["group"], {}).setdefault(name, [0, 0, 0])
            for i, outcome in enumerate(("passed", "failed", "gap")):
                counts[i] += entry[outcome]
    show(("group", *names), [(group, *(_counts(row.get(name)) for name in names)) for group, row in groups.items()])


def _counts(counts: list[int] | None) -> str:
    if counts is None:
        return "-"
    passed, failed, gaps = counts
    return f"{passed} passed" + (f", {failed} FAILED" if failed else "") + (f", {gaps} gaps" if gaps else "")
