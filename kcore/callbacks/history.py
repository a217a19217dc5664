"""`History`: the record that `fit` returns."""

from __future__ import annotations

from typing import Any

from kcore.callbacks.callback import Callback, Logs


class History(Callback):
    """Records the logs of every epoch; `fit` adds one and returns it.

    Attributes:
        epoch: the numbers of the epochs, from `initial_epoch`.
        history: a dict from log name to its values, one an epoch; validation results carry `val_`.

    Example:
        >>> import kcore
        >>> record = kcore.callbacks.History()
        >>> record.on_train_begin()
        >>> record.on_epoch_end(0, {"loss": 0.5})
        >>> record.history
        {'loss': [0.5]}
    """

    def __init__(self) -> None:
        super().__init__()
        self.epoch: list[int] = []
        self.history: dict[str, list[Any]] = {}

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start a new list of epochs."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Append the epoch's logs."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
