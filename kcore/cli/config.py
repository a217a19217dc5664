"""`kcore config`: the settings, and where each comes from."""

from __future__ import annotations

import argparse

from kcore import config
from kcore.cli._table import show


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command (none)."""
    del parser


def run(arguments: argparse.Namespace) -> int:
    """Print a table of all settings."""
    del arguments
    rows = [(name, str(setting.value), setting.source) for name, setting in sorted(config.settings().items())]
    show(("setting", "value", "from"), rows)
    state = "" if config.path().exists() else " (can't be written)"
    print(f"\nFile: {config.path()}{state}")
    return 0
