"""Data adapters: one way to read every kind of data in batches.

`find_adapter` picks one. A plugin adds its own through the hook `kcore_data_adapters`: subclasses of `DataAdapter`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from kcore import plugins, tree
from kcore.engine import backend
from kcore.errors import InvalidArgumentError, InvalidTypeError
from kcore.training.adapters.arrays import ArrayAdapter
from kcore.training.adapters.base import DEFAULT_BATCH_SIZE, Batch, DataAdapter, Reading
from kcore.training.adapters.iterables import GeneratorAdapter, IterableAdapter
from kcore.training.adapters.py_dataset import PyDataset, PyDatasetAdapter
from kcore.training.adapters.sources import is_stored

__all__ = [
    "ArrayAdapter",
    "Batch",
    "DataAdapter",
    "GeneratorAdapter",
    "IterableAdapter",
    "PyDataset",
    "PyDatasetAdapter",
    "Reading",
    "find_adapter",
    "is_one_batch",
]


def find_adapter(x: Any, y: Any = None, sample_weight: Any = None, reading: Reading | None = None) -> DataAdapter:
    """The adapter that reads this data.

    Args:
        x: arrays, a `PyDataset`, a generator, another iterable of batches, a `DataAdapter`, or what a plugin reads.
        y: targets, where `x` is arrays.
        sample_weight: weights, where `x` is arrays.
        reading: how to read it.

    Raises:
        InvalidArgumentError: `y` or `sample_weight` came with something that yields them itself.
        InvalidTypeError: nothing can read `x`.
    """
    reading = reading or Reading()
    for plugged in plugins.collect("kcore_data_adapters"):
        if plugged.can_handle(x, y):
            return plugged(x, y, sample_weight, reading)
    if holds_arrays(x):
        return ArrayAdapter(
            x,
            y,
            sample_weight,
            DEFAULT_BATCH_SIZE if reading.batch_size is None else reading.batch_size,
            reading.shuffle,
            reading.permutation,
            reading.counts,
        )
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise InvalidArgumentError(
                f"`{name}` must not be given when `x` yields whole batches, since they hold it. "
                f"Received: x of type {type(x).__name__}, and {name}"
            )
    return _adapter_of_batches(x, reading)


def is_one_batch(x: Any, batch_size: int | None) -> bool:
    """Whether `x` is a plain array of some samples that fit one batch, and no plugin reads it its own way."""
    size = DEFAULT_BATCH_SIZE if batch_size is None else batch_size
    fits = type(x) is np.ndarray and x.ndim > 0 and type(size) is int and 0 < len(x) <= size
    return fits and not any(plugged.can_handle(x, None) for plugged in plugins.collect("kcore_data_adapters"))


def _adapter_of_batches(x: Any, reading: Reading) -> DataAdapter:
    options: dict[str, Any] = {"counts": reading.counts, "inputs_only": reading.inputs_only}
    if isinstance(x, DataAdapter):
        return x
    if isinstance(x, PyDataset):
        return PyDatasetAdapter(x, reading.shuffle, reading.permutation, **options, **reading.workers)
    if isinstance(x, Iterator):
        return GeneratorAdapter(x, **options)
    if hasattr(x, "__iter__") and not isinstance(x, (str, bytes)):
        return IterableAdapter(x, **options)
    raise InvalidTypeError(
        "`x` must be an array, a tensor, a list, tuple or dict of them, a `PyDataset`, a generator, or another "
        f"iterable of batches. Received: x={x!r} of type {type(x).__name__}"
    )


def holds_arrays(x: Any) -> bool:
    """Whether `x` is arrays that samples are taken from, and not something that yields batches."""
    if not tree.is_nested(x):
        return _is_array(x)
    leaves = tree.flatten(x)
    return bool(leaves) and all(_is_array(leaf) or isinstance(leaf, (bool, int, float, np.generic)) for leaf in leaves)


def _is_array(x: Any) -> bool:
    known = isinstance(x, np.ndarray) or backend.current().is_tensor(x)
    return known or hasattr(x, "__array__") or hasattr(x, "toarray") or (is_stored(x) and not isinstance(x, PyDataset))
