"""The layer that looks integers up in a table of vectors."""

from __future__ import annotations

from typing import Any

from kcore import constraints, dtypes, initializers, ops, registry, regularizers
from kcore.layers._parts import check_positive, describe, refuse
from kcore.layers.layer import Layer
from kcore.ops.indexing import in_range


@registry.builtin("layers")
class Embedding(Layer):
    """Turns integers into vectors: `embeddings[x]`.

    Args:
        input_dim: number of rows: the largest integer plus one.
        output_dim: length of a vector.
        embeddings_initializer: what fills `embeddings`, of shape `(input_dim, output_dim)`.
        embeddings_regularizer: a penalty on the table.
        embeddings_constraint: what is applied to the table after each update.
        mask_zero: whether 0 marks padding: `compute_mask` is then `x != 0`, and row 0 isn't a value of its own.
        weights: the table itself, a list of one array, in place of an initializer.
        input_length: the size of the input's second axis, as Keras 2 has it; it only serves to infer a model's input
            shape.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, ...)`, integers in `[0, input_dim)`; floats are truncated.

    Returns: `(batch, ..., output_dim)`.

    Raises:
        InvalidArgumentError: if `input_dim` or `output_dim` isn't a positive integer; in a call, if an integer is out
            of range (where its value is known, which it isn't inside `fit`).

    >>> import numpy as np
    >>> Embedding(10, 4)(np.array([[1, 2, 3]])).shape
    (1, 3, 4)
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        input_length: int | None = None,
        **kwargs: Any,
    ) -> None:
        refuse(kwargs, "lora_rank", "lora_alpha", "quantization_config")
        if input_length is not None and not {"input_shape", "batch_input_shape"} & kwargs.keys():
            kwargs["input_shape"] = tuple(input_length) if isinstance(input_length, (tuple, list)) else (input_length,)
        super().__init__(**kwargs)
        self.input_dim = check_positive("input_dim", input_dim)
        self.output_dim = check_positive("output_dim", output_dim)
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = mask_zero
        self.supports_masking = mask_zero
        self.autocast = False
        self._table = weights

    def build(self, input_shape: Any = None) -> None:
        self.embeddings = self.add_weight(
            name="embeddings",
            shape=(self.input_dim, self.output_dim),
            initializer=self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )
        self.built = True
        if self._table is not None:
            self.set_weights(self._table if isinstance(self._table, (list, tuple)) else [self._table])
            self._table = None

    def call(self, inputs: Any) -> Any:
        indices = inputs if dtypes.is_integer(dtypes.standardize_dtype(inputs.dtype)) else ops.cast(inputs, "int32")
        indices = in_range(indices, self.input_dim, "inputs", lowest=0)
        return ops.cast(ops.take(self.embeddings, indices, axis=0), self.compute_dtype)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        return (*input_shape, self.output_dim)

    def get_config(self) -> dict[str, Any]:
        fields = ("input_dim", "output_dim", "embeddings_initializer", "embeddings_regularizer", "activity_regularizer")
        return super().get_config() | describe(self, *fields, "embeddings_constraint", "mask_zero")
