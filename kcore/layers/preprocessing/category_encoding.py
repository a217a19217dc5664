"""Categories as vectors."""

from __future__ import annotations

from typing import Any

from kcore import ops, registry
from kcore.engine import active
from kcore.engine.tracing import Tracer, value_of
from kcore.errors import InvalidArgumentError, UnsupportedError
from kcore.layers._parts import check_choice, check_positive, describe
from kcore.layers.layer import Layer

MODES = ("one_hot", "multi_hot", "count")


def refuse_sparse(sparse: bool) -> None:
    """Raise an `UnsupportedError` if a sparse tensor is asked for."""
    if sparse:
        raise UnsupportedError("`sparse` must be False: there are no sparse tensors. Received: sparse=True")


def encode(indices: Any, depth: int, mode: str, dtype: str, weights: Any = None) -> Any:
    """Indices as vectors.

    Args:
        indices: an integer tensor `()`, `(tokens,)` or `(batch, ..., tokens)`; a negative one leaves no trace.
        depth: the vectors' length.
        mode: one of `MODES`.
        dtype: the result's.
        weights: what each index counts, in mode `"count"`; of the indices' shape.

    Returns:
        `(..., tokens, depth)` for `"one_hot"`, without an axis of one token; else `(..., depth)`.
    """
    rank = len(indices.shape)
    if mode == "one_hot":
        if rank > 1 and indices.shape[-1] == 1:
            indices = ops.squeeze(indices, -1)
        return ops.one_hot(indices, depth, dtype=dtype)
    rows = ops.one_hot(ops.reshape(indices, (1,)) if rank == 0 else indices, depth, dtype=dtype)
    if mode == "multi_hot":
        return ops.max(rows, axis=-2)
    if weights is not None:
        rows = ops.multiply(rows, ops.expand_dims(ops.cast(weights, dtype), -1))
    return ops.sum(rows, axis=-2)


def known(x: Any) -> Any:
    """The value of a tensor as a NumPy array, or `None` while a function is captured."""
    x = value_of(x)
    return None if isinstance(x, Tracer) else active.current().to_numpy(x)


@registry.builtin("layers")
class CategoryEncoding(Layer):
    """Turns categories, integers from 0 to `num_tokens - 1`, into vectors.

    Args:
        num_tokens: number of categories.
        output_mode: `"one_hot"`: a vector a category; `"multi_hot"`: one of all along the last axis, with 1 for those
            that are there; `"count"`: likewise, with how often each is there.
        sparse: false; there are no sparse tensors.
        **kwargs: options of every layer.

    Call arguments:
        inputs: integers `(tokens,)`, `(batch, tokens)`, ...
        count_weights: what each counts, in mode `"count"`; of the inputs' shape.

    Returns: `(*inputs' shape, num_tokens)` for `"one_hot"`, without a last axis of size 1; else
        `(*inputs' shape but the last, num_tokens)`.

    Raises:
        InvalidArgumentError: if an integer is out of range (in a compiled function, which can't raise, it leaves no
            trace), or there are weights in another mode.

    >>> import numpy as np
    >>> CategoryEncoding(4, "count")(np.array([[0, 1], [2, 2]])).tolist()
    [[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 2.0, 0.0]]
    """

    def __init__(
        self, num_tokens: int | None = None, output_mode: str = "multi_hot", sparse: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        refuse_sparse(sparse)
        if num_tokens is None:
            raise InvalidArgumentError("`num_tokens` must be given. Received: num_tokens=None")
        self.num_tokens = check_positive("num_tokens", num_tokens)
        self.output_mode = check_choice("output_mode", output_mode, MODES)

    def call(self, inputs: Any, count_weights: Any = None) -> Any:
        if count_weights is not None and self.output_mode != "count":
            raise InvalidArgumentError(
                f"`count_weights` needs output_mode='count'. Received: output_mode={self.output_mode!r}"
            )
        indices = ops.cast(inputs, "int32")
        values = known(indices)
        if values is not None and values.size and not 0 <= values.min() <= values.max() < self.num_tokens:
            raise InvalidArgumentError(
                f"Categories must be in [0, {self.num_tokens}). Received: from {values.min()} to {values.max()}"
            )
        return encode(indices, self.num_tokens, self.output_mode, self.compute_dtype, count_weights)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "num_tokens", "output_mode") | {"sparse": False}
