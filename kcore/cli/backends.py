"""`kcore backends`: which backends there are, and which can be used here."""

from __future__ import annotations

import argparse

from kcore import config, plugins
from kcore.cli._table import show
from kcore.errors import BackendError


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command (none)."""
    del parser


def run(arguments: argparse.Namespace) -> int:
    """Print a table of all backends, and what is wrong with broken plugins."""
    del arguments
    entries = plugins.backend_entries()
    show(("backend", "engine", "from", "devices", "state"), [_row(name) for name in sorted(entries)])
    setting = config.settings()["backend"]
    print(f"\nDefault: {setting.value} ({setting.source}). Choose with KERAS_BACKEND=name, or in {config.path()}.")
    if setting.value not in entries:
        print(f"No backend named {setting.value!r} is installed.")
    for problem in plugins.problems():
        print(f"Broken {problem}")
    return 0


def _row(name: str) -> tuple[str, ...]:
    from kcore.engine.selection import get_backend

    source = plugins.backend_entries()[name].source
    try:
        backend = get_backend(name)
    except BackendError as err:
        return name, "-", source, "-", f"not available: {_reason(err)}"
    return name, backend.engine_version(), source, ", ".join(backend.devices()), "available"


def _reason(err: BaseException) -> str:
    """What is behind an error, in a line."""
    while err.__cause__ is not None:
        err = err.__cause__
    first, *more = str(err).splitlines() or [""]
    kind = "" if isinstance(err, (BackendError, ImportError)) else f"{type(err).__name__}: "
    return (
        f"{kind}{first}" + (f" {more[0].strip()}" if more else "") + (f" and {len(more) - 1} more" if more[1:] else "")
    )
