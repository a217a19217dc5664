"""Shrinks the description of a model that fails to the smallest that still does."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from .description import Description, values

TRIES = 300
"""How many smaller models are tried at most."""


def reduced(description: Description, fails: Callable[[Description], bool]) -> Description:
    """A description that fails, and of whose smaller ones none does.

    Args:
        description: one that fails.
        fails: whether one does; False for one that is no valid model.
    """
    tries = 0
    while True:
        for candidate in smaller(description):
            tries += 1
            if tries > TRIES:
                return description
            if fails(candidate):
                description = candidate
                break
        else:
            return description


def smaller(description: Description) -> Iterator[Description]:
    """Descriptions that are smaller in one respect, the smallest first; not all of them are valid models."""
    yield from _parts(description)
    yield from _without_a_node(description)
    yield from _simpler_configs(description)
    yield from _smaller_data(description)


def _parts(description: Description) -> Iterator[Description]:
    """The graph that ends earlier, and the one that starts later: an input in the place of a node."""
    count = len(description["nodes"])
    for end in range(1, count):
        yield _pruned({**description, "nodes": description["nodes"][:end]})
    shapes = [list(value.shape[1:]) for value in values(description)]
    first = len(description["inputs"])
    for place in range(count - 2, -1, -1):
        yield _pruned(_with_input(description, place, shapes[first + place]))


def _with_input(description: Description, place: int, shape: list[int]) -> Description:
    """The node at a place becomes an input of the shape of its value."""
    first = len(description["inputs"])

    def moved(value: int) -> int:
        return first if value == first + place else value + 1 if first <= value < first + place else value

    nodes = [
        {**node, "of": [moved(i) for i in node["of"]]} for i, node in enumerate(description["nodes"]) if i != place
    ]
    return {**description, "inputs": [*description["inputs"], {"shape": shape, "words": 0}], "nodes": nodes}


def _without_a_node(description: Description) -> Iterator[Description]:
    """What reads a node reads one of its sources instead."""
    first = len(description["inputs"])
    for place, node in enumerate(description["nodes"]):
        gone = first + place
        for source in dict.fromkeys(node["of"]):

            def moved(value: int, gone: int = gone, source: int = source) -> int:
                return source if value == gone else value - (value > gone)

            rest = description["nodes"][:place] + description["nodes"][place + 1 :]
            if rest:
                yield _pruned({**description, "nodes": [{**n, "of": [moved(i) for i in n["of"]]} for n in rest]})


def _pruned(description: Description) -> Description:
    """Without inputs and nodes that the output doesn't depend on."""
    first = len(description["inputs"])
    needed, stack = set(), [first + len(description["nodes"]) - 1]
    while stack:
        value = stack.pop()
        if value not in needed:
            needed.add(value)
            stack += description["nodes"][value - first]["of"] if value >= first else []
    place = {value: i for i, value in enumerate(sorted(needed))}
    return {
        **description,
        "inputs": [entry for i, entry in enumerate(description["inputs"]) if i in needed],
        "nodes": [
            {**node, "of": [place[i] for i in node["of"]]}
            for j, node in enumerate(description["nodes"])
            if first + j in needed
        ],
    }


def _simpler_configs(description: Description) -> Iterator[Description]:
    """An option left out, or a smaller number in it."""
    for place, node in enumerate(description["nodes"]):
        for name, value in node["config"].items():
            yield _changed(description, place, {k: v for k, v in node["config"].items() if k != name})
            for number in _smaller_numbers(value):
                yield _changed(description, place, {**node["config"], name: number})


def _changed(description: Description, place: int, config: dict[str, Any]) -> Description:
    nodes = copy.deepcopy(description["nodes"])
    nodes[place]["config"] = config
    return {**description, "nodes": nodes}


def _smaller_data(description: Description) -> Iterator[Description]:
    """Fewer rows, epochs, and a smaller input."""
    for name in ("epochs", "rows"):
        yield from ({**description, name: number} for number in _smaller_numbers(description[name]))
    if description["optimizer"] != "SGD":
        yield {**description, "optimizer": "SGD"}
    for place, entry in enumerate(description["inputs"]):
        for axis, size in enumerate(entry["shape"]):
            for number in _smaller_numbers(size):
                inputs = copy.deepcopy(description["inputs"])
                inputs[place]["shape"][axis] = number
                yield {**description, "inputs": inputs}


def _smaller_numbers(value: Any) -> Iterator[int]:
    if type(value) is int and value > 1:
        yield from dict.fromkeys((1, value // 2, value - 1))
