"""`say`: how callbacks write lines for a person to read."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """Write a line to standard output, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
