"""What a leaf of data becomes: an array of the dtype that models work with."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from kcore import config
from kcore.engine import backend
from kcore.errors import InvalidTypeError


def as_host_array(x: Any) -> np.ndarray:
    """`x` as a NumPy array with its own dtype.

    Raises:
        InvalidTypeError: it holds something other than numbers and booleans.
    """
    if isinstance(x, np.ndarray):
        array = x
    elif hasattr(x, "to_numpy"):
        array = np.asarray(x.to_numpy())
    elif hasattr(x, "detach"):
        array = np.asarray(x.detach().cpu())
    elif hasattr(x, "toarray"):
        array = np.asarray(x.toarray())
    elif backend.current().is_tensor(x):
        array = backend.current().to_numpy(x)
    else:
        array = np.asarray(x)
    if array.dtype.kind in "OSUMmV" and array.dtype.name != "bfloat16":
        raise InvalidTypeError(
            "Training data must hold numbers or booleans in arrays of one shape a sample. "
            f"Received: {type(x).__name__} of dtype {array.dtype}"
        )
    return array


def model_dtype(dtype: Any) -> str | None:
    """The dtype that data of `dtype` is cast to: `floatx` for the other floats, None for what stays."""
    return _cast_to(np.dtype(dtype), config.floatx())


@functools.cache
def _cast_to(dtype: np.dtype, floatx: str) -> str | None:
    return floatx if dtype.kind == "f" and dtype.name != floatx else None


def as_leaf(x: Any) -> Any:
    """One leaf of a batch, ready for the model: a tensor of the backend as it is, anything else as an array."""
    if x is None or (not isinstance(x, np.ndarray) and backend.current().is_tensor(x)):
        return x
    array = as_host_array(x)
    dtype = model_dtype(array.dtype)
    return array if dtype is None else array.astype(dtype)


def map_arrays(convert: Callable[[Any], Any], data: Any, count: int = 1) -> Any:
    """Apply `convert` to each array of `data`.

    Args:
        convert: takes an array, or a (nested) list of numbers that stands for one.
        data: an array, a list of numbers, or a dict, list or tuple of them; None stays.
        count: how many inputs (or outputs) the model has; a list of so many lists of numbers is so many arrays.

    Returns:
        The same nesting; a list or tuple of one array is that array.
    """
    if data is None:
        return None
    if isinstance(data, dict):
        return {key: map_arrays(convert, value) for key, value in data.items()}
    if not isinstance(data, (list, tuple)):
        return convert(data)
    if not _is_list_of_arrays(data, count):
        return convert(data)
    if hasattr(data, "_fields"):
        return type(data)(*(map_arrays(convert, item) for item in data))
    items = [map_arrays(convert, item) for item in data]
    if len(items) == 1 and not isinstance(data[0], dict):
        return items[0]
    return type(data)(items)


def _is_list_of_arrays(data: list | tuple, count: int) -> bool:
    if any(isinstance(item, dict) or getattr(item, "ndim", 0) or getattr(item, "shape", ()) for item in data):
        return True
    if count > 1 and len(data) == count:
        return all(isinstance(item, (list, tuple)) for item in data)
    return any(isinstance(item, (list, tuple)) and _is_list_of_arrays(item, 1) for item in data)
