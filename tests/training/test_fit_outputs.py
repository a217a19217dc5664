"""Losses, metrics and weights of models with one and with several outputs."""

from __future__ import annotations

import numpy as np
import pytest

import kcore as keras
from kcore.errors import InvalidArgumentError

rng = np.random.default_rng(0)
X = rng.normal(size=(24, 4)).astype("float32")
REAL = rng.normal(size=(24, 1)).astype("float32")
LABELS = rng.integers(0, 3, size=24)


def two_outputs(as_dict=False):
    inputs = keras.Input((4,))
    a = keras.layers.Dense(1, name="a")(inputs)
    b = keras.layers.Dense(3, activation="softmax", name="b")(inputs)
    return keras.Model(inputs, {"a": a, "b": b} if as_dict else [a, b])


def single(units=1, activation=None):
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(units, activation=activation)])


def logs_of(model, y, **options):
    model.compile("sgd", **options)
    return model.evaluate(X, y, verbose=0, return_dict=True)


def losses_by_hand(model):
    a, b = (model.predict(X, verbose=0)[key] for key in (("a", "b") if isinstance(model.output, dict) else (0, 1)))
    return np.mean((a - REAL) ** 2), -np.mean(np.log(b[np.arange(24), LABELS]))


BOTH = {"a": "mse", "b": "sparse_categorical_crossentropy"}


@pytest.mark.parametrize("as_dict", [False, True])
@pytest.mark.parametrize("by_name", [False, True])
def test_the_total_is_the_weighted_sum(backend, as_dict, by_name):
    model = two_outputs(as_dict)
    loss, weights, y = BOTH, {"a": 0.5, "b": 2.0}, {"a": REAL, "b": LABELS}
    if not by_name:
        loss, weights, y = list(loss.values()), [0.5, 2.0], [REAL, LABELS]
    logs = logs_of(model, y, loss=loss, loss_weights=weights)
    a, b = losses_by_hand(model)
    np.testing.assert_allclose([logs["a_loss"], logs["b_loss"], logs["loss"]], [a, b, 0.5 * a + 2 * b], rtol=1e-5)
    assert list(logs) == ["loss", "a_loss", "b_loss"]


@pytest.mark.parametrize(
    ("metrics", "names"),
    [
        ([["mae"], ["acc"]], ["a_mae", "b_acc"]),
        ({"b": "accuracy"}, ["b_accuracy"]),
        ({"a": ["mae", "mse"]}, ["a_mae", "a_mse"]),
        (["mae", "acc"], ["a_mae", "b_acc"]),
        ([None, ["acc"]], ["b_acc"]),
    ],
)
def test_metrics_are_named_after_their_outputs(backend, metrics, names):
    logs = logs_of(two_outputs(), [REAL, LABELS], loss=BOTH, metrics=metrics)
    assert list(logs)[3:] == names


def test_one_list_of_metrics_counts_for_every_output(backend):
    y = [REAL, np.eye(3, dtype="float32")[LABELS]]
    logs = logs_of(two_outputs(), y, loss="mse", metrics=["mae", "mse", "msle"])
    assert list(logs)[3:] == ["a_mae", "a_mse", "a_msle", "b_mae", "b_mse", "b_msle"]


def test_an_output_without_a_loss_is_left_out(backend):
    model = two_outputs()
    logs = logs_of(model, [REAL, None], loss=["mse", None])
    assert list(logs) == ["loss", "a_loss"]
    np.testing.assert_allclose(logs["loss"], losses_by_hand(model)[0], rtol=1e-5)


def test_training_several_outputs_lowers_the_loss(backend):
    model = two_outputs()
    model.compile(keras.optimizers.SGD(0.1), BOTH, metrics={"b": "acc"})
    history = model.fit(X, {"a": REAL, "b": LABELS}, epochs=5, batch_size=8, verbose=0).history
    assert sorted(history) == ["a_loss", "b_acc", "b_loss", "loss"]
    assert history["loss"][-1] < history["loss"][0]


def test_sample_weights_by_output(backend):
    model = two_outputs()
    model.compile("sgd", BOTH)
    weights = np.linspace(0, 1, 24)
    logs = model.evaluate(X, [REAL, LABELS], sample_weight={"a": weights}, verbose=0, return_dict=True)
    a, _ = model.predict(X, verbose=0)
    np.testing.assert_allclose(logs["a_loss"], np.mean(weights * (a - REAL)[:, 0] ** 2), rtol=1e-5)
    np.testing.assert_allclose(logs["b_loss"], losses_by_hand(model)[1], rtol=1e-5)


# ---- names of metrics


def test_metrics_are_called_as_the_user_wrote_them(backend):
    logs = logs_of(single(), REAL, loss="mse", metrics=["mse", "MAE", "mean_squared_error", "acc", "accuracy"])
    assert list(logs) == ["loss", "mse", "MAE", "mean_squared_error", "acc", "accuracy"]


def test_functions_and_objects_keep_their_names(backend):
    def bias(y_true, y_pred):
        return keras.ops.mean(y_pred - y_true, axis=-1)

    metrics = [bias, keras.metrics.MeanAbsoluteError(), keras.metrics.MeanSquaredError(name="squared"), lambda t, p: p]
    logs = logs_of(single(), REAL, loss="mse", metrics=metrics)
    assert list(logs) == ["loss", "bias", "mean_absolute_error", "squared", "lambda"]


