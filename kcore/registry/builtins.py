"""The classes and functions of kcore that are found by name, group by group."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from typing import Any, TypeVar

from kcore.errors import InvalidArgumentError

T = TypeVar("T")


#: The rooms whose objects are found by name; importing a room fills its group.
GROUPS = (
    "layers",
    "models",
    "optimizers",
    "losses",
    "metrics",
    "initializers",
    "regularizers",
    "constraints",
    "activations",
    "dtype_policies",
)
#: What Keras calls the module of a class, where it isn't `keras.<group>`.
WRITTEN_MODULES = {"Functional": "keras.src.models.functional", "Sequential": "keras", "DTypePolicy": "keras"}

_exact: dict[str, dict[str, Any]] = {}
_derived: dict[str, dict[str, Any]] = {}
_builtin_groups: dict[Any, str] = {}


def snake_case(name: str) -> str:
    """Turn a class name into the name that Keras derives from it.

    >>> snake_case("MaxPooling2D"), snake_case("LSTM"), snake_case("MeanSquaredError")
    ('max_pooling2d', 'lstm', 'mean_squared_error')
    """
    name = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def builtin(group: str, *aliases: str) -> Callable[[T], T]:
    """Decorator: make a class or function of kcore known by name.

    Args:
        group: the room it belongs to, as `"layers"`.
        *aliases: further names; its `__name__` and the snake_case form of that are names already.

    Returns:
        The decorator; it returns the object unchanged.

    Raises:
        InvalidArgumentError: the group has another object of that name.
    """

    def register(obj: T) -> T:
        name = getattr(obj, "__name__", "")
        for key in (name, *aliases):
            other = _exact.setdefault(group, {}).setdefault(key, obj)
            if other is not obj and not _same_definition(other, obj):
                raise InvalidArgumentError(f"`name` must be free in {group!r}. Received: name={key!r} for {obj!r}")
            _exact[group][key] = obj
        _derived.setdefault(group, {})[snake_case(name)] = obj
        _builtin_groups[obj] = group
        return obj

    return register


def builtin_names(group: str) -> list[str]:
    """The sorted names and aliases of a group of built-ins."""
    _load_group(group)
    return sorted(_exact.get(group, {}))


def lookup_group(obj: Any) -> str | None:
    """The group in which a class or function is a built-in, or None."""
    try:
        return _builtin_groups.get(obj)
    except TypeError:
        return None


def _same_definition(a: Any, b: Any) -> bool:
    """Whether `b` is `a` after its module was reloaded."""
    return (getattr(a, "__module__", 0), getattr(a, "__qualname__", 0)) == (
        getattr(b, "__module__", 1),
        getattr(b, "__qualname__", 1),
    )


def _load_group(group: str) -> None:
    try:
        importlib.import_module(f"kcore.{group}")
    except ModuleNotFoundError as err:
        if err.name != f"kcore.{group}":
            raise


def find_builtin(group: str, name: str) -> Any:
    _load_group(group)
    exact = _exact.get(group, {})
    return exact[name] if name in exact else _derived.get(group, {}).get(name)
