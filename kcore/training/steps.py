"""The step on one batch: what it does by default, and how it is captured.

    train   forward, loss, gradients, optimizer, metrics
    test    forward, loss, metrics
    predict forward

Each is a function of the batch; weights, the optimizer's state and the metrics are variables that it reads and
assigns, so that one capture holds the whole step. A model may override `train_step`, `test_step`, `predict_step`,
`compute_loss` and `compute_metrics`.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

from kcore import tree
from kcore.engine import backend
from kcore.engine.autodiff import GradientTape
from kcore.engine.function import Function
from kcore.engine.native import NativeGradientTape
from kcore.engine.tracing import value_of
from kcore.errors import CaptureError, InvalidArgumentError
from kcore.training.compilation import Compilation

#: What a default step returns: its results are read from the metrics when they are shown.
NO_LOGS: dict[str, Any] = {}


class Step:
    """A step that is captured at its first call, and runs as plain Python where that can't be done.

    Args:
        function: takes `(x, y, sample_weight)`.
        eager: whether not to capture.
        warm_up: whether to run the first call as plain Python: it makes the variables of a model that isn't built.
        announced: the lines that steps of this model were warned of.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        eager: bool = False,
        warm_up: bool = False,
        announced: set[Any] | None = None,
    ) -> None:
        self._function = function
        self._captured = Function(function)
        self.eager = eager
        self._warm_up = warm_up
        self._announced = set() if announced is None else announced

    def __call__(self, x: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """Run the step on a batch of arrays and tensors."""
        if self.eager or self._warm_up:
            self._warm_up = False
            return self._plainly(x, y, sample_weight)
        try:
            return self._captured(x, y, sample_weight)
        except CaptureError as err:
            self.eager = True
            self._announce(err)
        return self._plainly(x, y, sample_weight)

    def _announce(self, err: CaptureError) -> None:
        """Warn once of a line, with that as the warning's place."""
        if err.line in self._announced:
            return
        self._announced.add(err.line)
        text = f"The step can't be captured, so it runs as plain Python from here on, which is slower. {err}"
        filename, number, _ = err.line or (__file__, 0, "")
        warnings.warn_explicit(text, UserWarning, filename, number)

    @property
    def last_seen(self) -> Any:
        """The structure of the batch that was captured last, and the specs of its leaves; None before the first."""
        return self._captured.last_seen

    def _plainly(self, *batch: Any) -> Any:
        asarray = backend.current().asarray
        tensors = tree.map_structure(lambda leaf: None if leaf is None else asarray(leaf), batch)
        return tree.map_structure(value_of, self._function(*tensors))


def train_on(model: Any, compilation: Compilation, data: tuple[Any, Any, Any]) -> Any:
    """One step of training: everything but metrics.

    Returns:
        What the model predicted.
    """
    x, y, sample_weight = data
    optimizer = model.optimizer
    if optimizer is None:
        raise InvalidArgumentError("Training needs an `optimizer`; give one to `compile`. Received: optimizer=None")
    weights = compilation.trainable_weights()
    with NativeGradientTape() if compilation.arguments["native_autodiff"] else GradientTape() as tape:
        y_pred = model(x, training=True)
        loss = loss_of(model, x, y, y_pred, sample_weight, training=True)
        scaled = optimizer.scale_loss(loss)
    if weights:
        optimizer.apply(tape.gradient(scaled, weights), weights)
    compilation.track_loss(loss, x)
    return y_pred


def test_on(model: Any, compilation: Compilation, data: tuple[Any, Any, Any], has_loss: bool) -> Any:
    """One step of evaluation: everything but metrics. Without a loss, there are metrics only.

    Returns:
        What the model predicted.
    """
    x, y, sample_weight = data
    y_pred = model(x, training=False)
    if has_loss or model.losses:
        loss = loss_of(model, x, y, y_pred, sample_weight, training=False)
        compilation.track_loss(loss, x)
    return y_pred


def loss_of(model: Any, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Any:
    """`model.compute_loss`, which may be overridden without the argument `training`."""
    options: dict[str, Any] = {"x": x, "y": y, "y_pred": y_pred, "sample_weight": sample_weight}
    if "training" in inspect.signature(model.compute_loss).parameters:
        options["training"] = training
    return model.compute_loss(**options)
