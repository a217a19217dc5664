"""The densely connected layer."""

from __future__ import annotations

from typing import Any

from kcore import activations, constraints, initializers, registry, regularizers
from kcore.layers._parts import check_positive, describe, known_dim, project, refuse
from kcore.layers.input_spec import InputSpec
from kcore.layers.layer import Layer


@registry.builtin("layers")
class Dense(Layer):
    """A matrix product with the last axis of the input: `activation(x @ kernel + bias)`.

    Args:
        units: size of the output's last axis, a positive integer.
        activation: a function or its name; `None` leaves the sum as it is.
        use_bias: whether a bias is added.
        kernel_initializer: what fills `kernel`, of shape `(n, units)`.
        bias_initializer: what fills `bias`, of shape `(units,)`.
        kernel_regularizer: a penalty on the kernel.
        bias_regularizer: a penalty on the bias.
        activity_regularizer: a penalty on the output.
        kernel_constraint: what is applied to the kernel after each update.
        bias_constraint: what is applied to the bias after each update.
        **kwargs: options of every layer (`name`, `dtype`, `trainable`, `input_shape`, `input_dim`, ...).

    Call arguments:
        inputs: `(batch, ..., n)`, floating; two axes at least.

    Returns: `(batch, ..., units)`.

    Raises:
        InvalidArgumentError: if `units` isn't a positive integer.

    >>> import numpy as np
    >>> Dense(3)(np.ones((2, 4), "float32")).shape
    (2, 3)
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        refuse(kwargs, "lora_rank", "lora_alpha", "quantization_config")
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units = check_positive("units", units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        last = known_dim(self, input_shape, -1)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(last, self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self.units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: last})
        self.built = True

    def call(self, inputs: Any) -> Any:
        return self.activation(project(inputs, self.kernel, self.bias))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        fields = (
            "units",
            "activation",
            "use_bias",
            "kernel_initializer",
            "bias_initializer",
            "kernel_regularizer",
            "bias_regularizer",
        )
        return super().get_config() | describe(
            self, *fields, "activity_regularizer", "kernel_constraint", "bias_constraint"
        )
