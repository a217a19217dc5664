"""Strings and integers as indices into a vocabulary. The lookup is done on the host, in NumPy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from kcore import ops
from kcore.engine import active
from kcore.engine.tracing import Tracer
from kcore.errors import InvalidArgumentError, UnsupportedError
from kcore.layers._parts import check_choice, describe
from kcore.layers.layer import Layer
from kcore.layers.preprocessing.category_encoding import encode, refuse_sparse

MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")
PLAIN = ("max_tokens", "num_oov_indices", "mask_token", "oov_token", "invert", "output_mode", "pad_to_max_tokens")


def _fnv(text: str, salt: str) -> int:
    """The 64-bit FNV-1a hash: the same in every process, which Python's own isn't."""
    value = 0xCBF29CE484222325
    for byte in f"{salt}{text}".encode():
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


class IndexLookup(Layer):
    """What `StringLookup` and `IntegerLookup` share; see there. A subclass says what tokens are.

    Attributes:
        vocabulary: the tokens without the special ones, by index.
    """

    def __init__(
        self,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        vocabulary: Any,
        idf_weights: Any,
        invert: bool,
        output_mode: str,
        pad_to_max_tokens: bool,
        sparse: bool,
        salt: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        refuse_sparse(sparse)
        self.output_mode = check_choice("output_mode", output_mode, MODES)
        if invert and output_mode != "int":
            raise InvalidArgumentError(f"`invert` needs output_mode='int'. Received: output_mode={output_mode!r}")
        if pad_to_max_tokens and max_tokens is None:
            raise InvalidArgumentError("`pad_to_max_tokens` needs `max_tokens`. Received: max_tokens=None")
        if num_oov_indices < 0:
            raise InvalidArgumentError(f"`num_oov_indices` can't be negative. Received: {num_oov_indices}")
        self.max_tokens, self.num_oov_indices, self.salt = max_tokens, num_oov_indices, salt
        self.mask_token, self.oov_token = mask_token, oov_token
        self.invert, self.pad_to_max_tokens = invert, pad_to_max_tokens
        self.reset_state()
        self.vocabulary: list[Any] = []
        self.idf_weights: np.ndarray | None = None
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    def token(self, x: Any) -> Any:
        """A token from an element of an array."""
        raise UnsupportedError(f"{type(self).__name__} must define `token`.")

    def hash_of(self, token: Any) -> int:
        """What picks one of the indices for unknown tokens."""
        return _fnv(str(token), str(self.salt or ""))

    def _special(self) -> list[Any]:
        masked = self.mask_token is not None and self.output_mode == "int"
        return [self.mask_token] * masked + [self.oov_token] * self.num_oov_indices

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The tokens by index.

        Args:
            include_special_tokens: whether with the mask token and those for unknown tokens.
        """
        return [*self._special(), *self.vocabulary] if include_special_tokens else list(self.vocabulary)

    def vocabulary_size(self) -> int:
        """The number of tokens, special ones included."""
        return len(self._special()) + len(self.vocabulary)

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Replace the vocabulary.

        Args:
            vocabulary: tokens, most frequent first, with or without the special ones before them; or the path of a
                text file with a token a line.
            idf_weights: the weight of each, for output mode `"tf_idf"`.

        Raises:
            InvalidArgumentError: a token is there twice, there are more than `max_tokens`, or weights are missing.
        """
        if isinstance(vocabulary, (str, Path)):
            vocabulary = Path(vocabulary).read_text("utf-8").splitlines()
        tokens = [self.token(x) for x in np.asarray(vocabulary).ravel().tolist()]
        special = self._special()
        if special and tokens[: len(special)] == special:
            tokens = tokens[len(special) :]
        repeated = [token for token, count in Counter([*tokens, *set(special)]).items() if count > 1]
        if repeated:
            raise InvalidArgumentError(f"`vocabulary` must have each token once. Repeated: {repeated[:5]}")
        if self.max_tokens is not None and len(special) + len(tokens) > self.max_tokens:
            raise InvalidArgumentError(
                f"`vocabulary` is too large for max_tokens={self.max_tokens}. Received: {len(tokens)} tokens and "
                f"{len(special)} special ones"
            )
        if (self.output_mode == "tf_idf") != (idf_weights is not None):
            raise InvalidArgumentError("`idf_weights` must be given for output_mode='tf_idf', and only then.")
        self.vocabulary = tokens
        if idf_weights is not None:
            self.idf_weights = np.asarray(idf_weights, np.float64).ravel()
            if len(self.idf_weights) != len(tokens):
                raise InvalidArgumentError(f"`idf_weights` must be {len(tokens)} numbers, one a token.")

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Take the vocabulary from data: the most frequent tokens first, of equally frequent ones the later in order.

        Args:
            data: an array or nested lists of tokens, or arrays one after the other. For weights a row is a document.
            steps: how many batches to read; all by default.
        """
        self.reset_state()
        listed = isinstance(data, (list, tuple)) and not any(isinstance(batch, np.ndarray) for batch in data)
        batches: Iterable[Any] = [data] if listed or isinstance(data, np.ndarray) else data
        for number, batch in enumerate(batches):
            if steps is not None and number >= steps:
                break
            self.update_state(batch)
        self.finalize_state()

    def reset_state(self) -> None:
        """Forget what `update_state` counted."""
        self._counts: Counter[Any] = Counter()
        self._documents: Counter[Any] = Counter()
        self._document_count = 0

    def update_state(self, data: Any) -> None:
        """Count the tokens of a batch."""
        array = np.asarray(data)
        rows = array.reshape(len(array), -1) if array.ndim > 1 else array.reshape(-1, 1)
        for row in rows.tolist():
            tokens = [self.token(x) for x in row]
            self._counts.update(tokens)
            self._documents.update(set(tokens))
            self._document_count += 1

    def finalize_state(self) -> None:
        """Make the vocabulary of what was counted."""
        special = self._special()
        dropped = {self.mask_token, self.oov_token}
        order = sorted(((count, token) for token, count in self._counts.items() if token not in dropped), reverse=True)
        tokens = [token for _, token in order]
        if self.max_tokens is not None:
            tokens = tokens[: max(self.max_tokens - len(special), 0)]
        weights = [np.log(1 + self._document_count / (1 + self._documents[token])) for token in tokens]
        self.set_vocabulary(tokens, weights if self.output_mode == "tf_idf" else None)

    def _array(self, inputs: Any) -> np.ndarray:
        if isinstance(inputs, Tracer) and inputs.value is None:
            raise UnsupportedError(
                f"Layer '{self.name}' looks tokens up on the host, so it can't be part of a compiled function: apply "
                "it to the data beforehand."
            )
        if isinstance(inputs, Tracer):
            inputs = inputs.value
        return active.current().to_numpy(inputs) if active.current().is_tensor(inputs) else np.asarray(inputs)

    def call(self, inputs: Any) -> Any:
        array = self._array(inputs)
        if self.invert:
            return self._tokens_of(array)
        indices = self._indices_of(array)
        if self.output_mode == "int":
            return ops.convert_to_tensor(indices, dtype="int64" if "64" in str(self.dtype) else "int32")
        depth = self.max_tokens if self.pad_to_max_tokens and self.max_tokens else self.vocabulary_size()
        mode = "count" if self.output_mode == "tf_idf" else self.output_mode
        encoded = encode(ops.convert_to_tensor(indices, dtype="int32"), depth, mode, self.compute_dtype)
        return encoded if self.output_mode != "tf_idf" else ops.multiply(encoded, self._weights(depth))

    def _weights(self, depth: int) -> np.ndarray:
        """The weight of each index: unknown tokens have the mean."""
        if self.idf_weights is None:
            raise InvalidArgumentError(f"Layer '{self.name}' has no weights yet: call `adapt` or `set_vocabulary`.")
        mean = self.idf_weights.mean() if len(self.idf_weights) else 0.0
        own = np.concatenate([np.full(len(self._special()), mean), self.idf_weights])
        return np.pad(own, (0, depth - len(own))).astype(self.compute_dtype)

    def _indices_of(self, array: np.ndarray) -> np.ndarray:
        """Indices; -1 for a mask token that has none."""
        special = self._special()
        table = {token: i for i, token in enumerate(self.vocabulary, start=len(special))}
        if self.mask_token is not None:
            table[self.mask_token] = 0 if self.output_mode == "int" else -1
        first = len(special) - self.num_oov_indices
        tokens = [self.token(x) for x in array.ravel().tolist()]
        unknown = sorted({token for token in tokens if token not in table}, key=str)
        if unknown and not self.num_oov_indices:
            raise InvalidArgumentError(
                f"Layer '{self.name}' has no index for unknown tokens (num_oov_indices=0). Received: {unknown[:5]}"
            )
        for token in unknown:
            table[token] = first + self.hash_of(token) % self.num_oov_indices
        return np.array([table[token] for token in tokens], np.int64).reshape(array.shape)

    def _tokens_of(self, array: np.ndarray) -> np.ndarray:
        vocabulary = self.get_vocabulary()
        tokens = [vocabulary[i] if 0 <= i < len(vocabulary) else self.oov_token for i in array.ravel().tolist()]
        return np.array(tokens).reshape(array.shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments, and the vocabulary as it is."""
        weights = None if self.idf_weights is None else self.idf_weights.tolist()
        learned = {"vocabulary": list(self.vocabulary) or None, "idf_weights": weights, "sparse": False}
        return super().get_config() | describe(self, *PLAIN, "salt") | learned
