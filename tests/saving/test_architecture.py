"""Architectures as JSON and YAML."""

from __future__ import annotations

import json

import numpy as np
import pytest

import kcore as keras
from kcore import layers, saving
from kcore.errors import SerializationError

FORMS = [
    pytest.param(saving.model_to_json, saving.model_from_json, id="json"),
    pytest.param(saving.model_to_yaml, saving.model_from_yaml, id="yaml"),
]


def make_model():
    inputs = keras.Input((4,), name="in")
    hidden = layers.Dense(3, activation="relu", kernel_regularizer="l2", name="hidden")(inputs)
    return keras.Model(inputs, [layers.Dense(2, name="a")(hidden), hidden + 1.0], name="model")


@pytest.mark.parametrize(("write", "read"), FORMS)
def test_architecture_comes_back_with_new_weights(backend, write, read):
    model = make_model()
    again = read(write(model))
    assert again.get_config() == model.get_config()
    again.set_weights(model.get_weights())
    x = np.ones((2, 4), "float32")
    for got, expected in zip(again.predict(x, verbose=0), model.predict(x, verbose=0), strict=True):
        np.testing.assert_array_equal(got, expected)


def test_text_is_readable_and_can_be_edited(backend):
    text = make_model().to_json(indent=2)
    assert '"units": 3' in text
    edited = saving.model_from_json(text.replace('"units": 3', '"units": 7'))
    assert edited.get_layer("hidden").units == 7


def test_compile_is_not_part_of_the_architecture(backend):
    model = make_model()
    model.compile("sgd", "mse")
    assert "compile_config" not in json.loads(model.to_json())
    assert not saving.model_from_json(model.to_json()).compiled


def test_built_shape_of_a_sequential_without_input_comes_back(backend):
    model = keras.Sequential([layers.Dense(2)])
    model.build((None, 5))
    assert saving.model_from_json(model.to_json()).count_params() == 12


class Doubled(layers.Layer):
    def call(self, x):
        return x * 2


@pytest.mark.parametrize(("write", "read"), FORMS)
def test_custom_objects(backend, write, read):
    text = write(keras.Sequential([keras.Input((4,)), Doubled()]))
    assert isinstance(read(text, custom_objects={"Doubled": Doubled}).layers[0], Doubled)
    with pytest.raises(SerializationError, match="'Doubled'"):
        read(text)


def test_lambda_is_refused_when_it_is_written(backend):
    model = keras.Sequential([keras.Input((4,)), layers.Lambda(lambda x: x * 2)])
    with pytest.raises(SerializationError, match="lambda"):
        model.to_json()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "3",
        "[]",
        '{"class_name": "Dense"}',
        '{"class_name": 3, "config": {}}',
        '{"class_name": "Nothing", "config": {}}',
    ],
)
def test_what_describes_no_model_is_refused(backend, text):
    with pytest.raises(SerializationError):
        saving.model_from_json(text)


def test_yaml_that_would_run_code_is_refused(backend, tmp_path):
    target = tmp_path / "ran"
    with pytest.raises(SerializationError, match="plain data"):
        saving.model_from_yaml(
            f"!!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path ['{target}']]"
        )
    assert not target.exists()


def test_ops_without_module_are_found():
    described = saving.architecture.with_modules(
        {"layers": [{"class_name": "Add", "config": {"name": "add"}, "inbound_nodes": [{"args": [], "kwargs": {}}]}]}
    )
    assert described["layers"][0]["module"] == "keras.src.ops"
