"""The command `kcore`: `demo`, `backends`, `config`, `conformance`, `new-backend`, `run`."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from types import ModuleType

from kcore.version import __version__

__all__ = ["main"]

#: Each is a module of this room (with _ for -) with `configure(parser)` and `run(arguments) -> exit status`.
_COMMANDS = {
    "demo": "train, save and load a small model on real data",
    "backends": "list the backends, and which can be used here",
    "config": "show the settings, and where each comes from",
    "conformance": "ask backends the questions of the conformance suite",
    "new-backend": "write the package of a backend of your own, to fill in",
    "run": "run a script that says `import keras`, unmodified",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command `kcore`.

    Args:
        argv: the arguments after the command's name; those of the process if None.

    Returns:
        The exit status: 0 for success, 1 for an error of kcore, which is printed.
    """
    from kcore.errors import KcoreError

    arguments = _parser().parse_args(argv)
    try:
        return _module(arguments.command).run(arguments)
    except KcoreError as err:
        print(f"kcore: {err}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kcore", description="The Keras API as a plugin-based framework.")
    parser.add_argument("--version", action="version", version=f"kcore {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, summary in _COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        _module(name).configure(command)
    return parser


def _module(command: str) -> ModuleType:
    return importlib.import_module(f"kcore.cli.{command.replace('-', '_')}")
