"""The softmax as a layer, with a mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kcore import dtypes, ops, registry
from kcore.layers._parts import SameShape, describe


@registry.builtin("layers")
class Softmax(SameShape):
    """`exp(x) / sum(exp(x))` along an axis or several.

    Args:
        axis: an axis, or several that are normalised together.
        **kwargs: options of every layer.

    Call arguments:
        inputs: the logits.
        mask: booleans of the input's shape (or one that broadcasts to it); where it is false the output is 0.
            A row that is masked altogether is 0.

    Returns: a tensor of the input's shape.

    >>> import numpy as np
    >>> Softmax()(np.zeros((1, 4), "float32")).tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis if isinstance(axis, int) else list(axis)

    def call(self, inputs: Any, mask: Any = None) -> Any:
        axis: Any = self.axis if isinstance(self.axis, int) else tuple(self.axis)
        if mask is None:
            return ops.softmax(inputs, axis=axis)
        lowest = dtypes.finfo(dtypes.standardize_dtype(inputs.dtype)).min
        weights = ops.softmax(ops.where(mask, inputs, ops.full_like(inputs, lowest)), axis=axis)
        return ops.where(mask, weights, ops.zeros_like(weights))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "axis")
