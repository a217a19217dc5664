"""Flattening all axes but the first."""

from __future__ import annotations

import math
from typing import Any

from kcore import ops, registry
from kcore.layers._parts import check_data_format, describe
from kcore.layers.input_spec import InputSpec
from kcore.layers.layer import Layer


@registry.builtin("layers")
class Flatten(Layer):
    """Makes each sample a vector.

    Args:
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one. With the channels first,
            they are moved to the end before, so that both formats give a `Dense` after it the same order.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, ...)`.

    Returns: `(batch, n)`; an input of one axis becomes `(batch, 1)`.

    >>> import numpy as np
    >>> Flatten()(np.ones((2, 3, 4), "float32")).shape
    (2, 12)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = check_data_format(data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def build(self, input_shape: Any) -> None:
        self.built = True

    def call(self, inputs: Any) -> Any:
        rank = len(inputs.shape)
        if self.data_format == "channels_first" and rank > 2:
            inputs = ops.transpose(inputs, (0, *range(2, rank), 1))
        size = 1
        for dim in inputs.shape[1:]:
            size = size * dim
        return ops.reshape(inputs, (inputs.shape[0], size))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        rest = input_shape[1:]
        return (input_shape[0], None if None in rest else math.prod(rest))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "data_format")
