"""Broken plugins: reported once, listed, and otherwise left out."""

from __future__ import annotations

import warnings
from dataclasses import dataclass


class PluginWarning(UserWarning):
    """A plugin is broken, and kcore goes on without it."""


@dataclass(frozen=True)
class Problem:
    """A plugin that couldn't be loaded or used: its name, where it was found, and the error."""

    name: str
    source: str
    error: BaseException

    def __str__(self) -> str:
        return f"plugin {self.name!r} ({self.source}): {type(self.error).__name__}: {self.error}"


_problems: list[Problem] = []


def problems() -> list[Problem]:
    """The plugins that are broken, as far as they were tried."""
    return list(_problems)


def forget_problems() -> None:
    """Empty the list of problems."""
    _problems.clear()


def report(problem: Problem) -> None:
    """List a problem and warn of it, unless it is known."""
    if not any((known.name, known.source) == (problem.name, problem.source) for known in _problems):
        _problems.append(problem)
        warnings.warn(f"{problem}; kcore goes on without it", PluginWarning, stacklevel=3)
