"""Names of one group of objects, custom ones before kcore's own."""

from __future__ import annotations

import difflib
from typing import Any

from kcore.errors import InvalidArgumentError

from .builtins import builtin_names, find_builtin
from .custom import find_custom, find_in_plugins


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
    found = find_custom(name, custom_objects)
    if found is None:
        found = find_builtin(group, name)
    if found is None:
        found = find_in_plugins(name)
    if found is None:
        near = difflib.get_close_matches(name, builtin_names(group), n=3)
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise InvalidArgumentError(
            f"`identifier` must name one of `keras.{group}`, or an object given in `custom_objects` or registered "
            f"with `register_keras_serializable`.{hint} Received: identifier={name!r}"
        )
    return found
