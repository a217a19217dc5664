"""`ModelCheckpoint`."""

from __future__ import annotations

import os
import re
from typing import Any

from kcore.callbacks.callback import Logs
from kcore.callbacks.monitor import Monitor
from kcore.callbacks.output import say
from kcore.errors import InvalidArgumentError


class ModelCheckpoint(Monitor):
    """Saves the model, or its weights, while it trains.

    Args:
        filepath: where to save; may hold `{epoch}` (counted from 1), `{batch}` and the names of logs with formats,
            as in `"weights.{epoch:02d}-{val_loss:.2f}.weights.h5"`. Missing directories are created.
        monitor: name of the log entry that says which model is best.
        verbose: 1 prints a line for each file.
        save_best_only: whether to save only when the entry has improved.
        save_weights_only: whether to save weights instead of the whole model.
        mode: "min", "max" or "auto" (from the metric of that name).
        save_freq: "epoch", or a number of training batches.
        initial_value_threshold: the value that the first saved model must improve on.
        period: save at every so many epochs; Keras 2's name for a larger `save_freq`.

    Raises:
        InvalidArgumentError: `save_freq` is neither "epoch" nor a positive integer; in `fit`, the path can't be
            written, or holds a name that isn't among the logs.
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
        period: int = 1,
    ) -> None:
        super().__init__(monitor, mode)
        if save_freq != "epoch" and not (isinstance(save_freq, int) and save_freq > 0):
            raise InvalidArgumentError(
                f"`save_freq` must be 'epoch' or a positive number of batches. Received: save_freq={save_freq!r}"
            )
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        self.period = period
        self.best = initial_value_threshold
        self._epoch = 0
        self._batches_since_save = 0
        self._epochs_since_save = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Refuse a place that can't be written, before any work is done."""
        fixed = re.split(r"\{", self.filepath, maxsplit=1)[0]
        directory = os.path.dirname(fixed) or "."
        try:
            os.makedirs(directory, exist_ok=True)
        except OSError as err:
            raise self._unwritable(directory, err.strerror or str(err)) from err
        if not os.access(directory, os.W_OK):
            raise self._unwritable(directory, "permission denied")

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Remember the epoch's number for the names of files."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Save if `save_freq` batches have passed."""
        if self.save_freq == "epoch":
            return
        self._batches_since_save += 1
        if self._batches_since_save >= int(self.save_freq):
            self._batches_since_save = 0
            self._consider(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Save if `save_freq` is "epoch" and `period` epochs have passed."""
        self._epochs_since_save += 1
        if self.save_freq == "epoch" and self._epochs_since_save >= self.period:
            self._epochs_since_save = 0
            self._consider(None, logs)

    def _consider(self, batch: int | None, logs: Logs | None) -> None:
        path = self._path(batch, logs or {})
        if self.save_best_only and not self._is_best(path, logs):
            return
        if self.verbose > 0:
            say(f"\nEpoch {self._epoch + 1}: saving model to {path}")
        try:
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            save = self.model.save_weights if self.save_weights_only else self.model.save
            save(path, overwrite=True)
        except OSError as err:
            raise self._unwritable(path, err.strerror or str(err)) from err

    def _is_best(self, path: str, logs: Logs | None) -> bool:
        current = self.value_in(logs)
        if current is None:
            return False
        best = self.worst() if self.best is None else self.best
        if not self.improved(current, best):
            if self.verbose > 0:
                say(f"\nEpoch {self._epoch + 1}: {self.monitor} did not improve from {best:.5f}")
            return False
        if self.verbose > 0:
            say(f"\nEpoch {self._epoch + 1}: {self.monitor} improved from {best:.5f} to {current:.5f}")
        self.best = current
        return True

    def _path(self, batch: int | None, logs: dict[str, Any]) -> str:
        values = {"epoch": self._epoch + 1, **logs}
        if batch is not None:
            values["batch"] = batch + 1
        try:
            return self.filepath.format(**values)
        except KeyError as err:
            raise InvalidArgumentError(
                f"`filepath` holds {{{err.args[0]}}}, which isn't in the logs. There are: {', '.join(values)}. "
                f"Received: filepath={self.filepath!r}"
            ) from err

    def _unwritable(self, place: str, reason: str) -> InvalidArgumentError:
        return InvalidArgumentError(
            f"ModelCheckpoint can't write to {place!r}: {reason}. Received: filepath={self.filepath!r}"
        )
