"""The report card as one HTML page: op by backend, the worst error, gaps with their reasons, time.

The page holds its own style, follows the reader's choice of light or dark, and asks for nothing from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

Data = dict[str, Any]


def page(summary: Data) -> str:
    """The page of a summary (of `summarize`)."""
    style = Path(__file__).with_name("card.css").read_text(encoding="utf-8")
    names = [backend["name"] for backend in summary["backends"]]
    title = f"Conformance of {', '.join(names)}"
    body = "\n".join([*_head(summary), *_failures(summary), *_ops(summary), *_gaps(summary), *_known(summary)])
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n{body}\n{_foot(summary)}\n"
        "</body>\n</html>\n"
    )


def _head(summary: Data) -> Iterator[str]:
    form = "the quick form" if summary["quick"] else "the full form"
    levels = "all levels" if summary["level"] == "all" else f"level {summary['level']}"
    yield "<h1>Conformance</h1>"
    yield f'<p class="soft">kcore {escape(summary["kcore"])}, {escape(levels)}, {form}. Every backend was asked the '
    yield "same questions. The answers come from NumPy in float64, finite differences, closed forms, stored values.</p>"
    yield '<div class="cards">'
    yield from (_card(backend) for backend in summary["backends"])
    yield "</div>"


def _card(backend: Data) -> str:
    total = sum(backend[outcome] for outcome in ("passed", "failed", "gap"))
    parts = "".join(
        f'<i class="{outcome}" style="flex:{backend[outcome]}"></i>'
        for outcome in ("passed", "gap", "failed")
        if backend[outcome]
    )
    verdict = ("good", "conforms") if not backend["failed"] else ("bad", f"{_count(backend['failed'], 'failure')}")
    where = ", ".join([*filter(None, [backend["engine"]]), *backend["devices"]])
    return (
        f'<div class="card"><h3>{escape(backend["name"])}</h3><div class="soft">{escape(where)}</div>'
        f'<div class="verdict {verdict[0]}">{verdict[1]}</div><div class="strip">{parts}</div>'
        f'<p class="soft">{backend["passed"]} of {_count(total, "case")} passed, {_count(backend["gap"], "gap")}, '
        f"{_seconds(backend['seconds'])}</p></div>"
    )


def _failures(summary: Data) -> Iterator[str]:
    failed = [c for c in summary["cases"] if c["outcome"] == "failed"]
    if failed:
        yield f"<h2>Failures<small>{len(failed)}</small></h2>"
        rows = ([_code(c["name"]), escape(c["backend"]), _message(c), escape(c["answer"])] for c in failed)
        yield _table(("case", "backend", "what is wrong", "the answer"), rows)


def _message(case: Data) -> str:
    text = case["message"]
    return f'<span class="message">{escape(text if len(text) < 600 else text[:600] + " ...")}</span>'


def _ops(summary: Data) -> Iterator[str]:
    names = [backend["name"] for backend in summary["backends"]]
    yield "<h2>Op by backend<small>passed cases; the worst error in ULP, of what is allowed</small></h2>"
    for group in dict.fromkeys(row["group"] for row in summary["ops"]):
        members = [row for row in summary["ops"] if row["group"] == group]
        failed = sum(entry["failed"] for row in members for entry in row["backends"].values())
        mark = f'<span class="mark failed">{failed} failed</span>' if failed else ""
        yield f"<details{' open' if failed or group.startswith('primitives') else ''}>"
        yield f"<summary>{escape(group)}<span>{_count(len(members), 'op')}</span>{mark}</summary>"
        yield _table(("op", *names, "time"), (_op_row(row, names) for row in members))
        yield "</details>"


def _op_row(row: Data, names: Sequence[str]) -> list[str]:
    cells = [_cell(row["backends"].get(name)) for name in names]
    return [_code(row["op"]), *cells, _seconds(sum(entry["seconds"] for entry in row["backends"].values()))]


def _cell(entry: Data | None) -> str:
    if entry is None:
        return '<span class="soft">not asked</span>'
    total = entry["passed"] + entry["failed"] + entry["gap"]
    outcome = "failed" if entry["failed"] else "gap" if entry["gap"] else "passed"
    shown = f"{entry['passed']}/{total}" if outcome != "passed" else str(total)
    return f'<span class="mark {outcome}">{shown}</span>' + _worst(entry["worst"])


def _worst(worst: Data) -> str:
    if not worst:
        return ""
    dtype, entry = max(worst.items(), key=lambda item: (item[1]["ulps"] is None, item[1]["ulps"] or 0))
    infinite = entry["ulps"] is None
    share = 100 if infinite or not entry["allowed"] else min(100, 100 * entry["ulps"] / entry["allowed"])
    number = "beyond any" if infinite else f"{entry['ulps']:.2g}"
    every = "; ".join(f"{d}: {e['ulps']} of {e['allowed']:g} ULP" for d, e in sorted(worst.items()))
    return (
        f'<span class="worst" style="--share:{share:.0f}%" title="{escape(every)}">{number} of {entry["allowed"]:g} '
        f"({escape(dtype)})</span>"
    )


def _gaps(summary: Data) -> Iterator[str]:
    rows = [
        [
            escape(b["name"]),
            _code(g["name"]),
            escape(g["means"]),
            escape(g["reason"]),
            _code(g["error"]),
            str(g["cases"] or "none asked"),
        ]
        for b in summary["backends"]
        for g in b["gaps"]
    ]
    if rows:
        yield "<h2>Gaps<small>what a backend says that it can't do; a gap that works is a failure</small></h2>"
        yield _table(("backend", "what", "kind", "reason", "error", "cases"), rows)


def _known(summary: Data) -> Iterator[str]:
    answered: dict[str, Data] = {}
    for case in summary["cases"]:
        if case["sources"] and case["answer"]:
            entry = answered.setdefault(case["name"], {**case, "by": {}})
            entry["by"][case["backend"]] = case["outcome"]
    if answered:
        count = f"{_count(len(answered), 'case')}, each with one answer"
        yield f"<h2>Where backends have differed<small>{count}</small></h2>"
        rows = (
            [_code(c["name"]), escape(c["answer"]), escape(", ".join(c["sources"])), _marks(c["by"])]
            for c in answered.values()
        )
        table = _table(("case", "the answer", "sources", "given by"), rows)
        yield f"<details><summary>All of them</summary>{table}</details>"


def _marks(by: dict[str, str]) -> str:
    return " ".join(f'<span class="mark {outcome}">{escape(name)}</span>' for name, outcome in by.items())


def _table(header: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in header)
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>\n{lines}</tbody></table></div>'


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _seconds(seconds: float) -> str:
    if seconds >= 100:
        return f"{seconds / 60:.1f} min"
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"


def _foot(summary: Data) -> str:
    return (
        f"<footer>Made {escape(summary['when'])} by kcore {escape(summary['kcore'])} with Python "
        f"{escape(summary['python'])} and NumPy {escape(summary['numpy'])} on {escape(summary['machine'])}. "
        "An ULP is the distance between neighbouring floating point numbers.</footer>"
    )
