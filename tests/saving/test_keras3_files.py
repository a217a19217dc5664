"""Files that real Keras wrote: they load, predict the same, and train on as real Keras did.

Each file was written by the Keras that `values.json` names, which also computed the numbers in there.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kcore import saving

FOLDER = Path(__file__).with_name("keras3")
VALUES = json.loads((FOLDER / "values.json").read_text())


def inputs_of(name):
    x = VALUES[name]["x"]
    several = name == "functional"
    return (
        [np.array(part, "float32") for part in x] if several else np.array(x, "int32" if name == "rnn" else "float32")
    )


def assert_close(got, expected, atol):
    got = got if isinstance(got, (list, tuple)) else [got]
    expected = expected if len(got) > 1 else [expected]
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, np.array(b), rtol=0, atol=atol)


@pytest.mark.parametrize("name", ["dense", "functional", "conv", "rnn"])
def test_prediction_is_that_of_real_keras(backend, name):
    model = saving.load_model(FOLDER / f"{name}.h5")
    assert_close(model.predict(inputs_of(name), verbose=0), VALUES[name]["prediction"], atol=2e-6)


@pytest.mark.parametrize("name", ["dense", "functional"])
def test_training_goes_on_as_in_real_keras(backend, name):
    model = saving.load_model(FOLDER / f"{name}.h5")
    y = VALUES[name]["y"]
    y = np.array(y) if name == "dense" else {"o1": np.array(y[0], "float32"), "inner": np.array(y[1], "float32")}
    assert int(model.optimizer.iterations) == 3
    for _ in range(2):
        model.train_on_batch(inputs_of(name), y)
    for got, expected in zip(model.get_weights(), VALUES[name]["after_two_more_steps"], strict=True):
        np.testing.assert_allclose(got, np.array(expected), rtol=0, atol=2e-5)


@pytest.mark.parametrize("name", ["conv", "rnn"])
def test_model_that_was_not_compiled_comes_back_so(backend, name):
    assert not saving.load_model(FOLDER / f"{name}.h5").compiled


@pytest.mark.parametrize("name", ["dense", "functional", "conv", "rnn"])
def test_weights_alone_load_into_a_model_of_the_same_architecture(backend, name):
    model = saving.load_model(FOLDER / f"{name}.h5", compile=False)
    fresh = saving.model_from_json(model.to_json())
    fresh.load_weights(FOLDER / f"{name}.h5")
    for a, b in zip(fresh.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
