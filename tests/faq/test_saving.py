"""The FAQ's rows on saving: 6 to 9, 24. Each test runs a user's lines on every backend."""

from __future__ import annotations

import json

import numpy as np
import pytest

import kcore as keras
from kcore import ops
from kcore.layers import Dense, Dropout, Input, Layer
from kcore.models import Sequential
from kcore.saving import load_model, model_from_json, model_from_yaml
from kcore.utils import CustomObjectScope

X = np.random.default_rng(0).normal(size=(24, 4)).astype("float32")
Y = X[:, :1] * 2


class Doubling(Layer):
    """A layer of the user's own."""

    def call(self, x):
        return ops.multiply(x, 2)


def small(*extra):
    return Sequential([Input((4,)), Dense(5, name="dense_1"), *extra, Dense(1, name="dense_2")])


def trained(*extra, epochs=2):
    model = small(*extra)
    model.compile(keras.optimizers.Adam(0.01), loss="mse", metrics=["mae"])
    model.fit(X, Y, epochs=epochs, shuffle=False, verbose=0)
    return model


def test_row_6_a_saved_model_resumes_training_exactly(backend, tmp_path):
    model = trained()
    model.save(tmp_path / "my_model.h5")
    resumed = load_model(tmp_path / "my_model.h5")
    for each in (model, resumed):
        each.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert resumed.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)
    assert resumed.metrics_names == ["loss", "mae"]


def test_row_6_a_model_is_compiled_only_if_it_was(backend, tmp_path):
    model = small()
    model.save(tmp_path / "my_model.h5")
    again = load_model(tmp_path / "my_model.h5")
    assert not again.compiled
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_row_7_the_architecture_is_readable_and_editable(backend):
    described = json.loads(small().to_json())
    layers = described["config"]["layers"]
    next(layer for layer in layers if layer["config"]["name"] == "dense_1")["config"]["units"] = 7
    assert model_from_json(json.dumps(described)).get_layer("dense_1").units == 7


def test_row_7_yaml(backend):
    assert [layer.name for layer in model_from_yaml(small().to_yaml()).layers] == ["dense_1", "dense_2"]


def test_row_8_weights_into_the_same_architecture(backend, tmp_path):
    model, other = trained(), small()
    model.save_weights(tmp_path / "my_model_weights.h5")
    other.load_weights(tmp_path / "my_model_weights.h5")
    np.testing.assert_array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))


def test_row_8_weights_by_name_into_another_one(backend, tmp_path):
    model = trained()
    model.save_weights(tmp_path / "w.h5")
    other = Sequential([Dense(5, input_dim=4, name="dense_1"), Dense(10, name="new_dense")])
    fresh = other.get_layer("new_dense").get_weights()[0]
    other.load_weights(tmp_path / "w.h5", by_name=True)
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])
    np.testing.assert_array_equal(other.get_layer("new_dense").get_weights()[0], fresh)


@pytest.mark.parametrize("with_scope", [False, True])
def test_row_9_custom_objects(backend, tmp_path, with_scope):
    model = small(Doubling(), Dropout(0.1))
    model.save(tmp_path / "my_model.h5")
    custom = {"Doubling": Doubling}
    if with_scope:
        with CustomObjectScope(custom):
            again = load_model(tmp_path / "my_model.h5")
            model_from_json(model.to_json())
    else:
        again = load_model(tmp_path / "my_model.h5", custom_objects=custom)
        model_from_json(model.to_json(), custom_objects=custom)
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_row_9_an_unknown_class_is_refused(backend, tmp_path):
    small(Doubling()).save(tmp_path / "my_model.h5")
    with pytest.raises(ValueError, match="Doubling"):
        load_model(tmp_path / "my_model.h5")


def test_row_6_and_13_checkpoints_hold_the_best_model(backend, tmp_path):
    path = tmp_path / "weights.{epoch:02d}.h5"
    model = small()
    model.compile("sgd", "mse")
    history = model.fit(
        X,
        Y,
        epochs=3,
        verbose=0,
        callbacks=[keras.callbacks.ModelCheckpoint(path, monitor="loss", save_best_only=True)],
    )
    saved = sorted(file.name for file in tmp_path.iterdir())
    best = int(np.argmin(history.history["loss"])) + 1
    assert f"weights.{best:02d}.h5" in saved
    again = load_model(tmp_path / "weights.03.h5")
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_row_24_h5py_is_there():
    import h5py

    assert h5py.version.version_tuple >= (3, 10)
