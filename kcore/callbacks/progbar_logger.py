"""`ProgbarLogger`."""

from __future__ import annotations

from typing import Any

from kcore.callbacks.callback import Callback, Logs
from kcore.callbacks.output import say
from kcore.callbacks.progbar import Progbar


class ProgbarLogger(Callback):
    """Shows how `fit`, `evaluate` and `predict` go.

    `verbose=1` redraws one line a phase on a terminal, and writes plain lines where there is none; `verbose=2` writes
    plain lines; `verbose=0` shows nothing. The results are read from the device only when a line is drawn.

    Args:
        count_mode: accepted for Keras 2; steps are always counted.
        stateful_metrics: accepted for Keras 2; logs are means already.
    """

    #: Seconds between two redraws: 2 ms each, so that they cost two percent.
    interval = 0.1

    def __init__(self, count_mode: str = "steps", stateful_metrics: Any = None) -> None:
        super().__init__()
        self._bar: Progbar | None = None
        self._verbose = 1
        self._epochs = 1
        self._training = False
        self._seen = 0

    def set_params(self, params: dict[str, Any]) -> None:
        """Take over how much to show."""
        super().set_params(params)
        self._verbose = params.get("verbose", 1)
        self._epochs = params.get("epochs", 1)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """From here on, validation shares the line of its epoch."""
        self._training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Leave training."""
        self._training = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Announce the epoch."""
        if self._verbose:
            say(f"Epoch {epoch + 1}/{self._epochs}")
        self._start()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Close the epoch's line, with validation's results."""
        self._finish(logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Begin a line, unless it is validation."""
        if not self._training:
            self._start()

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Close the line."""
        if not self._training:
            self._finish(logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Begin a line."""
        self._start()

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Close the line."""
        self._finish(None)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Redraw if it is time."""
        self._step(batch, logs)

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Redraw if it is time and this isn't validation."""
        if not self._training:
            self._step(batch, logs)

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Redraw if it is time."""
        self._step(batch, None)

    def _start(self) -> None:
        target = (self.params or {}).get("steps")
        self._bar = Progbar(target, verbose=self._verbose, interval=self.interval)
        self._seen = 0

    def _step(self, batch: int, logs: Logs | None) -> None:
        self._seen = batch + 1
        if self._bar is not None and self._bar.due():
            self._show(logs, finalize=False)

    def _finish(self, logs: Logs | None) -> None:
        if self._bar is not None and self._verbose:
            self._show(logs, finalize=True)

    def _show(self, logs: Logs | None, finalize: bool) -> None:
        assert self._bar is not None
        values = list((logs or {}).items())
        self._bar.stateful_metrics = {name for name, _ in values}
        self._bar.update(self._seen, values, finalize=finalize)
