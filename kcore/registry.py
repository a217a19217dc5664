"""Named objects: what a config may name, and how an object becomes a config and comes back.

Loading never imports or executes what a config brings. A name is looked for, in this order, in

1. the `custom_objects` of the call, and the `CustomObjectScope`s around it;
2. what `register_keras_serializable` and plugins registered;
3. kcore's own objects (`@builtin`), which are found by class name, by snake_case name, or by alias.

A serialized object is `{"module": "keras.layers", "class_name": "Dense", "config": {...}, "registered_name": None}`, as Keras 3
writes it; `{"class_name": "Dense", "config": {...}}`, as Keras 2 wrote it, is read too.
"""

from __future__ import annotations

import difflib
import importlib
import re
import types
from collections.abc import Callable
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import numpy as np

from kcore.errors import InvalidArgumentError, InvalidTypeError, SerializationError

__all__ = [
    "CustomObjectScope",
    "builtin",
    "builtin_names",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "lookup",
    "lookup_group",
    "provide_service",
    "register_keras_serializable",
    "serialize_keras_object",
    "service",
    "snake_case",
]

T = TypeVar("T")

# ---------------------------------------------------------------------------------------------------------------- built-ins

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
)
#: What Keras calls the module of a class, where it isn't `keras.<group>`.
_WRITTEN_MODULES = {"Functional": "keras.src.models.functional", "Sequential": "keras"}

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
                raise InvalidArgumentError(f"`name` is taken in the group {group!r}. Received: name={key!r} for {obj!r}")
            _exact[group][key] = obj
        _derived.setdefault(group, {})[snake_case(name)] = obj
        _builtin_groups[obj] = group
        return obj

    return register


def builtin_names(group: str) -> list[str]:
    """The sorted names and aliases of a group of built-ins."""
    _load_group(group)
    return sorted(_exact.get(group, {}))


def lookup(group: str, name: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """Find an object by its class name, snake_case name or alias; custom objects go before kcore's own.

    Args:
        group: the room to look in, as `"losses"`.
        name: as `"mse"` or `"MeanSquaredError"`.
        custom_objects: further objects by name, for this call.

    Returns:
        The class or function, as it was registered.

    Raises:
        InvalidArgumentError: nothing has that name; near misses are listed.
    """
    found = _find_custom(name, custom_objects)
    if found is None:
        found = _find_builtin(group, name)
    if found is None:
        near = difflib.get_close_matches(name, builtin_names(group), n=3)
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise InvalidArgumentError(
            f"`identifier` must name one of `keras.{group}`, or an object given in `custom_objects` or registered "
            f"with `register_keras_serializable`.{hint} Received: identifier={name!r}"
        )
    return found


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


def _find_builtin(group: str, name: str) -> Any:
    _load_group(group)
    exact = _exact.get(group, {})
    return exact[name] if name in exact else _derived.get(group, {}).get(name)


# ----------------------------------------------------------------------------------------------------------- custom objects

_custom: dict[str, Any] = {}
_custom_names: dict[Any, str] = {}
_scope: ContextVar[tuple[dict[str, Any], ...]] = ContextVar("kcore_custom_objects", default=())


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[T], T]:
    """Decorator: allow a class or function to be saved and loaded under the name `package>name`.

    Args:
        package: a namespace, usually the library's name.
        name: the name in it; the object's `__name__` if None.

    Returns:
        The decorator; it returns the object unchanged.

    Raises:
        InvalidTypeError: a class without `get_config`.

    >>> @register_keras_serializable("readme")
    ... def double(x):
    ...     return 2 * x
    >>> get_registered_name(double)
    'readme>double'
    """

    def register(obj: T) -> T:
        if isinstance(obj, type) and not hasattr(obj, "get_config"):
            raise InvalidTypeError(f"a class must have `get_config` to be registered. Received: {obj.__name__}")
        full = f"{package}>{name or getattr(obj, '__name__', '')}"
        _custom[full] = obj
        _custom_names[obj] = full
        return obj

    return register


