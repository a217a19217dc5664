"""Attention whose heads share keys and values."""

from __future__ import annotations

from typing import Any

from kcore import registry
from kcore.errors import InvalidArgumentError
from kcore.layers._parts import check_positive, describe
from kcore.layers.attention.multi_head_attention import OPTIONS, MultiHeadAttention


@registry.builtin("layers", "GroupedQueryAttention")
class GroupQueryAttention(MultiHeadAttention):
    """Attends from each position of a query to the positions of a value; several query heads share a key and a value.

    As `MultiHeadAttention`, but for the number of heads of key and value: query head i takes those of number
    `i // (num_query_heads // num_key_value_heads)`. With one it is multi-query attention.

    Args:
        head_dim: size of a head.
        num_query_heads: number of heads of the query.
        num_key_value_heads: number of heads of key and value, which divides that of the query.
        dropout: the fraction of attention weights that is dropped in training.
        use_bias: whether the projections have biases.
        kernel_initializer: what fills the kernels.
        bias_initializer: what fills the biases.
        kernel_regularizer: a penalty on each kernel.
        bias_regularizer: a penalty on each bias.
        activity_regularizer: a penalty on the output.
        kernel_constraint: what is applied to each kernel after each update.
        bias_constraint: what is applied to each bias after each update.
        seed: an integer, for dropout masks of its own.
        **kwargs: options of every layer; `flash_attention` changes nothing.

    Call arguments: those of `MultiHeadAttention`; the weights are `(batch, query heads, T, S)`.

    Returns: `(batch, T, features of the query)`.

    Raises:
        InvalidArgumentError: if a size isn't positive, or the heads can't be shared out evenly.

    Source: Ainslie et al., "GQA: training generalized multi-query transformer models from multi-head checkpoints"
    (2023).

    >>> import numpy as np
    >>> x = np.ones((2, 5, 8), "float32")
    >>> GroupQueryAttention(head_dim=4, num_query_heads=4, num_key_value_heads=2)(x, x).shape
    (2, 5, 8)
    """

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_query_heads, head_dim, dropout=dropout, use_bias=use_bias, **kwargs)
        self.head_dim = self.key_dim
        self.num_query_heads = self.num_heads
        self.num_key_value_heads = check_positive("num_key_value_heads", num_key_value_heads)
        if self.num_query_heads % self.num_key_value_heads:
            raise InvalidArgumentError(
                "`num_key_value_heads` must divide `num_query_heads`. Received: "
                f"num_query_heads={num_query_heads}, num_key_value_heads={num_key_value_heads}"
            )

    def _heads_of(self, name: str) -> int:
        return self.num_query_heads if name == "query" else self.num_key_value_heads

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        for name in ("num_heads", "key_dim", "value_dim", "output_shape", "attention_axes"):
            del config[name]
        own = ("head_dim", "num_query_heads", "num_key_value_heads", "dropout", "use_bias", "seed", *OPTIONS)
        return config | describe(self, *own)
