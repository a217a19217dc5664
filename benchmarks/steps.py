"""Milliseconds a training step, side by side: kcore through `fit`, Keras 3 through `fit`, and loops written by hand.

    python benchmarks/steps.py                                        kcore on NumPy, and NumPy by hand
    python benchmarks/steps.py --peers /path/to/python                ... and Keras, PyTorch and JAX of that environment
    python benchmarks/steps.py --workloads mlp,lstm --who kcore-numpy,keras-torch --rounds 5

Each run has a process of its own; the runs of all implementations take turns, so that a busy machine slows all of
them alike. The number is the median over rounds of the median over epochs. Ratios are to the first implementation of
`--base` that ran.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from workloads import WORKLOADS, data, model  # noqa: E402 - a script beside its modules

OURS = ("kcore-numpy", "hand-numpy")
PEERS = ("kcore-torch", "kcore-jax", "keras-torch", "keras-jax", "hand-torch", "hand-jax")


def fit_runner(keras, name: str) -> Callable[[], None]:
    """A function that runs `fit` for an epoch."""
    x, y = data(name)
    network = model(keras, name)
    network.compile(keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy())
    return lambda: network.fit(x, y, batch_size=WORKLOADS[name].batch, epochs=1, verbose=0)


def runner(who: str, name: str) -> Callable[[], None]:
    """What trains `name` for an epoch."""
    kind, engine = who.split("-")
    if kind == "hand":
        return __import__(f"by_hand_{engine}").epoch_runner(name)
    os.environ["KERAS_BACKEND"] = engine
    return fit_runner(__import__({"kcore": "kcore", "keras": "keras"}[kind]), name)


def measure(who: str, name: str) -> float:
    """Milliseconds a step: the median over epochs, after one that isn't counted."""
    work = WORKLOADS[name]
    run = runner(who, name)
    run()
    seconds = []
    for _ in range(work.epochs):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds) / work.steps * 1e3


def in_process(who: str, name: str, python: str, threads: int = 0) -> float | None:
    """`measure` in a process of its own; None, with a line on why, if that fails."""
    paths = [str(HERE.parent), str(HERE.parent / "backends"), os.environ.get("PYTHONPATH", "")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "TF_CPP_MIN_LOG_LEVEL": "3"}
    if threads:
        env |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    command = [python, str(HERE / "steps.py"), "--measure", who, name]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"  {who} {name}: {(done.stderr.strip().splitlines() or ['failed'])[-1][:200]}", file=sys.stderr)
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def compare(names: list[str], who: list[str], rounds: int, run: Callable[[str, str], float | None]) -> dict:
    """All measurements: `{workload: {implementation: [ms, ...]}}`."""
    times: dict = {name: {each: [] for each in who} for name in names}
    for name in names:
        for _ in range(rounds):
            for each in who:
                if times[name][each] is None:
                    continue
                value = run(each, name)
                times[name][each] = None if value is None else [*times[name][each], value]
    return times


def show(times: dict, base: list[str]) -> None:
    """Print the medians, and their ratios to the base."""
    for name, row in times.items():
        medians = {each: statistics.median(values) for each, values in row.items() if values}
        reference = next((each for each in base if each in medians), None)
        print(f"\n{name}: ms a step" + (f", and the ratio to {reference}" if reference else ""))
        for each, value in medians.items():
            ratio = f"{value / medians[reference]:7.2f}" if reference else ""
            print(f"  {each:14}{value:10.3f}{ratio}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workloads", default=",".join(WORKLOADS), help="which of " + ", ".join(WORKLOADS))
    parser.add_argument("--who", default="", help="which of " + ", ".join(OURS + PEERS))
    parser.add_argument("--peers", default="", help="the interpreter of an environment with Keras, PyTorch and JAX")
    parser.add_argument("--base", default="keras-torch,hand-numpy", help="what ratios are to: the first that ran")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0, help="of BLAS and OpenMP; on a busy machine, 1 is fairer")
    parser.add_argument("--json", default="", help="a file for all measurements")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(*options.measure)))
        return
    who = options.who.split(",") if options.who else [*OURS, *(PEERS if options.peers else ())]

    def run(each: str, name: str) -> float | None:
        python = sys.executable if each in OURS else options.peers
        return in_process(each, name, python, options.threads)

    times = compare(options.workloads.split(","), who, options.rounds, run)
    show(times, options.base.split(","))
    if options.json:
        Path(options.json).write_text(json.dumps(times, indent=1))


if __name__ == "__main__":
    main()
