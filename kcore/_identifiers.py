"""What `X.get(identifier)` has in common in every room of named objects (activations, initializers, losses, ...)."""

from __future__ import annotations

import inspect
from typing import Any

from kcore import registry
from kcore.errors import InvalidArgumentError


def get(group: str, identifier: Any) -> Any:
    """The object that an identifier stands for.

    Args:
        group: the room to look in, as `"losses"`.
        identifier: a name, a config (a dict), a class, a callable (returned as it is), or `None`.

    Returns:
        An instance or a function; `None` for `None`. A class is instantiated without arguments.

    Raises:
        InvalidArgumentError: it is none of these, or no object has that name.
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        return from_config(group, identifier)
    found = registry.lookup(group, identifier) if isinstance(identifier, str) else identifier
    if inspect.isclass(found):
        return found()
    if callable(found):
        return found
    raise InvalidArgumentError(
        f"`identifier` must be a name, a config, a callable or None, for an object of `keras.{group}`. "
        f"Received: identifier={identifier!r}"
    )


def from_config(group: str, config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The object that a config (or a bare name) describes; see `registry.deserialize_keras_object`."""
    if isinstance(config, str):
        found = registry.lookup(group, config, custom_objects)
        return found() if inspect.isclass(found) else found
    return registry.deserialize_keras_object(config, custom_objects=custom_objects, group=group)
