"""Saved on one backend, loaded on another: the same predictions, and training goes on."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from kcore.conformance.case import Case, family
from kcore.engine import active

from . import table

GROUP = "saving"
RUNS = ("dropout", "convolution and batch normalization", "lstm, penalty and clipping", "attention")


def _goes_on(model: Any, name: str) -> np.ndarray:
    """The losses of two more epochs, in the given order of samples."""
    history = model.fit(*table.RUNS[name].data(), batch_size=16, epochs=2, shuffle=False, verbose=0).history
    return np.asarray(history["loss"], np.float32)


def _whole(name: str, backend, check) -> None:
    from kcore.models import load_model
    from kcore.utils import set_random_seed

    model, _ = table.trained(name)
    x, _ = table.RUNS[name].data()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.h5"
        model.save(path)
        with active.activate(check.other):
            twin = load_model(path)
    with active.activate(check.other):
        set_random_seed(5)
        predictions, losses = twin.predict(x, verbose=0), _goes_on(twin, name)
    set_random_seed(5)
    check.close(predictions, model.predict(x, verbose=0).astype(np.float64), op="training")
    if name != "dropout":
        check.close(losses, _goes_on(model, name).astype(np.float64), op="training")


def _weights(name: str, backend, check) -> None:
    model, _ = table.trained(name)
    x, _ = table.RUNS[name].data()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.weights.h5"
        model.save_weights(path)
        with active.activate(check.other):
            twin = table.RUNS[name].make()
            twin.load_weights(path)
            weights, predictions = twin.get_weights(), twin.predict(x, verbose=0)
    for got, expected in zip(weights, model.get_weights(), strict=True):
        check.equal(got, expected)
    check.close(predictions, model.predict(x, verbose=0).astype(np.float64), op="training")


@family
def cases() -> Iterator[Case]:
    """Whole models and weights, between each two backends."""
    for kind, run in (("model", _whole), ("weights", _weights)):
        for name in RUNS:
            yield Case(
                f"saving/{kind}, {name}",
                partial(run, name),
                level="training",
                group=GROUP,
                op=f"save {kind}",
                answer="The same predictions after loading, and the same losses in further training.",
                quick=name == "dropout",
                pair=True,
            )
