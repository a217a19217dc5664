"""Conformance: one suite that asks every backend the same questions, and knows the answers on its own.

    kcore conformance --backend NAME --report report.html

A plugin's own test file is one line, `from kcore.conformance.suite import *`. Cases are made with
`kcore.conformance.case.case`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .case import LEVELS, Case
    from .catalog import load
    from .check import Check, Mismatch
    from .runner import Result, run_all, run_case

__all__ = ["LEVELS", "Case", "Check", "Mismatch", "Result", "load", "run_all", "run_case"]

_ORIGINS = {
    "LEVELS": "case",
    "Case": "case",
    "Check": "check",
    "Mismatch": "check",
    "Result": "runner",
    "load": "catalog",
    "run_all": "runner",
    "run_case": "runner",
}


def __getattr__(name: str) -> Any:
    """Load a name when it is first used: pytest imports this room at its start, in every environment that has kcore."""
    if name not in _ORIGINS:
        raise AttributeError(f"module 'kcore.conformance' has no attribute {name!r}")
    module = importlib.import_module(f"kcore.conformance.{_ORIGINS[name]}")
    return getattr(module, name)
