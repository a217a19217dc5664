"""kcore side by side with Keras 3 and with loops written by hand: a training step, `predict`, the import.

    python benchmarks/compare.py                                        a step: kcore on NumPy, and NumPy by hand
    python benchmarks/compare.py --peers /path/to/python                ... and the Keras, torch and JAX found there
    python benchmarks/compare.py --workloads mlp,lstm --who kcore-numpy,keras-torch --rounds 5
    python benchmarks/compare.py --what predict_row,predict_batch,import --peers /path/to/python

Each run has a process of its own; the runs of all implementations take turns, so that a busy machine slows all of
them alike. The number is the median over rounds of the median within a run. Ratios are to the first implementation of
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


def network(kind: str, engine: str, name: str):
    """The workload's model in kcore or in Keras, compiled."""
    os.environ["KERAS_BACKEND"] = engine
    keras = __import__(kind)
    made = model(keras, name)
    made.compile(keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy(), metrics=["accuracy"])
    return made


def step(kind: str, engine: str, name: str) -> tuple[Callable[[], None], int, int]:
    """What trains an epoch, the steps in it, and how many epochs to time."""
    work = WORKLOADS[name]
    if kind == "hand":
        return __import__(f"by_hand_{engine}").epoch_runner(name), work.steps, work.epochs
    (x, y), made = data(name), network(kind, engine, name)
    return lambda: made.fit(x, y, batch_size=work.batch, epochs=1, verbose=0), work.steps, work.epochs


def predict_row(kind: str, engine: str, name: str) -> tuple[Callable[[], None], int, int]:
    """What asks for one row."""
    x, made = data(name)[0][:1], network(kind, engine, name)
    return lambda: made.predict(x, verbose=0), 1, 50


def predict_batch(kind: str, engine: str, name: str) -> tuple[Callable[[], None], int, int]:
    """What asks for eight batches."""
    work = WORKLOADS[name]
    x, made = data(name)[0][: 8 * work.batch], network(kind, engine, name)
    return lambda: made.predict(x, batch_size=work.batch, verbose=0), -(-len(x) // work.batch), 5


def importing(kind: str, engine: str, name: str) -> tuple[Callable[[], None], int, int]:
    """What starts Python, imports the package and makes a layer."""
    code = f"import {kind} as keras; keras.layers.Dense(1)"
    env = {**os.environ, "KERAS_BACKEND": engine}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    return lambda: subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True), 1, 5


TASKS = {"step": step, "predict_row": predict_row, "predict_batch": predict_batch, "import": importing}


def measure(what: str, who: str, name: str) -> float:
    """Milliseconds: the median over repetitions, after two that aren't counted."""
    kind, engine = who.split("-")
    run, parts, repetitions = TASKS[what](kind, engine, name)
    run()
    run()
    seconds = []
    for _ in range(repetitions):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds) / parts * 1e3


def in_process(what: str, who: str, name: str, python: str, threads: int = 0) -> float | None:
    """`measure` in a process of its own; None, with a line on why, if that fails."""
    paths = [str(HERE.parent), str(HERE.parent / "backends"), os.environ.get("PYTHONPATH", "")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "TF_CPP_MIN_LOG_LEVEL": "3"}
    if threads:
        env |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    command = [python, str(HERE / "compare.py"), "--measure", what, who, name]
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


def show(what: str, times: dict, base: list[str]) -> None:
    """Print the medians, and their ratios to the base."""
    for name, row in times.items():
        medians = {each: statistics.median(values) for each, values in row.items() if values}
        reference = next((each for each in base if each in medians), None)
        print(f"\n{what}, {name}: ms" + (f", and the ratio to {reference}" if reference else ""))
        for each, value in medians.items():
            ratio = f"{value / medians[reference]:7.2f}" if reference else ""
            print(f"  {each:14}{value:10.3f}{ratio}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--what", default="step", help="which of " + ", ".join(TASKS))
    parser.add_argument("--workloads", default=",".join(WORKLOADS), help="which of " + ", ".join(WORKLOADS))
    parser.add_argument("--who", default="", help="which of " + ", ".join(OURS + PEERS))
    parser.add_argument("--peers", default="", help="the interpreter of an environment with Keras, PyTorch and JAX")
    parser.add_argument("--base", default="keras-torch,hand-numpy", help="what ratios are to: the first that ran")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0, help="of BLAS and OpenMP; on a busy machine, 1 is fairer")
    parser.add_argument("--json", default="", help="a file for all measurements")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(*options.measure)))
        return
    who = options.who.split(",") if options.who else [*OURS, *(PEERS if options.peers else ())]

    found = {}
    for what in options.what.split(","):

        def run(each: str, name: str, what: str = what) -> float | None:
            python = sys.executable if each in OURS else options.peers
            return in_process(what, each, name, python, options.threads)

        names = ["any model"] if what == "import" else options.workloads.split(",")
        found[what] = compare(names, who, options.rounds, run)
        show(what, found[what], options.base.split(","))
    if options.json:
        Path(options.json).write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
