"""Bad input to `fit`: each error names what doesn't fit, before anything was trained."""

from __future__ import annotations

import math

import numpy as np
import pytest

import kcore as keras
from kcore.errors import InvalidArgumentError, ShapeError

X = np.ones((6, 4), "float32")
Y = np.zeros((6, 1), "float32")


def model_of(units=1, activation=None, loss="mse"):
    model = keras.Sequential(
        [keras.Input((4,), name="pixels"), keras.layers.Dense(units, activation=activation, name="out")]
    )
    model.compile("sgd", loss)
    return model


def two_inputs():
    inputs = [keras.Input((4,), name="left"), keras.Input((2,), name="right")]
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Concatenate()(inputs)))
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize("call", ["fit", "evaluate", "predict", "train_on_batch"])
def test_a_wrong_shape_names_the_input_layer(backend, call):
    arguments = (X[:, :3],) if call == "predict" else (X[:, :3], Y)
    with pytest.raises(ShapeError, match=r"input layer 'pixels' must have shape \(batch, 4\).*\(6, 3\)"):
        getattr(model_of(), call)(*arguments)


def test_a_missing_input_is_named(backend):
    with pytest.raises(InvalidArgumentError, match=r"2 arrays, one for each input layer \(left, right\)"):
        two_inputs().fit(X, Y)
    with pytest.raises(InvalidArgumentError, match="the inputs left, right. Received: left"):
        two_inputs().fit({"left": X}, Y)
    with pytest.raises(ShapeError, match="input layer 'right'"):
        two_inputs().fit([X, X], Y)


@pytest.mark.parametrize(("label", "sample"), [(3, 2), (-1, 4)])
@pytest.mark.parametrize("call", ["fit", "evaluate", "train_on_batch"])
def test_a_label_out_of_range_is_named(backend, label, sample, call):
    model = model_of(3, "softmax", "sparse_categorical_crossentropy")
    y = np.zeros(6, "int32")
    y[sample] = label
    before = model.get_weights()[0]
    with pytest.raises(
        InvalidArgumentError, match=rf"label {label} at sample {sample}, but output 'out' has 3 classes"
    ):
        getattr(model, call)(X, y)
    np.testing.assert_array_equal(model.get_weights()[0], before)


def test_labels_of_validation_data_are_checked(backend):
    model = model_of(3, "softmax", "sparse_categorical_crossentropy")
    with pytest.raises(InvalidArgumentError, match="the label 7"):
        model.fit(X, np.zeros(6, "int32"), validation_data=(X, np.full(6, 7)), verbose=0)


def test_an_ignored_class_is_no_error(backend):
    loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=-1)
    model = model_of(3, "softmax", loss)
    assert np.isfinite(model.evaluate(X, np.array([0, 1, 2, -1, -1, 0]), verbose=0))


def test_targets_must_be_given_for_a_loss(backend):
    with pytest.raises(InvalidArgumentError, match="`y` must be given.*output 'out'"):
        model_of().fit(X)


def test_something_must_be_minimized(backend):
    model = model_of()
    model.compile("sgd")
    with pytest.raises(InvalidArgumentError, match="nothing to minimize"):
        model.fit(X, Y, verbose=0)


def test_unequal_lengths_are_named(backend):
    with pytest.raises(InvalidArgumentError, match="x: 6, y: 5"):
        model_of().fit(X, Y[:5])
    with pytest.raises(InvalidArgumentError, match="sample_weight: 3"):
        model_of().fit(X, Y, sample_weight=np.ones(3))


@pytest.mark.parametrize("call", ["fit", "evaluate", "predict"])
def test_no_samples_are_refused(backend, call):
    with pytest.raises(InvalidArgumentError, match="at least one sample"):
        getattr(model_of(), call)(X[:0])
    with pytest.raises(InvalidArgumentError, match="at least one batch"):
        getattr(model_of(), call)(iter([]))


@pytest.mark.parametrize("fraction", [1.0, -0.1, 1.5, 0.999])
def test_a_split_must_leave_samples_on_both_sides(backend, fraction):
    with pytest.raises(InvalidArgumentError, match="`validation_split` must leave samples"):
        model_of().fit(X, Y, validation_split=fraction)


def test_a_generator_cannot_be_split(backend):
    with pytest.raises(InvalidArgumentError, match="needs data in arrays"):
        model_of().fit(iter([(X, Y)]), validation_split=0.5)


@pytest.mark.parametrize("validation", [(X,), (X, Y, Y, Y)])
def test_validation_data_of_another_length_is_refused(backend, validation):
    with pytest.raises(InvalidArgumentError, match="`validation_data` must be"):
        model_of().fit(X, Y, validation_data=validation, verbose=0)


def test_a_wrong_target_shape_is_refused(backend):
    with pytest.raises(ShapeError, match="y_true"):
        model_of(3).fit(X, np.zeros((6, 2)), verbose=0)


def test_an_unknown_argument_is_refused(backend):
    with pytest.raises(InvalidArgumentError, match="epoch=3"):
        model_of().fit(X, Y, epoch=3)


def test_nan_terminates_training(backend, capsys):
    x = X.copy()
    x[4] = math.nan
    history = model_of().fit(
        x, Y, batch_size=2, epochs=3, shuffle=False, verbose=0, callbacks=keras.callbacks.TerminateOnNaN()
    )
    assert len(history.history["loss"]) == 1
    assert "Batch 2: the loss is nan" in capsys.readouterr().out


def test_an_unwritable_checkpoint_is_refused_before_training(backend, tmp_path):
    (tmp_path / "file").write_text("")
    model = model_of()
    before = model.get_weights()[0]
    with pytest.raises(InvalidArgumentError, match="can't write to"):
        model.fit(X, Y, verbose=0, callbacks=keras.callbacks.ModelCheckpoint(tmp_path / "file" / "m.h5"))
    np.testing.assert_array_equal(model.get_weights()[0], before)
