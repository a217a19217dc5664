"""From an object to a config."""

from __future__ import annotations

import types
from typing import Any

import numpy as np

from kcore.errors import SerializationError

from .builtins import WRITTEN_MODULES, lookup_group
from .custom import get_registered_name


def serialize_keras_object(obj: Any) -> Any:
    """Describe an object as plain data that JSON can hold.

    Args:
        obj: None, a number, a string, bytes, a slice, an array, a function known by name, an object with `get_config`,
            or dicts, lists and tuples of these.

    Returns:
        Numbers, strings and None as they are; containers with their members described; else a dict with `class_name`
        and `config`.

    Raises:
        SerializationError: a lambda, or an object without `get_config`.

    >>> serialize_keras_object({"size": (2, 2), "name": b"x"})
    {'size': (2, 2), 'name': {'class_name': '__bytes__', 'config': {'value': 'x'}}}
    """
    if obj is None or isinstance(obj, (str, bool, int, float)):
        return obj
    if isinstance(obj, dict):
        return {key: serialize_keras_object(value) for key, value in obj.items()}
    if isinstance(obj, (list, tuple)):
        members = [serialize_keras_object(value) for value in obj]
        return tuple(members) if isinstance(obj, tuple) else members
    plain = _serialize_plain(obj)
    if plain is not None:
        return plain
    if isinstance(obj, types.FunctionType) or (lookup_group(obj) is not None and not isinstance(obj, type)):
        return _serialize_function(obj)
    if not isinstance(obj, type) and hasattr(obj, "get_config"):
        return _serialize_instance(obj)
    raise SerializationError(
        f"`obj` must have `get_config`, or be a function known by name, to be saved. Received: obj={obj!r}"
    )


def _serialize_plain(obj: Any) -> Any:
    if isinstance(obj, np.generic):
        return obj.item()
    if isinstance(obj, np.ndarray):
        return {"class_name": "__numpy__", "config": {"value": obj.tolist(), "dtype": obj.dtype.name}}
    if isinstance(obj, bytes):
        return {"class_name": "__bytes__", "config": {"value": obj.decode("latin-1")}}
    if isinstance(obj, slice):
        members = {key: serialize_keras_object(getattr(obj, key)) for key in ("start", "stop", "step")}
        return {"class_name": "__slice__", "config": members}
    if obj is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    return None


def _serialize_function(obj: Any) -> dict[str, Any]:
    name = get_registered_name(obj)
    if name == "<lambda>":
        raise SerializationError(
            "a `lambda` can't be saved, since loading never executes code from a file. Write a named function and "
            f"register it with `register_keras_serializable`. Received: {obj!r}"
        )
    return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}


def _serialize_instance(obj: Any) -> dict[str, Any]:
    cls = type(obj)
    group = lookup_group(cls)
    module = None
    if group is not None:
        module = WRITTEN_MODULES.get(cls.__name__, f"keras.{group}")
    data = {
        "module": module,
        "class_name": cls.__name__,
        "config": serialize_keras_object(obj.get_config()),
        "registered_name": None if group is not None else get_registered_name(cls),
    }
    for key in ("build_config", "compile_config"):
        get = getattr(obj, f"get_{key}", None)
        extra = get() if get is not None else None
        if extra is not None:
            data[key] = serialize_keras_object(extra)
    return data
