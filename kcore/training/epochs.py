"""`Epochs`: the batches of each epoch, whether the data ends on its own or is cut into steps."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

from kcore.errors import InvalidArgumentError
from kcore.training.adapters.base import Batch, DataAdapter


class Epochs:
    """Deals out an adapter's batches epoch by epoch.

    Args:
        adapter: where they come from.
        steps: batches in an epoch, or None for one pass over the data.
        restarting: whether each epoch begins at the beginning of the data (validation); otherwise one goes on where
            the last stopped.

    Attributes:
        ran_out: whether the data ended before an epoch was full, and can't be started again.
    """

    def __init__(self, adapter: DataAdapter, steps: int | None = None, restarting: bool = False) -> None:
        if steps is not None and steps < 1:
            raise InvalidArgumentError(f"The number of steps must be positive. Received: {steps}")
        self.adapter = adapter
        self.steps = steps
        self.ran_out = False
        self._restarting = restarting and adapter.restartable
        self._current: Iterator[Batch] | None = None
        self._dealt = 0

    @property
    def length(self) -> int | None:
        """Batches in an epoch, if known."""
        return self.adapter.num_batches if self.steps is None else self.steps

    def epoch(self) -> Iterator[Batch]:
        """The batches of the next epoch."""
        return self._one_pass() if self.steps is None else self._some_steps(self.steps)

    def _one_pass(self) -> Iterator[Batch]:
        self.adapter.on_epoch_begin()
        earlier, self._dealt = self._dealt, 0
        for batch in self.adapter.batches():
            self._dealt += 1
            yield batch
        self.adapter.on_epoch_end()
        if earlier and not self._dealt:
            self._run_out()

    def _some_steps(self, steps: int) -> Iterator[Batch]:
        if self._restarting:
            self._current = None
        for _ in range(steps):
            batch = self._next()
            if batch is None:
                self._run_out()
                return
            yield batch

    def _next(self) -> Batch | None:
        if self._current is None:
            self._start()
        assert self._current is not None
        batch = next(self._current, None)
        if batch is None and self.adapter.restartable:
            self.adapter.on_epoch_end()
            self._start()
            batch = next(self._current, None)
        return batch

    def _start(self) -> None:
        self.adapter.on_epoch_begin()
        self._current = self.adapter.batches()

    def _run_out(self) -> None:
        self.ran_out = True
        warnings.warn(
            "The data ran out, so this is where it stops. A generator must yield at least `steps_per_epoch * epochs` "
            "batches (or `steps` of them), and one that ends can be used for one epoch only.",
            stacklevel=4,
        )
