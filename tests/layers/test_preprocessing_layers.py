"""Layers that turn raw data into numbers: closed forms, configuration, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from kcore import layers, ops
from kcore.errors import InvalidArgumentError, UnsupportedError

WORDS = ["a", "b", "c"]
BATCH = np.array([["a", "c", "c", "z"]])


def numbers(x):
    return ops.convert_to_numpy(x).tolist()


def test_category_encoding(backend):
    assert numbers(layers.CategoryEncoding(4)(np.array([[0, 1], [2, 2]]))) == [[1, 1, 0, 0], [0, 0, 1, 0]]
    assert numbers(layers.CategoryEncoding(4, "count")(np.array([[0, 1], [2, 2]]))) == [[1, 1, 0, 0], [0, 0, 2, 0]]
    one_hot = layers.CategoryEncoding(3, "one_hot")
    assert numbers(one_hot(np.array([[0, 1], [2, 2]]))) == [[[1, 0, 0], [0, 1, 0]], [[0, 0, 1], [0, 0, 1]]]
    assert numbers(one_hot(np.array([[2], [0]]))) == [[0, 0, 1], [1, 0, 0]]
    weighted = layers.CategoryEncoding(4, "count")(np.array([[0, 1, 1]]), count_weights=np.array([[0.5, 2.0, 1.0]]))
    assert numbers(weighted) == [[0.5, 3.0, 0, 0]]
    again = layers.CategoryEncoding.from_config(one_hot.get_config())
    assert again.get_config() == one_hot.get_config()


def test_strings_become_indices(backend):
    assert numbers(layers.StringLookup(vocabulary=WORDS)(np.array([["a", "c"], ["z", "b"]]))) == [[1, 3], [0, 2]]
    assert numbers(layers.StringLookup(vocabulary=WORDS)([["a", "c"]])) == [[1, 3]]
    assert numbers(layers.StringLookup(vocabulary=WORDS)(np.array([b"b"]))) == [2]
    assert numbers(layers.StringLookup(vocabulary=WORDS, num_oov_indices=0)(np.array(["a", "c"]))) == [0, 2]
    assert numbers(layers.StringLookup(vocabulary=WORDS, mask_token="")(np.array(["", "c", "z"]))) == [0, 4, 1]
    several = layers.StringLookup(vocabulary=WORDS, num_oov_indices=3)
    places = numbers(several(np.array(["z", "y", "x", "z", "a"])))
    assert places[0] == places[3] and max(places[:4]) < 3 and places[4] == 3
    assert several.get_vocabulary() == ["[UNK]"] * 3 + WORDS and several.vocabulary_size() == 6


def test_indices_become_strings():
    layer = layers.StringLookup(vocabulary=WORDS, invert=True)
    assert layer(np.array([[0, 1], [3, 9]])).tolist() == [["[UNK]", "a"], ["c", "[UNK]"]]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("multi_hot", [[1, 1, 0, 1]]), ("count", [[1, 1, 0, 2]]), ("tf_idf", [[2, 1, 0, 6]])],
)
def test_strings_become_vectors(backend, mode, expected):
    weights = [1.0, 2.0, 3.0] if mode == "tf_idf" else None
    layer = layers.StringLookup(vocabulary=WORDS, output_mode=mode, idf_weights=weights)
    assert numbers(layer(BATCH)) == expected
    wide = layers.StringLookup(6, vocabulary=WORDS, output_mode=mode, idf_weights=weights, pad_to_max_tokens=True)
    assert numbers(wide(BATCH)) == [expected[0] + [0, 0]]
    masked = layers.StringLookup(vocabulary=WORDS, output_mode=mode, idf_weights=weights, mask_token="c")
    masked.set_vocabulary(["a", "b"], weights and weights[:2])
    assert numbers(masked(BATCH))[0][1:] == [1, 0]


def test_one_hot_strings(backend):
    layer = layers.StringLookup(vocabulary=WORDS, output_mode="one_hot")
    assert numbers(layer(np.array(["a", "z"]))) == [[0, 1, 0, 0], [1, 0, 0, 0]]


def test_a_vocabulary_is_learned_from_data(tmp_path):
    layer = layers.StringLookup()
    layer.adapt(np.array([["a", "b", "b"], ["c", "a", "b"]]))
    assert layer.get_vocabulary() == ["[UNK]", "b", "a", "c"]
    layer.adapt([np.array(["x", "y"]), np.array(["y"])])
    assert layer.get_vocabulary(include_special_tokens=False) == ["y", "x"]
    short = layers.StringLookup(max_tokens=3)
    short.adapt(np.array(["x", "x", "y", "w", "y", "v"]))
    assert short.get_vocabulary() == ["[UNK]", "y", "x"]
    weighted = layers.StringLookup(output_mode="tf_idf")
    weighted.adapt(np.array([["a", "b", "b"], ["c", "a", "b"]]))
    idf = [np.log(1 + 2 / 3), np.log(1 + 2 / 3), np.log(2)]
    np.testing.assert_allclose(
        numbers(weighted(np.array([["b", "q"]])))[0], np.array([np.mean(idf), idf[0], 0, 0]), rtol=1e-6
    )
    (tmp_path / "words.txt").write_text("a\nb\n", "utf-8")
    assert layers.StringLookup(vocabulary=str(tmp_path / "words.txt")).get_vocabulary() == ["[UNK]", "a", "b"]


def test_special_tokens_may_stand_in_a_vocabulary():
    assert layers.StringLookup(vocabulary=["[UNK]", "a"]).get_vocabulary() == ["[UNK]", "a"]
    masked = layers.StringLookup(vocabulary=["", "[UNK]", "a"], mask_token="")
    assert masked.get_vocabulary() == ["", "[UNK]", "a"]
    assert masked.get_vocabulary(include_special_tokens=False) == ["a"]


def test_integers_become_indices(backend):
    layer = layers.IntegerLookup(vocabulary=[12, 36])
    assert numbers(layer(np.array([[12, 36, 5, -1]]))) == [[1, 2, 0, 0]]
    several = layers.IntegerLookup(vocabulary=[12, 36], num_oov_indices=3)
    assert numbers(several(np.array([12, 5, 6]))) == [3, 2, 0]
    back = layers.IntegerLookup(vocabulary=[12, 36], invert=True, vocabulary_dtype="int32")(np.array([2, 0]))
    assert back.tolist() == [36, -1] and back.dtype == np.int32


@pytest.mark.parametrize(
    "layer",
    [
        layers.StringLookup(vocabulary=WORDS, num_oov_indices=2, salt=5),
        layers.StringLookup(vocabulary=WORDS, output_mode="tf_idf", idf_weights=[1, 2, 3]),
        layers.IntegerLookup(vocabulary=[5, 3], mask_token=0),
    ],
)
def test_a_configuration_makes_the_same_lookup(layer):
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert again.get_vocabulary() == layer.get_vocabulary()


def test_what_is_refused(backend):
    lookup = layers.StringLookup
    for call, error, words in (
        (layers.CategoryEncoding, InvalidArgumentError, "`num_tokens` must be"),
        (lambda: layers.CategoryEncoding(3, sparse=True), UnsupportedError, "sparse"),
        (lambda: layers.CategoryEncoding(3)(np.array([3])), InvalidArgumentError, r"must be in \[0, 3\)"),
        (lambda: layers.CategoryEncoding(3)(np.array([1]), np.array([1.0])), InvalidArgumentError, "`count_weights`"),
        (lambda: lookup(vocabulary=WORDS, num_oov_indices=0)(["z"]), InvalidArgumentError, "unknown tokens"),
        (lambda: lookup(vocabulary=["a", "a"]), InvalidArgumentError, "each token once"),
        (lambda: lookup(2, vocabulary=WORDS), InvalidArgumentError, "too large"),
        (lambda: lookup(invert=True, output_mode="count"), InvalidArgumentError, "`invert` needs"),
        (lambda: lookup(vocabulary=WORDS, output_mode="tf_idf"), InvalidArgumentError, "`idf_weights` must be"),
        (lambda: lookup(output_mode="tf_idf")(BATCH), InvalidArgumentError, "no weights yet"),
        (lambda: lookup(pad_to_max_tokens=True), InvalidArgumentError, "needs `max_tokens`"),
    ):
        with pytest.raises(error, match=words):
            call()
