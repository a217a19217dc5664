"""Strings as indices into a vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kcore import registry
from kcore.layers.preprocessing.index_lookup import IndexLookup


@registry.builtin("layers")
class StringLookup(IndexLookup):
    """Turns strings into their indices in a vocabulary.

    Indices are in this order: the mask token (0, if there is one, in mode `"int"`), those of unknown tokens, the
    vocabulary. It works on arrays and lists of strings, on the host: apply it to data before training.

    Args:
        max_tokens: the most that the vocabulary may hold, special tokens included.
        num_oov_indices: number of indices for unknown tokens; of several a hash (FNV-1a) picks one. With 0 an unknown
            token is an error.
        mask_token: a token with index 0; in other modes than `"int"` it leaves no trace.
        oov_token: what stands for unknown tokens in the vocabulary.
        vocabulary: tokens, or the path of a text file with one a line; else call `adapt`.
        idf_weights: the weight of each token, for mode `"tf_idf"`.
        invert: whether to turn indices into strings.
        output_mode: `"int"`: indices; `"one_hot"`, `"multi_hot"`, `"count"`: as `CategoryEncoding` has them;
            `"tf_idf"`: counts times weights.
        pad_to_max_tokens: whether vectors are `max_tokens` long, however many tokens there are.
        sparse: false; there are no sparse tensors.
        encoding: how bytes among the tokens are read.
        name: a name.
        salt: what changes the hash.
        **kwargs: options of every layer.

    Call arguments:
        inputs: strings (with `invert`, indices) of any shape.

    Returns: int32 indices of the inputs' shape, int64 ones for `dtype="int64"`; or vectors; or, with `invert`, a NumPy
        array of strings.

    Raises:
        InvalidArgumentError: if options don't fit each other, or a token is unknown and has no index.

    >>> StringLookup(vocabulary=["a", "b"])([["b", "z"]]).tolist()
    [[2, 0]]
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str = "[UNK]",
        vocabulary: Sequence[str] | str | None = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        salt: Any = None,
        **kwargs: Any,
    ) -> None:
        self.encoding = encoding
        super().__init__(
            max_tokens,
            num_oov_indices,
            mask_token,
            oov_token,
            vocabulary,
            idf_weights,
            invert,
            output_mode,
            pad_to_max_tokens,
            sparse,
            salt,
            name=name,
            **kwargs,
        )

    def token(self, x: Any) -> str:
        return x.decode(self.encoding) if isinstance(x, bytes) else str(x)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"encoding": self.encoding}
