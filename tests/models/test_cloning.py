"""`clone_model`."""

from __future__ import annotations

import numpy as np
import pytest

from kcore.errors import InvalidArgumentError
from kcore.layers import Add, Dense, Input
from kcore.models import Model, Sequential, clone_model

X = np.arange(8, dtype="float32").reshape(2, 4)


def assert_same_with_same_weights(backend, model, clone, x):
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(backend.to_numpy(clone(x)), backend.to_numpy(model(x)))
    assert not {id(v) for v in clone.weights} & {id(v) for v in model.weights}
    assert [layer.name for layer in clone.layers] == [layer.name for layer in model.layers]


@pytest.fixture
def functional():
    a, b = Input((4,), name="a"), Input((4,), name="b")
    shared = Dense(3, name="shared")
    return Model([a, b], Add(name="add")([shared(a), shared(b)]) * 2.0, name="m")


def test_functional(backend, functional):
    assert_same_with_same_weights(backend, functional, clone_model(functional), [X, X + 1])


def test_sequential(backend):
    for model in (Sequential([Input((4,)), Dense(3)]), Sequential([Dense(3)])):
        model(X)
        clone = clone_model(model)
        clone(X)
        assert_same_with_same_weights(backend, model, clone, X)


def test_subclass(backend):
    class Mine(Model):
        def __init__(self, units):
            super().__init__()
            self.dense = Dense(units, name="d")

        def call(self, x):
            return self.dense(x)

    model = Mine(3)
    model(X)
    clone = clone_model(model)
    clone(X)
    assert_same_with_same_weights(backend, model, clone, X)


def test_other_inputs(functional):
    a, b = Input((4,), batch_size=2), Input((4,), batch_size=2)
    clone = clone_model(functional, [a, b])
    assert clone.inputs == [a, b]
    assert clone.output_shape == (2, 3)
    x = Input((4,))
    assert clone_model(Sequential([Dense(3)]), x).inputs == [x]
    with pytest.raises(InvalidArgumentError, match="must be 2 tensors"):
        clone_model(functional, [a])


def test_clone_function(functional):
    def widen(layer):
        config = layer.get_config()
        return type(layer).from_config({**config, "units": 7} if "units" in config else config)

    assert clone_model(functional, clone_function=widen).output_shape == (None, 7)


def test_clone_function_inside_nested_models(functional):
    inner = Sequential([Input((3,)), Dense(2, name="inner")], name="head")
    model = Model(functional.inputs, inner(functional.output))
    seen = []

    def noting(layer):
        seen.append(layer.name)
        return type(layer).from_config(layer.get_config())

    clone_model(model, clone_function=noting)
    assert "head" in seen
    seen.clear()
    clone_model(model, clone_function=noting, recursive=True)
    assert "inner" in seen
    assert "head" not in seen


def test_call_function(functional):
    called = []

    def noting(layer, *args, **kwargs):
        called.append(layer.name)
        return layer(*args, **kwargs)

    clone_model(functional, call_function=noting)
    assert called == ["shared", "shared", "add"]


def test_not_a_model():
    with pytest.raises(InvalidArgumentError, match="must be a model"):
        clone_model(Dense(1))
