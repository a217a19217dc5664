"""`CompiledLoss`: the losses of all outputs as one number."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any

from kcore import losses, metrics, tree
from kcore.engine.tracing import layer_path
from kcore.errors import InvalidArgumentError, InvalidTypeError
from kcore.training.outputs import Outputs

#: A sum of losses times weights starts without a zero: one operation less a step.
_NOTHING = None


class CompiledLoss:
    """The weighted sum of the losses of a model's outputs.

    Args:
        loss: a loss (object, function or name) for all outputs, or a list or dict with one an output, None for
            outputs without.
        loss_weights: None, a number for the only output, or a list or dict with a number an output.

    Attributes:
        trackers: for several outputs, a `Mean` an output that has a loss: `a_loss`, `b_loss`; else none.
    """

    def __init__(self, loss: Any, loss_weights: Any = None) -> None:
        self._given = loss
        self._weights_given = loss_weights
        self._outputs: Outputs | None = None
        self._losses: list[Callable[..., Any] | None] = []
        self._weights: list[float | None] = []
        self._trackers: list[Any] = []
        _check_leaves(loss)

    @property
    def trackers(self) -> list[Any]:
        """The means of the single losses, where there are several."""
        return [tracker for tracker in self._trackers if tracker is not None]

    @property
    def losses(self) -> list[Any]:
        """A loss object an output, or None; empty until built."""
        return self._losses

    def build(self, outputs: Outputs) -> None:
        """Find the loss of each output."""
        self._outputs = outputs
        given = (
            [self._given] * len(outputs)
            if not tree.is_nested(self._given) or _is_config(self._given)
            else outputs.split(self._given, "loss")
        )
        self._losses = [as_loss(loss) for loss in given]
        self._weights = [self._checked_weight(weight) for weight in self._split_weights(outputs)]
        several = len(outputs) > 1
        self._trackers = [
            metrics.Mean(name=f"{name}_loss") if several and loss is not None else None
            for name, loss in zip(outputs.names, self._losses, strict=True)
        ]

    def _split_weights(self, outputs: Outputs) -> list[Any]:
        if isinstance(self._weights_given, numbers.Real) and len(outputs) > 1:
            raise InvalidArgumentError(
                f"`loss_weights` must be a list or a dict for a model with {len(outputs)} outputs. "
                f"Received: loss_weights={self._weights_given!r}"
            )
        return outputs.split(self._weights_given, "loss_weights")

    @staticmethod
    def _checked_weight(weight: Any) -> float | None:
        if weight is None:
            return None
        if isinstance(weight, bool) or not isinstance(weight, numbers.Real):
            raise InvalidTypeError(f"`loss_weights` must hold numbers. Received: {weight!r}")
        return None if float(weight) == 1.0 else float(weight)

    def __call__(self, y: Any, y_pred: Any, sample_weight: Any = None, count: int = 1) -> Any:
        """The total loss, a scalar; the single losses go into `trackers`, each for `count` samples.

        Raises:
            InvalidArgumentError: there is no target for an output with a loss.
        """
        outputs = self._outputs
        assert outputs is not None
        predictions = outputs.flatten(y_pred)
        weights = sample_weight if tree.is_nested(sample_weight) else [sample_weight] * len(outputs)
        rows = zip(
            outputs.names,
            self._losses,
            self._weights,
            self._trackers,
            outputs.targets(y, predictions),
            predictions,
            outputs.split(weights, "sample_weight"),
            strict=True,
        )
        total = _NOTHING
        for name, loss, weight, tracker, target, prediction, sample_weights in rows:
            if loss is None:
                continue
            if target is None:
                raise InvalidArgumentError(
                    f"`y` must be given, because the model was compiled with a loss for its output '{name}'. "
                    "Received: y=None"
                )
            with layer_path("loss"):
                value = loss(target, prediction, sample_weight=sample_weights)
                weighted = value if weight is None else value * weight
                total = weighted if total is _NOTHING else total + weighted
            if tracker is not None:
                with layer_path("metrics"):
                    tracker.update_state(value, sample_weight=count)
        return total


def as_loss(identifier: Any) -> Any:
    """A loss object for what the user gave: an object, a function, a name, or a config; None stays."""
    if identifier is None:
        return None
    found = losses.get(identifier)
    if isinstance(found, losses.Loss):
        return found
    return losses.LossFunctionWrapper(found)


def _is_config(loss: Any) -> bool:
    return isinstance(loss, dict) and "class_name" in loss


def _check_leaves(loss: Any) -> None:
    """Refuse an unknown name at `compile`, and not at the first batch."""
    if _is_config(loss):
        as_loss(loss)
        return
    for leaf in tree.flatten(loss):
        as_loss(leaf)
