"""The table of the modules that hold cases; none is imported before its level is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from kcore.errors import InvalidArgumentError

from .case import CASES, LEVELS, Case

MODULES: dict[str, tuple[str, ...]] = {
    "kcore.conformance.conversions": ("arrays",),
    "kcore.conformance.primitives": ("arrays",),
    "kcore.conformance.properties.cases": ("arrays",),
    "kcore.conformance.fused": ("arrays",),
    "kcore.conformance.randomness": ("arrays", "inference"),
    "kcore.conformance.state": ("arrays",),
    "kcore.conformance.control": ("arrays",),
    "kcore.conformance.layers.cases": ("inference", "training"),
    "kcore.conformance.layers.formats": ("inference",),
    "kcore.conformance.training.cases": ("training",),
    "kcore.conformance.training.saving": ("training",),
    "kcore.conformance.models.cases": ("training",),
    "kcore.conformance.known": LEVELS,
}
"""Each module of cases, with the levels of the cases in it. Importing it makes its cases known. A package imports those
of its modules that hold cases."""


def load(level: str = "all", *, quick: bool = False) -> list[Case]:
    """The cases of a level.

    Args:
        level: one of `LEVELS`, or `"all"`.
        quick: only the cases of the quick form.

    Returns:
        The cases, in the order of the modules.

    Raises:
        InvalidArgumentError: there is no such level.
    """
    levels = _levels(level)
    for module, holds in MODULES.items():
        if set(holds) & set(levels):
            importlib.import_module(module)
    return [c for c in CASES.values() if c.level in levels and (c.quick or not quick)]


def _levels(level: str) -> Sequence[str]:
    if level != "all" and level not in LEVELS:
        raise InvalidArgumentError(f"`level` must be one of {', '.join(LEVELS)}, all. Received: level={level!r}")
    return LEVELS if level == "all" else (level,)
