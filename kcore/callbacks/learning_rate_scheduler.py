"""`LearningRateScheduler`."""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Callable
from typing import Any

import numpy as np

from kcore.callbacks.callback import Callback, Logs
from kcore.callbacks.output import say
from kcore.errors import InvalidArgumentError, InvalidTypeError


class LearningRateScheduler(Callback):
    """Sets the learning rate at the beginning of every epoch.

    Args:
        schedule: called as `schedule(epoch, rate)`, or `schedule(epoch)` if it takes one argument; returns the new
            rate.
        verbose: 1 prints the new rate.

    Raises:
        InvalidArgumentError: in `fit`, if the optimizer has no learning rate that can be set.
        InvalidTypeError: in `fit`, if the schedule doesn't return a number.

    Example:
        >>> import kcore
        >>> halving = kcore.callbacks.LearningRateScheduler(lambda epoch: 0.1 * 0.5**epoch)
        >>> halving.rate_for(2, current=0.1)
        0.025
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose
        self._takes_rate = _positional_count(schedule) != 1

    def rate_for(self, epoch: int, current: float) -> float:
        """What the schedule says for `epoch` when the rate is `current`."""
        rate = self.schedule(epoch, current) if self._takes_rate else self.schedule(epoch)
        is_number = isinstance(rate, (numbers.Real, np.ndarray)) or hasattr(rate, "__float__")
        if not is_number or isinstance(rate, bool):
            raise InvalidTypeError(f"`schedule` must return a number for epoch {epoch}. Received: {rate!r}")
        return float(rate)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Set the rate of this epoch."""
        rate = self.rate_for(epoch, current=read_rate(self.model.optimizer))
        self.model.optimizer.learning_rate = rate
        if self.verbose > 0:
            say(f"\nEpoch {epoch + 1}: LearningRateScheduler sets the learning rate to {rate}.")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Log the rate."""
        if logs is not None:
            logs["learning_rate"] = read_rate(self.model.optimizer)


def read_rate(optimizer: Any) -> float:
    """The current learning rate of `optimizer` as a float."""
    rate = getattr(optimizer, "learning_rate", None)
    if rate is None:
        raise InvalidArgumentError(f"The optimizer must have a `learning_rate`. Received: {optimizer!r}")
    return float(rate.numpy() if hasattr(rate, "numpy") else np.asarray(rate))


def _positional_count(function: Callable[..., Any]) -> int | None:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)
