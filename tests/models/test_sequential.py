"""`Sequential`: adding, removing, building, configurations."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from kcore.errors import InvalidArgumentError, ShapeError
from kcore.layers import Dense, Flatten, Input, InputLayer, Layer
from kcore.models import Model, Sequential

X = np.arange(8, dtype="float32").reshape(2, 4)


def chained(x, model):
    for layer in model.layers:
        kernel, bias = layer.get_weights()
        x = x @ kernel + bias
    return x


@pytest.mark.parametrize(
    "make",
    [
        lambda: Sequential([Input((4,)), Dense(3), Dense(2)]),
        lambda: Sequential([Dense(3, input_shape=(4,)), Dense(2)]),
        lambda: Sequential([Dense(3, input_dim=4), Dense(2)]),
        lambda: Sequential([InputLayer((4,)), Dense(3), Dense(2)]),
        lambda: Sequential([Dense(3, batch_input_shape=(None, 4)), Dense(2)]),
    ],
    ids=["Input", "input_shape", "input_dim", "InputLayer", "batch_input_shape"],
)
def test_built_as_layers_are_added(make, backend):
    model = make()
    assert model.built
    assert (model.input_shape, model.output_shape) == ((None, 4), (None, 2))
    assert len(model.layers) == 2
    np.testing.assert_allclose(backend.to_numpy(model(X)), chained(X, model), rtol=1e-4)


def test_built_by_the_first_call(backend):
    model = Sequential([Dense(3), Dense(2)])
    assert not model.built
    assert model.weights == []
    np.testing.assert_allclose(backend.to_numpy(model(X)), chained(X, model), rtol=1e-4)
    assert model.output_shape == (None, 2)
    assert tuple(model(np.ones((7, 4))).shape) == (7, 2)


def test_built_by_build():
    model = Sequential([Dense(3), Dense(2)])
    model.build((None, 4))
    assert [tuple(w.shape) for w in model.weights] == [(4, 3), (3,), (3, 2), (2,)]
    model.build((None, 4))
    assert len(model.weights) == 4


def test_build_needs_a_shape_and_layers():
    with pytest.raises(InvalidArgumentError, match="`input_shape` to be built"):
        Sequential([Dense(1)]).build()
    with pytest.raises(InvalidArgumentError, match="needs layers"):
        Sequential().build((None, 1))


def test_called_symbolically_before_it_is_built():
    model = Sequential([Dense(3)])
    assert model(Input((4,))).shape == (None, 3)
    assert model.built


def test_paths_start_with_the_model():
    assert Sequential([Input((4,)), Dense(3, name="d")], name="s").weights[0].path == "s/d/kernel"


def test_nested(backend):
    inner = Sequential([Input((4,)), Dense(3)])
    outer = Sequential([inner, Dense(2)])
    assert outer.input_shape == (None, 4)
    assert tuple(outer(X).shape) == (2, 2)
    x = Input((4,))
    assert tuple(Model(x, outer(x))(X).shape) == (2, 2)


def test_pop_and_add(backend):
    model = Sequential([Input((4,)), Dense(3, name="a"), Dense(2, name="b")])
    popped = model.pop()
    assert popped.name == "b"
    assert model.output_shape == (None, 3)
    model.add(Dense(5, name="c"))
    assert [layer.name for layer in model.layers] == ["a", "c"]
    np.testing.assert_allclose(backend.to_numpy(model(X)), chained(X, model), rtol=1e-4)
    assert model.get_layer("c").output is model.output


def test_a_popped_layer_can_go_elsewhere():
    model = Sequential([Input((4,)), Dense(4, name="a"), Dense(4, name="b")])
    popped = model.pop()
    other = Sequential([Input((4,)), popped])
    assert popped.output is other.output
    assert model.get_layer("a")._outbound_nodes == []


def test_pop_before_building():
    model = Sequential([Dense(3), Dense(2)])
    model.pop()
    assert len(model.layers) == 1
    model.pop()
    assert model.pop() is None
    model.add(Dense(7))
    model.build((None, 4))
    assert model.output_shape == (None, 7)


def test_pop_keeps_the_input():
    model = Sequential([Input((4,)), Dense(3)])
    model.pop()
    assert model.pop() is None
    model.add(Dense(2))
    assert model.output_shape == (None, 2)


def test_submodel_of_a_sequential(backend):
    model = Sequential([Input((4,)), Dense(3, name="hidden"), Dense(2)])
    part = Model(model.input, model.get_layer("hidden").output)
    assert tuple(part(X).shape) == (2, 3)


def test_only_layers():
    with pytest.raises(InvalidArgumentError, match="must be a layer. Received: layer=1"):
        Sequential([1])


def test_names_are_unique():
    with pytest.raises(InvalidArgumentError, match="different names"):
        Sequential([Dense(1, name="d"), Dense(1, name="d")])


def test_input_comes_first():
    with pytest.raises(InvalidArgumentError, match="must come first"):
        Sequential([Dense(1), Input((3,))])


def test_one_output_only():
    class Two(Layer):
        def call(self, x):
            return x, x

    model = Sequential([Input((4,))])
    with pytest.raises(InvalidArgumentError, match="one output"):
        model.add(Two())
    assert model.layers == []


def test_shape_error_names_the_input():
    model = Sequential([Input((4,), name="x"), Dense(1)], name="s")
    with pytest.raises(ShapeError, match=r"Input 0 \('x'\) of model 's'"):
        model(np.ones((2, 5)))


def test_shape_error_while_adding_names_the_layer():
    model = Sequential([Input((4,))], name="s")
    with pytest.raises(ShapeError, match="'s/inner'"):
        model.add(_wants_rank_three())


def _wants_rank_three():
    from kcore.layers import InputSpec

    layer = Flatten(name="inner")
    layer.input_spec = InputSpec(ndim=3)
    return layer


def test_config_round_trip(backend):
    model = Sequential([Input((4,), name="x"), Dense(3, activation="relu", name="d")], name="s")
    twin = Sequential.from_config(model.get_config())
    twin.set_weights(model.get_weights())
    assert (twin.name, [layer.name for layer in twin.layers]) == ("s", ["d"])
    np.testing.assert_array_equal(backend.to_numpy(twin(X)), backend.to_numpy(model(X)))


def test_config_of_a_deferred_model_keeps_its_shape():
    model = Sequential([Dense(3, name="d")])
    assert "build_input_shape" not in model.get_config()
    model.build((None, 4))
    assert Sequential.from_config(model.get_config()).input_shape == (None, 4)


def test_config_of_keras_2():
    layers = [
        {"class_name": "Dense", "config": {"name": "dense_1", "units": 3, "batch_input_shape": [None, 4]}},
        {"class_name": "Dense", "config": {"name": "dense_2", "units": 2, "activation": "softmax"}},
    ]
    for config in (layers, {"name": "sequential_1", "layers": layers}):
        model = Sequential.from_config(config)
        assert model.output_shape == (None, 2)


def test_deepcopy(backend):
    model = Sequential([Dense(3), Dense(2)])
    model(X)
    twin = copy.deepcopy(model)
    np.testing.assert_array_equal(backend.to_numpy(twin(X)), backend.to_numpy(model(X)))
    twin.add(Dense(1))
    assert len(model.layers) == 2


def test_frozen_part():
    model = Sequential([Input((4,)), Dense(3, trainable=False), Dense(2)])
    assert [tuple(w.shape) for w in model.trainable_weights] == [(3, 2), (2,)]
    assert len(model.non_trainable_weights) == 2


def test_a_first_layer_of_several_inputs(backend):
    class Sum(Layer):
        def call(self, inputs):
            return inputs[0] + inputs[1]

    model = Sequential([Sum(), Dense(2)])
    assert tuple(model([X, X]).shape) == (2, 2)


def test_predict_classes_of_one_and_of_several_scores(monkeypatch):
    model = Sequential()
    monkeypatch.setattr(Sequential, "predict", lambda self, x, **options: x)
    assert model.predict_classes(np.array([[0.2, 0.8], [0.6, 0.4]])).tolist() == [1, 0]
    assert model.predict_classes(np.array([[0.2], [0.6]])).tolist() == [[0], [1]]
