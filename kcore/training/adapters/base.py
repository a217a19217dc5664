"""`DataAdapter`: one way to read training data in batches, whatever it is kept in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

#: What every adapter yields: inputs, targets, sample weights; None for what there isn't.
Batch = tuple[Any, Any, Any]

#: Samples in a batch of arrays, where nobody says how many.
DEFAULT_BATCH_SIZE = 32


@dataclass(frozen=True)
class Reading:
    """How data is to be read.

    Attributes:
        batch_size: samples in a batch of arrays; None is `DEFAULT_BATCH_SIZE`.
        shuffle: see `ArrayAdapter`; for a `PyDataset`, whether to shuffle its batches.
        permutation: makes an epoch's order.
        counts: how many inputs and outputs the model has.
        inputs_only: whether only inputs are wanted (`predict`).
        workers: settings of a `PyDataset` to override.
    """

    batch_size: int | None = None
    shuffle: bool | str = False
    permutation: Callable[[int], np.ndarray] | None = None
    counts: tuple[int, int] = (1, 1)
    inputs_only: bool = False
    workers: dict[str, Any] = field(default_factory=dict)


class DataAdapter:
    """Reads one kind of data in batches `(x, y, sample_weight)`.

    A plugin for another kind of data subclasses this, writes `can_handle` and `batches`, and is constructed as
    `Adapter(x, y, sample_weight, reading)` from what the user passed and a `Reading`. The leaves of its batches may
    be NumPy arrays or tensors of the active backend, floats of dtype `floatx`.

    Attributes:
        num_batches: batches in one pass, or None if unknown or endless.
        batch_size: samples in a full batch, or None if unknown.
        restartable: whether `batches` can be called for another pass.
    """

    num_batches: int | None = None
    batch_size: int | None = None
    restartable: bool = True

    @staticmethod
    def can_handle(x: Any, y: Any = None) -> bool:
        """Whether a plugin's adapter reads this kind of data; it is asked before kcore's own."""
        del x, y
        return False

    def batches(self) -> Iterator[Batch]:
        """One pass over the data. An adapter that shuffles gives each pass another order."""
        raise NotImplementedError(f"{type(self).__name__} must define `batches()`.")

    def first_batch(self) -> Batch | None:
        """A batch to build a model on, without using it up; None if there are no batches."""
        return next(self.batches(), None)

    def on_epoch_begin(self) -> None:
        """Called before each pass."""

    def on_epoch_end(self) -> None:
        """Called after each pass."""
