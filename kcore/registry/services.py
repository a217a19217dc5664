"""Services that lower floors call by name, so that an import never points up."""

from __future__ import annotations

import importlib
import types

from kcore.errors import InvalidArgumentError

_services = {
    "operators": "kcore.ops",
    "plugins": "kcore.plugins",
    "saving": "kcore.saving",
    "trainer": "kcore.training",
}


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
