"""What every module of known inconsistencies starts with: a way to register cases, and short words for arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kcore import grad, ops
from kcore.conformance.case import case
from kcore.engine.function import Function

PROBED = "Keras 3.15.1"
"""The source of what was found by probing that release."""

ITEMS: dict[int, list[str]] = {}
"""The names of the cases of each item."""

QUICK = frozenset({
    2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 16, 18, 24, 25, 26, 27, 28, 29, 34, 35, 36, 37, 38, 39, 40, 43, 46, 47, 48, 50,
    54, 57,
})  # fmt: skip
"""The items of the quick form: those that an engine which compiles every call answers in under a second."""


def section(title: str):
    """A decorator for the cases under one heading.

    Args:
        title: the heading.

    Returns:
        `known(item, name, *, answer, sources=(), level="arrays", needs=())`: registers a function
        `run(backend, check)` as the case `"known/" + name`. `sources` are issues and pull requests: `K#n` of
        keras-team/keras, `KC#n` of keras-team/keras-core, `TF#n` of tensorflow/tensorflow.
    """

    def known(
        item: int,
        name: str,
        *,
        answer: str,
        sources: Sequence[str] = (PROBED,),
        level: str = "arrays",
        needs: tuple[str, ...] = (),
    ):
        full = f"known/{name}"
        ITEMS.setdefault(item, []).append(full)
        attributes = {"group": title, "sources": tuple(sources), "answer": answer, "needs": needs}
        return case(full, level=level, quick=item in QUICK, **attributes)

    return known


def f32(*numbers: Any) -> np.ndarray:
    """A float32 array."""
    return np.array(numbers, np.float32)


def f64(*numbers: Any) -> np.ndarray:
    """A float64 array."""
    return np.array(numbers, np.float64)


def i32(*numbers: Any) -> np.ndarray:
    """An int32 array."""
    return np.array(numbers, np.int32)


def count(*shape: int) -> np.ndarray:
    """0, 1, 2, ... in float32, in this shape."""
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def row(*numbers: float) -> np.ndarray:
    """A sequence of one channel, `(1, length, 1)`, in float32."""
    return f32(*numbers).reshape(1, -1, 1)


def slope(f: Callable[..., Any], *xs: np.ndarray, of: int = 0) -> Any:
    """The gradient of `sum(f(*xs))` by one of the arguments."""
    return grad(lambda *args: ops.sum(f(*args)), of)(*xs)


def twice(f: Callable[..., Any], *xs: np.ndarray) -> list[Any]:
    """`f(*xs)`, eagerly and captured."""
    return [f(*xs), Function(f)(*xs)]
