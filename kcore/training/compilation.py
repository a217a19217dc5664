"""`Compilation`: what one call of `compile` decided, and the metrics that came of it."""

from __future__ import annotations

import copy
from typing import Any

from kcore import metrics, optimizers, registry, tree
from kcore.engine import tracing
from kcore.errors import InvalidArgumentError
from kcore.training.compiled_loss import CompiledLoss
from kcore.training.compiled_metrics import CompiledMetrics
from kcore.training.model_view import ModelView
from kcore.training.outputs import Outputs

_UNSAID = {"native_autodiff": False, "auto_scale_loss": True}
"""Arguments of which a configuration tells where they have another value: Keras's has no place for them."""


class Compilation:
    """An optimizer, the losses and the metrics of a model, and which weights it trains.

    Args:
        model: the model.
        view: what its layers hold.
        arguments: the arguments of `compile` by name.

    Attributes:
        optimizer: the optimizer object, or None.
        arguments: as given, for saving.
        outputs: the model's outputs, once built.
        described: the specs of what the model gives, or None while unknown.
    """

    def __init__(self, model: Any, view: ModelView, arguments: dict[str, Any]) -> None:
        self.model = model
        self.view = view
        self.arguments = arguments
        optimizer = arguments["optimizer"]
        self.optimizer = None if optimizer is None else _scaling(optimizers.get(optimizer), model, arguments)
        loss = arguments["loss"]
        self.loss = None if loss is None else CompiledLoss(loss, arguments["loss_weights"])
        self.loss_tracker = metrics.Mean(name="loss")
        self._plain = CompiledMetrics(arguments["metrics"])
        self._weighted = CompiledMetrics(arguments["weighted_metrics"], weighted=True)
        self.outputs: Outputs | None = None
        self.described: Any = None
        self._known = {id(v) for v in model.weights}
        self._trained = {id(v) for v in model.trainable_weights}

    def trainable_weights(self) -> list[Any]:
        """The weights that were trainable at `compile`; of those made since, the ones that are trainable now."""
        now = {id(v) for v in self.model.trainable_weights}
        trained = (now - self._known) | self._trained
        return [v for v in self.model.weights if id(v) in trained]

    def build(self, y: Any, y_pred: Any) -> None:
        """Find the loss and the metrics of each output; only the shapes of `y` and `y_pred` are looked at.

        Does nothing the second time.
        """
        if self.outputs is not None:
            return
        outputs = Outputs(self.model, y_pred)
        with tracing.eager():
            if self.loss is not None:
                self.loss.build(outputs)
            self._build_metrics(outputs, y, y_pred)
        self.outputs = outputs

    def _build_metrics(self, outputs: Outputs, y: Any, y_pred: Any) -> None:
        its_losses = self.loss.losses if self.loss is not None else [None] * len(outputs)
        taken = ["loss", *(tracker.name for tracker in self.trackers)]
        targets = outputs.split(y, "y")
        for part in (self._plain, self._weighted):
            part.build(outputs, targets, outputs.flatten(y_pred), its_losses, taken)

    @property
    def trackers(self) -> list[Any]:
        """The means of single losses."""
        return [] if self.loss is None else self.loss.trackers

    def update_metrics(self, y: Any, y_pred: Any, sample_weight: Any) -> None:
        """Count a batch in every metric."""
        with tracing.layer_path("metrics"):
            self._plain.update(y, y_pred, sample_weight)
            self._weighted.update(y, y_pred, sample_weight)

    def track_loss(self, loss: Any, x: Any) -> None:
        """Count the loss of a batch of inputs in the mean."""
        with tracing.layer_path("metrics"):
            self.loss_tracker.update_state(loss, sample_weight=batch_count(x))

    def named_metrics(self) -> list[tuple[str, Any]]:
        """Pairs of log name and metric object: the loss, outputs' losses, those of `compile`, those of layers."""
        named = [
            ("loss", self.loss_tracker),
            *((tracker.name, tracker) for tracker in self.trackers),
            *self._plain.named,
            *self._weighted.named,
        ]
        known = {id(metric) for _, metric in named}
        return named + [(metric.name, metric) for metric in self.view.metrics if id(metric) not in known]

    def results(self) -> dict[str, Any]:
        """What each metric says now, on the device."""
        return metric_results(self.named_metrics())

    def config(self) -> dict[str, Any]:
        """The arguments of `compile` as plain data; what can't be serialized raises `SerializationError`."""
        made = {
            name: _serialized(value)
            for name, value in self.arguments.items()
            if name not in ("optimizer", "learning_rate") and (name not in _UNSAID or value is not _UNSAID[name])
        }
        return {"optimizer": _serialized(self.optimizer), **made}


def metric_results(named: list[tuple[str, Any]]) -> dict[str, Any]:
    """Results by log name; a metric whose result is a dict gives several."""
    results: dict[str, Any] = {}
    for name, metric in named:
        result = metric.result()
        results.update(result if isinstance(result, dict) else {name: result})
    return results


def arguments_from_config(config: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `compile` from what `Compilation.config` gave."""
    return {name: _deserialized(value) for name, value in copy.deepcopy(config).items()}


def _scaling(optimizer: Any, model: Any, arguments: dict[str, Any]) -> Any:
    """The optimizer; for a model whose policy is `mixed_float16` in one that scales the loss, if that is wanted."""
    scales = optimizer.loss_scale_factor is not None or isinstance(optimizer, optimizers.LossScaleOptimizer)
    if scales or not arguments["auto_scale_loss"] or model.dtype_policy.name != "mixed_float16":
        return optimizer
    return optimizers.LossScaleOptimizer(optimizer)


def _serialized(value: Any) -> Any:
    if isinstance(value, dict) and "class_name" not in value:
        return {key: _serialized(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_serialized(item) for item in value]
    return registry.serialize_keras_object(value)


def _deserialized(value: Any) -> Any:
    if isinstance(value, dict) and "class_name" in value:
        return registry.deserialize_keras_object(value)
    if isinstance(value, dict):
        return {key: _deserialized(item) for key, item in value.items()}
    return [_deserialized(item) for item in value] if isinstance(value, list) else value


def not_compiled(method: str) -> InvalidArgumentError:
    """The error of a method that needs `compile`."""
    return InvalidArgumentError(
        f"The model must be compiled before `{method}`: call `model.compile(optimizer, loss)` first."
    )


def batch_count(x: Any) -> int:
    """The number of samples in a batch, which the mean of the loss is weighted with."""
    return next((x.shape[0] for x in tree.flatten(x) if x is not None and len(x.shape)), 1)
