"""Helpers on arrays of the host."""

from __future__ import annotations

from typing import Any

import numpy as np

from kcore import config
from kcore.engine import backend
from kcore.errors import InvalidArgumentError


def to_categorical(x: Any, num_classes: int | None = None, dtype: str | None = None) -> Any:
    """One-hot rows for class indices.

    Args:
        x: integers in `[0, num_classes)`, of any shape; a last axis of 1 is dropped.
        num_classes: the length of a row; the largest index plus 1 if None.
        dtype: the dtype of the result; `floatx` if None.

    Returns:
        An array of shape `x.shape + (num_classes,)`; a tensor of the active backend if `x` is one.

    Raises:
        InvalidArgumentError: an index is negative or too large.

    Example:
        >>> import kcore
        >>> kcore.utils.to_categorical([0, 2], num_classes=3).tolist()
        [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    engine = backend.current()
    is_device_tensor = engine.is_tensor(x) and not isinstance(x, np.ndarray)
    labels = np.asarray(engine.to_numpy(x) if is_device_tensor else x).astype(np.int64)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if num_classes is None:
        num_classes = int(labels.max(initial=-1)) + 1
    if labels.size and (labels.min() < 0 or labels.max() >= num_classes):
        raise InvalidArgumentError(
            f"`x` must hold integers from 0 to {num_classes - 1}. "
            f"Received: integers from {labels.min()} to {labels.max()}"
        )
    rows = np.zeros((*labels.shape, num_classes), dtype=dtype or config.floatx())
    np.put_along_axis(rows, labels[..., None], 1, axis=-1)
    return engine.asarray(rows) if is_device_tensor else rows


def normalize(x: Any, axis: int = -1, order: int = 2) -> Any:
    """Divide vectors by their norm; a vector of zeros stays.

    Args:
        x: an array.
        axis: the axis that the vectors lie along.
        order: the order of the norm, as `numpy.linalg.norm` takes it.

    Returns:
        An array of the shape of `x`; a tensor of the active backend if `x` is one.

    Example:
        >>> import kcore
        >>> kcore.utils.normalize([[3.0, 4.0]]).tolist()
        [[0.6, 0.8]]
    """
    engine = backend.current()
    is_device_tensor = engine.is_tensor(x) and not isinstance(x, np.ndarray)
    array = np.atleast_1d(np.asarray(engine.to_numpy(x) if is_device_tensor else x))
    norms = np.atleast_1d(np.linalg.norm(array, order, axis))
    norms[norms == 0] = 1
    result = array / np.expand_dims(norms, axis)
    return engine.asarray(result) if is_device_tensor else result
