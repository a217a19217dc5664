"""Milliseconds and page faults of a training step, with freed memory kept and given back (`docs/decisions/0012`)."""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parents[1]
ROUNDS, REPETITIONS = 3, 6


def measure(name: str) -> None:
    """Print milliseconds and faults of a step, in a process of its own."""
    sys.path.insert(0, str(BENCHMARKS))
    from tasks import trainer
    from workloads import WORKLOADS, data

    work = WORKLOADS[name]
    run = trainer("kcore", os.environ["KERAS_BACKEND"], work, *data(work))
    run(work.steps)
    times, faults = [], []
    for _ in range(REPETITIONS):
        start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        run(work.steps)
        times.append((time.perf_counter() - start) / work.steps * 1e3)
        faults.append((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / work.steps)
    print(statistics.median(times), statistics.median(faults))


def measured(engine: str, name: str, keep: str) -> list[float]:
    env = {**os.environ, "KERAS_BACKEND": engine, "KCORE_KEEP_FREED": keep}
    command = [sys.executable, __file__, "--measure", name]
    done = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
    return [float(word) for word in done.stdout.split()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engines", default="numpy,torch,jax")
    parser.add_argument("--workloads", default="cnn,transformer")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        return measure(options.measure)
    for engine in options.engines.split(","):
        for name in options.workloads.split(","):
            rounds = [(measured(engine, name, "0"), measured(engine, name, "1")) for _ in range(ROUNDS)]
            for label, results in zip(("given back", "kept"), zip(*rounds, strict=True), strict=True):
                milliseconds, faults = (statistics.median(values) for values in zip(*results, strict=True))
                print(f"{engine:6} {name:12} {label:10} {milliseconds:8.1f} ms {faults:8.0f} faults", flush=True)
    return None


if __name__ == "__main__":
    main()
