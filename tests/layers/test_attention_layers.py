"""Multi-head attention: its formula, masks, shapes, configuration."""

from __future__ import annotations

import json

import numpy as np
import pytest

from kcore import layers, ops
from kcore.conformance.layers import table
from kcore.errors import InvalidArgumentError, UnsupportedError
from kcore.ops.masks import get_mask

QUERY, VALUE = table.wave((2, 4, 6)), table.wave((2, 5, 3), 1.0)


def test_attention_is_what_its_formula_says(backend):
    layer = layers.MultiHeadAttention(2, 3)
    layer(QUERY, VALUE)
    table.fill(layer)
    q_w, q_b, k_w, k_b, v_w, v_b, o_w, o_b = (w.astype("float64") for w in layer.get_weights())
    q, k, v = (
        np.einsum("btd,dnh->bnth", x, w) + b[:, None]
        for x, w, b in ((QUERY, q_w, q_b), (VALUE, k_w, k_b), (VALUE, v_w, v_b))
    )
    scores = np.exp(q @ k.swapaxes(2, 3) / np.sqrt(3))
    scores /= scores.sum(-1, keepdims=True)
    expected = np.einsum("bnth,nhd->btd", scores @ v, o_w) + o_b
    np.testing.assert_allclose(np.asarray(layer(QUERY, VALUE)), expected, atol=3e-6)


def test_weights_have_keras_paths():
    layer = layers.MultiHeadAttention(2, 3, name="a")
    layer.build((None, 4, 6), (None, 5, 3))
    names = [
        f"a/{part}/{kind}" for part in ("query", "key", "value", "attention_output") for kind in ("kernel", "bias")
    ]
    assert [w.path for w in layer.weights] == names
    assert [w.shape for w in layer.weights][:2] == [(6, 2, 3), (2, 3)]


def test_shapes_are_known_before_building_and_for_any_length():
    layer = layers.MultiHeadAttention(2, 3, output_shape=7)
    assert layer.compute_output_shape((None, 4, 6), (None, 5, 3)) == (None, 4, 7)
    assert layer(layers.Input((None, 6)), layers.Input((None, 3))).shape == (None, None, 7)


def test_what_is_masked_gets_no_weight(backend):
    layer = layers.MultiHeadAttention(2, 3)
    keys, pairs = np.ones((2, 5), bool), np.ones((2, 4, 5), bool)
    keys[:, 3], pairs[:, 1, 0], pairs[0, 2] = False, False, False
    _, weights = layer(QUERY, VALUE, value_mask=keys, attention_mask=pairs, return_attention_scores=True)
    weights = np.asarray(weights)
    allowed = np.broadcast_to((keys[:, None] & pairs)[:, None], weights.shape)
    assert (weights[~allowed] == 0).all()
    np.testing.assert_allclose(weights.sum(-1), np.broadcast_to(allowed.any(-1), weights.shape[:3]), atol=1e-6)


def test_masks_of_the_inputs_are_used_and_that_of_the_query_goes_on(backend):
    embedding = layers.Embedding(9, 4, mask_zero=True)
    x = embedding(np.array([[1, 2, 0], [3, 0, 0]]))
    y, weights = layers.MultiHeadAttention(1, 2)(x, x, return_attention_scores=True)
    assert (np.asarray(weights)[1, :, :, 1:] == 0).all()
    assert np.asarray(get_mask(y)).tolist() == [[True, True, False], [True, False, False]]


def test_dropout_acts_in_training_only(backend):
    layer = layers.MultiHeadAttention(2, 3, dropout=0.5, seed=1)
    quiet = np.asarray(layer(QUERY, VALUE))
    np.testing.assert_array_equal(np.asarray(layer(QUERY, VALUE, training=False)), quiet)
    assert not np.allclose(np.asarray(layer(QUERY, VALUE, training=True)), quiet)


def test_a_config_goes_through_json_and_back():
    layer = layers.MultiHeadAttention(2, 3, dropout=0.5, output_shape=(7,), kernel_regularizer="l2")
    stored = json.loads(json.dumps(layer.get_config()))
    assert layers.MultiHeadAttention.from_config(stored).get_config() == stored


@pytest.mark.parametrize("options", [{"num_heads": 0}, {"key_dim": -1}, {"value_dim": 0}, {"dropout": 2.0}])
def test_bad_options_are_named(options):
    with pytest.raises(InvalidArgumentError, match=f"`{next(iter(options))}`"):
        layers.MultiHeadAttention(**({"num_heads": 2, "key_dim": 3} | options))


def test_attention_over_some_axes_only_is_refused():
    with pytest.raises(InvalidArgumentError, match="`attention_axes`"):
        layers.MultiHeadAttention(2, 3, attention_axes=(1,))(table.wave((2, 3, 4, 5)), table.wave((2, 3, 4, 5)))
    with pytest.raises(UnsupportedError, match="`sliding_window`"):
        layers.MultiHeadAttention(2, 3, sliding_window=4)


def test_group_query_attention_is_multi_head_attention_with_repeated_heads(backend):
    x, y = np.sin(np.arange(60.0)).reshape(2, 5, 6), np.cos(np.arange(36.0)).reshape(2, 3, 6)
    grouped = layers.GroupQueryAttention(4, 4, 2, dtype="float64")
    plain = layers.MultiHeadAttention(4, 4, dtype="float64")
    out, weights = grouped(x, y, return_attention_scores=True)
    plain.build(x.shape, y.shape)
    values = grouped.get_weights()
    for place in (2, 4):
        values[place] = np.repeat(values[place], 2, axis=1)
        values[place + 1] = np.repeat(values[place + 1], 2, axis=0)
    plain.set_weights(values)
    expected, expected_weights = plain(x, y, return_attention_scores=True)
    np.testing.assert_allclose(ops.convert_to_numpy(out), ops.convert_to_numpy(expected), atol=1e-12)
    np.testing.assert_allclose(ops.convert_to_numpy(weights), ops.convert_to_numpy(expected_weights), atol=1e-12)
    assert [w.shape for w in grouped.weights[2:6]] == [(6, 2, 4), (2, 4)] * 2
    again = layers.GroupQueryAttention.from_config(grouped.get_config())
    assert again.get_config() == grouped.get_config()


def test_group_query_attention_refuses_heads_that_cannot_be_shared_out():
    with pytest.raises(InvalidArgumentError, match="`num_key_value_heads` must divide"):
        layers.GroupQueryAttention(4, 4, 3)