class CustomObjectScope:
    """Context manager: make objects known by name while something is loaded.

    Args:
        *custom_objects: dicts of name to class or function.

    >>> class Swish: pass
    >>> with CustomObjectScope({"Swish": Swish}):
    ...     get_registered_object("Swish") is Swish
    True
    """

    def __init__(self, *custom_objects: dict[str, Any] | None):
        self.custom_objects: dict[str, Any] = {}
        for objects in custom_objects:
            self.custom_objects.update(objects or {})
        self._tokens: list = []

    def __enter__(self) -> CustomObjectScope:
        self._tokens.append(_scope.set((self.custom_objects, *_scope.get())))
        return self

    def __exit__(self, *exc: object) -> None:
        _scope.reset(self._tokens.pop())


custom_object_scope = CustomObjectScope


def get_custom_objects() -> dict[str, Any]:
    """The dict of globally registered objects; what a program adds to it can be loaded by that name."""
    return _custom


def get_registered_name(obj: Any) -> str:
    """The name under which a class or function was registered, or else its `__name__`."""
    try:
        return _custom_names.get(obj) or obj.__name__
    except (TypeError, AttributeError):
        raise InvalidTypeError(f"`obj` must be a class or a function. Received: obj={obj!r}") from None


def get_registered_object(
    name: str, custom_objects: dict[str, Any] | None = None, module_objects: dict[str, Any] | None = None
) -> Any:
    """Find a custom object by name: in `custom_objects`, the scopes around, the registry, then `module_objects`; or None."""
    found = _find_custom(name, custom_objects)
    return found if found is not None else (module_objects or {}).get(name)


def _find_custom(name: str, custom_objects: dict[str, Any] | None = None) -> Any:
    for objects in (custom_objects or {}, *_scope.get(), _custom):
        if name in objects:
            return objects[name]
    return None


# ----------------------------------------------------------------------------------------------------------------- services

_services = {"trainer": "kcore.training", "saving": "kcore.saving"}


def provide_service(name: str, module_path: str) -> None:
    """Say which module offers a service that lower floors call by name.

    Args:
        name: as `"trainer"`.
        module_path: the module, as `"kcore.training"`; it is imported when the service is first asked for.
    """
    _services[name] = module_path


def service(name: str) -> types.ModuleType:
    """Import and return the module that offers a service.

    Raises:
        InvalidArgumentError: nobody offers it.
    """
    if name not in _services:
        raise InvalidArgumentError(f"`name` must be one of {', '.join(sorted(_services))}. Received: name={name!r}")
    return importlib.import_module(_services[name])


# ------------------------------------------------------------------------------------------------------------- to a config


def serialize_keras_object(obj: Any) -> Any:
    """Describe an object as plain data that JSON can hold.

    Args:
        obj: None, a number, a string, bytes, a slice, an array, a function known by name, an object with `get_config`, or
            dicts, lists and tuples of these.

    Returns:
        Numbers, strings and None as they are; containers with their members described; else a dict with `class_name` and
        `config`.

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
        return type(obj)([serialize_keras_object(value) for value in obj]) if type(obj) in (list, tuple) else [
            serialize_keras_object(value) for value in obj
        ]
    plain = _serialize_plain(obj)
    if plain is not None:
        return plain
    if isinstance(obj, types.FunctionType) or lookup_group(obj) is not None and not isinstance(obj, type):
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
            "a `lambda` can't be saved, since loading never executes code from a file. Write a named function and register "
            f"it with `register_keras_serializable`. Received: {obj!r}"
        )
    return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}


def _serialize_instance(obj: Any) -> dict[str, Any]:
    cls = type(obj)
    group = lookup_group(cls)
    module = None
    if group is not None:
        module = _WRITTEN_MODULES.get(cls.__name__, f"keras.{group}")
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


# ----------------------------------------------------------------------------------------------------------- from a config


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
        SerializationError: a name that is neither kcore's nor registered, a class whose `from_config` fails, or a description
            that holds code.

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
            "the description holds the code of a `lambda`, and loading never executes code from a file. Rebuild the model in "
            "Python with a named function, and load its weights. Received: class_name='__lambda__'"
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
    for key in (registered_name, name):
        found = _find_custom(key) if isinstance(key, str) else None
        if found is not None:
            return found
    for candidate in dict.fromkeys([group, *GROUPS] if group else GROUPS):
        found = _find_builtin(candidate, name)
        if found is not None:
            return found
    raise SerializationError(
        f"{name!r} is neither one of kcore's objects nor registered. Pass `custom_objects={{{name!r}: ...}}`, or decorate it "
        f"with `register_keras_serializable`. Received: module={config.get('module')!r}, class_name={config['class_name']!r}"
    )
