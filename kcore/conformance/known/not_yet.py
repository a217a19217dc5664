"""What can't be asked yet, since the feature isn't there."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import kcore
from kcore import layers


def _names(*paths: str) -> dict[str, Callable[[], Any]]:
    """Public names that are missing."""
    return {f"`kcore.{path}`": lambda path=path: attrgetter(path)(kcore) for path in paths}


NOT_YET: dict[int, dict[str, Callable[[], Any]]] = {
    17: {"mixed precision": lambda: layers.Dense(1, dtype="mixed_float16")},
    68: _names("layers.StringLookup", "layers.CategoryEncoding"),
}
"""By item, the features that are missing, each with a way to reach for it, which must fail: an entry can't outlive its
reason. Some of these items have cases for the rest of what they ask."""
