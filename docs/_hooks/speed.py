"""The tables of measured speed, from the files that `benchmarks/all.py` writes to `docs/assets/`."""

from __future__ import annotations

import json
import statistics
from pathlib import Path

ASSETS = Path(__file__).parents[1] / "assets"
PACKAGES = {"kcore": "kcore", "keras": "Keras", "hand": "by hand"}
ENGINES = {"numpy": "NumPy", "torch": "PyTorch", "jax": "JAX"}
WORKLOADS = {
    "tiny": "MLP 8-16-16-2, batch 32",
    "mlp": "MLP 784-512-512-10, batch 128",
    "cnn": "CNN on 28x28, batch 64",
    "lstm": "LSTM(128), 64 steps, batch 32",
    "transformer": "Transformer, 2 layers, batch 32",
    "resnet50": "ResNet50 on 64x64, batch 2",
}
TASKS = {
    "step": "training step",
    "predict_row": "`predict` of one row",
    "predict_batch": "`predict`, a batch",
    "first_step": "first step",
    "capture": "capture and plan",
    "memory": "peak memory",
    "import": "start",
    "fit_overhead": "`fit` beyond its steps",
}


def label(who: str) -> str:
    """An implementation in words."""
    kind, engine = who.split("-")
    return f"{PACKAGES[kind]}, {ENGINES[engine]}"


def task(what: str) -> str:
    """What was measured in a task: workloads down, implementations across."""
    found = _read("benchmarks")
    taken, unit = found["tasks"][what], found["units"][what]
    who = list(dict.fromkeys(each for row in taken.values() for each in row))
    lines = [_row(unit, *map(label, who)), "| --- |" + " --- |" * len(who)]
    for name, row in taken.items():
        cells = (_number(statistics.median(row[each])) if each in row else "" for each in who)
        lines.append(_row(_workload(name, what), *cells))
    return "\n".join(lines)


def _workload(name: str, what: str) -> str:
    words = WORKLOADS.get(name, name)
    return words.partition(", batch")[0] if what in {"memory", "predict_row"} else words


def targets() -> str:
    """Each promise, and what was measured of it."""
    lines = [_row("", "of", "against", "measured", "promised", ""), "| --- |" * 1 + " --- |" * 5]
    found = _read("benchmarks")
    for row in found["targets"]:
        against = label(row["against"]) if row["against"] else found["units"][row["what"]]
        head = f"{TASKS[row['what']]}, {_workload(row['name'], row['what'])}"
        kept = "kept" if row["kept"] else "**missed**"
        lines.append(_row(head, label(row["who"]), against, _number(row["value"]), f"{row['limit']:g}", kept))
    return "\n".join(lines)


def machine() -> str:
    """What the measurements were taken on."""
    found = _read("benchmarks")
    on = found["machine"]
    return (
        f"Measured on {on['date']}: {on['processor']}, {on['cores']} cores; Python {on['python']}, {on['versions']}; "
        + _rounds(found["rounds"])
    )


def _rounds(by_task: dict[str, int]) -> str:
    """How often everything was measured, and what was measured less often."""
    most = max(by_task.values())
    fewer = [f"{TASKS[what]}: {_times(count)}" for what, count in by_task.items() if count < most]
    return _times(most) + (f" ({'; '.join(fewer)})." if fewer else ".")


def _times(count: int) -> str:
    return "one round" if count == 1 else f"medians of {count} rounds"


def growth() -> str:
    """The exponents: how steps and first steps grow, by sweep and implementation."""
    sweeps = _read("growth")["sweeps"]
    who = list(dict.fromkeys(each for found in sweeps.values() for each in found["curves"]))
    lines = [_row("time of", "by", *map(label, who)), "| --- | --- |" + " --- |" * len(who)]
    for what, words in (("step", "a step"), ("first", "the first step")):
        for found in sweeps.values():
            exponents = [found["curves"][each]["exponents"][what] if each in found["curves"] else None for each in who]
            cells = ("" if value is None else f"{value:.2f}" for value in exponents)
            lines.append(_row(words, found["title"], *cells))
    return "\n".join(lines)


def largest() -> str:
    """Milliseconds of a step at the largest size of each sweep."""
    sweeps = _read("growth")["sweeps"]
    who = list(dict.fromkeys(each for found in sweeps.values() for each in found["curves"]))
    lines = [_row("ms at", *map(label, who)), "| --- |" + " --- |" * len(who)]
    for found in sweeps.values():
        top = max(size for curve in found["curves"].values() for size in curve["sizes"])
        ends = [(curve["sizes"][-1], curve["step"][-1]) for each in who if (curve := found["curves"].get(each))]
        lines.append(_row(f"{top:,} {found['title']}", *(_number(ms) if size == top else "" for size, ms in ends)))
    return "\n".join(lines)


def _read(name: str) -> dict:
    return json.loads((ASSETS / f"{name}.json").read_text(encoding="utf-8"))


def _number(value: float) -> str:
    """Three digits, or all of a larger number's."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _row(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


TABLES = {f"speed_{what}": lambda what=what: task(what) for what in TASKS} | {
    "speed_targets": targets,
    "speed_machine": machine,
    "growth": growth,
    "growth_largest": largest,
}
