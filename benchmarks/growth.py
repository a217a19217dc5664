"""How the cost of a training step grows: with layers, batch, sequence length and parameters.

    python benchmarks/growth.py                                             kcore on NumPy, and NumPy by hand
    python benchmarks/growth.py --peers /path/to/python --who kcore-numpy,kcore-torch,hand-torch --json growth.json
    python benchmarks/growth.py --sweeps layers,batch --largest 64          a quick look
    python benchmarks/growth.py --show growth.json                          the tables of an earlier run

A sweep of an implementation has a process of its own. `step` is a training step within an epoch, `first` the first
one, which captures and compiles; making the model isn't counted. The exponent is the slope of log(time) over log(size)
for the upper half of the sizes: 1 is linear. Where kcore's is above linear and that of the hand-written loop on the
same engine (on PyTorch, for NumPy) isn't, the table says so.
"""

from __future__ import annotations

import gc
import json
import math
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
from processes import compile_sources, in_process, interpreter, machine, parser
from tasks import seconds, trainer
from workloads import STEPS, Workload, data


class Sweep(NamedTuple):
    """A quantity that grows.

    Attributes:
        title: what it is, in words.
        sizes: its values.
        work: what is trained at a size.
    """

    title: str
    sizes: tuple[int, ...]
    work: Callable[[int], Workload]


def _parameters(count: int) -> Workload:
    """Three square layers that have about so many parameters together."""
    width = round(math.sqrt(count / 3))
    return Workload("dense", (width,), 10, 16, 20, 1, widths=(width,) * 3)


