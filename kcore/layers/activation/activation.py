"""An activation function as a layer."""

from __future__ import annotations

from typing import Any

from kcore import activations, registry
from kcore.layers._parts import SameShape, describe


@registry.builtin("layers")
class Activation(SameShape):
    """Applies an activation function.

    Args:
        activation: the function, or its name (`"relu"`, `"tanh"`, ...).
        **kwargs: options of every layer.

    Returns: what the function gives, of the input's shape.

    >>> import numpy as np
    >>> Activation("relu")(np.array([-1.0, 2.0], "float32")).tolist()
    [0.0, 2.0]
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    def call(self, inputs: Any) -> Any:
        return self.activation(inputs)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "activation")
