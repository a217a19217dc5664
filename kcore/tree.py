"""Nested structures: dicts, lists, tuples and named tuples, with anything else as a leaf.

A dict is walked in the order of its sorted keys, an `OrderedDict` in its own; `None` is a leaf. A structure is
described by a hashable `TreeDef`, so that "same nesting" is one comparison. Subclasses of `dict`, `list` and `tuple`
are walked like their base and come back as it; named tuples and `OrderedDict` keep their type.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from kcore.errors import InvalidArgumentError, InvalidTypeError

__all__ = [
    "TreeDef",
    "assert_same_structure",
    "flatten",
    "flatten_with_path",
    "flatten_with_structure",
    "is_nested",
    "lists_to_tuples",
    "map_structure",
    "pack_sequence_as",
    "structure",
    "traverse",
    "unflatten",
]


class TreeDef:
    """The nesting of a structure without its leaves; hashable and comparable.

    Attributes:
        kind: the container's type (`dict`, `OrderedDict`, `list`, `tuple`, or a named tuple's class); None for a leaf.
        keys: the keys of a dict in walking order, else None.
        children: the `TreeDef` of each child, in walking order.
        size: the number of leaves.
    """

    __slots__ = ("_hash", "children", "keys", "kind", "size")

    def __init__(self, kind: type | None, keys: tuple | None, children: tuple[TreeDef, ...]):
        self.kind = kind
        self.keys = keys
        self.children = children
        self.size = 1 if kind is None else sum(child.size for child in children)
        self._hash = hash((kind, keys, children))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, TreeDef)
            and self._hash == other._hash
            and self.kind is other.kind
            and self.keys == other.keys
            and self.children == other.children
        )

    def __repr__(self) -> str:
        if self.kind is None:
            return "*"
        inner = [repr(child) for child in self.children]
        if self.keys is not None:
            return "{" + ", ".join(f"{key!r}: {child}" for key, child in zip(self.keys, inner, strict=True)) + "}"
        body = ", ".join(inner)
        if self.kind is list:
            return f"[{body}]"
        if self.kind is tuple:
            return f"({body},)" if len(inner) == 1 else f"({body})"
        return f"{self.kind.__name__}({body})"


_LEAF = TreeDef(None, None, ())
_NOT_A_LEAF = (list, tuple, dict, TreeDef)


@functools.cache
def _row(kind: type, size: int) -> TreeDef:
    """A tuple or list of leaves: what a function's arguments and a model's inputs mostly are."""
    return TreeDef(kind, None, (_LEAF,) * size)


def is_nested(tree: Any) -> bool:
    """Whether `tree` is a container (dict, list, tuple, named tuple) and not a leaf.

    >>> is_nested([1]), is_nested({}), is_nested("text"), is_nested(None)
    (True, True, False, False)
    """
    return isinstance(tree, (list, tuple, dict))


def flatten(tree: Any) -> list:
    """List the leaves of `tree`, depth first.

    >>> flatten({"b": 1, "a": [2, (3, None)]})
    [2, 3, None, 1]
    """
    return flatten_with_structure(tree)[0]


def structure(tree: Any) -> TreeDef:
    """Describe the nesting of `tree`.

    >>> structure({"a": [1, 2], "b": 3})
    {'a': [*, *], 'b': *}
    """
    return flatten_with_structure(tree)[1]


def flatten_with_structure(tree: Any) -> tuple[list, TreeDef]:
    """`flatten` and `structure` in one walk: `(leaves, treedef)`."""
    if not isinstance(tree, _NOT_A_LEAF):
        return [tree], _LEAF
    if type(tree) is tuple or type(tree) is list:
        for child in tree:
            if isinstance(child, _NOT_A_LEAF):
                break
        else:
            return list(tree), _row(type(tree), len(tree))
    leaves: list = []
    return leaves, _walk(tree, leaves)


def unflatten(treedef: TreeDef, leaves: Iterable) -> Any:
    """Rebuild a structure from its description and its leaves.

    Args:
        treedef: as `structure` returns it.
        leaves: exactly `treedef.size` leaves.

    Returns:
        A new structure.

    Raises:
        InvalidArgumentError: too few or too many leaves.

    >>> unflatten(structure([0, (0,)]), "xy")
    ['x', ('y',)]
    """
    leaves = list(leaves)
    if len(leaves) != treedef.size:
        raise InvalidArgumentError(
            f"`leaves` must have as many items as the structure has leaves ({treedef.size} in {treedef!r}). "
            f"Received: {len(leaves)} leaves"
        )
    return _rebuild(treedef, iter(leaves))


def pack_sequence_as(structure: Any, flat_sequence: Sequence) -> Any:
    """Arrange a flat sequence like `structure`, which is an example of the nesting or a `TreeDef`.

    >>> pack_sequence_as({"a": 0, "b": (0, 0)}, [1, 2, 3])
    {'a': 1, 'b': (2, 3)}
    """
    treedef = structure if isinstance(structure, TreeDef) else _walk(structure, [])
    return unflatten(treedef, flat_sequence)


def map_structure(fn: Callable, *structures: Any) -> Any:
    """Apply `fn` to the leaves of one or several equal structures.

    Args:
        fn: takes one leaf from each of `structures`.
        *structures: at least one; all of the same nesting.

    Returns:
        A structure like the first, dicts in its order of keys, with the results as leaves.

    Raises:
        InvalidArgumentError: the structures differ.

    >>> map_structure(lambda x, y: x + y, {"b": 1, "a": [2]}, {"a": [20], "b": 10})
    {'b': 11, 'a': [22]}
    """
    if not structures:
        raise InvalidArgumentError("`structures` must hold at least one structure. Received: structures=()")
    first, *rest = structures
    for other in rest:
        assert_same_structure(first, other)
    return _map(fn, first, rest)


def assert_same_structure(a: Any, b: Any) -> None:
    """Raise `InvalidArgumentError` if `a` and `b` aren't nested in the same way.

    >>> assert_same_structure([1, 2], ["a", "b"])
    """
    one, two = structure(a), structure(b)
    if one != two:
        raise InvalidArgumentError(f"the structures must be nested in the same way. Received: {one!r} and {two!r}")


def flatten_with_path(tree: Any) -> list[tuple[tuple, Any]]:
    """List `(path, leaf)`, where a path holds the keys and indices that lead to the leaf.

    >>> flatten_with_path({"a": [5, 6]})
    [(('a', 0), 5), (('a', 1), 6)]
    """
    return list(_paths(tree, ()))


def lists_to_tuples(tree: Any) -> Any:
    """Turn each list in `tree` into a tuple.

    >>> lists_to_tuples([1, {"a": [2]}])
    (1, {'a': (2,)})
    """
    if isinstance(tree, list):
        return tuple(lists_to_tuples(child) for child in tree)
    return _with_children(tree, [lists_to_tuples(child) for _, child in _items(tree)]) if is_nested(tree) else tree


def traverse(fn: Callable, tree: Any, top_down: bool = True) -> Any:
    """Apply `fn` to every node of `tree`, containers too.

    Args:
        fn: takes a node; returns its replacement, or None to keep it (top down: and to go on into it).
        tree: any structure.
        top_down: parents before their children, or after them.

    Returns:
        The new structure.

    >>> traverse(lambda node: len(node) if isinstance(node, list) else None, {"a": [1, 2], "b": 3})
    {'a': 2, 'b': 3}
    """
    if top_down:
        replacement = fn(tree)
        if replacement is not None:
            return replacement
    if is_nested(tree):
        tree = _with_children(tree, [traverse(fn, child, top_down) for _, child in _items(tree)])
    if top_down:
        return tree
    replacement = fn(tree)
    return tree if replacement is None else replacement


def _kind(tree: Any) -> type:
    if isinstance(tree, dict):
        return OrderedDict if isinstance(tree, OrderedDict) else dict
    if isinstance(tree, list):
        return list
    return type(tree) if hasattr(tree, "_fields") else tuple


def _keys(tree: dict) -> tuple:
    if isinstance(tree, OrderedDict):
        return tuple(tree)
    try:
        return tuple(sorted(tree))
    except TypeError:
        return tuple(sorted(tree, key=lambda key: (type(key).__qualname__, repr(key))))


def _walk(tree: Any, leaves: list) -> TreeDef:
    if isinstance(tree, dict):
        keys = _keys(tree)
        return TreeDef(_kind(tree), keys, tuple([_walk(tree[key], leaves) for key in keys]))
    if isinstance(tree, (list, tuple)):
        return TreeDef(_kind(tree), None, tuple([_walk(child, leaves) for child in tree]))
    if isinstance(tree, TreeDef):
        raise InvalidTypeError("`tree` must be a structure with leaves. Received: a `TreeDef`")
    leaves.append(tree)
    return _LEAF


def _build(kind: type, children: Iterable) -> Any:
    return kind(*children) if hasattr(kind, "_fields") else kind(children)


def _rebuild(treedef: TreeDef, leaves: Iterator) -> Any:
    if treedef.kind is None:
        return next(leaves)
    children = [_rebuild(child, leaves) for child in treedef.children]
    if treedef.keys is not None:
        return treedef.kind(zip(treedef.keys, children, strict=True))
    return _build(treedef.kind, children)


def _items(tree: Any) -> Iterable[tuple[Any, Any]]:
    return tree.items() if isinstance(tree, dict) else enumerate(tree)


def _with_children(tree: Any, children: list) -> Any:
    if isinstance(tree, dict):
        return _kind(tree)(zip(tree, children, strict=True))
    return _build(_kind(tree), children)


def _map(fn: Callable, first: Any, rest: list) -> Any:
    if not is_nested(first):
        return fn(first, *rest)
    return _with_children(first, [_map(fn, child, [other[key] for other in rest]) for key, child in _items(first)])


def _paths(tree: Any, path: tuple) -> Iterator[tuple[tuple, Any]]:
    if not is_nested(tree):
        yield path, tree
        return
    keys = _keys(tree) if isinstance(tree, dict) else range(len(tree))
    for key in keys:
        yield from _paths(tree[key], (*path, key))
