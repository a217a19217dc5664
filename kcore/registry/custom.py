"""Custom objects: what a program or a plugin makes known by name for loading."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar

from kcore.errors import InvalidTypeError

from .services import service

T = TypeVar("T")


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
    """Find a custom object: in `custom_objects`, the scopes around, the registry, then `module_objects`; or None."""
    found = find_custom(name, custom_objects)
    return found if found is not None else (module_objects or {}).get(name)


def find_custom(name: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """The custom object of this name, or None; plugins that aren't loaded yet are left alone."""
    for objects in (custom_objects or {}, *_scope.get(), _custom):
        if name in objects:
            return objects[name]
    return None


def find_in_plugins(name: str) -> Any:
    """The custom object of this name after all plugins are loaded, or None."""
    service("plugins").load_plugins()
    return find_custom(name)
