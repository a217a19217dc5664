"""Lists of names in HDF5 attributes, and datasets by name.

HDF5 holds at most 64 kB of attributes in an object's header. Keras therefore writes a long list of names `n` as `n0`,
`n1`, ..., in pieces that fit; so does kcore.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from kcore.errors import SerializationError

HEADER_LIMIT = 64512
"""The most bytes that one attribute may have: 64 kB less room for the header's own data."""


def write_names(group: Any, name: str, names: list[str]) -> None:
    """Write a list of strings as the attribute `name`, or, if it is too large, as `name0`, `name1`, ....

    Raises:
        SerializationError: one string alone is too large.
    """
    encoded = [text.encode() for text in names]
    too_long = [text for text, data in zip(names, encoded, strict=True) if len(data) > HEADER_LIMIT]
    if too_long:
        raise SerializationError(
            f"A name must have at most {HEADER_LIMIT} bytes to be saved. Received: {too_long[0][:100]!r}..."
        )
    width = max(map(len, encoded), default=1) or 1
    per_piece = max(1, HEADER_LIMIT // width)
    if len(encoded) <= per_piece:
        group.attrs[name] = np.array(encoded, dtype=f"S{width}")
        return
    for piece in range(math.ceil(len(encoded) / per_piece)):
        part = encoded[piece * per_piece : (piece + 1) * per_piece]
        group.attrs[f"{name}{piece}"] = np.array(part, dtype=f"S{width}")


def read_names(group: Any, name: str) -> list[str]:
    """Read what `write_names` wrote.

    Raises:
        SerializationError: there is no such attribute.
    """
    if name in group.attrs:
        return [as_text(item) for item in np.atleast_1d(group.attrs[name])]
    pieces = list(itertools.takewhile(group.attrs.__contains__, (f"{name}{i}" for i in itertools.count())))
    if not pieces:
        raise SerializationError(
            f"Group {group.name!r} of the file must have the attribute {name!r}. Received: {list(group.attrs)}"
        )
    return [as_text(item) for piece in pieces for item in group.attrs[piece]]


def as_text(value: Any) -> str:
    """An attribute's text: HDF5 gives bytes or strings, depending on who wrote it."""
    return value.decode() if isinstance(value, bytes) else str(value)


def child(group: Any, path: str) -> Any:
    """The group or dataset at a path inside a group, which must really be inside.

    Raises:
        SerializationError: nothing is there, or it is a link to another place or file.
    """
    import h5py

    found = group
    for part in path.split("/"):
        link = found.get(part, getlink=True) if part not in ("", ".", "..") and hasattr(found, "get") else None
        if link is None:
            raise SerializationError(f"The file has no {path!r} in group {group.name!r}.")
        if not isinstance(link, h5py.HardLink):
            raise SerializationError(
                f"The file's {path!r} in group {group.name!r} is a link to another place; links aren't followed."
            )
        found = found[part]
    return found


def dataset(group: Any, path: str) -> Any:
    """The dataset of numbers at a path inside a group; the numbers are in this file.

    Raises:
        SerializationError: it isn't a dataset of numbers, or they are in other files.
    """
    found = child(group, path)
    if not hasattr(found, "shape") or getattr(found, "dtype", np.dtype(object)).kind not in "biuf":
        raise SerializationError(f"The file's {path!r} in group {group.name!r} must be an array of numbers.")
    if found.external or found.is_virtual:
        raise SerializationError(
            f"The file's {path!r} in group {group.name!r} keeps its numbers in other files; those aren't read."
        )
    return found
