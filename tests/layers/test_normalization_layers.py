"""Normalization: statistics, what training changes, precision, dtypes, errors."""

from __future__ import annotations

import numpy as np
import pytest

from kcore import Function, layers
from kcore.errors import InvalidArgumentError

RNG = np.random.RandomState(0)
X = RNG.normal(3.0, 2.0, (64, 5, 3)).astype("float32")


def test_training_normalizes_and_moves_the_statistics(backend):
    layer = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
    y = np.asarray(layer(X, training=True), "float64")
    x = X.astype("float64")
    mean, variance = x.mean((0, 1)), x.var((0, 1))
    np.testing.assert_allclose(y, (x - mean) / np.sqrt(variance + 1e-5), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.1 * mean, rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance.numpy(), 0.9 + 0.1 * variance, rtol=1e-5)


def test_inference_uses_the_moving_statistics_and_leaves_them(backend):
    layer = layers.BatchNormalization(epsilon=0.0)
    layer.build(X.shape)
    layer.set_weights([np.ones(3), np.zeros(3), np.full(3, 3.0), np.full(3, 4.0)])
    np.testing.assert_allclose(np.asarray(layer(X)), (X - 3) / 2, rtol=1e-5, atol=1e-6)
    assert layer.moving_mean.numpy().tolist() == [3.0] * 3


def test_a_frozen_layer_uses_its_moving_statistics_in_training(backend):
    layer = layers.BatchNormalization(trainable=False)
    np.testing.assert_array_equal(np.asarray(layer(X, training=True)), np.asarray(layer(X, training=False)))
    assert layer.moving_mean.numpy().tolist() == [0.0] * 3


def test_weights_have_keras_order():
    layer = layers.BatchNormalization()
    layer.build((None, 4))
    assert [w.name for w in layer.weights] == ["gamma", "beta", "moving_mean", "moving_variance"]
    assert [w.name for w in layer.trainable_weights] == ["gamma", "beta"]


def test_a_captured_step_moves_the_statistics(backend):
    captured, eager = layers.BatchNormalization(), layers.BatchNormalization()
    step = Function(lambda x: captured(x, training=True))
    for _ in range(3):
        np.testing.assert_allclose(np.asarray(step(X)), np.asarray(eager(X, training=True)), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(captured.moving_variance.numpy(), eager.moving_variance.numpy(), rtol=1e-6)


def test_masked_values_do_not_count(backend):
    mask = RNG.uniform(size=(64, 5)) < 0.6
    layer = layers.BatchNormalization(momentum=0.0)
    layer(X, training=True, mask=mask)
    np.testing.assert_allclose(layer.moving_mean.numpy(), X[mask].astype("float64").mean(0), rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance.numpy(), X[mask].astype("float64").var(0), rtol=1e-5)


def test_statistics_of_nothing_are_finite(backend):
    layer = layers.BatchNormalization()
    y = layer(X, training=True, mask=np.zeros((64, 5), bool))
    assert np.isfinite(np.asarray(y)).all()


@pytest.mark.parametrize("make", [layers.BatchNormalization, layers.LayerNormalization])
def test_a_large_mean_does_not_drown_the_variance(backend, make):
    x = (1e4 + RNG.normal(size=(64, 64))).astype("float32")
    layer = make()
    layer.build(x.shape)
    y = np.asarray(layer(x, training=True) if make is layers.BatchNormalization else layer(x))
    axis = 0 if make is layers.BatchNormalization else 1
    wide = x.astype("float64")
    expected = (wide - wide.mean(axis, keepdims=True)) / np.sqrt(wide.var(axis, keepdims=True) + 1e-3)
    np.testing.assert_allclose(y, expected, atol=8e-3)  # float32 keeps three decimals of a mean of 1e4


def test_half_precision_is_computed_in_single(backend):
    x = (X * 100).astype("float16")
    y = layers.LayerNormalization(dtype="float16")(x)
    assert np.asarray(y).dtype == np.float16
    wide = x.astype("float64")
    expected = (wide - wide.mean(-1, keepdims=True)) / np.sqrt(wide.var(-1, keepdims=True) + 1e-3)
    np.testing.assert_allclose(np.asarray(y, "float64"), expected, atol=2e-3)


@pytest.mark.parametrize("axis", [(1, 2), [2, 1], (-1, -2)])
def test_layer_normalization_takes_axes_in_any_order(backend, axis):
    y = layers.LayerNormalization(axis=axis)(X)
    x = X.astype("float64")
    expected = (x - x.mean((1, 2), keepdims=True)) / np.sqrt(x.var((1, 2), keepdims=True) + 1e-3)
    np.testing.assert_allclose(np.asarray(y), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: layers.BatchNormalization(axis=3, name="n"), "axis 3"),
        (lambda: layers.LayerNormalization(axis=5, name="n"), "`axis`"),
        (lambda: layers.GroupNormalization(2, name="n"), "`groups`"),
    ],
)
def test_an_axis_or_a_number_of_groups_has_to_fit(make, named):
    with pytest.raises(InvalidArgumentError, match=named):
        make()(X)


@pytest.mark.parametrize("options", [{"renorm": True}, {"synchronized": True}, {"momentum": 1.5}, {"epsilon": -1.0}])
def test_bad_options_are_named(options):
    with pytest.raises(InvalidArgumentError, match=f"`{next(iter(options))}`"):
        layers.BatchNormalization(**options)


def test_the_axis_may_be_a_list_as_tf_keras_wrote_it():
    assert layers.BatchNormalization.from_config({"axis": [3], "renorm": False, "renorm_clipping": None}).axis == 3


def test_unit_normalization_of_zeros_is_zero(backend):
    assert np.asarray(layers.UnitNormalization()(np.zeros((1, 3), "float32"))).tolist() == [[0.0, 0.0, 0.0]]
