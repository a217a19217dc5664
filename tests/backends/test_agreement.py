"""The same seed gives the same numbers on every backend.

Bit for bit what is drawn, closely what is computed from it.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

import kcore
from kcore import initializers, layers, ops
from kcore.cli import demo
from kcore.conformance.tolerances import LOSS_CURVES

STARTS = [
    initializers.RandomNormal(stddev=0.3, seed=3),
    initializers.TruncatedNormal(seed=3),
    initializers.RandomUniform(-2.0, 0.5, seed=3),
    initializers.GlorotUniform(seed=3),
    initializers.GlorotNormal(seed=3),
    initializers.HeUniform(seed=3),
    initializers.HeNormal(seed=3),
    initializers.LecunUniform(seed=3),
    initializers.LecunNormal(seed=3),
    initializers.VarianceScaling(2.0, "fan_avg", "uniform", seed=3),
    initializers.Orthogonal(seed=3),
]

DRAWN = {
    "uniform": lambda: kcore.random.uniform((5, 7), -1.0, 2.0),
    "normal": lambda: kcore.random.normal((5, 7), 0.5, 2.0),
    "truncated_normal": lambda: kcore.random.truncated_normal((5, 7)),
    "randint": lambda: kcore.random.randint((5, 7), -3, 1000),
    "categorical": lambda: kcore.random.categorical(ops.log([[0.2, 0.3, 0.5]] * 4), 9),
    "shuffle": lambda: kcore.random.shuffle(ops.arange(31)),
    "dropout": lambda: kcore.random.dropout(ops.ones((5, 7)), 0.4),
    "Dropout": lambda: layers.Dropout(0.3)(ops.ones((4, 6, 5)), training=True),
    "SpatialDropout1D": lambda: layers.SpatialDropout1D(0.5)(ops.ones((4, 6, 5)), training=True),
    "GaussianNoise": lambda: layers.GaussianNoise(0.5)(ops.zeros((4, 6)), training=True),
    "GaussianDropout": lambda: layers.GaussianDropout(0.3)(ops.ones((4, 6)), training=True),
}


def on_numpy(draw):
    kcore.utils.set_random_seed(11)
    with kcore.use_backend("numpy"):
        return draw()


def on(backend, draw):
    kcore.utils.set_random_seed(11)
    return draw()


@pytest.mark.parametrize("initializer", STARTS, ids=lambda x: type(x).__name__)
def test_initial_weights_are_the_same_bits(backend, initializer):
    def draw():
        return [ops.convert_to_numpy(initializer(shape, dtype="float32")) for shape in ((9, 5), (3, 3, 4, 6), (7,))[:2]]

    for got, expected in zip(on(backend, draw), on_numpy(draw), strict=True):
        np.testing.assert_array_equal(got.view(np.uint32), expected.view(np.uint32))


def network():
    """A model of all kinds of weights, which draws from the process-wide seed."""
    inputs = layers.Input((6, 6, 2))
    x = layers.Conv2D(4, 3, activation="relu")(inputs)
    x = layers.DepthwiseConv2D(2)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Reshape((9, 4))(x)
    x = layers.Concatenate()([layers.LSTM(5)(x), layers.GRU(3)(x)])
    return kcore.Model(inputs, layers.Dense(3, activation="softmax")(x))


def test_a_models_weights_are_the_same_bits(backend):
    draw = lambda: network().get_weights()
    for got, expected in zip(on(backend, draw), on_numpy(draw), strict=True):
        np.testing.assert_array_equal(got.view(np.uint32), expected.view(np.uint32))


@pytest.mark.parametrize("name", DRAWN)
def test_what_is_drawn_is_the_same_bits(backend, name):
    draw = lambda: ops.convert_to_numpy(DRAWN[name]())
    got, expected = on(backend, draw), on_numpy(draw)
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)


def test_shuffles_of_fit_are_the_same(backend):
    """The order of samples is seen from inside: each batch's sum of distinct powers of two."""

    def draw():
        seen = []
        x = 2.0 ** np.arange(12, dtype="float32")[:, None]
        model = kcore.Sequential([layers.Input((1,)), layers.Dense(1, kernel_initializer="ones", trainable=False)])
        model.compile("sgd", lambda y_true, y_pred: ops.sum(y_pred))
        keep = kcore.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(float(logs["loss"])))
        model.fit(x, x, batch_size=3, epochs=3, verbose=0, callbacks=[keep])
        return seen

    assert on(backend, draw) == on_numpy(draw)


def digits_learned(dtype) -> tuple[list[float], float]:
    """Ten epochs of `kcore demo`, dropout and all: the losses, and the final accuracy on the test images."""
    before = kcore.config.floatx()
    kcore.config.set_floatx(dtype)
    try:
        (x, y), test = demo.data()
        model = demo.compiled_model()
        losses = model.fit(x, y, batch_size=32, epochs=10, verbose=0).history["loss"]
        return losses, model.evaluate(*test, verbose=0)[1]
    finally:
        kcore.config.set_floatx(before)


@cache
def learned_on_numpy(dtype) -> tuple[list[float], float]:
    with kcore.use_backend("numpy"):
        return digits_learned(dtype)


@pytest.mark.parametrize("dtype", LOSS_CURVES)
def test_the_digits_are_learned_alike(backend, dtype):
    if dtype not in backend.capabilities.dtypes:
        pytest.skip(f"not run: no {dtype}")
    (losses, accuracy), (expected, final) = digits_learned(dtype), learned_on_numpy(dtype)
    np.testing.assert_allclose(losses, expected, rtol=LOSS_CURVES[dtype])
    assert final > demo.GOAL
    assert accuracy == final


def test_mixed_layers_are_trained_alike(backend):
    """Convolution, normalization and recurrence, with a shuffle, over a few updates."""

    def curve():
        rng = np.random.default_rng(0)
        x, y = rng.normal(size=(48, 6, 6, 2)).astype("float32"), rng.integers(0, 3, 48)
        model = network()
        model.compile(kcore.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model.fit(x, y, batch_size=16, epochs=4, verbose=0).history

    got, expected = on(backend, curve), on_numpy(curve)
    assert expected["loss"][-1] < expected["loss"][0] < 2 * math.log(3)
    np.testing.assert_allclose(got["loss"], expected["loss"], rtol=1e-4)
