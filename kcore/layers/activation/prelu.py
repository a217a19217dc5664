"""The rectifier whose slope is learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kcore import constraints, initializers, ops, registry, regularizers
from kcore.errors import InvalidArgumentError
from kcore.layers._parts import describe, known_dim
from kcore.layers.input_spec import InputSpec
from kcore.layers.layer import Layer


@registry.builtin("layers")
class PReLU(Layer):
    """`x` where it is positive, and `alpha * x` elsewhere, with a learned slope for each feature.

    Args:
        alpha_initializer: what fills `alpha`, of the input's shape without its batch axis.
        alpha_regularizer: a penalty on the slopes.
        alpha_constraint: what is applied to the slopes after each update.
        shared_axes: axes (from 1) along which the slopes are shared: `alpha` has size 1 there.
        **kwargs: options of every layer.

    Returns: a tensor of the input's shape. At 0 the gradient is that of the negative side.

    Source: He, Zhang, Ren and Sun, "Delving deep into rectifiers" (2015).

    >>> import numpy as np
    >>> PReLU("ones")(np.array([[-1.0, 2.0]], "float32")).tolist()
    [[-1.0, 2.0]]
    """

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        self.shared_axes = (
            [shared_axes] if isinstance(shared_axes, int) else (None if shared_axes is None else list(shared_axes))
        )

    def build(self, input_shape: Any) -> None:
        shared = self.shared_axes or []
        if any(not 0 < axis < len(input_shape) for axis in shared):
            raise InvalidArgumentError(
                f"`shared_axes` must lie in [1, {len(input_shape)}). Received: shared_axes={shared}"
            )
        own = [axis for axis in range(1, len(input_shape)) if axis not in shared]
        sizes = {axis: known_dim(self, input_shape, axis) for axis in own}
        self.alpha = self.add_weight(
            name="alpha",
            shape=tuple(sizes.get(axis, 1) for axis in range(1, len(input_shape))),
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )
        self.input_spec = InputSpec(ndim=len(input_shape), axes=sizes)
        self.built = True

    def call(self, inputs: Any) -> Any:
        return ops.where(ops.greater(inputs, 0), inputs, ops.multiply(inputs, self.alpha))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(
            self, "alpha_initializer", "alpha_regularizer", "alpha_constraint", "shared_axes"
        )
