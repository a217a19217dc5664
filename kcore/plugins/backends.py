"""Backends by name: those installed, those of plugins, and those added in the program."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from kcore.errors import BackendError, BackendUnavailableError, InvalidTypeError, PluginError

from .entry_points import BACKEND_GROUP, announced, source_of, version_of
from .manager import call_each
from .problems import Problem, report


@dataclass(frozen=True)
class BackendEntry:
    """A backend that can be asked for by name; its class isn't imported before `load`.

    Attributes:
        name: as in `KERAS_BACKEND`.
        source: where it was found, as `"kcore-mlx 0.1 (entry point)"`.
        version: the version of the distribution that brings it, or "" if there is none.
        load: imports and returns the class.
    """

    name: str
    source: str
    version: str
    load: Callable[[], type]


_added: dict[str, BackendEntry] = {}
_installed: dict[str, BackendEntry] | None = None


def add_backend(name: str, cls: type) -> None:
    """Make a backend known in this program (`kcore.extend.register_backend` checks it first).

    Args:
        name: the name by which it is chosen; an installed backend of that name is hidden by it.
        cls: a subclass of `kcore.extend.Backend`.

    Raises:
        InvalidTypeError: `name` isn't a name, or `cls` isn't a class.
        BackendError: another class was added under that name before.
    """
    if not isinstance(name, str) or not name.isidentifier():
        raise InvalidTypeError(f"`name` must be a name, as 'numpy'. Received: name={name!r}")
    if not isinstance(cls, type):
        raise InvalidTypeError(f"`cls` must be a class. Received: cls={cls!r}")
    before = _added.get(name)
    if before is not None and before.load() is not cls:
        raise BackendError(
            f"`name` must be free. Received: name={name!r}, which is taken by {before.load().__qualname__}; "
            f"`remove_backend({name!r})` frees it"
        )
    _added[name] = BackendEntry(name, "added in this program", "", lambda: cls)


def remove_backend(name: str) -> None:
    """Forget a backend that was added in the program; an installed one of that name comes into sight again."""
    _added.pop(name, None)


def is_added(name: str) -> bool:
    """Whether the backend was added in this program, so that other processes don't know it."""
    return name in _added


def backend_entries() -> dict[str, BackendEntry]:
    """All backends that can be asked for, by name, whether their engines can be used or not."""
    entries = dict(_installed_backends())
    for plugin, offered in call_each("kcore_backends", {}):
        for name, target in dict(offered).items():
            entries.setdefault(name, _offered_entry(name, target, plugin))
    return {**entries, **_added}


def backend_names() -> list[str]:
    """The sorted names of all backends that can be asked for."""
    return sorted(backend_entries())


def backend_class(name: str) -> type:
    """Import the class of a backend.

    Args:
        name: one of `backend_names()`.

    Returns:
        The class, not yet checked.

    Raises:
        KeyError: there is none of that name.
        BackendUnavailableError: it can't be imported.
    """
    entry = _added.get(name) or _installed_backends().get(name) or backend_entries()[name]
    try:
        return entry.load()
    except Exception as err:
        raise BackendUnavailableError(
            f"the backend {name!r}, from {entry.source}, can't be imported: {type(err).__name__}: {err}"
        ) from err


def forget_backends() -> None:
    """Forget the installed backends; they are looked for again at the next use."""
    global _installed
    _installed = None


def _installed_backends() -> dict[str, BackendEntry]:
    global _installed
    if _installed is None:
        found: dict[str, BackendEntry] = {}
        for point in announced(BACKEND_GROUP):
            entry = BackendEntry(point.name, source_of(point), version_of(point), point.load)
            first = found.setdefault(point.name, entry)
            if first is not entry:
                clash = PluginError(f"{first.source} brings a backend of that name too; uninstall one of them")
                report(Problem(point.name, entry.source, clash))
        _installed = found
    return _installed


def _offered_entry(name: str, target: type | str, plugin: str) -> BackendEntry:
    def load() -> type:
        if isinstance(target, type):
            return target
        module, _, attribute = target.partition(":")
        return getattr(importlib.import_module(module), attribute)

    return BackendEntry(name, f"plugin {plugin}", "", load)