LENGTHS = (16, 32, 64, 128, 256, 512, 1024, 2048)
SWEEPS = {
    "layers": Sweep(
        "dense layers of width 64, batch 32",
        (1, 2, 5, 10, 20, 50, 100, 200),
        lambda size: Workload("dense", (64,), 10, 32, 50, 1, widths=(64,) * size),
    ),
    "batch": Sweep(
        "samples in a batch of the MLP 784-512-512-10",
        (1, 4, 16, 64, 256, 1024, 4096),
        lambda size: STEPS["mlp"]._replace(batch=size, steps=max(4, min(50, 4096 // size))),
    ),
    "lstm": Sweep(
        "time steps of LSTM(128), batch 8",
        LENGTHS,
        lambda size: STEPS["lstm"]._replace(family="lstm_mean", shape=(size, 32), batch=8),
    ),
    "transformer": Sweep(
        "tokens in the Transformer encoder, batch 2",
        LENGTHS,
        lambda size: STEPS["transformer"]._replace(shape=(size,), batch=2, steps=20),
    ),
    "parameters": Sweep(
        "parameters of three square dense layers, batch 16",
        (10_000, 100_000, 1_000_000, 10_000_000, 30_000_000, 100_000_000),
        _parameters,
    ),
}
BUDGET = 0.4
"""Seconds that the timed steps of a point may take, roughly."""
LINEAR = 1.15
"""The largest exponent that counts as linear."""


def point(kind: str, engine: str, work: Workload) -> tuple[float, float]:
    """Milliseconds of a step, and of the first one."""
    run = trainer(kind, engine, work, *data(work))
    first = seconds(run, 1)
    run(1)
    steps = max(1, min(work.steps, int(BUDGET / 3 / seconds(run, 1))))
    times = []
    end = time.perf_counter() + BUDGET
    while len(times) < 2 or (time.perf_counter() < end and len(times) < 9):
        times.append(seconds(run, steps) / steps)
    return float(np.median(times)) * 1e3, first * 1e3


def sweep(name: str, who: str, largest: int) -> None:
    """Measure and print a line of JSON for each size; the smallest is measured twice, as engines load parts late."""
    kind, engine = who.split("-")
    sizes = _sizes(name, largest)
    point(kind, engine, SWEEPS[name].work(sizes[0]))
    for size in sizes:
        step, first = point(kind, engine, SWEEPS[name].work(size))
        print(json.dumps([size, step, first]), flush=True)
        gc.collect()


def _sizes(name: str, largest: int) -> list[int]:
    return [size for size in SWEEPS[name].sizes if not largest or size <= largest]


def exponent(sizes: list[int], times: list[float]) -> float | None:
    """The slope of log(time) over log(size), by least squares over the upper half; None for fewer than two points."""
    half = len(sizes) // 2
    if len(sizes) - half < 2:
        return None
    return float(np.polyfit(np.log(sizes[half:]), np.log(times[half:]), 1)[0])


def curve(points: list[list[float]]) -> dict[str, Any]:
    """The measurements of a sweep by column, with the exponents."""
    sizes, step, first = (list(column) for column in zip(*points, strict=True))
    exponents = {"step": exponent(sizes, step), "first": exponent(sizes, first)}
    return {"sizes": sizes, "step": step, "first": first, "exponents": exponents}


def worse(curves: dict[str, dict], who: str, what: str = "step") -> str:
    """The implementation that is linear where `who` isn't; empty if there is none."""
    peer = next((name for name in (f"hand-{who.split('-')[1]}", "hand-torch") if name in curves), "")
    if not who.startswith("kcore") or not peer:
        return ""
    own, theirs = (curves[name]["exponents"][what] for name in (who, peer))
    return peer if own is not None and theirs is not None and own > LINEAR >= theirs else ""


def show(name: str, curves: dict[str, dict]) -> None:
    """Print a sweep: sizes down, implementations across."""
    sizes = sorted({size for found in curves.values() for size in found["sizes"]})
    for what in ("step", "first"):
        print(f"\n{'a step' if what == 'step' else 'the first step'}, ms, by {SWEEPS[name].title}")
        print(" " * 12 + "".join(f"{who:>14}" for who in curves))
        for size in sizes:
            print(f"{size:12}" + "".join(f"{_at(found, what, size):>14}" for found in curves.values()))
        slopes = [found["exponents"][what] for found in curves.values()]
        print(f"{'exponent':>12}" + "".join(f"{'' if slope is None else f'{slope:.2f}':>14}" for slope in slopes))
        for who in curves:
            if peer := worse(curves, who, what):
                print(f"  {who} grows faster than linearly, {peer} doesn't", flush=True)


def _at(found: dict, what: str, size: int) -> str:
    return f"{found[what][found['sizes'].index(size)]:.2f}" if size in found["sizes"] else ""


def run(options: Namespace) -> None:
    """Take, print and save all measurements that were asked for, sweep by sweep."""
    compile_sources(options.peers)
    results: dict = {"machine": machine(options.peers), "sweeps": {}}
    for name in options.sweeps.split(","):
        curves = {}
        for who in options.who.split(","):
            arguments = ["growth.py", "--measure", name, who, str(options.largest)]
            lines = in_process(interpreter(who, options.peers), arguments, options.threads)
            if points := [json.loads(line) for line in lines if line.startswith("[")]:
                curves[who] = curve(points)
        results["sweeps"][name] = {"title": SWEEPS[name].title, "curves": curves}
        show(name, curves)
        if options.json:
            save(results, Path(options.json))


def save(results: dict, path: Path) -> None:
    """Write the results over those of the same sweeps in a file."""
    earlier = json.loads(path.read_text())["sweeps"] if path.exists() else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results | {"sweeps": earlier | results["sweeps"]}) + "\n")


def main() -> None:
    """The command line."""
    command_line = parser(__doc__)
    command_line.add_argument("--sweeps", default=",".join(SWEEPS), help="which of " + ", ".join(SWEEPS))
    command_line.add_argument("--who", default="kcore-numpy,hand-numpy", help="kcore-, keras- or hand-, and an engine")
    command_line.add_argument("--largest", type=int, default=0, help="leave larger sizes out")
    options = command_line.parse_args()
    if options.measure:
        name, who, largest = options.measure
        sweep(name, who, int(largest))
    elif options.show:
        for name, found in json.loads(Path(options.show).read_text())["sweeps"].items():
            show(name, found["curves"])
    else:
        run(options)


if __name__ == "__main__":
    main()
