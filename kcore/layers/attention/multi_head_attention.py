"""Attention with several heads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from kcore import constraints, initializers, ops, registry, regularizers
from kcore.errors import InvalidArgumentError, UnsupportedError
from kcore.layers._parts import check_positive, check_rate, describe, drop, refuse
from kcore.layers.activation.softmax import Softmax
from kcore.layers.core.einsum_dense import EinsumDense
from kcore.layers.layer import Layer
from kcore.layers.regularization.dropout import Dropout

OPTIONS = (
    "kernel_initializer",
    "bias_initializer",
    "kernel_regularizer",
    "bias_regularizer",
    "kernel_constraint",
    "bias_constraint",
)


@registry.builtin("layers")
class MultiHeadAttention(Layer):
    """Attends from each position of a query to the positions of a value, with several heads.

    Notation: B samples, T positions of the query, S of the value, N heads of size H (of the value: V).

    A head computes `softmax(q @ transpose(k) / sqrt(H)) @ v` from projections q `(B, T, N, H)`, k `(B, S, N, H)` and v
    `(B, S, N, V)`; the heads are then projected together.

    Args:
        num_heads: number of heads.
        key_dim: size of a head of query and key.
        value_dim: size of a head of the value; `key_dim` if `None`.
        dropout: the fraction of attention weights that is dropped in training.
        use_bias: whether the projections have biases.
        output_shape: the output's features, an integer or a tuple; the query's if `None`.
        attention_axes: the axes that are attended over: all between the batch and the features, which is also `None`.
        kernel_initializer: what fills the kernels.
        bias_initializer: what fills the biases.
        kernel_regularizer: a penalty on each kernel.
        bias_regularizer: a penalty on each bias.
        activity_regularizer: a penalty on the output.
        kernel_constraint: what is applied to each kernel after each update.
        bias_constraint: what is applied to each bias after each update.
        seed: an integer, for dropout masks of its own.
        **kwargs: options of every layer; `flash_attention` changes nothing.

    Call arguments:
        query: `(B, T, features)`, or with several axes of positions.
        value: `(B, S, features)`.
        key: `(B, S, features)`; the value if `None`.
        query_mask: `(B, T)`, booleans; likewise `value_mask` and `key_mask` `(B, S)`.
        attention_mask: `(B, T, S)` or `(B, N, T, S)`, booleans: false where a position isn't attended to.
        return_attention_scores: whether the weights `(B, N, T, S)` follow the output.
        training: whether dropout is on.
        use_causal_mask: whether no position attends to a later one.

    Returns: `(B, T, output features)`. A position that may attend to none has weights of 0.

    Raises:
        InvalidArgumentError: if a size isn't positive, or the axes don't fit.

    Source: Vaswani et al., "Attention is all you need" (2017).

    >>> import numpy as np
    >>> x = np.ones((2, 5, 8), "float32")
    >>> MultiHeadAttention(num_heads=2, key_dim=4)(x, x).shape
    (2, 5, 8)
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: int | Sequence[int] | None = None,
        attention_axes: Sequence[int] | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        drop(kwargs, "flash_attention")
        refuse(kwargs, "sliding_window")
        if kwargs.pop("use_gate", False):
            raise UnsupportedError("`use_gate` isn't supported yet. Received: use_gate=True")
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.num_heads = check_positive("num_heads", num_heads)
        self.key_dim = check_positive("key_dim", key_dim)
        self.value_dim = check_positive("value_dim", key_dim if value_dim is None else value_dim)
        self.dropout = check_rate("dropout", dropout)
        self.use_bias = use_bias
        self._features = (output_shape,) if isinstance(output_shape, int) else output_shape
        self.attention_axes = [attention_axes] if isinstance(attention_axes, int) else attention_axes
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.seed = seed
        self.supports_masking = True

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:
        self._check_axes(len(query_shape))
        key_shape = value_shape if key_shape is None else key_shape
        self.query_dense = self._projection("query", query_shape, self.key_dim)
        self.key_dense = self._projection("key", key_shape, self.key_dim)
        self.value_dense = self._projection("value", value_shape, self.value_dim)
        features = tuple(self._features or (query_shape[-1],))
        letters = "uvwxyz"[: len(features)]
        bias_axes = letters if self.use_bias else None
        self.output_dense = self._dense(
            "attention_output", f"btnh,nh{letters}->bt{letters}", (None, *features), bias_axes
        )
        self.output_dense.build((None, None, self.num_heads, self.value_dim))
        self._softmax = Softmax(dtype=self.dtype_policy)
        self._dropout = Dropout(self.dropout, seed=self.seed, dtype=self.dtype_policy)

    def _check_axes(self, rank: int) -> None:
        positions = list(range(1, rank - 1))
        axes = positions if self.attention_axes is None else sorted(axis % rank for axis in self.attention_axes)
        if axes != positions or not positions:
            raise InvalidArgumentError(
                f"`attention_axes` of layer '{self.name}' must be all axes between batch and features, {positions}. "
                f"Received: attention_axes={self.attention_axes}"
            )

    def _projection(self, name: str, shape: Any, size: int) -> EinsumDense:
        heads = self._heads_of(name)
        dense = self._dense(name, "btd,dnh->btnh", (None, heads, size), "nh" if self.use_bias else None)
        dense.build((None, None, shape[-1]))
        return dense

    def _heads_of(self, name: str) -> int:
        """The number of heads of query, key or value."""
        return self.num_heads

    def _dense(self, name: str, equation: str, output_shape: tuple, bias_axes: str | None) -> EinsumDense:
        options = {option: getattr(self, option) for option in OPTIONS}
        dense = EinsumDense(equation, output_shape, bias_axes=bias_axes, name=name, dtype=self.dtype_policy, **options)
        dense.supports_masking = True  # masks are used here, and needn't be announced as lost
        return dense

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        positions = tuple(query.shape[1:-1])
        flat_query, flat_value = _flat(query), _flat(value)
        flat_key = flat_value if key is None else _flat(key)
        heads = self.query_dense(flat_query), self.key_dense(flat_key), self.value_dense(flat_value)
        mask = _joined(_pair_masks(query_mask, value_mask, key_mask), attention_mask)
        if return_attention_scores or (training and self.dropout):
            mixed, weights = self._by_weights(*heads, mask, use_causal_mask, training)
        else:
            mixed, weights = ops.dot_product_attention(*heads, mask=mask, is_causal=use_causal_mask), None
        output = self.output_dense(mixed)
        output = ops.reshape(output, (output.shape[0], *positions, *output.shape[2:]))
        return (output, weights) if return_attention_scores else output

    def _by_weights(self, query: Any, key: Any, value: Any, mask: Any, causal: bool, training: Any) -> tuple[Any, Any]:
        """The heads' results, and the weights, which may be dropped."""
        times = query.shape[2] // key.shape[2]
        key, value = ops.repeat(key, times, axis=2), ops.repeat(value, times, axis=2)
        logits = ops.einsum("btnh,bsnh->bnts", ops.multiply(query, 1.0 / math.sqrt(self.key_dim)), key)
        if causal:
            mask = _and(mask, _causal(query.shape[1], key.shape[1]))
        weights = self._softmax(logits) if mask is None else self._softmax(logits, mask=mask)
        return ops.einsum("bnts,bsnh->btnh", self._dropout(weights, training=training), value), weights

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return previous_mask[0] if isinstance(previous_mask, (list, tuple)) else previous_mask

    def compute_output_shape(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> tuple[int | None, ...]:
        return (*query_shape[:-1], *(self._features or (query_shape[-1],)))

    def get_config(self) -> dict[str, Any]:
        fields = ("num_heads", "key_dim", "value_dim", "dropout", "use_bias", "attention_axes", "seed")
        own = describe(self, *fields, *OPTIONS, "activity_regularizer")
        return super().get_config() | own | {"output_shape": None if self._features is None else list(self._features)}


def _flat(x: Any) -> Any:
    """`(batch, *positions, features)` with one axis of positions."""
    size = 1
    for dim in x.shape[1:-1]:
        size = size * dim
    return x if len(x.shape) == 3 else ops.reshape(x, (x.shape[0], size, x.shape[-1]))


def _pair_masks(query_mask: Any, value_mask: Any, key_mask: Any) -> Any:
    """Masks of positions as one `(batch, T or 1, S or 1)`, or `None`."""
    mask = None if query_mask is None else ops.expand_dims(query_mask, -1)
    for positions in (value_mask, key_mask):
        if positions is not None:
            mask = _and(mask, ops.expand_dims(positions, 1))
    return mask


def _joined(mask: Any, attention_mask: Any) -> Any:
    """Both masks as one, with an axis for the heads."""
    mask = None if mask is None else ops.expand_dims(mask, 1)
    if attention_mask is None:
        return mask
    wide = attention_mask if len(attention_mask.shape) == 4 else ops.expand_dims(attention_mask, 1)
    return _and(mask, ops.cast(wide, "bool"))


def _and(mask: Any, other: Any) -> Any:
    return other if mask is None else ops.logical_and(mask, other)


def _causal(steps: int, others: int) -> Any:
    """`(1, 1, T, S)`: true where the other position isn't a later one."""
    rows = ops.reshape(ops.arange(steps, dtype="int32"), (1, 1, steps, 1))
    return ops.greater_equal(rows, ops.reshape(ops.arange(others, dtype="int32"), (1, 1, 1, others)))
