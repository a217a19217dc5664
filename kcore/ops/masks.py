"""Masks beside tensors: a weak side table, because nothing hangs attributes on an engine's tensors.

A mask says which steps of a sequence count. A layer that makes one (`Masking`, `Embedding(mask_zero=True)`) notes it
here under its output, and the layer that receives this very object finds it; a mask doesn't survive an op, a copy or
a view, which are other objects.
"""

from __future__ import annotations

import weakref
from typing import Any

from kcore.errors import InvalidTypeError

_masks: dict[int, tuple[weakref.ref, Any]] = {}


def set_mask(x: Any, mask: Any) -> None:
    """Note `mask` as the mask of the object `x`, until `x` dies; `None` forgets it.

    Args:
        x: a tensor of shape `(batch, steps, ...)`, or a `KerasTensor`.
        mask: a boolean tensor of shape `(batch, steps)` (or a `KerasTensor`), or `None`.

    Raises:
        InvalidTypeError: `x` is an object that Python can't refer to weakly, such as a NumPy scalar.

    Example:
        >>> x = np.ones((1, 2, 3))
        >>> set_mask(x, np.array([[True, False]]))
        >>> get_mask(x).tolist()
        [[True, False]]
    """
    key = id(x)
    if mask is None:
        _masks.pop(key, None)
        return
    try:
        reference = weakref.ref(x, lambda dead: _forget(key, dead))
    except TypeError:
        raise InvalidTypeError(f"`x` must be a tensor that can carry a mask. Received: x={x!r} of {type(x)}") from None
    _masks[key] = (reference, mask)


def get_mask(x: Any) -> Any:
    """The mask noted for the object `x`, or `None`.

    Args:
        x: any object; one that never had a mask gives `None`.

    Returns:
        The mask last given to `set_mask` for this very object.
    """
    entry = _masks.get(id(x))
    return entry[1] if entry is not None and entry[0]() is x else None


def _forget(key: int, dead: weakref.ref) -> None:
    entry = _masks.get(key)
    if entry is not None and entry[0] is dead:
        del _masks[key]
