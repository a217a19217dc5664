"""The text that `Model.explain_step` prints."""

from __future__ import annotations

import itertools
import re
from typing import Any

from kcore.engine.plan.report import PASSES
from kcore.models.tables import Column, table

_LAYERS = (
    Column("Layer", 0.4),
    Column("Calls", 0.12, True),
    Column("Forward", 0.16, True),
    Column("Gradient", 0.16, True),
    Column("Share", 0.16, True),
)
_CALLS = (
    Column("Call", 0.24),
    Column("Layer", 0.2),
    Column("Operands -> results", 0.37),
    Column("Into", 0.09),
    Column("Time", 0.1, True),
)
LINE_LENGTH, ROWS = 118, 20
_SHORT = re.compile(r"^(b|f|i|u)[a-z]*?([0-9]*)(?=\[)")


def explanation_text(told: dict[str, Any], line_length: int | None = None, rows: int | None = None) -> str:
    """What `explain` told as text.

    Args:
        told: what it returned.
        line_length: the width in characters.
        rows: how many of the calls, the costliest first, are listed.
    """
    width = line_length or LINE_LENGTH
    calls = sorted(told["calls"], key=lambda call: -call["seconds"])
    shown = calls[: ROWS if rows is None else rows]
    rest = calls[len(shown) :]
    lines = [
        *_head(told),
        *_passes(told),
        *_memory(told),
        "",
        "By layer:",
        *_table(_LAYERS, width, [_layer_row(row, told) for row in told["layers"]]),
        f"By call, {'the costliest first' if rest else 'all of them'}:",
        *_table(_CALLS, width, [_call_row(call) for call in shown]),
    ]
    if rest:
        lines.append(f" and {len(rest)} more, {_time(sum(call['seconds'] for call in rest))} together")
    return "\n".join([*lines, *_totals(told)])


def _head(told: dict[str, Any]) -> list[str]:
    batch = ", ".join(spec for spec in told["batch"] if spec is not None)
    made_up = " (made up: the shapes are those of the last step)" if told["made_up"] else ""
    return [
        f'Training step of model "{told["model"]}" on {told["backend"]} ({told["device"]})',
        f" Batch: {batch}{made_up}",
    ]


def _passes(told: dict[str, Any]) -> list[str]:
    counts = told["passes"]
    before = {name: None if i == 0 else list(PASSES)[i - 1] for i, name in enumerate(PASSES)}
    changed = [n for n in PASSES if before[n] is None or counts[n] != counts[before[n]]]
    return [f" {counts[name]:>6} {PASSES[name]}" for name in changed]


def _memory(told: dict[str, Any]) -> list[str]:
    memory = told["memory"]
    if memory is None:
        return [" The engine compiles the step as a whole, and decides where results go."]
    return [
        f" Results: {memory['in_place']} in place of an operand, {memory['in_blocks']} in kept memory "
        f"({memory['blocks']} blocks, {_size(memory['block_bytes'])}), {memory['as_views']} views, "
        f"{memory['allocated']} allocated ({_size(memory['allocated_bytes'])} a step)"
    ]


def _totals(told: dict[str, Any]) -> list[str]:
    seconds = told["seconds"]
    lines = [
        f" Step: {_time(seconds['step'])} as it runs in training; its {len(told['calls'])} calls one by one: "
        f"{_time(seconds['calls'])}",
        f" Before the first step: {_time(seconds['capture'])} to capture, {_time(seconds['plan'])} to plan; the first "
        f"step itself: {_time(seconds['first'])}",
    ]
    if told["compiled"]:
        lines.append(
            " The engine merges calls when it compiles the step: times of single calls, each started and awaited on "
            "its own, say where the work is, and not what it takes inside the step."
        )
    return lines


def _table(columns: tuple[Column, ...], width: int, rows: list[list[str]]) -> list[str]:
    inner = width - len(columns) - 1
    widths = [max(int(column.share * inner), 6) for column in columns]
    return table(columns, widths, rows, ruled=False)


def _layer_row(row: dict[str, Any], told: dict[str, Any]) -> list[str]:
    total = told["seconds"]["calls"] or 1.0
    return [
        row["layer"],
        str(row["calls"]),
        _time(row["forward"]) if row["forward"] else "",
        _time(row["gradient"]) if row["gradient"] else "",
        f"{row['seconds'] / total:.1%}",
    ]


def _call_row(call: dict[str, Any]) -> list[str]:
    return [
        call["call"],
        call["layer"] + (" (gradient)" if call["gradient"] else ""),
        f"{_specs(call['operands'])} -> {_specs(call['results'])}",
        call["place"] or "",
        _time(call["seconds"]),
    ]


def _specs(specs: list[str]) -> str:
    """Shapes with short dtypes; of several that are alike how many there are."""
    parts = []
    for spec, alike in itertools.groupby(specs):
        count = len(list(alike))
        parts.append((f"{count} x " if count > 1 else "") + _SHORT.sub(r"\1\2", spec, count=1))
    return " ".join(parts)


def _time(seconds: float) -> str:
    for unit, factor in (("s", 1.0), ("ms", 1e3)):
        if seconds * factor >= 1.0:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e6:.3g} us"


def _size(amount: float) -> str:
    for unit in ("B", "KB", "MB"):
        if amount < 1024:
            return f"{amount:.3g} {unit}"
        amount /= 1024
    return f"{amount:.3g} GB"
