"""`EarlyStopping`."""

from __future__ import annotations

from typing import Any

from kcore.callbacks.callback import Logs
from kcore.callbacks.monitor import Monitor
from kcore.callbacks.output import say


class EarlyStopping(Monitor):
    """Ends training when a value has stopped improving.

    Args:
        monitor: name of the log entry to follow.
        min_delta: a smaller change is no improvement.
        patience: how many epochs without improvement to allow before stopping.
        verbose: 1 prints a line when training is stopped.
        mode: "min", "max" or "auto" (from the metric of that name).
        baseline: an epoch only counts as an improvement, for patience, once this value is beaten.
        restore_best_weights: whether to put back the weights of the best epoch at the end.
        start_from_epoch: epochs before this one aren't looked at.

    Attributes:
        stopped_epoch: the epoch after which training was stopped, 0 if it wasn't.
        best: the best value so far.
        best_epoch: the epoch that gave it.

    Example:
        >>> import kcore
        >>> kcore.callbacks.EarlyStopping(monitor="val_loss", patience=2).patience
        2
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._reset()

    def _reset(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best: float | None = None
        self.best_epoch = 0
        self.best_weights: Any = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forget earlier runs."""
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare, remember the best weights, and stop if patience is at its end."""
        if epoch < self.start_from_epoch:
            return
        current = self.value_in(logs)
        if current is None:
            return
        self.wait += 1
        if self.best is None:
            self._remember_weights(epoch)
        if self.improved(current, self.worst() if self.best is None else self.best):
            self.best = current
            self._remember_weights(epoch)
            if self.baseline is None or self.improved(current, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _remember_weights(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Say so if training was stopped, and put the best weights back."""
        if self.stopped_epoch > 0 and self.verbose > 0:
            say(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                say(f"Restoring the weights of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)
