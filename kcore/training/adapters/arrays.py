"""`ArrayAdapter`: data that can be read at any place, in memory or on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from kcore import config, tree
from kcore.errors import InvalidArgumentError
from kcore.training.adapters.base import DEFAULT_BATCH_SIZE, Batch, DataAdapter
from kcore.training.adapters.convert import map_arrays
from kcore.training.adapters.sources import HostSource, Source, StoredSource, source_of

#: Bytes of the batches that are gathered at a time: a part of a second-level cache.
GATHERED_BYTES = 1 << 18

#: Makes the order of an epoch: `n` to a permutation of `range(n)`.
Permutation = Callable[[int], np.ndarray]


class ArrayAdapter(DataAdapter):
    """Arrays, tensors, lists of numbers, data sets on disk, and dicts, lists and tuples of these.

    Args:
        x: inputs; every leaf has the samples along its first axis.
        y: targets, or None.
        sample_weight: weights, or None.
        batch_size: samples in a batch; the last batch may be smaller.
        shuffle: True for another order of the samples in each pass, "batch" for another order of the batches (good
            for files), or False.
        permutation: what makes these orders.
        counts: how many inputs and outputs the model has, which decides what a list of lists of numbers is.

    Raises:
        InvalidArgumentError: there are no samples, or the arrays have different numbers of them.
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        batch_size: int = DEFAULT_BATCH_SIZE,
        shuffle: bool | str = False,
        permutation: Permutation | None = None,
        counts: tuple[int, int] = (1, 1),
    ) -> None:
        x = map_arrays(source_of, x, counts[0])
        y = map_arrays(source_of, y, counts[1])
        sample_weight = map_arrays(_weight_source, sample_weight, counts[1])
        self._setup((x, y, sample_weight), batch_size, shuffle, permutation)

    def _setup(self, data: Any, batch_size: int, shuffle: bool | str, permutation: Permutation | None) -> None:
        self.data = data
        self._leaves, self._structure = tree.flatten_with_structure(data)
        self._is_flat = self._structure == tree.structure((None, None, None))
        self.size = _common_size(self._leaves, data)
        self.batch_size = _checked_batch_size(batch_size)
        self.num_batches = -(-self.size // self.batch_size)
        self._shuffle = _checked_shuffle(shuffle)
        self._permutation = permutation or np.random.permutation

    def part(self, start: int, stop: int, shuffle: bool | str = False, batch_size: int | None = None) -> ArrayAdapter:
        """The same data from sample `start` to `stop`; nothing is copied."""
        leaves = [leaf if leaf is None else leaf.part(start, stop) for leaf in self._leaves]
        made = ArrayAdapter.__new__(ArrayAdapter)
        size = batch_size or self.batch_size or DEFAULT_BATCH_SIZE
        made._setup(tree.unflatten(self._structure, leaves), size, shuffle, self._permutation)
        return made

    def first_batch(self) -> Batch:
        """The first samples, in no shuffled order."""
        return self._read(lambda leaf: leaf.slice(0, min(self.batch_size or 1, self.size)))

    def batches(self) -> Iterator[Batch]:
        """One pass."""
        if self._shuffle is True:
            return self._shuffled_batches()
        return self._sliced_batches(self._batch_order())

    def _shuffled_batches(self) -> Iterator[Batch]:
        order = np.asarray(self._permutation(self.size), dtype=np.intp)
        size = int(self.batch_size or 1)
        ahead = size * self._batches_ahead(size)
        for start in range(0, self.size, ahead):
            indices = order[start : start + ahead]
            gathered = [None if leaf is None else leaf.take(indices) for leaf in self._leaves]
            if ahead == size:
                yield self._arranged(gathered)
                continue
            for first in range(0, len(indices), size):
                yield self._arranged([None if part is None else part[first : first + size] for part in gathered])

    def _batches_ahead(self, size: int) -> int:
        """How many small batches of arrays are gathered at a time, to be cut into slices, which cost less."""
        leaves = [leaf for leaf in self._leaves if leaf is not None]
        if not all(isinstance(leaf, HostSource) for leaf in leaves):
            return 1
        return max(1, GATHERED_BYTES * self.size // (size * sum(max(1, leaf.array.nbytes) for leaf in leaves)))

    def _sliced_batches(self, numbers: Any) -> Iterator[Batch]:
        size = int(self.batch_size or 1)
        for number in numbers:
            start = int(number) * size
            yield self._read(lambda leaf: leaf.slice(start, start + size))  # noqa: B023 - called at once

    def _batch_order(self) -> Any:
        if not self._shuffle:
            return range(self.num_batches or 0)
        full = self.size // int(self.batch_size or 1)
        return [*self._permutation(full), *range(full, self.num_batches or 0)]

    def _read(self, read: Callable[[Source], Any]) -> Batch:
        return self._arranged([None if leaf is None else read(leaf) for leaf in self._leaves])

    def _arranged(self, leaves: list[Any]) -> Batch:
        x, y, sample_weight = leaves if self._is_flat else tree.unflatten(self._structure, leaves)
        return x, y, sample_weight


def _weight_source(weights: Any) -> Source:
    source = source_of(weights)
    if isinstance(source, HostSource) and source.array.dtype.kind != "f":
        return HostSource(source.array.astype(config.floatx()))
    if isinstance(source, StoredSource) and np.dtype(weights.dtype).kind != "f":
        return HostSource(np.asarray(weights, dtype=config.floatx()))
    return source


def _common_size(leaves: list[Any], data: Any) -> int:
    sizes = {leaf.size for leaf in leaves if leaf is not None}
    if not sizes:
        raise InvalidArgumentError("`x` must hold at least one array. Received: no array")
    if len(sizes) > 1:
        raise _sizes_differ(data)
    size = sizes.pop()
    if size == 0:
        names = ", ".join(_label(path) for path, leaf in tree.flatten_with_path(data) if leaf is not None)
        raise InvalidArgumentError(f"The data must hold at least one sample. Received: no samples in {names}")
    return size


def _sizes_differ(data: Any) -> InvalidArgumentError:
    sizes = [(_label(path), leaf.size) for path, leaf in tree.flatten_with_path(data) if leaf is not None]
    listed = ", ".join(f"{name}: {size}" for name, size in sizes)
    return InvalidArgumentError(f"All arrays must hold the same number of samples. Received: {listed}")


def _label(path: tuple) -> str:
    name = ("x", "y", "sample_weight")[path[0]]
    return name + "".join(f"[{key!r}]" for key in path[1:])


def _checked_batch_size(batch_size: Any) -> int:
    if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
        raise InvalidArgumentError(f"`batch_size` must be a positive integer. Received: batch_size={batch_size!r}")
    return int(batch_size)


def _checked_shuffle(shuffle: Any) -> bool | str:
    if isinstance(shuffle, str) and shuffle != "batch":
        raise InvalidArgumentError(f"`shuffle` must be True, False or 'batch'. Received: shuffle={shuffle!r}")
    return shuffle if shuffle == "batch" else bool(shuffle)
