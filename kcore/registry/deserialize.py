"""From a config to an object; nothing that a config holds is imported or executed."""

from __future__ import annotations

import importlib
from contextlib import contextmanager
from typing import Any

import numpy as np

from kcore.errors import InvalidTypeError, SerializationError

from .builtins import GROUPS, find_builtin
from .custom import CustomObjectScope, find_custom, find_in_plugins


def deserialize_keras_object(
    config: Any,
    custom_objects: dict[str, Any] | None = None,
    safe_mode: bool = True,
    *,
    group: str | None = None,
    **kwargs: Any,
) -> Any:
    """Build an object from its description.

    Args:
        config: as `serialize_keras_object` returns it, in Keras 3's or Keras 2's form.
        custom_objects: classes and functions by name, known for this call and everything inside it.
        safe_mode: kept for Keras's signature; code in a file is refused either way.
        group: the room to look in when the description names none, as `"losses"`.
        **kwargs: `module_objects`, a dict of further objects by name, as Keras takes it.

    Returns:
        The object.

    Raises:
        SerializationError: a name that is neither kcore's nor registered, a class whose `from_config` fails, or a
            description that holds code.

    >>> deserialize_keras_object({"class_name": "__slice__", "config": {"start": 0, "stop": 2, "step": None}})
    slice(0, 2, None)
    """
    del safe_mode
    objects = {**(kwargs.pop("module_objects", None) or {}), **(custom_objects or {})}
    kwargs.pop("printable_module_name", None)
    if kwargs:
        raise InvalidTypeError(f"unexpected arguments. Received: {', '.join(sorted(kwargs))}")
    with CustomObjectScope(objects):
        return _deserialize(config, group)


def _deserialize(config: Any, group: str | None) -> Any:
    if isinstance(config, (list, tuple)):
        return type(config)([_deserialize(item, group) for item in config])
    if not isinstance(config, dict):
        return config
    if "class_name" not in config or "config" not in config:
        return {key: _deserialize(value, group) for key, value in config.items()}
    name = config["class_name"]
    if not isinstance(name, str):
        raise SerializationError(f"`class_name` must be a string. Received: class_name={name!r}")
    if name.startswith("__") and name.endswith("__"):
        return _deserialize_plain(name, config["config"])
    if name == "function":
        return _resolve(config["config"], None, group, config)
    return _instantiate(config, group)


def _deserialize_plain(name: str, inner: Any) -> Any:
    with _refusing(name, inner):
        if name == "__numpy__":
            return np.array(inner["value"], dtype=inner["dtype"])
        if name == "__tensor__":
            active = importlib.import_module("kcore.engine.active")
            return active.current().asarray(np.array(inner["value"], dtype=inner["dtype"]))
        if name == "__bytes__":
            return inner["value"].encode("latin-1")
        if name == "__slice__":
            return slice(*[_deserialize(inner[key], None) for key in ("start", "stop", "step")])
        if name == "__ellipsis__":
            return Ellipsis
        if name == "__tuple__":
            return tuple(_deserialize(item, None) for item in inner["value"])
    if name == "__lambda__":
        raise SerializationError(
            "the description holds the code of a `lambda`, and loading never executes code from a file. Rebuild the "
            "model in Python with a named function, and load its weights. Received: class_name='__lambda__'"
        )
    raise SerializationError(f"`class_name` is unknown. Received: class_name={name!r}")


def _instantiate(config: dict[str, Any], group: str | None) -> Any:
    name, inner = config["class_name"], config["config"]
    cls = _resolve(name, config.get("registered_name"), _group_of(config.get("module")) or group, config)
    if not hasattr(cls, "from_config"):
        raise SerializationError(f"{name} must have `from_config` to be loaded. Received: {cls!r}")
    with _refusing(name, inner):
        instance = cls.from_config(inner)
    for key, method in (("build_config", "build_from_config"), ("compile_config", "compile_from_config")):
        if config.get(key) and hasattr(instance, method):
            getattr(instance, method)(config[key])
    return instance


@contextmanager
def _refusing(name: str, inner: Any):
    """Say which object couldn't be built, whatever its constructor raised."""
    try:
        yield
    except SerializationError:
        raise
    except (TypeError, ValueError, KeyError, AttributeError) as err:
        received = repr(inner)
        received = received if len(received) <= 300 else received[:300] + "..."
        raise SerializationError(f"{name} can't be built from its config: {err}. Received: config={received}") from err


def _group_of(module: Any) -> str | None:
    parts = module.split(".") if isinstance(module, str) else []
    if parts == ["keras"]:
        return "models"
    return next((part for part in parts if part in GROUPS), None)


def _resolve(name: Any, registered_name: Any, group: str | None, config: dict) -> Any:
    if not isinstance(name, str):
        raise SerializationError(f"a function must be given by its name. Received: config={name!r}")
    keys = [key for key in (registered_name, name) if isinstance(key, str)]
    for key in keys:
        found = find_custom(key)
        if found is not None:
            return found
    for candidate in dict.fromkeys([group, *GROUPS] if group else GROUPS):
        found = find_builtin(candidate, name)
        if found is not None:
            return found
    for key in keys:
        found = find_in_plugins(key)
        if found is not None:
            return found
    raise SerializationError(
        f"{name!r} is neither one of kcore's objects nor registered. Pass `custom_objects={{{name!r}: ...}}`, or "
        "decorate it with `register_keras_serializable`. "
        f"Received: module={config.get('module')!r}, class_name={config['class_name']!r}"
    )
