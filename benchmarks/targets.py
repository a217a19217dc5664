"""The ratios that kcore promises, and whether measurements keep them."""

from __future__ import annotations

import statistics
from typing import NamedTuple


class Target(NamedTuple):
    """A promise.

    Attributes:
        what: the task.
        who: the implementation.
        against: whose number its own is divided by; empty for a limit on the number itself.
        limits: the largest ratio (or number) for each workload.
    """

    what: str
    who: str
    against: str
    limits: dict[str, float]


FIVE = ("tiny", "mlp", "cnn", "lstm", "transformer")
FIRST = (*FIVE, "resnet50")


def _limits(values: tuple[float, ...], names: tuple[str, ...] = FIVE) -> dict[str, float]:
    return dict(zip(names, values, strict=True))


TARGETS = (
    Target("step", "kcore-torch", "hand-torch", _limits((0.35, 1.0, 1.0, 1.0, 1.0))),
    Target("step", "kcore-torch", "keras-torch", _limits((0.1, 0.85, 0.5, 0.25, 0.85))),
    Target("step", "kcore-jax", "keras-jax", _limits((0.6, 1.0, 0.3, 1.0, 1.0))),
    Target("step", "kcore-numpy", "keras-torch", _limits((0.15, 0.75, 1.0, 0.6, 1.3))),
    *(Target("predict_row", f"kcore-{e}", f"keras-{e}", dict.fromkeys(FIVE, 0.3)) for e in ("torch", "jax")),
    *(Target("predict_batch", f"kcore-{e}", f"keras-{e}", dict.fromkeys(FIVE, 1.0)) for e in ("torch", "jax")),
    *(Target("first_step", f"kcore-{e}", f"keras-{e}", dict.fromkeys(FIRST, 1.0)) for e in ("torch", "jax")),
    *(Target("capture", f"kcore-{e}", "", {"resnet50": 2000.0}) for e in ("numpy", "torch", "jax")),
    Target("memory", "kcore-torch", "hand-torch", dict.fromkeys(("mlp", "cnn", "lstm", "transformer"), 1.1)),
    *(Target("import", f"kcore-{e}", f"keras-{e}", {"import": 0.25, "make a layer": 0.25}) for e in ("torch", "jax")),
    Target("import", "kcore-numpy", "", {"import": 300.0, "make a layer": 300.0}),
    *(Target("fit_overhead", f"kcore-{e}", "", {"tiny": 20.0}) for e in ("numpy", "torch", "jax")),
)


def ratio_of(values: list[float], others: list[float]) -> float:
    """The median over rounds of the ratios within a round: what the machine does between rounds moves it little."""
    return statistics.median(a / b for a, b in zip(values, others, strict=True))


def report(tasks: dict, quiet: bool = False) -> list[dict]:
    """What was measured of each promise, row by row; those that aren't kept are printed last."""
    rows = [row for target in TARGETS for row in _rows(target, tasks.get(target.what, {}))]
    if rows and not quiet:
        kept = sum(row["kept"] for row in rows)
        print(f"\n{kept} of {len(rows)} targets are met" + ("" if kept == len(rows) else "; not met:"))
        for row in rows:
            if not row["kept"]:
                versus = f" / {row['against']}" if row["against"] else ""
                numbers = f"{row['value']:.3g}, limit {row['limit']:g}"
                print(f"  {row['what']}, {row['name']}: {row['who']}{versus} {numbers}")
    return rows


def _rows(target: Target, taken: dict) -> list[dict]:
    rows = []
    for name, limit in target.limits.items():
        found = taken.get(name, {})
        if target.who not in found or (target.against and target.against not in found):
            continue
        own = found[target.who]
        value = ratio_of(own, found[target.against]) if target.against else statistics.median(own)
        head = {"what": target.what, "name": name, "who": target.who, "against": target.against}
        rows.append({**head, "value": round(value, 4), "limit": limit, "kept": value <= limit})
    return rows
