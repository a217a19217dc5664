"""What can't be asked yet, since the feature isn't there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kcore import layers

NOT_YET: dict[int, dict[str, Callable[[], Any]]] = {
    17: {"mixed precision": lambda: layers.Dense(1, dtype="mixed_float16")},
}
"""By item, the features that are missing, each with a way to reach for it, which must fail: an entry can't outlive its
reason. Some of these items have cases for the rest of what they ask."""