def test_a_weighted_metric_of_the_same_name_is_told_apart(backend):
    model = single()
    model.compile("sgd", "mse", metrics=["mae"], weighted_metrics=["mae"])
    weights = np.linspace(0, 1, 24)
    logs = model.evaluate(X, REAL, sample_weight=weights, verbose=0, return_dict=True)
    error = np.abs(model.predict(X, verbose=0) - REAL)[:, 0]
    np.testing.assert_allclose(logs["mae"], error.mean(), rtol=1e-5)
    np.testing.assert_allclose(logs["weighted_mae"], np.sum(weights * error) / np.sum(weights), rtol=1e-5)


# ---- which accuracy


def accuracy(model, y, loss):
    return logs_of(model, y, loss=loss, metrics=["accuracy"])["accuracy"]


def test_accuracy_of_one_unit_is_binary(backend):
    model, y = single(1, "sigmoid"), (LABELS > 0).astype("float32")
    for loss in ("binary_crossentropy", "mse"):
        expected = np.mean((model.predict(X, verbose=0)[:, 0] > 0.5) == y)
        assert accuracy(model, y, loss) == pytest.approx(expected)


def test_accuracy_of_several_labels_is_binary(backend):
    model, y = single(3, "sigmoid"), rng.integers(0, 2, size=(24, 3)).astype("float32")
    expected = np.mean((model.predict(X, verbose=0) > 0.5) == y)
    assert accuracy(model, y, "binary_crossentropy") == pytest.approx(expected)


@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy", "categorical_crossentropy", "mse"])
def test_accuracy_of_classes(backend, loss):
    model = single(3, "softmax")
    y = LABELS if loss.startswith("sparse") else np.eye(3, dtype="float32")[LABELS]
    expected = np.mean(model.predict(X, verbose=0).argmax(-1) == LABELS)
    assert accuracy(model, y, loss) == pytest.approx(expected)


def test_labels_in_a_column_are_sparse(backend):
    model = single(3, "softmax")
    expected = np.mean(model.predict(X, verbose=0).argmax(-1) == LABELS)
    assert accuracy(model, LABELS[:, None], "sparse_categorical_crossentropy") == pytest.approx(expected)


# ---- class weights


@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.parametrize("generated", [False, True])
def test_class_weights_weigh_samples(backend, one_hot, generated):
    loss = "categorical_crossentropy" if one_hot else "sparse_categorical_crossentropy"
    y = np.eye(3, dtype="float32")[LABELS] if one_hot else LABELS
    weighted, plain = single(3, "softmax"), single(3, "softmax")
    plain.set_weights(weighted.get_weights())
    for model in (weighted, plain):
        model.compile(keras.optimizers.SGD(0.1), loss)
    table = {0: 1.0, 1: 3.0, 2: 0.5}
    if generated:
        weighted.fit(iter([(X, y)]), class_weight=table, verbose=0)
    else:
        weighted.train_on_batch(X, y, class_weight=table)
    plain.train_on_batch(X, y, sample_weight=np.array([table[label] for label in LABELS]))
    np.testing.assert_allclose(weighted.get_weights()[0], plain.get_weights()[0], rtol=1e-5, atol=1e-7)


def test_class_and_sample_weights_multiply(backend):
    model, other = single(1, "sigmoid"), single(1, "sigmoid")
    other.set_weights(model.get_weights())
    y = (LABELS > 0).astype("float32")
    samples = np.linspace(0, 1, 24)
    for each in (model, other):
        each.compile("sgd", "binary_crossentropy")
    model.train_on_batch(X, y, sample_weight=samples, class_weight={1: 4.0})
    other.train_on_batch(X, y, sample_weight=samples * np.where(y > 0, 4.0, 1.0))
    np.testing.assert_allclose(model.get_weights()[0], other.get_weights()[0], rtol=1e-5)


@pytest.mark.parametrize("key", ["cat", 3, -1, 0.5])
def test_an_unknown_class_is_refused(backend, key):
    model = single(3, "softmax")
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(InvalidArgumentError, match=r"keys of `class_weight` must be class indices from 0 to 2"):
        model.fit(X, LABELS, class_weight={key: 1.0}, verbose=0)


def test_class_weights_of_several_outputs_go_by_name(backend):
    model = two_outputs()
    model.compile("sgd", BOTH)
    model.fit(X, {"a": REAL, "b": LABELS}, class_weight={"b": {0: 2.0}}, verbose=0)
    with pytest.raises(InvalidArgumentError, match="a list, or a dict by name, of dicts"):
        model.fit(X, {"a": REAL, "b": LABELS}, class_weight={0: 2.0}, verbose=0)


# ---- what doesn't fit


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": {"a": "mse", "c": "mse"}}, "keys of `loss` must be names of the model's outputs, which are: a, b"),
        ({"loss": ["mse"]}, "`loss` must hold one entry for each of the model's 2 outputs"),
        ({"loss": "mse", "loss_weights": [1.0]}, "`loss_weights` must hold one entry"),
        ({"loss": "mse", "loss_weights": {"c": 1.0}}, "keys of `loss_weights`"),
        ({"loss": "mse", "loss_weights": 2.0}, "`loss_weights` must be a list or a dict"),
        ({"loss": "mse", "metrics": [["mae"], ["mae"], ["mae"]]}, "`metrics` must hold one entry"),
    ],
)
def test_what_does_not_fit_the_outputs_is_refused(backend, options, message):
    with pytest.raises(InvalidArgumentError, match=message):
        logs_of(two_outputs(), [REAL, np.eye(3)[LABELS]], **options)


@pytest.mark.parametrize("options", [{"loss": "mean_sqared"}, {"loss": "mse", "metrics": ["acuracy"]}])
def test_unknown_names_are_refused_at_compile(backend, options):
    with pytest.raises(ValueError, match="mean_sqared|acuracy"):
        single().compile("sgd", **options)
