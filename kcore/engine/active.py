"""Which backend is active.

A context variable, so that threads and tasks choose on their own, over a process-wide default.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

from kcore import config

if TYPE_CHECKING:
    from .backend import Backend

LOADED: dict[str, Backend] = {}
"""The backends that were loaded and checked, by name."""

_active: ContextVar[Backend | None] = ContextVar("kcore_backend", default=None)


def current() -> Backend:
    """The active backend: the innermost `use_backend`, else the configured default."""
    backend = _active.get()
    return backend if backend is not None else _default()


def _default() -> Backend:
    name = config.default_backend_name()
    return LOADED[name] if name in LOADED else _load(name)


def _load(name: str) -> Backend:
    from .selection import get_backend

    return get_backend(name)


def current_name() -> str:
    """The name of the active backend, without loading it."""
    backend = _active.get()
    return backend.name if backend is not None else config.default_backend_name()


class activate:
    """Context manager: make a loaded backend the active one."""

    def __init__(self, backend: Backend):
        self._backend = backend

    def __enter__(self) -> Backend:
        self._token = _active.set(self._backend)
        return self._backend

    def __exit__(self, *exc) -> None:
        _active.reset(self._token)


config.on_current_backend(current_name)
