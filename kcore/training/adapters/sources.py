"""Sources: arrays that samples are read from, in memory or not."""

from __future__ import annotations

from typing import Any

import numpy as np

from kcore.engine import backend
from kcore.engine import primitives as P
from kcore.errors import ShapeError
from kcore.training.adapters.convert import as_host_array, model_dtype


class HostSource:
    """A NumPy array; a float one of another dtype is cast to `floatx` batch by batch."""

    def __init__(self, array: np.ndarray):
        if array.ndim == 0:
            raise ShapeError(
                f"Training data needs a first axis that counts its samples. Received: {array!r}, of rank 0"
            )
        self.array = array
        self.size = len(array)
        self.shape = array.shape
        self._dtype = model_dtype(array.dtype)

    def slice(self, start: int, stop: int) -> Any:
        """Samples `start` to `stop`."""
        return self._cast(self.array[start:stop])

    def take(self, indices: np.ndarray) -> Any:
        """The samples at `indices`."""
        return self._cast(self.array.take(indices, axis=0))

    def part(self, start: int, stop: int) -> HostSource:
        """A source of samples `start` to `stop`; nothing is copied."""
        return HostSource(self.array[start:stop])

    def _cast(self, batch: np.ndarray) -> np.ndarray:
        return batch if self._dtype is None else batch.astype(self._dtype)


class DeviceSource:
    """A tensor of the backend, which stays where it is."""

    def __init__(self, tensor: Any):
        self.tensor = tensor
        self.shape = tuple(tensor.shape)
        self.size = self.shape[0]
        dtype = backend.current().dtype_of(tensor)
        self._dtype = None if dtype == "bfloat16" else model_dtype(dtype)

    def slice(self, start: int, stop: int) -> Any:
        """Samples `start` to `stop`."""
        return self._cast(self.tensor[start:stop])

    def take(self, indices: np.ndarray) -> Any:
        """The samples at `indices`."""
        return self._cast(P.take(self.tensor, backend.current().asarray(indices.astype("int32")), axis=0))

    def part(self, start: int, stop: int) -> DeviceSource:
        """A source of samples `start` to `stop`."""
        return DeviceSource(self.tensor[start:stop])

    def _cast(self, batch: Any) -> Any:
        return batch if self._dtype is None else P.cast(batch, dtype=self._dtype)


class StoredSource:
    """Something on disk that is read by slicing (an HDF5 data set), from `start` to `stop`; never read as a whole."""

    def __init__(self, dataset: Any, start: int = 0, stop: int | None = None):
        self.dataset = dataset
        self.start = start
        self.stop = dataset.shape[0] if stop is None else stop
        self.size = self.stop - self.start
        self.shape = (self.size, *dataset.shape[1:])
        self._dtype = model_dtype(dataset.dtype)

    def slice(self, start: int, stop: int) -> Any:
        """Samples `start` to `stop`."""
        return self._cast(self.dataset[self.start + start : self.start + min(stop, self.size)])

    def take(self, indices: np.ndarray) -> Any:
        """The samples at `indices`, read in the order in which they are stored."""
        order = np.argsort(indices)
        stored = np.asarray(self.dataset[self.start + indices[order]])
        batch = np.empty_like(stored)
        batch[order] = stored
        return self._cast(batch)

    def part(self, start: int, stop: int) -> StoredSource:
        """A source of samples `start` to `stop`; nothing is read."""
        return StoredSource(self.dataset, self.start + start, self.start + stop)

    def _cast(self, batch: Any) -> np.ndarray:
        array = np.asarray(batch)
        return array if self._dtype is None else array.astype(self._dtype)


Source = HostSource | DeviceSource | StoredSource


def source_of(x: Any) -> Source:
    """The source that reads `x`: an array, a tensor, a table, a list of numbers or a data set on disk."""
    if isinstance(x, (HostSource, DeviceSource, StoredSource)):
        return x
    if isinstance(x, np.ndarray):
        return HostSource(as_host_array(x))
    if backend.current().is_tensor(x) and x.shape:
        return DeviceSource(x)
    return StoredSource(x) if is_stored(x) else HostSource(as_host_array(x))


def is_stored(x: Any) -> bool:
    """Whether `x` is read by slicing and not held in memory."""
    sliced = all(hasattr(x, name) for name in ("shape", "dtype", "__getitem__", "__len__"))
    in_memory = ("__array_interface__", "__array_struct__", "__dlpack__", "to_numpy", "toarray", "detach")
    return sliced and not any(hasattr(x, name) for name in in_memory)
