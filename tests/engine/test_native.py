"""Gradients by the engine's own autodiff, where it has one, against the core's."""

from __future__ import annotations

import numpy as np
import pytest

import kcore
from kcore import layers, ops
from kcore.errors import CaptureError, GradientError, UnsupportedError

X = np.random.default_rng(2).normal(size=(24, 6)).astype("float32")
Y = np.arange(24) % 3


@pytest.fixture
def native(backend):
    """The backend under test, if its engine has a tape; what the others say is asked of them."""
    if backend.native_autodiff is None:
        with pytest.raises(UnsupportedError, match=f"Backend '{backend.name}' has no autodiff of its own"):
            kcore.NativeGradientTape()
        pytest.xfail("the engine has no autodiff of its own")
    return backend


def make(native_autodiff: bool):
    kcore.utils.set_random_seed(5)
    model = kcore.Sequential([
        layers.Input((6,)), layers.Dense(8, activation="gelu"), layers.BatchNormalization(), layers.Reshape((4, 2)),
        layers.LSTM(5, return_sequences=True), layers.MaxPooling1D(2), layers.Dropout(0.2), layers.Flatten(),
        layers.Dense(3, activation="softmax"),
    ])  # fmt: skip
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], native_autodiff=native_autodiff)
    return model


def test_training_is_the_same(native):
    histories = [make(own).fit(X, Y, epochs=3, verbose=0).history for own in (False, True)]
    np.testing.assert_allclose(histories[0]["loss"], histories[1]["loss"], rtol=1e-5)


def test_code_of_the_engine_is_differentiated(native):
    """`detach().requires_grad_()` tensors flow through functions that the core doesn't know."""
    variable = kcore.Variable([3.0, 4.0])
    with kcore.NativeGradientTape() as tape:
        value = variable.value.norm()
    np.testing.assert_allclose(native.to_numpy(tape.gradient(value, variable)), [0.6, 0.8], rtol=1e-6)


def test_what_stops_and_what_is_custom(native):
    @kcore.custom_gradient
    def steep(x):
        return x * 1.0, lambda g: g * 7

    with kcore.NativeGradientTape() as tape:
        x = tape.watch(native.asarray(np.float32(3.0)))
        y = steep(x) * 2 + kcore.stop_gradient(x) * x
    assert float(tape.gradient(y, x)) == 17.0


def test_several_sources_and_cotangents(native):
    a, b, unused = kcore.Variable(2.0), kcore.Variable([1.0, 3.0]), kcore.Variable(1.0)
    with kcore.NativeGradientTape(persistent=True) as tape:
        y = ops.square(b) * a
    got = tape.gradient(y, {"a": a, "b": [b, unused]}, output_gradients=np.float32([1, 10]))
    assert float(got["a"]) == 91.0 and got["b"][1] is None
    np.testing.assert_allclose(native.to_numpy(got["b"][0]), [4.0, 120.0])
    assert float(tape.gradient(y, a)) == 10.0
    assert set(map(id, tape.watched_variables())) == {id(a), id(b)}


def test_errors(native):
    v = kcore.Variable(1.0)
    with kcore.NativeGradientTape() as tape:
        y = v * v
    tape.gradient(y, v)
    with pytest.raises(GradientError, match="once on a tape"):
        tape.gradient(y, v)
    with pytest.raises(CaptureError, match="can't be captured"):
        kcore.Function(lambda x: (kcore.NativeGradientTape(), x)[1])(X)


def test_a_backend_without_one_says_so(backend):
    if backend.native_autodiff is None:
        with pytest.raises(UnsupportedError, match="has no autodiff of its own. Use `kcore.GradientTape`"):
            make(True).fit(X, Y, verbose=0)
    else:
        assert make(True).fit(X, Y, verbose=0).history["loss"]
