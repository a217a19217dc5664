"""Training: the same seed gives the stored loss curve, again and again."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from kcore.conformance.case import Case, case, family
from kcore.conformance.check import Check

from . import table

GROUP = "training"


@functools.cache
def stored() -> dict[str, Any]:
    """The answers: for each row the `"loss"` of each epoch, and the `"predictions"` for the first four inputs."""
    return json.loads(Path(__file__).with_name("trajectories.json").read_text())


def _trajectory(name: str, backend, check: Check) -> None:
    model, losses = table.trained(name)
    check.close(np.asarray(losses, np.float32), np.array(stored()[name]["loss"]), op="training")
    x, _ = table.RUNS[name].data()
    predictions = model.predict(x[:4], verbose=0)
    check.close(predictions, np.array(stored()[name]["predictions"]), op="training", dtype="float32")


@family
def trajectories() -> Iterator[Case]:
    """The loss curve and what the trained model predicts."""
    for name in table.RUNS:
        optimizer = name.removeprefix("mlp, ").partition(" ")[0] if name.startswith("mlp") else "fit"
        yield Case(
            f"training/{name}",
            partial(_trajectory, name),
            level="training",
            group=GROUP,
            op=optimizer,
            sources=("kcore in float64 on NumPy, composites only",),
            answer="The stored loss of each epoch, and the stored predictions.",
            quick=name in ("mlp, Adam", "convolution and batch normalization"),
        )


def _again(name: str, backend, check: Check) -> None:
    (model, losses), (other, same) = table.trained(name), table.trained(name)
    check.equal(np.array(same), np.array(losses))
    for first, second in zip(model.get_weights(), other.get_weights(), strict=True):
        check.equal(second, first)


@family
def the_same_again() -> Iterator[Case]:
    """A run with the same seed gives the same bits."""
    for name in ("dropout", "convolution and batch normalization", "lstm, penalty and clipping"):
        yield Case(
            f"determinism/training, {name}",
            partial(_again, name),
            level="training",
            group="determinism",
            op="fit",
            answer="The same bits in losses and weights.",
            quick=name == "dropout",
        )


@case("training/eager is captured", level="training", group=GROUP, op="fit", quick=False,
      answer="run_eagerly changes no number by more than rounding.")  # fmt: skip
def eager_training(backend, check):
    """Training eagerly goes the same way."""
    from kcore.utils import set_random_seed

    curves = []
    for eagerly in (False, True):
        set_random_seed(table.SEED)
        model = table.RUNS["mlp, Adam"].make()
        model.run_eagerly = eagerly
        curves.append(model.fit(*table.RUNS["mlp, Adam"].data(), batch_size=16, epochs=2, verbose=0).history["loss"])
    check.close(np.asarray(curves[1], np.float32), np.array(curves[0]), op="training")


@case("training/evaluate is the mean over samples", level="training", group=GROUP, op="evaluate",
      answer="The loss of all samples, whatever the last batch's size.")  # fmt: skip
def evaluate_weighs_batches(backend, check):
    """A last batch that is smaller counts for less."""
    model, _ = table.trained("mlp, SGD")
    x, y = table.RUNS["mlp, SGD"].data()
    chosen = model.predict(x, verbose=0).astype(np.float64)[np.arange(len(y)), y]
    for size in (48, 13):
        loss = model.evaluate(x, y, batch_size=size, verbose=0)
        check.close(np.float32(loss), np.mean(-np.log(chosen)), op="training")


@case("training/frozen weights stay", level="training", group=GROUP, op="fit", answer="Bit for bit.")
def frozen_weights(backend, check):
    """What isn't trainable doesn't move, and what is does."""
    from kcore import Input, Sequential, layers

    frozen = layers.Dense(4, trainable=False)
    model = Sequential([Input((6,)), frozen, layers.Dense(table.CLASSES, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    before = [np.array(w) for w in model.get_weights()]
    model.fit(*table.RUNS["mlp, SGD"].data(), epochs=1, verbose=0)
    after = model.get_weights()
    check.equal(after[:2], before[:2])
    check.true(not np.array_equal(after[2], before[2]), "nothing was learned")
