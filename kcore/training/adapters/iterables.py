"""Adapters for generators and other iterables of batches."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from kcore import tree
from kcore.errors import InvalidArgumentError
from kcore.training.adapters.base import Batch, DataAdapter
from kcore.training.adapters.convert import as_leaf, map_arrays


def unpack_x_y_sample_weight(data: Any) -> Batch:
    """Split what a data source yields into inputs, targets and sample weights.

    Args:
        data: `x` alone, or a tuple `(x,)`, `(x, y)` or `(x, y, sample_weight)`; a list of two or three is taken as
            such a tuple.

    Returns:
        `(x, y, sample_weight)`, with None for what isn't there.

    Raises:
        InvalidArgumentError: a tuple of another length.

    Example:
        >>> import kcore
        >>> kcore.utils.unpack_x_y_sample_weight((1, 2))
        (1, 2, None)
    """
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise InvalidArgumentError(
            f"A batch must be `x`, `(x,)`, `(x, y)` or `(x, y, sample_weight)`. Received: a tuple of {len(data)} items"
        )
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """The shortest form that `unpack_x_y_sample_weight` takes apart again.

    Args:
        x: inputs.
        y: targets, or None.
        sample_weight: weights, or None.

    Returns:
        `x` itself if it isn't a list, tuple or dict, `(x,)` if it is, `(x, y)` or `(x, y, sample_weight)`.

    Example:
        >>> import kcore
        >>> kcore.utils.pack_x_y_sample_weight(1, 2)
        (1, 2)
    """
    if sample_weight is not None:
        return x, y, sample_weight
    if y is not None:
        return x, y
    return (x,) if isinstance(x, (list, tuple, dict)) else x


def standardized(data: Any, counts: tuple[int, int] = (1, 1), inputs_only: bool = False) -> Batch:
    """A batch as somebody's generator yields it, as `(x, y, sample_weight)` with arrays for leaves.

    Args:
        data: what was yielded.
        counts: how many inputs and outputs the model has.
        inputs_only: whether a list is a list of inputs, as in `predict`, and not `[x, y]`.
    """
    if inputs_only and isinstance(data, list):
        data = (data,)
    x, y, sample_weight = unpack_x_y_sample_weight(data)
    return (
        map_arrays(as_leaf, x, counts[0]),
        map_arrays(as_leaf, y, counts[1]),
        map_arrays(as_leaf, sample_weight, counts[1]),
    )


class IterableAdapter(DataAdapter):
    """An object that can be iterated again and again, yielding batches: a data loader, a list of batches.

    Args:
        data: the iterable.
        counts: how many inputs and outputs the model has.
        inputs_only: see `standardized`.
    """

    def __init__(self, data: Iterable[Any], counts: tuple[int, int] = (1, 1), inputs_only: bool = False) -> None:
        self.data = data
        self._options: dict[str, Any] = {"counts": counts, "inputs_only": inputs_only}
        self.num_batches = _length(data)

    def batches(self) -> Iterator[Batch]:
        """One pass."""
        return (standardized(item, **self._options) for item in self.data)


class GeneratorAdapter(DataAdapter):
    """An iterator of batches, which can't be started again; endless ones need a number of steps.

    Args:
        data: the iterator.
        counts: how many inputs and outputs the model has.
        inputs_only: see `standardized`.
    """

    restartable = False

    def __init__(self, data: Iterator[Any], counts: tuple[int, int] = (1, 1), inputs_only: bool = False) -> None:
        self.data = iter(data)
        self._options: dict[str, Any] = {"counts": counts, "inputs_only": inputs_only}

    def first_batch(self) -> Batch | None:
        """Look at the next batch and put it back."""
        item = next(self.data, None)
        if item is None:
            return None
        self.data = itertools.chain([item], self.data)
        return standardized(item, **self._options)

    def batches(self) -> Iterator[Batch]:
        """What is left."""
        for item in self.data:
            yield standardized(item, **self._options)


def batch_length(x: Any) -> int:
    """The number of samples in the inputs of a batch."""
    return next((int(leaf.shape[0]) for leaf in tree.flatten(x) if leaf is not None and len(leaf.shape)), 1)


def _length(data: Any) -> int | None:
    try:
        return len(data)
    except TypeError:
        return None
