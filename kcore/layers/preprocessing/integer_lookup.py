"""Integers as indices into a vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kcore import registry
from kcore.layers._parts import check_choice, describe
from kcore.layers.preprocessing.index_lookup import IndexLookup


@registry.builtin("layers")
class IntegerLookup(IndexLookup):
    """Turns integers into their indices in a vocabulary.

    Indices are in this order: the mask token (0, if there is one, in mode `"int"`), those of unknown tokens, the
    vocabulary. It works on arrays and lists of integers, on the host: apply it to data before training.

    Args:
        max_tokens: the most that the vocabulary may hold, special tokens included.
        num_oov_indices: number of indices for unknown tokens; with 0 an unknown token is an error.
        mask_token: a token with index 0; in other modes than `"int"` it leaves no trace.
        oov_token: what stands for unknown tokens in the vocabulary.
        vocabulary: tokens, or the path of a text file with one a line; else call `adapt`.
        idf_weights: the weight of each token, for mode `"tf_idf"`.
        invert: whether to turn indices into tokens.
        output_mode: `"int"`: indices; `"one_hot"`, `"multi_hot"`, `"count"`: as `CategoryEncoding` has them;
            `"tf_idf"`: counts times weights.
        pad_to_max_tokens: whether vectors are `max_tokens` long, however many tokens there are.
        sparse: false; there are no sparse tensors.
        vocabulary_dtype: the tokens' dtype, `"int64"` or `"int32"`: what `invert` gives.
        oov_method: what picks one of several indices for unknown tokens: `"floormod"`, the remainder of the token, or
            `"farmhash"`, a hash (FNV-1a).
        salt: what changes the hash.
        name: a name.
        **kwargs: options of every layer.

    Call arguments:
        inputs: integers (with `invert`, indices) of any shape.

    Returns: int32 indices of the inputs' shape, int64 ones for `dtype="int64"`; or vectors; or, with `invert`, a NumPy
        array of integers.

    Raises:
        InvalidArgumentError: if options don't fit each other, or a token is unknown and has no index.

    >>> IntegerLookup(vocabulary=[12, 36])([[36, 5]]).tolist()
    [[2, 0]]
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int = -1,
        vocabulary: Sequence[int] | str | None = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.vocabulary_dtype = vocabulary_dtype
        self.oov_method = check_choice("oov_method", oov_method, ("floormod", "farmhash"))
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

    def token(self, x: Any) -> int:
        return int(x)

    def hash_of(self, token: Any) -> int:
        return token if self.oov_method == "floormod" else super().hash_of(token)

    def _tokens_of(self, array: Any) -> Any:
        return super()._tokens_of(array).astype(self.vocabulary_dtype)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "vocabulary_dtype", "oov_method")
