"""`kcore new-backend`: a package for a backend of your own, to fill in."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from kcore import plugins
from kcore.errors import InvalidArgumentError

_NAME = re.compile(r"[a-z][a-z0-9_]*")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("name", metavar="NAME", help="the name that users will choose the backend by, as in numpy")
    parser.add_argument("--into", default=".", metavar="FOLDER", help="where to put the package (default: here)")


def run(arguments: argparse.Namespace) -> int:
    """Write the package and say what to do next; 0."""
    from kcore.cli._backend_package import files
    from kcore.engine.backend import required_primitives

    name = _checked(arguments.name)
    root = Path(arguments.into) / f"kcore-{name.replace('_', '-')}"
    if root.exists():
        raise InvalidArgumentError(f"`NAME` must be one whose folder isn't there yet. Received: {name!r}, for {root}")
    for path, text in files(name).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    print(
        f"{root} is a backend of which {len(required_primitives())} primitives are to be filled in.\n\n"
        f"  pip install -e {root}\n"
        f"  kcore conformance --backend {name} --level arrays\n\n"
        f"Go on in {root / 'README.md'}."
    )
    return 0


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise InvalidArgumentError(
            f"`NAME` must be lower-case letters, digits and underscores, as in numpy. Received: {name!r}"
        )
    if name in plugins.backend_names():
        source = plugins.backend_entries()[name].source
        raise InvalidArgumentError(f"`NAME` must be free. Received: {name!r}, which is a backend of {source}")
    return name
