"""Finding the layers, variables and metrics that a layer holds: in its attributes, and in lists, tuples and
dictionaries there.

Nothing is registered when a list is filled: the attributes are walked when somebody asks. So a list stays the user's
own list, an item appended later counts, and a copied or unpickled layer needs no repair.

The order is the one in which things were attached. Every attribute notes a tick of one clock when it is set, every
layer when it is made, and a layer in a container counts from the later of its own tick and the container's: two lists
filled in one loop are interleaved.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

CONTAINERS = (list, tuple, dict, set)

_clock = 0


def tick() -> int:
    """The next reading of the clock."""
    global _clock
    _clock += 1
    return _clock


def reading() -> int:
    """The clock as it is: the same reading means that nothing was attached to any layer meanwhile."""
    return _clock


def advance(reading: int) -> None:
    """Move the clock past `reading` (an unpickled layer brings ticks of another process)."""
    global _clock
    _clock = max(_clock, reading)


def find(owner: Any, kind: type | tuple[type, ...], untracked: frozenset[str]) -> list[Any]:
    """The objects of a kind that `owner` holds directly, each once, in the order they were attached.

    Args:
        owner: the object whose attributes are walked; its `_ticks` map attributes to ticks.
        kind: a class, or a tuple of classes; found objects aren't looked into.
        untracked: attributes to leave out.
    """
    found = []
    ticks = owner._ticks
    for name, value in vars(owner).items():
        if name in untracked:
            continue
        if isinstance(value, kind):
            found.append((ticks.get(name, 0), value))
        elif isinstance(value, CONTAINERS) and value:
            attached = ticks.get(name, 0)
            found += [(max(attached, when), item) for when, item in _items(value, kind, set())]
    found.sort(key=lambda entry: entry[0])
    return list({id(item): item for _, item in found}.values())


def _items(value: Any, kind: type | tuple[type, ...], seen: set[int]) -> Iterator[tuple[int, Any]]:
    """Pairs (tick, object) in the order of the walk through containers."""
    if isinstance(value, kind):
        yield 0, value
    elif isinstance(value, CONTAINERS) and id(value) not in seen:
        seen.add(id(value))
        for item in value.values() if isinstance(value, dict) else value:
            inside = isinstance(item, kind)
            yield from (
                (getattr(item, "_tick", 0) if inside else when, found) for when, found in _items(item, kind, seen)
            )
