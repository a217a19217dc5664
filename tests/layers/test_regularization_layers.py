"""Dropout and noise: masks, scales, seeds, the training flag, captures."""

from __future__ import annotations

import numpy as np
import pytest

from kcore import Function, GradientTape, layers, ops
from kcore.engine.random import host_bits, make_key
from kcore.errors import InvalidArgumentError

ONES = np.ones((200, 50), "float32")
RANDOM = [
    layers.Dropout,
    layers.GaussianNoise,
    layers.GaussianDropout,
    layers.AlphaDropout,
]


@pytest.mark.parametrize("kind", RANDOM)
def test_only_training_changes_the_input(backend, kind):
    layer = kind(0.3)
    np.testing.assert_array_equal(np.asarray(layer(ONES)), ONES)
    np.testing.assert_array_equal(np.asarray(layer(ONES, training=False)), ONES)
    assert not np.array_equal(np.asarray(layer(ONES, training=True)), ONES)


@pytest.mark.parametrize("kind", RANDOM)
def test_each_call_draws_new_numbers_and_a_seed_repeats_them(backend, kind):
    one, two = kind(0.3, seed=7), kind(0.3, seed=7)
    first, second = (np.asarray(one(ONES, training=True)) for _ in range(2))
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(np.asarray(two(ONES, training=True)), first)


def test_dropout_keeps_the_mean_and_drops_the_rate(backend):
    y = np.asarray(layers.Dropout(0.25, seed=1)(ONES, training=True))
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / 0.75)}
    assert (y == 0).mean() == pytest.approx(0.25, abs=0.02)


def test_a_dropout_mask_is_made_of_the_generators_bits(backend):
    y = np.asarray(layers.Dropout(0.25, seed=1)(ONES, training=True))
    bits = host_bits(make_key(1), shape=ONES.shape)
    np.testing.assert_array_equal(y != 0, (bits >> np.uint32(8)) < 0.75 * 2**24)


def test_the_gradient_of_dropout_is_its_scaled_mask(backend):
    with GradientTape() as tape:
        x = tape.watch(ops.convert_to_tensor(ONES))
        y = layers.Dropout(0.5, seed=1)(x, training=True)
    np.testing.assert_array_equal(np.asarray(tape.gradient(y, x)), np.asarray(y))


def test_a_captured_step_draws_new_numbers_each_time(backend):
    layer, eager = layers.Dropout(0.5, seed=1), layers.Dropout(0.5, seed=1)
    step = Function(lambda x: layer(x, training=True))
    for _ in range(3):
        np.testing.assert_array_equal(np.asarray(step(ONES)), np.asarray(eager(ONES, training=True)))


@pytest.mark.parametrize(("rate", "value"), [(0.0, 1.0), (1.0, 0.0)])
def test_dropout_of_nothing_and_of_everything(backend, rate, value):
    np.testing.assert_array_equal(np.asarray(layers.Dropout(rate)(ONES, training=True)), ONES * value)


@pytest.mark.parametrize("rate", [-0.1, 1.5, "a", None])
def test_a_rate_lies_between_0_and_1(rate):
    with pytest.raises(InvalidArgumentError, match="`rate` must be a number from 0 to 1"):
        layers.Dropout(rate)


def test_a_noise_shape_drops_axes_together(backend):
    y = np.asarray(layers.Dropout(0.5, noise_shape=(None, 1), seed=1)(ONES, training=True))
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1], y.shape))
    assert 0 < (y[:, 0] == 0).mean() < 1


@pytest.mark.parametrize(
    ("layer", "shape", "axes"),
    [
        (layers.SpatialDropout1D(0.5, seed=1), (8, 5, 9), (1,)),
        (layers.SpatialDropout2D(0.5, seed=1), (8, 5, 4, 9), (1, 2)),
        (layers.SpatialDropout2D(0.5, data_format="channels_first", seed=1), (8, 9, 5, 4), (2, 3)),
        (layers.SpatialDropout3D(0.5, seed=1), (8, 2, 3, 2, 9), (1, 2, 3)),
    ],
)
def test_spatial_dropout_drops_whole_maps(layer, shape, axes):
    y = np.asarray(layer(np.ones(shape, "float32"), training=True))
    np.testing.assert_array_equal(y.min(axis=axes), y.max(axis=axes))
    assert 0 < (y == 0).mean() < 1


def test_gaussian_noise_and_dropout_have_their_moments(backend):
    noise = np.asarray(layers.GaussianNoise(0.5, seed=1)(ONES, training=True))
    assert (noise.mean(), noise.std()) == (pytest.approx(1.0, abs=0.03), pytest.approx(0.5, abs=0.03))
    factor = np.asarray(layers.GaussianDropout(0.2, seed=1)(ONES, training=True))
    assert (factor.mean(), factor.std()) == (pytest.approx(1.0, abs=0.03), pytest.approx(0.5, abs=0.03))


def test_alpha_dropout_keeps_mean_and_variance(backend):
    x = np.random.RandomState(0).normal(size=(400, 100)).astype("float32")
    y = np.asarray(layers.AlphaDropout(0.2, seed=1)(x, training=True))
    assert (y.mean(), y.std()) == (pytest.approx(0.0, abs=0.03), pytest.approx(1.0, abs=0.03))


@pytest.mark.parametrize("kind", [layers.GaussianDropout, layers.AlphaDropout])
def test_noise_without_a_scale_is_refused(kind):
    with pytest.raises(InvalidArgumentError, match="less than 1"):
        kind(1.0)


def test_activity_is_penalized_per_sample(backend):
    layer = layers.ActivityRegularization(l1=0.5, l2=0.25)
    layer(np.full((4, 3), 2.0, "float32"))
    assert [float(np.asarray(term)) for term in layer.losses] == [pytest.approx(0.5 * 6 + 0.25 * 12)]


@pytest.mark.parametrize(
    "layer",
    [
        layers.Dropout(0.5, noise_shape=(None, 1), seed=3),
        layers.SpatialDropout1D(0.5, seed=3),
        layers.SpatialDropout2D(0.5, data_format="channels_first"),
        layers.GaussianNoise(0.5, seed=3),
        layers.GaussianDropout(0.5),
        layers.AlphaDropout(0.5),
        layers.ActivityRegularization(l1=0.5),
    ],
)
def test_configs_come_back(layer):
    assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()


def test_the_state_of_a_generator_is_a_variable_and_no_weight():
    layer = layers.Dropout(0.5)
    assert [v.name for v in layer.variables] == ["seed_generator_state"]
    assert layer.weights == []
