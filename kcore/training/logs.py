"""`LazyLogs`: logs that are read from the device when somebody looks."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from kcore.engine import backend
from kcore.engine.tracing import value_of


class LazyLogs(dict):
    """A dict of floats whose entries are read when it is first looked at.

    Args:
        read: gives a dict of name to scalar tensor (or number).
    """

    def __init__(self, read: Callable[[], dict[str, Any]]) -> None:
        super().__init__()
        self._read: Callable[[], dict[str, Any]] | None = read

    def load(self) -> None:
        """Read the entries, unless that was done."""
        if self._read is not None:
            read, self._read = self._read, None
            dict.update(self, on_host(read()))


def _loading(name: str) -> Callable[..., Any]:
    method = getattr(dict, name)

    def load_first(self: LazyLogs, *args: Any, **kwargs: Any) -> Any:
        self.load()
        return method(self, *args, **kwargs)

    load_first.__name__ = name
    return load_first


for _name in (
    "__getitem__",
    "__setitem__",
    "__delitem__",
    "__contains__",
    "__iter__",
    "__len__",
    "__eq__",
    "__repr__",
    "__or__",
    "__ror__",
    "__reversed__",
    "keys",
    "values",
    "items",
    "get",
    "pop",
    "popitem",
    "setdefault",
    "update",
    "copy",
):
    setattr(LazyLogs, _name, _loading(_name))


def call_hooks(hooks: list[Callable[..., Any]], number: int, read: Callable[[], dict[str, Any]]) -> None:
    """Call the hooks at the end of a batch with logs that are read only if one of them looks.

    Logs that a hook kept are read before the next step changes what they would say.
    """
    logs = LazyLogs(read)
    for hook in hooks:
        hook(number, logs)
    kept = weakref.ref(logs)
    del logs
    survivor = kept()
    if survivor is not None:
        survivor.load()


def on_host(logs: dict[str, Any]) -> dict[str, Any]:
    """The entries as Python floats; those with several numbers as arrays."""
    return {name: as_number(value) for name, value in logs.items()}


def as_number(value: Any) -> Any:
    """A scalar tensor as a float, a larger one as an array; what is neither tensor nor number as it is."""
    value = value_of(value)
    if isinstance(value, (float, int)):
        return value
    engine = backend.current()
    value = getattr(value, "value", value)
    array = engine.to_numpy(value) if engine.is_tensor(value) else np.asarray(value)
    if array.dtype == object:
        return value
    return float(array.reshape(())) if array.size == 1 else array
