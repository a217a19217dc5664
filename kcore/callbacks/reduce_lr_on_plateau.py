"""`ReduceLROnPlateau`."""

from __future__ import annotations

from typing import Any

from kcore.callbacks.callback import Logs
from kcore.callbacks.learning_rate_scheduler import read_rate
from kcore.callbacks.monitor import Monitor
from kcore.callbacks.output import say
from kcore.errors import InvalidArgumentError


class ReduceLROnPlateau(Monitor):
    """Lowers the learning rate when a value has stopped improving.

    Args:
        monitor: name of the log entry to follow.
        factor: what the rate is multiplied with; less than 1.
        patience: how many epochs without improvement to allow first.
        verbose: 1 prints the new rate.
        mode: "min", "max" or "auto" (from the metric of that name).
        min_delta: a smaller change is no improvement; `epsilon` is its older name.
        cooldown: how many epochs to rest after lowering the rate.
        min_lr: the rate never goes below it.

    Raises:
        InvalidArgumentError: `factor` is 1 or more.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(monitor, mode, kwargs.pop("epsilon", min_delta))
        if kwargs:
            raise InvalidArgumentError(f"`ReduceLROnPlateau` doesn't take {', '.join(kwargs)}.")
        if factor >= 1.0:
            raise InvalidArgumentError(f"`factor` must be less than 1. Received: factor={factor}")
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._reset()

    def _reset(self) -> None:
        self.wait = 0
        self.cooldown_counter = 0
        self.best: float | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forget earlier runs."""
        self._reset()

    def in_cooldown(self) -> bool:
        """Whether it rests after lowering the rate."""
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare, lower the rate if patience is at its end, and log the rate."""
        if logs is not None:
            logs["learning_rate"] = read_rate(self.model.optimizer)
        current = self.value_in(logs)
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.improved(current, self.worst() if self.best is None else self.best):
            self.best, self.wait = current, 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._lower(epoch)

    def _lower(self, epoch: int) -> None:
        old = read_rate(self.model.optimizer)
        if old <= self.min_lr:
            return
        new = max(old * self.factor, self.min_lr)
        self.model.optimizer.learning_rate = new
        if self.verbose > 0:
            say(f"\nEpoch {epoch + 1}: ReduceLROnPlateau lowers the learning rate to {new}.")
        self.cooldown_counter, self.wait = self.cooldown, 0
