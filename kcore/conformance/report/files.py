"""Report cards as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .card import page


def write_json(path: str | Path, summary: dict[str, Any]) -> None:
    """Write a summary (of `summarize`) as a JSON file."""
    Path(path).write_text(json.dumps(summary, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def write_html(path: str | Path, summary: dict[str, Any]) -> None:
    """Write a summary (of `summarize`) as one HTML page that needs nothing else."""
    Path(path).write_text(page(summary), encoding="utf-8")
