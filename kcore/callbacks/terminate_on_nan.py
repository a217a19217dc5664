"""`TerminateOnNaN`."""

from __future__ import annotations

import math

from kcore.callbacks.callback import Callback, Logs
from kcore.callbacks.output import say


class TerminateOnNaN(Callback):
    """Ends training when the loss is NaN or infinite.

    It reads the loss after every batch, so that the host waits for the device each time.

    Args:
        raise_error: whether to raise instead of setting `model.stop_training`.

    Raises:
        RuntimeError: in `fit`, if `raise_error` is set and the loss is NaN or infinite.
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Look at the loss."""
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(f"The loss is {loss} after batch {batch}.")
        say(f"Batch {batch}: the loss is {loss}, terminating training")
        self.model.stop_training = True
