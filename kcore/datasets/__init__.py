"""Data sets for examples and tests; `digits` ships with the package."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import digits

__all__ = ["digits"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'kcore.datasets' has no attribute {name!r}")
    return importlib.import_module(f"kcore.datasets.{name}")
