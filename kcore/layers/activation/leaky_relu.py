"""The rectifier that leaks."""

from __future__ import annotations

from typing import Any

from kcore import ops, registry
from kcore.layers._parts import SameShape, check_number, describe


@registry.builtin("layers")
class LeakyReLU(SameShape):
    """`x` where it is positive, and `negative_slope * x` elsewhere.

    Args:
        negative_slope: slope below 0, not negative. Keras 2 calls it `alpha`, which is understood as well.
        **kwargs: options of every layer.

    Returns: a tensor of the input's shape. The gradient at 0 is `negative_slope`.

    >>> import numpy as np
    >>> LeakyReLU(0.5)(np.array([-1.0, 2.0], "float32")).tolist()
    [-0.5, 2.0]
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        negative_slope = kwargs.pop("alpha", negative_slope)
        super().__init__(**kwargs)
        self.negative_slope = check_number("negative_slope", negative_slope)

    def call(self, inputs: Any) -> Any:
        return ops.leaky_relu(inputs, negative_slope=self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "negative_slope")
