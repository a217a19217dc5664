"""The layer that masks time steps by their value."""

from __future__ import annotations

from typing import Any

from kcore import ops, registry
from kcore.layers._parts import SameShape, describe


@registry.builtin("layers")
class Masking(SameShape):
    """Masks each step whose features all equal `mask_value`, and sets them to zero.

    Args:
        mask_value: the value that marks a step as padding.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, steps, ..., features)`.

    Returns: the shape of the input; the mask is `(batch, steps, ...)`, true where any feature differs from
        `mask_value`.

    >>> import numpy as np
    >>> Masking().compute_mask(np.array([[[1.0, 0.0], [0.0, 0.0]]])).tolist()
    [[True, False]]
    """

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = mask_value

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)

    def call(self, inputs: Any) -> Any:
        kept = ops.any(ops.not_equal(inputs, self.mask_value), axis=-1, keepdims=True)
        return ops.multiply(inputs, ops.cast(kept, inputs.dtype))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "mask_value")
