"""`kcore run SCRIPT`: run a script that says `import keras`, with kcore in its place."""

from __future__ import annotations

import argparse
import runpy
import sys
from pathlib import Path

from kcore.cli._alias import alias_keras
from kcore.errors import InvalidArgumentError


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command: the script, and what it is given."""
    parser.add_argument("script", help="path of the Python script")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="the script's own arguments")


def run(arguments: argparse.Namespace) -> int:
    """Run the script as `python SCRIPT` would; what it raises or exits with goes through."""
    script = Path(arguments.script)
    if not script.is_file():
        raise InvalidArgumentError(f"`script` must be a file. Received: script={arguments.script!r}")
    alias_keras()
    sys.argv = [arguments.script, *arguments.arguments]
    sys.path.insert(0, str(script.resolve().parent))
    runpy.run_path(arguments.script, run_name="__main__")
    return 0
