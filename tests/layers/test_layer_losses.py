"""The losses of layers: `add_loss`, regularizers, activity."""

from __future__ import annotations

import numpy as np
import pytest

from kcore import ops
from kcore.errors import InvalidArgumentError
from kcore.layers import Input, Layer


class Penalty(Layer):
    def call(self, x):
        self.add_loss(ops.sum(x))
        return x


class Twice(Layer):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def call(self, x):
        return self.inner(self.inner(x))


class Regularized(Layer):
    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(2,), initializer="ones", regularizer="l2", name="kernel")

    def call(self, x):
        return x * self.kernel


X = np.ones((4, 2), "float32")


def values(backend, layer):
    return [float(backend.to_numpy(loss)) for loss in layer.losses]


def test_losses_of_the_last_call(backend):
    layer = Penalty()
    layer(X)
    layer(2 * X)
    assert values(backend, layer) == [16.0]


def test_each_inner_call_counts(backend):
    layer = Twice(Penalty())
    layer(X)
    layer(X)
    assert values(backend, layer) == [8.0, 8.0]


def test_symbolic_calls_leave_none():
    layer = Penalty()
    layer(Input((2,)))
    assert layer.losses == []


def test_a_function_counts_always(backend):
    layer = Regularized()
    layer.add_loss(lambda: ops.sum(layer.kernel))
    layer(X)
    layer(X)
    np.testing.assert_allclose(values(backend, layer), [2.0, 0.02], rtol=1e-6)


def test_frozen_weights_are_not_penalized(backend):
    layer = Regularized()
    layer(X)
    layer.trainable = False
    assert layer.losses == []


def test_activity_penalty_is_divided_by_the_batch(backend):
    layer = Regularized(activity_regularizer="l1")
    layer(X)
    np.testing.assert_allclose(values(backend, layer), [0.01 * 8 / 4, 0.02], rtol=1e-6)


def test_keras_tensors_are_refused():
    with pytest.raises(InvalidArgumentError, match="only a functional model takes a KerasTensor"):
        Penalty().add_loss(Input((2,)))
