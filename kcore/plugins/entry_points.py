"""What installed packages announce, group by group."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from .hooks import PROJECT

BACKEND_GROUP = "kcore.backends"
PLUGIN_GROUP = "kcore.plugins"


def announced(group: str) -> list[EntryPoint]:
    """The entry points of a group by name, kcore's own first; one that a package lists twice counts once."""
    unique = {(point.name, point.value, source_of(point)): point for point in entry_points(group=group)}
    return sorted(unique.values(), key=lambda point: (point.name, distribution_of(point) != PROJECT, point.value))


def distribution_of(point: EntryPoint) -> str:
    """The name of the distribution that announces an entry point."""
    return point.dist.name if point.dist is not None else "unnamed"


def version_of(point: EntryPoint) -> str:
    """The version of that distribution."""
    return point.dist.version if point.dist is not None else ""


def source_of(point: EntryPoint) -> str:
    """Where an entry point comes from, as `"kcore-mlx 0.1 (entry point)"`."""
    return " ".join(filter(None, (distribution_of(point), version_of(point), "(entry point)")))
