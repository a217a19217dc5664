"""The exponential linear unit."""

from __future__ import annotations

from typing import Any

from kcore import ops, registry
from kcore.layers._parts import SameShape, describe


@registry.builtin("layers")
class ELU(SameShape):
    """`x` where it is positive, and `alpha * (exp(x) - 1)` elsewhere.

    Args:
        alpha: minus the value that large negative inputs approach.
        **kwargs: options of every layer.

    Returns: a tensor of the input's shape. The gradient at 0 is `alpha`.

    Source: Clevert, Unterthiner and Hochreiter, "Fast and accurate deep network learning by exponential linear units"
        (2016).

    >>> import numpy as np
    >>> ELU()(np.array([0.0, 2.0], "float32")).tolist()
    [0.0, 2.0]
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha

    def call(self, inputs: Any) -> Any:
        return ops.elu(inputs, alpha=self.alpha)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "alpha")
