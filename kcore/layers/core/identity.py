"""The layer that does nothing."""

from __future__ import annotations

from typing import Any

from kcore import registry
from kcore.layers._parts import SameShape


@registry.builtin("layers")
class Identity(SameShape):
    """Returns its input, a tensor or any structure of them.

    Args:
        **kwargs: options of every layer.

    >>> import numpy as np
    >>> Identity()(np.ones((2, 3), "float32")).shape
    (2, 3)
    """

    def call(self, inputs: Any) -> Any:
        return inputs
