"""`Monitor`: the base of callbacks that wait for one logged value to improve."""

from __future__ import annotations

import math
import warnings
from typing import Any

from kcore.callbacks.callback import Callback, Logs
from kcore.errors import InvalidArgumentError

#: Parts of metric names for which more is better, where the metric itself doesn't say.
_RISING = (
    "acc",
    "auc",
    "fmeasure",
    "f1",
    "fbeta",
    "precision",
    "recall",
    "iou",
    "r2_score",
    "sensitivity",
    "specificity",
    "cosine_similarity",
)


class Monitor(Callback):
    """Follows one entry of the epoch logs.

    Args:
        monitor: the name of the entry.
        mode: "min", "max", or "auto": as the metric of that name says, else by its name, else "min".
        min_delta: a smaller change is no improvement; the sign doesn't matter.
    """

    def __init__(self, monitor: str, mode: str, min_delta: float = 0.0) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            raise InvalidArgumentError(f"`mode` must be 'auto', 'min' or 'max'. Received: mode={mode!r}")
        self.monitor = monitor
        self.mode = mode
        self.min_delta = abs(min_delta)
        self._rising: bool | None = None if mode == "auto" else mode == "max"

    def worst(self) -> float:
        """The value that every other improves on."""
        return -math.inf if self.rising() else math.inf

    def improved(self, current: float, reference: float) -> bool:
        """Whether `current` is better than `reference` by more than `min_delta`; NaN never is."""
        if self.rising():
            return current - self.min_delta > reference
        return current + self.min_delta < reference

    def rising(self) -> bool:
        """Whether more is better."""
        if self._rising is None:
            self._rising = _direction(self.monitor, self.model)
        return self._rising

    def value_in(self, logs: Logs | None) -> float | None:
        """The followed entry of `logs`; None, with a warning, if it isn't there."""
        value = (logs or {}).get(self.monitor)
        if value is None:
            warnings.warn(
                f"{type(self).__name__} follows {self.monitor!r}, which isn't in the logs. There are: "
                f"{', '.join(logs or {}) or 'none'}.",
                stacklevel=2,
            )
        return value


def _direction(monitor: str, model: Any) -> bool:
    name = monitor.removeprefix("val_")
    for metric in getattr(model, "metrics", None) or ():
        metric_name, direction = getattr(metric, "name", None), getattr(metric, "_direction", None)
        if direction is not None and metric_name and (name == metric_name or name.endswith(f"_{metric_name}")):
            return direction == "up"
    return any(part in name for part in _RISING) and not name.endswith("loss")
