"""The FAQ's rows on models: 11, 19. Each test runs a user's lines on every backend."""

from __future__ import annotations

import numpy as np

from kcore.layers import Activation, Dense, Input
from kcore.models import Model, Sequential

X = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")


def test_row_11_an_intermediate_output_is_a_model(backend):
    model = Sequential([Input((4,)), Dense(3, name="my_layer"), Activation("relu"), Dense(1)])
    layer_name = "my_layer"
    intermediate = Model(inputs=model.input, outputs=model.get_layer(layer_name).output)
    kernel, bias = model.get_layer(layer_name).get_weights()
    np.testing.assert_allclose(intermediate.predict(X, verbose=0), X @ kernel + bias, rtol=1e-5, atol=1e-6)


def test_row_19_the_last_layer_can_be_removed(backend):
    model = Sequential()
    model.add(Dense(32, activation="relu", input_dim=4))
    model.add(Dense(32, activation="relu"))
    assert len(model.layers) == 2
    model.pop()
    assert len(model.layers) == 1
    model.add(Dense(3))
    assert model.predict(X, verbose=0).shape == (6, 3)
