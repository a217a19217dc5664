"""Configurations of functional models: our own, Keras 3's and Keras 2's."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kcore import ops, registry
from kcore.errors import SerializationError
from kcore.layers import Add, BatchNormalization, Concatenate, Dense, Dropout, Embedding, Input, Layer
from kcore.models import Functional, Model, Sequential

DATA = Path(__file__).parent / "data"
X = np.arange(8, dtype="float32").reshape(2, 4) / 8


def reloaded(model):
    """The model's twin through text, with the same weights."""
    described = json.loads(json.dumps(registry.serialize_keras_object(model)))
    twin = registry.deserialize_keras_object(described)
    twin.set_weights(model.get_weights())
    return twin


def numbered(model, divisor):
    """Give the weights the values 0, 1, 2, ... divided by a number."""
    model.set_weights([np.arange(w.size, dtype="float32").reshape(w.shape) / divisor for w in model.get_weights()])


def assert_same(backend, a, b):
    for x, y in zip(a if isinstance(a, list) else [a], b if isinstance(b, list) else [b], strict=True):
        np.testing.assert_array_equal(backend.to_numpy(x), backend.to_numpy(y))


class TestRoundTrip:
    def test_shared_layers_and_nested_structures(self, backend):
        a, b = Input((4,), name="a"), Input((4,), name="b")
        shared = Dense(3, name="shared")
        model = Model({"a": a, "b": b}, [Add()([shared(a), shared(b)]), shared(b)], name="m")
        twin = reloaded(model)
        assert type(twin) is Functional
        assert [layer.name for layer in twin.layers] == [layer.name for layer in model.layers]
        assert_same(backend, twin({"a": X, "b": 2 * X}), model({"a": X, "b": 2 * X}))

    def test_ops(self, backend):
        x = Input((4,))
        y = ops.relu(x - 0.5)
        z = ops.concatenate([ops.sum(y * 2.0, axis=1, keepdims=True), y[:, :2], 1.0 / (y + 1.0)], axis=-1)
        model = Model(x, ops.reshape(z, (-1, 7, 1)))
        assert_same(backend, reloaded(model)(X), model(X))

    def test_an_op_called_like_a_layer(self, backend):
        x = Input((4,))
        model = Model(x, Dense(4, name="add")(x) + 1.0)
        assert_same(backend, reloaded(model)(X), model(X))

    def test_nested_models(self, backend):
        x = Input((4,))
        inner = Model(x, Dense(4)(x), name="inner")
        y = Input((4,))
        model = Model(y, Sequential([Dense(2)], name="head")(inner(inner(y))))
        assert_same(backend, reloaded(model)(X), model(X))

    def test_keyword_tensors_and_constants(self, backend):
        @registry.register_keras_serializable("tests")
        class ScaleAndShift(Layer):
            def call(self, x, factor=None, shift=0.0):
                return x * factor + shift

        a, b = Input((4,)), Input((4,))
        model = Model([a, b], ScaleAndShift()(a, factor=b, shift=1.0))
        assert_same(backend, reloaded(model)([X, X]), model([X, X]))

    def test_a_flag_that_was_given(self):
        x = Input((4,))
        model = Model(x, BatchNormalization(name="bn")(x, training=False))
        assert reloaded(model).get_layer("bn")._inbound_nodes[0].call_kwargs == {"training": False}

    def test_a_submodel_has_only_its_own_calls(self):
        x = Input((4,), name="x")
        shared = Dense(4, name="shared")
        first = shared(x)
        second = shared(first)
        shared(second)
        config = Model(x, second).get_config()
        assert [len(layer["inbound_nodes"]) for layer in config["layers"]] == [0, 2]

    def test_a_model_that_starts_in_the_middle(self, backend):
        x = Input((4,))
        middle = Dense(4)(x)
        model = Model(middle, Dense(2)(middle))
        assert_same(backend, reloaded(model)(X), model(X))

    def test_frozen_model(self):
        x = Input((4,))
        model = Model(x, Dense(2)(x))
        model.trainable = False
        twin = reloaded(model)
        assert not twin.trainable
        assert twin.trainable_weights == []


class TestKeras3:
    def test_layers_ops_and_nested_model(self, backend):
        stored = json.loads((DATA / "keras3_functional.json").read_text())
        model = registry.deserialize_keras_object(stored["model"])
        numbered(model, 10)
        outputs = model({"a": np.arange(8).reshape(2, 4) / 8, "b": np.ones((2, 4))})
        for output, expected in zip(outputs, stored["outputs"], strict=True):
            np.testing.assert_allclose(backend.to_numpy(output), expected, atol=2e-5)

    def test_written_in_the_same_form(self):
        stored = json.loads((DATA / "keras3_functional.json").read_text())["model"]["config"]
        written = registry.deserialize_keras_object(json.loads((DATA / "keras3_functional.json").read_text())["model"])
        config = json.loads(json.dumps(written.get_config()))
        assert (config["input_layers"], config["output_layers"]) == (stored["input_layers"], stored["output_layers"])
        for ours, theirs in zip(config["layers"], stored["layers"], strict=True):
            assert (ours["class_name"], ours["module"], ours["name"]) == (
                theirs["class_name"],
                theirs["module"],
                theirs["name"],
            )
            assert [node["args"] for node in ours["inbound_nodes"]] == [
                node["args"] for node in theirs["inbound_nodes"]
            ]
            if theirs["module"].startswith("keras.src.ops"):
                assert ours["config"] == theirs["config"]

    def test_masks_written_as_ops(self, backend):
        stored = json.loads((DATA / "keras3_masked.json").read_text())
        model = registry.deserialize_keras_object(stored["model"])
        numbered(model, 50)
        output = model(np.array([[1, 2, 0, 0, 0], [3, 4, 5, 6, 7]]))
        np.testing.assert_allclose(backend.to_numpy(output), stored["outputs"][0], atol=2e-5)

    def test_default_flags_are_not_fixed(self):
        config = {
            "name": "m",
            "layers": [
                {
                    "module": "keras.layers",
                    "class_name": "InputLayer",
                    "config": {"batch_shape": [None, 4], "dtype": "float32", "name": "x"},
                    "name": "x",
                    "inbound_nodes": [],
                },
                {
                    "module": "keras.layers",
                    "class_name": "Dropout",
                    "config": {"rate": 0.5, "name": "drop"},
                    "name": "drop",
                    "inbound_nodes": [
                        {
                            "args": [
                                {
                                    "class_name": "__keras_tensor__",
                                    "config": {"shape": [None, 4], "dtype": "float32", "keras_history": ["x", 0, 0]},
                                }
                            ],
                            "kwargs": {"training": False},
                        }
                    ],
                },
            ],
            "input_layers": [["x", 0, 0]],
            "output_layers": [["drop", 0, 0]],
        }
        model = Model.from_config(config)
        assert isinstance(model.get_layer("drop"), Dropout)
        assert model.get_layer("drop")._inbound_nodes[0].call_kwargs == {}


