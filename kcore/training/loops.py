"""The loops over batches and epochs, for `fit`, `evaluate` and `predict`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from kcore import tree
from kcore.callbacks import CallbackList
from kcore.engine import backend
from kcore.errors import InvalidArgumentError
from kcore.training.adapters.base import Batch
from kcore.training.epochs import Epochs
from kcore.training.logs import call_hooks, on_host

#: Gives sample weights in place of the targets and the sample weights of a batch.
Weigh = Callable[[Any, Any], Any]


def run_batches(
    step: Callable[[Any, Any, Any], Any],
    batches: Iterable[Batch],
    callbacks: CallbackList,
    phase: str,
    read: Callable[[Any], Any],
    group: int = 1,
    stopped: Callable[[], bool] | None = None,
) -> Any:
    """Run a step on every batch, with the hooks around it.

    Args:
        step: the step.
        batches: the batches.
        callbacks: whose hooks to call.
        phase: "train", "test" or "predict".
        read: makes logs of what the last step returned, when a hook looks.
        group: how many steps pass between hooks.
        stopped: whether to stop, asked after each batch.

    Returns:
        What the last step returned; None if there was no batch.
    """
    begin, end = callbacks.called(f"on_{phase}_batch_begin"), callbacks.called(f"on_{phase}_batch_end")
    number, result = -1, None
    for number, (x, y, sample_weight) in enumerate(batches):
        if begin and number % group == 0:
            for hook in begin:
                hook(number, {})
        result = step(x, y, sample_weight)
        if end and (number + 1) % group == 0:
            call_hooks(end, number, lambda: read(result))  # noqa: B023 - called before the next step
        if stopped is not None and stopped():
            break
    if end and (number + 1) % group:
        call_hooks(end, number, lambda: read(result))
    return result


def train_epochs(
    trainer: Any,
    epochs: Epochs,
    callbacks: CallbackList,
    numbers: range,
    validate: Callable[[int], dict],
    weigh: Weigh | None = None,
) -> None:
    """The epochs of `fit`.

    Args:
        trainer: the trainer.
        epochs: where the batches come from.
        callbacks: whose hooks to call.
        numbers: the epochs to run.
        validate: gives the validation's logs of an epoch.
        weigh: class weights, or None.
    """
    model = trainer.model
    callbacks.on_train_begin()
    logs: dict[str, Any] = {}
    for number in numbers:
        trainer.reset_metrics()
        callbacks.on_epoch_begin(number)
        result = run_batches(
            trainer.train_function,
            weighed(epochs.epoch(), weigh),
            callbacks,
            "train",
            trainer.read_logs,
            trainer.steps_per_execution,
            lambda: model.stop_training,
        )
        if result is None:
            break
        logs = on_host(trainer.read_logs(result))
        logs.update(validate(number))
        callbacks.on_epoch_end(number, logs)
        if model.stop_training or epochs.ran_out:
            break
    callbacks.on_train_end(logs)


def test_epoch(trainer: Any, epochs: Epochs, callbacks: CallbackList) -> dict[str, Any]:
    """One pass of evaluation: the results by name."""
    trainer.reset_metrics()
    callbacks.on_test_begin()
    result = run_batches(
        trainer.test_function, epochs.epoch(), callbacks, "test", trainer.read_logs, trainer.steps_per_execution
    )
    if result is None:
        raise InvalidArgumentError("The data to evaluate on must hold at least one batch. Received: none")
    logs = on_host(trainer.read_logs(result))
    callbacks.on_test_end(logs)
    return logs


def predict_epoch(trainer: Any, epochs: Epochs, callbacks: CallbackList) -> Any:
    """One pass of prediction: the outputs of all batches, joined on the host.

    A batch is brought to the host when the next has been started, so that an engine that computes on its own has no
    pause in between.
    """
    fetched: list[list[np.ndarray]] = []
    started: Any = None
    step = trainer.predict_function

    def fetch() -> None:
        to_numpy = backend.current().to_numpy
        fetched.append([to_numpy(leaf) for leaf in tree.flatten(started)])

    def start(x: Any, y: Any, sample_weight: Any) -> Any:
        nonlocal started
        outputs = step(x)
        if started is not None:
            fetch()
        started = outputs
        return outputs

    callbacks.on_predict_begin()
    run_batches(
        start, epochs.epoch(), callbacks, "predict", lambda outputs: {"outputs": outputs}, trainer.steps_per_execution
    )
    if started is None:
        raise InvalidArgumentError("The data to predict on must hold at least one batch. Received: none")
    fetch()
    callbacks.on_predict_end()
    return tree.pack_sequence_as(started, [np.concatenate(parts) for parts in zip(*fetched, strict=True)])


def weighed(batches: Iterable[Batch], weigh: Weigh | None) -> Iterable[Batch]:
    """The batches with class weights in their sample weights."""
    if weigh is None:
        return batches
    return ((x, y, weigh(y, sample_weight)) for x, y, sample_weight in batches)
