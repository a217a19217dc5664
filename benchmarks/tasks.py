"""What is measured, each thing by a function that runs in a process of its own: `task(kind, engine, name)` -> a number.

`kind` is `kcore`, `keras` or `hand`; `engine` is `numpy`, `torch` or `jax`; `name` is a workload, or as `TASKS` says.
"""

from __future__ import annotations

import gc
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from workloads import STEPS, WORKLOADS, Workload, data, model

BOTH = ("kcore-numpy", "kcore-torch", "kcore-jax", "keras-torch", "keras-jax")
KCORE = BOTH[:3]
HAND = ("hand-torch", "hand-jax", "hand-numpy")


def seconds(run: Callable[..., Any], *args: Any) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    run(*args)
    return time.perf_counter() - start


def median_seconds(run: Callable[[], Any], repetitions: int) -> float:
    """The median over some calls, after two that aren't counted."""
    for _ in range(2):
        run()
    return statistics.median(seconds(run) for _ in range(repetitions))


def package(kind: str, engine: str) -> Any:
    """kcore or Keras, imported, with its engine started and the modules of training loaded."""
    os.environ["KERAS_BACKEND"] = engine
    keras = __import__(kind)
    keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]).compile("adam", "mse")
    keras.ops.convert_to_numpy(keras.ops.zeros((1,)))
    return keras


def trainer(kind: str, engine: str, work: Workload, x: Any, y: Any) -> Callable[[int], Any]:
    """What trains a workload for a number of steps: the loop written by hand, or `fit` in Keras or in kcore."""
    if kind == "hand":
        return __import__(f"by_hand_{engine}").trainer(work, x, y)
    made = model(package(kind, engine), work)

    def run(steps: int) -> None:
        samples = steps * work.batch
        made.fit(x[:samples], y[:samples], batch_size=work.batch, epochs=1, verbose=0)

    return run


def step(kind: str, engine: str, name: str) -> float:
    """Milliseconds of a training step, within epochs of many."""
    work = WORKLOADS[name]
    run = trainer(kind, engine, work, *data(work))
    return median_seconds(lambda: run(work.steps), work.epochs) / work.steps * 1e3


def predict_row(kind: str, engine: str, name: str) -> float:
    """Milliseconds of `predict` of one row; by hand, of the engine's own program on it."""
    x = data(WORKLOADS[name])[0][:1]
    if kind == "hand":
        run = __import__(f"by_hand_{engine}").predictor(WORKLOADS[name])
        return median_seconds(lambda: run(x), 50) * 1e3
    made = model(package(kind, engine), WORKLOADS[name])
    return median_seconds(lambda: made.predict(x, verbose=0), 50) * 1e3


def predict_batch(kind: str, engine: str, name: str) -> float:
    """Milliseconds a batch, in `predict` of eight batches."""
    work = WORKLOADS[name]
    x, made = data(work)[0][: 8 * work.batch], model(package(kind, engine), work)
    predict = lambda: made.predict(x, batch_size=work.batch, verbose=0)  # noqa: E731
    return median_seconds(predict, 5) / -(-len(x) // work.batch) * 1e3


def first_step(kind: str, engine: str, name: str) -> float:
    """Milliseconds to make the model, to compile it and to train on a first batch; imports aren't counted."""
    work = WORKLOADS[name]
    x, y = data(work._replace(steps=1))
    keras = package(kind, engine)
    return seconds(lambda: model(keras, work).train_on_batch(x, y)) * 1e3


def memory(kind: str, engine: str, name: str) -> float:
    """MiB that training takes at its peak, beyond the data and what the process held before the model was made.

    A step on two samples comes first, so that what the engine loads at its first use isn't counted.
    """
    work = WORKLOADS[name]._replace(batch=MEMORY_BATCH[name], steps=2)
    x, y = data(work)
    trainer(kind, engine, work._replace(batch=2), x, y)(1)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before = _status("VmRSS")
    run = trainer(kind, engine, work, x, y)
    for _ in range(3):
        run(work.steps)
    return (_status("VmHWM") - before) / 1024


MEMORY_BATCH = {"mlp": 4096, "cnn": 256, "lstm": 256, "transformer": 128}


def _status(field: str) -> int:
    match = re.search(rf"^{field}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert match, f"/proc/self/status has no {field}"
    return int(match[1])


def importing(kind: str, engine: str, name: str) -> float:
    """Milliseconds to start Python and run one of the lines of `IMPORTS`."""
    env = {**os.environ, "KERAS_BACKEND": engine}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-c", IMPORTS[name].format(kind)]
    return median_seconds(lambda: subprocess.run(command, env=env, check=True, capture_output=True), 3) * 1e3


IMPORTS = {"import": "import {} as keras", "make a layer": "import {} as keras; keras.layers.Dense(1)"}


def capture(kind: str, engine: str, name: str) -> float:
    """Milliseconds to capture a training step and to plan it, without what the engine compiles at the first run."""
    work = WORKLOADS[name]
    x, y = data(work._replace(steps=1))
    made = model(package(kind, engine), work)
    from kcore.engine.function import Function

    captured, taken = Function._capture, []

    def timed(*args: Any) -> Any:
        start = time.perf_counter()
        result = captured(*args)
        taken.append(time.perf_counter() - start)
        return result

    with mock.patch.object(Function, "_capture", timed):
        made.train_on_batch(x, y)
    return max(taken) * 1e3


def fit_overhead(kind: str, engine: str, name: str) -> float:
    """Microseconds a step that `fit` adds to calls of the captured step on a batch of arrays that lies ready."""
    work = WORKLOADS[name]._replace(steps=500)
    x, y = data(work)
    made = model(package(kind, engine), work)
    ready = [part[: work.batch] for part in (x, y)]

    def bare() -> None:
        train = made._trainer.train_function
        for _ in range(work.steps):
            train(*ready)
        float(made.get_metrics_result()["loss"])

    fit = lambda: made.fit(x, y, batch_size=work.batch, epochs=1, verbose=0)  # noqa: E731
    for run in (fit, bare):
        run()
    differences = [seconds(fit) - seconds(bare) for _ in range(25)]
    return statistics.median(differences) / work.steps * 1e6


class Task(NamedTuple):
    """A row of `TASKS`.

    Attributes:
        measure: takes the measurement.
        unit: what the number counts.
        names: the workloads that it makes sense for.
        who: whom it makes sense for.
    """

    measure: Callable[[str, str, str], float]
    unit: str
    names: tuple[str, ...]
    who: tuple[str, ...]


TASKS = {
    "step": Task(step, "ms", tuple(STEPS), (*BOTH, *HAND)),
    "predict_row": Task(predict_row, "ms", tuple(STEPS), (*BOTH, "hand-torch", "hand-jax")),
    "predict_batch": Task(predict_batch, "ms", tuple(STEPS), BOTH),
    "first_step": Task(first_step, "ms", tuple(WORKLOADS), BOTH),
    "capture": Task(capture, "ms", ("resnet50",), KCORE),
    "memory": Task(memory, "MiB", tuple(MEMORY_BATCH), (*BOTH, "hand-torch")),
    "import": Task(importing, "ms", tuple(IMPORTS), BOTH),
    "fit_overhead": Task(fit_overhead, "µs", ("tiny",), KCORE),
}
