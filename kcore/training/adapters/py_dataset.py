"""`PyDataset` (Keras 2: `Sequence`) and its adapter, which reads batches ahead with workers."""

from __future__ import annotations

import collections
import concurrent.futures
import itertools
import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from kcore.engine import active
from kcore.errors import UnsupportedError
from kcore.training.adapters.base import Batch, DataAdapter
from kcore.training.adapters.iterables import standardized


class PyDataset:
    """A data set that gives any of its batches by number.

    Write `__getitem__(index)`, which returns the batch `(x, y)` or `(x, y, sample_weight)`, and `__len__()`, the
    number of batches (or override the property `num_batches`: None means endless). Override `on_epoch_end()` to
    change the data between epochs.

    Args:
        workers: how many batches to prepare at the same time, ahead of training; 0 or 1 prepares them where they are
            needed.
        use_multiprocessing: whether the workers are processes and not threads. The data set is then copied to each
            of them when an epoch begins, so that it must be possible to pickle it where processes are not forked.
            Threads do for reading files and for NumPy, which let each other run.
        max_queue_size: the most batches that are kept ready.

    Example:
        >>> import kcore, numpy as np
        >>> class Squares(kcore.utils.PyDataset):
        ...     def __len__(self):
        ...         return 3
        ...     def __getitem__(self, index):
        ...         x = np.full((2, 1), index, "float32")
        ...         return x, x * x
        >>> Squares()[2][1].ravel().tolist()
        [4.0, 4.0]
    """

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    def __getitem__(self, index: int) -> Any:
        """Batch number `index`."""
        raise UnsupportedError(f"{type(self).__name__} must define `__getitem__(index)`.")

    @property
    def num_batches(self) -> int | None:
        """Batches in an epoch; None if there is no end."""
        return len(self)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[Any]:
        numbers = itertools.count() if self.num_batches is None else range(self.num_batches)
        return (self[number] for number in numbers)

    def on_epoch_begin(self) -> None:
        """Called before each epoch."""

    def on_epoch_end(self) -> None:
        """Called after each epoch."""


Sequence = PyDataset


class PyDatasetAdapter(DataAdapter):
    """Reads a `PyDataset`.

    Args:
        dataset: the data set.
        shuffle: whether to read its batches in another order in each pass.
        permutation: what makes these orders.
        counts: how many inputs and outputs the model has.
        inputs_only: see `standardized`.
        workers: overrides the data set's own setting if it isn't None; so do `use_multiprocessing` and
            `max_queue_size`.
    """

    def __init__(
        self,
        dataset: PyDataset,
        shuffle: bool | str = False,
        permutation: Callable[[int], Any] | None = None,
        counts: tuple[int, int] = (1, 1),
        inputs_only: bool = False,
        **workers: Any,
    ) -> None:
        self.dataset = dataset
        self._shuffle = shuffle
        self._permutation = permutation
        self._options: dict[str, Any] = {"counts": counts, "inputs_only": inputs_only}
        self._settings = workers
        self.num_batches = dataset.num_batches

    def first_batch(self) -> Batch | None:
        """Batch 0."""
        return None if self.num_batches == 0 else standardized(self.dataset[0], **self._options)

    def on_epoch_begin(self) -> None:
        """Tell the data set."""
        self.dataset.on_epoch_begin()

    def on_epoch_end(self) -> None:
        """Tell the data set, whose length may change."""
        self.dataset.on_epoch_end()
        self.num_batches = self.dataset.num_batches

    def batches(self) -> Iterator[Batch]:
        """One pass, with the batches that come next being prepared meanwhile."""
        workers = self._setting("workers", 1)
        if workers > 1:
            items = self._read_ahead(self._order(), workers)
        else:
            items = (self.dataset[number] for number in self._order())
        return (standardized(item, **self._options) for item in items)

    def _setting(self, name: str, default: Any) -> Any:
        chosen = self._settings.get(name)
        # A subclass that doesn't call `super().__init__()` has none of these attributes.
        return getattr(self.dataset, name, default) if chosen is None else chosen

    def _order(self) -> Iterable[int]:
        if self.num_batches is None:
            return itertools.count()
        if self._shuffle and self._permutation is not None:
            return [int(number) for number in self._permutation(self.num_batches)]
        return range(self.num_batches)

    def _read_ahead(self, numbers: Iterable[int], workers: int) -> Iterator[Any]:
        numbers = iter(numbers)
        with self._pool(workers) as pool:
            own = self._setting("use_multiprocessing", False)
            read: Callable[..., Any] = _read_in_process if own else self.dataset.__getitem__
            ahead = max(1, self._setting("max_queue_size", 10))
            pending = collections.deque(pool.submit(read, number) for number in itertools.islice(numbers, ahead))
            try:
                while pending:
                    item = pending.popleft().result()
                    pending.extend(pool.submit(read, number) for number in itertools.islice(numbers, 1))
                    yield item
            finally:
                for future in pending:
                    future.cancel()

    def _pool(self, workers: int) -> concurrent.futures.Executor:
        if not self._setting("use_multiprocessing", False):
            return concurrent.futures.ThreadPoolExecutor(workers)
        return concurrent.futures.ProcessPoolExecutor(
            workers, multiprocessing.get_context(_start_method()), initializer=_take_dataset, initargs=(self.dataset,)
        )


def _start_method() -> str | None:
    """How processes start: as is usual on the platform, unless that forks and an engine that is loaded would hang."""
    forked = multiprocessing.get_start_method(allow_none=True) in (None, "fork")
    safe = all(backend.forks for backend in active.LOADED.values())
    return "forkserver" if forked and not safe and "forkserver" in multiprocessing.get_all_start_methods() else None


_dataset_of_process: PyDataset | None = None


def _take_dataset(dataset: PyDataset) -> None:
    global _dataset_of_process
    _dataset_of_process = dataset


def _read_in_process(number: int) -> Any:
    assert _dataset_of_process is not None
    return _dataset_of_process[number]
