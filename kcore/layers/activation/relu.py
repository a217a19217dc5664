"""Rectified linear units with their options."""

from __future__ import annotations

from typing import Any

from kcore import activations, ops, registry
from kcore.layers._parts import SameShape, check_number, describe


@registry.builtin("layers")
class ReLU(SameShape):
    """`min(x, max_value)` where `x >= threshold`, and `negative_slope * (x - threshold)` below.

    Args:
        max_value: the largest output, or `None` for no limit.
        negative_slope: slope below the threshold, not negative.
        threshold: where the unit begins to pass its input, not negative.
        **kwargs: options of every layer.

    Returns: a tensor of the input's shape. The gradient is 0 at 0.

    Raises:
        InvalidArgumentError: if an option is negative.

    >>> import numpy as np
    >>> ReLU(max_value=3.0)(np.array([-1.0, 2.0, 5.0], "float32")).tolist()
    [0.0, 2.0, 3.0]
    """

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else check_number("max_value", max_value)
        self.negative_slope = check_number("negative_slope", negative_slope)
        self.threshold = check_number("threshold", threshold)

    def call(self, inputs: Any) -> Any:
        return activations.relu(
            inputs, negative_slope=self.negative_slope, max_value=self.max_value, threshold=self.threshold
        )

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "max_value", "negative_slope", "threshold")


@registry.builtin("layers")
class ThresholdedReLU(SameShape):
    """`x` where `x > theta`, and 0 elsewhere.

    Args:
        theta: the threshold, not negative.
        **kwargs: options of every layer.

    Returns: a tensor of the input's shape.

    Source: Konda, Memisevic and Krueger, "Zero-bias autoencoders and the benefits of co-adapting features" (2014).

    >>> import numpy as np
    >>> ThresholdedReLU()(np.array([0.5, 1.0, 2.0], "float32")).tolist()
    [0.0, 0.0, 2.0]
    """

    def __init__(self, theta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.theta = check_number("theta", theta)

    def call(self, inputs: Any) -> Any:
        return ops.where(ops.greater(inputs, self.theta), inputs, ops.zeros_like(inputs))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "theta")