def keras2_layer(class_name, name, inbound, **config):
    return {"class_name": class_name, "name": name, "config": {"name": name, **config}, "inbound_nodes": inbound}


def keras2_input(name, shape):
    return keras2_layer("InputLayer", name, [], batch_input_shape=[None, *shape], dtype="float32", sparse=False)


class TestKeras2:
    def test_shared_and_merged(self, backend):
        config = {
            "name": "model_1",
            "layers": [
                keras2_input("a", [4]),
                keras2_input("b", [4]),
                keras2_layer("Dense", "shared", [[["a", 0, 0, {}]], [["b", 0, 0, {}]]], units=3, activation="relu"),
                keras2_layer("Concatenate", "both", [[["shared", 0, 0, {}], ["shared", 1, 0, {}]]], axis=-1),
            ],
            "input_layers": [["a", 0, 0], ["b", 0, 0]],
            "output_layers": [["both", 0, 0]],
        }
        model = Model.from_config(config)
        kernel, bias = model.get_weights()
        expected = np.concatenate([np.maximum(x @ kernel + bias, 0) for x in (X, -X)], axis=-1)
        np.testing.assert_allclose(backend.to_numpy(model([X, -X])[0]), expected, rtol=1e-5)
        assert isinstance(model.get_layer("both"), Concatenate)

    def test_calls_of_nested_models_count_from_one(self, backend):
        inner = {
            "name": "inner",
            "layers": [keras2_input("x", [4]), keras2_layer("Dense", "d", [[["x", 0, 0, {}]]], units=4)],
            "input_layers": [["x", 0, 0]],
            "output_layers": [["d", 0, 0]],
        }
        config = {
            "name": "outer",
            "layers": [
                keras2_input("y", [4]),
                {
                    "class_name": "Model",
                    "name": "inner",
                    "config": inner,
                    "inbound_nodes": [[["y", 0, 0, {}]], [["inner", 1, 0, {}]]],
                },
            ],
            "input_layers": [["y", 0, 0]],
            "output_layers": [["inner", 2, 0]],
        }
        model = Model.from_config(config)
        kernel, bias = model.get_weights()
        expected = (X @ kernel + bias) @ kernel + bias
        np.testing.assert_allclose(backend.to_numpy(model(X)[0]), expected, rtol=1e-5)

    def test_keyword_arguments(self):
        config = {
            "name": "m",
            "layers": [
                keras2_input("x", [4]),
                keras2_layer("Dropout", "drop", [[["x", 0, 0, {"training": True}]]], rate=0.5),
            ],
            "input_layers": [["x", 0, 0]],
            "output_layers": [["drop", 0, 0]],
        }
        assert Model.from_config(config).get_layer("drop")._inbound_nodes[0].call_kwargs == {"training": True}


class TestErrors:
    def test_a_call_on_a_tensor_that_is_not_there(self):
        config = {
            "name": "m",
            "layers": [keras2_input("x", [4]), keras2_layer("Dense", "d", [[["gone", 0, 0, {}]]], units=1)],
            "input_layers": [["x", 0, 0]],
            "output_layers": [["d", 0, 0]],
        }
        with pytest.raises(SerializationError, match=r"layers \['d'\] refer to tensors"):
            Model.from_config(config)

    def test_an_output_that_is_not_there(self):
        config = {
            "name": "m",
            "layers": [keras2_input("x", [4])],
            "input_layers": [["x", 0, 0]],
            "output_layers": [["d", 3, 0]],
        }
        with pytest.raises(SerializationError, match="output 0 of call 3 of layer 'd'"):
            Model.from_config(config)

    def test_an_unknown_op(self):
        layer = {"module": "keras.src.ops.numpy", "class_name": "NoSuchOp", "config": {"name": "n"}, "name": "n"}
        config = {"name": "m", "layers": [layer], "input_layers": [], "output_layers": []}
        with pytest.raises(SerializationError, match="Received: class_name='NoSuchOp'"):
            Model.from_config(config)


def test_embedding_masks_survive(backend):
    tokens = Input((5,), dtype="int32")
    model = Model(tokens, Embedding(10, 2, mask_zero=True)(tokens))
    x = np.array([[1, 2, 0, 0, 0]])
    assert_same(backend, reloaded(model)(x), model(x))
