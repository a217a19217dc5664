"""`fit`, `evaluate` and `predict` against a linear model trained by hand in float64."""

from __future__ import annotations

import numpy as np
import pytest

import kcore as keras
from kcore.callbacks import LambdaCallback
from kcore.errors import InvalidArgumentError

RATE = 0.1


def data(samples=20, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(samples, 3)).astype("float32")
    return x, (x @ [[1.0], [-2.0], [0.5]] + 0.3 + 0.1 * rng.normal(size=(samples, 1))).astype("float32")


def linear(**options):
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1, **options)])
    model.set_weights([np.array([[0.1], [0.2], [-0.1]], "float32"), np.zeros(1, "float32")])
    return model


def compiled(**options):
    model = linear()
    model.compile(**{"optimizer": keras.optimizers.SGD(RATE), "loss": "mse", **options})
    return model


class ByHand:
    """Linear regression by gradient descent on the weighted squared error, in float64."""

    def __init__(self):
        self.w, self.b = np.array([0.1, 0.2, -0.1]), 0.0

    def loss(self, x, y, weights=None):
        return float(np.mean((1.0 if weights is None else weights) * (x @ self.w + self.b - y[:, 0]) ** 2))

    def step(self, x, y, weights=None):
        loss = self.loss(x, y, weights)
        error = 2 * (x @ self.w + self.b - y[:, 0]) * (1.0 if weights is None else weights) / len(x)
        self.w, self.b = self.w - RATE * x.T @ error, self.b - RATE * error.sum()
        return loss

    def epoch(self, x, y, size, weights=None):
        losses = []
        for start in range(0, len(x), size):
            part = slice(start, start + size)
            losses += [self.step(x[part], y[part], None if weights is None else weights[part])] * len(x[part])
        return float(np.mean(losses))

    def check(self, model):
        w, b = model.get_weights()
        np.testing.assert_allclose(w[:, 0], self.w, rtol=2e-5, atol=1e-6)
        np.testing.assert_allclose(b, [self.b], rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("size", [5, 8, 64])
def test_fit_follows_gradient_descent(backend, size, eagerly):
    x, y = data()
    model, hand = compiled(run_eagerly=eagerly), ByHand()
    history = model.fit(x, y, batch_size=size, epochs=3, shuffle=False, verbose=0)
    expected = [hand.epoch(x, y, size) for _ in range(3)]
    np.testing.assert_allclose(history.history["loss"], expected, rtol=1e-5)
    hand.check(model)


def test_sample_weights_count(backend):
    x, y = data()
    weights = np.linspace(0, 2, len(x))
    model, hand = compiled(), ByHand()
    history = model.fit(x, y, sample_weight=weights, batch_size=8, shuffle=False, verbose=0)
    np.testing.assert_allclose(history.history["loss"], [hand.epoch(x, y, 8, weights)], rtol=1e-5)
    hand.check(model)


def test_train_on_batch_returns_the_loss_before_the_update(backend):
    x, y = data()
    model, hand = compiled(), ByHand()
    for _ in range(3):
        np.testing.assert_allclose(model.train_on_batch(x, y), hand.step(x, y), rtol=1e-5)
    hand.check(model)


def test_train_on_batch_may_keep_the_mean(backend):
    x, y = data()
    model, hand = compiled(), ByHand()
    losses = [hand.step(x, y) for _ in range(3)]
    model.train_on_batch(x, y)
    model.train_on_batch(x, y, reset_metrics=False)
    logs = model.train_on_batch(x, y, reset_metrics=False, return_dict=True)
    np.testing.assert_allclose(logs["loss"], np.mean(losses), rtol=1e-5)


def test_evaluate_is_the_loss_at_the_end(backend):
    x, y = data()
    model = compiled(metrics=["mae"])
    model.fit(x, y, epochs=2, verbose=0)
    error = model.predict(x, verbose=0) - y
    np.testing.assert_allclose(
        model.evaluate(x, y, batch_size=8, verbose=0), [np.mean(error**2), np.mean(np.abs(error))], rtol=1e-5
    )
    np.testing.assert_allclose(model.test_on_batch(x, y), [np.mean(error**2), np.mean(np.abs(error))], rtol=1e-5)
    assert list(model.evaluate(x, y, verbose=0, return_dict=True)) == ["loss", "mae"] == model.metrics_names


def test_predict_joins_the_batches(backend):
    x, _ = data()
    model = linear()
    w, b = model.get_weights()
    for size in (7, 20, 64):
        np.testing.assert_allclose(model.predict(x, batch_size=size, verbose=0), x @ w + b, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.predict_on_batch(x), x @ w + b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("layer", ["Identity", "Flatten", "Dense"])
def test_a_source_may_fill_the_same_memory_for_each_batch(backend, layer):
    given = np.arange(24, dtype="float32").reshape(4, 2, 3)
    options = {"units": 3, "kernel_initializer": "identity"} if layer == "Dense" else {}
    model = keras.Sequential([keras.Input((3,)), getattr(keras.layers, layer)(**options)])

    def batches():
        memory = np.empty((2, 3), "float32")
        for batch in given:
            memory[:] = batch
            yield (memory,)

    np.testing.assert_array_equal(model.predict(batches(), verbose=0), given.reshape(8, 3))


def test_a_batch_is_fetched_when_the_next_has_started(backend, monkeypatch):
    model, happened = linear(), []
    to_numpy = backend.to_numpy
    monkeypatch.setattr(backend, "to_numpy", lambda x: happened.append("fetched") or to_numpy(x))
    told = keras.callbacks.LambdaCallback(on_predict_batch_end=lambda number, logs: happened.append(number))
    model.predict(data()[0], batch_size=8, verbose=0, callbacks=[told])
    assert happened == [0, "fetched", 1, "fetched", 2, "fetched"]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
@pytest.mark.parametrize("rows", [1, 32, 33])
def test_one_batch_without_callbacks_is_predicted_as_with_them(backend, rows, dtype):
    model = linear()
    x = np.arange(rows * 3).reshape(rows, 3).astype(dtype)
    alone = model.predict(x, verbose=0)
    np.testing.assert_allclose(alone, model.predict(x, verbose=0, callbacks=[keras.callbacks.Callback()]), rtol=1e-6)
    assert alone.dtype == "float32" and alone.flags.writeable


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, True])
def test_the_batch_size_of_one_batch_is_checked(backend, batch_size):
    with pytest.raises(InvalidArgumentError, match="`batch_size` must be a positive integer"):
        linear().predict(data()[0][:1], batch_size=batch_size, verbose=0)


def test_predictions_are_the_callers_own(backend):
    x = data()[0]
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Flatten()])
    predicted = model.predict(x, verbose=0)
    predicted[:] = 0
    assert x.any()


def test_validation_happens_at_the_end_of_each_epoch(backend):
    x, y = data()
    vx, vy = data(10, seed=1)
    model, hand = compiled(), ByHand()
    history = model.fit(x, y, epochs=2, shuffle=False, verbose=0, validation_data=(vx, vy))
    expected = []
    for _ in range(2):
        hand.epoch(x, y, 32)
        expected.append(hand.loss(vx, vy))
    np.testing.assert_allclose(history.history["val_loss"], expected, rtol=1e-5)


def test_validation_split_is_the_last_part_before_shuffling(backend):
    x, y = data()
    model, hand = compiled(), ByHand()
    history = model.fit(x, y, batch_size=64, validation_split=0.25, verbose=0)
    np.testing.assert_allclose(history.history["loss"], [hand.epoch(x[:15], y[:15], 64)], rtol=1e-5)
    np.testing.assert_allclose(history.history["val_loss"], [hand.loss(x[15:], y[15:])], rtol=1e-5)


@pytest.mark.parametrize(("frequency", "epochs"), [(2, [1, 3]), ([1, 4], [0, 3])])
def test_validation_frequency(backend, frequency, epochs):
    x, y = data()
    seen = []
    model = compiled()
    note = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append((epoch, "val_loss" in logs)))
    model.fit(x, y, epochs=4, verbose=0, validation_data=(x, y), validation_freq=frequency, callbacks=[note])
    assert [epoch for epoch, validated in seen if validated] == epochs


def test_a_seed_makes_a_run_reproducible(backend):
    x, y = data()
    runs = []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(seed)
        model = compiled()
        model.fit(x, y, batch_size=4, epochs=2, verbose=0)
        runs.append(model.get_weights()[0])
    np.testing.assert_array_equal(runs[0], runs[1])
    assert (runs[0] != runs[2]).any()


def test_initial_epoch_goes_on_from_there(backend):
    x, y = data()
    history = compiled().fit(x, y, epochs=5, initial_epoch=3, verbose=0)
    assert history.epoch == [3, 4]


def test_steps_per_epoch_go_on_through_the_data(backend):
    x, y = data(12)
    model, hand = compiled(), ByHand()
    model.fit(x, y, batch_size=4, epochs=2, steps_per_epoch=2, shuffle=False, verbose=0)
    for start in (0, 4, 8, 0):
        hand.step(x[start : start + 4], y[start : start + 4])
    hand.check(model)


def test_generators_train_like_arrays(backend):
    x, y = data(16)

    def forever():
        while True:
            for start in range(0, 16, 4):
                yield x[start : start + 4], y[start : start + 4]

    hand = ByHand()
    for _ in range(2):
        hand.epoch(x, y, 4)
    for train in ("fit", "fit_generator"):
        model = compiled()
        getattr(model, train)(forever(), steps_per_epoch=4, epochs=2, verbose=0)
        hand.check(model)
    np.testing.assert_allclose(model.evaluate_generator(forever(), steps=4), hand.loss(x, y), rtol=1e-4)
    np.testing.assert_allclose(
        model.predict_generator(forever(), steps=4), model.predict(x, verbose=0), rtol=1e-5, atol=1e-6
    )


def test_a_generator_that_ends_stops_training_with_a_warning(backend):
    x, y = data(8)
    model = compiled()
    with pytest.warns(UserWarning, match="The data ran out"):
        history = model.fit(((x, y) for _ in range(3)), epochs=3, steps_per_epoch=2, verbose=0)
    assert len(history.history["loss"]) == 2


def test_weights_of_a_generator_count(backend):
    x, y = data(8)
    weights = np.arange(8.0)
    model, hand = compiled(), ByHand()
    model.fit(iter([(x, y, weights)]), verbose=0)
    hand.step(x, y, weights)
    hand.check(model)


def test_a_sequence_with_workers_trains(backend):
    x, y = data(16)

    class Batches(keras.utils.Sequence):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            return x[index * 4 : index * 4 + 4], y[index * 4 : index * 4 + 4]

    model, hand = compiled(), ByHand()
    model.fit(Batches(), workers=2, shuffle=False, verbose=0)
    hand.epoch(x, y, 4)
    hand.check(model)


def test_stop_training_ends_the_epoch_at_once(backend):
    x, y = data()
    model = compiled()
    seen = []

    def stop(batch, logs):
        seen.append(batch)
        model.stop_training = batch == 1

    model.fit(x, y, batch_size=4, epochs=5, verbose=0, callbacks=[LambdaCallback(on_train_batch_end=stop)])
    assert seen == [0, 1]


def test_targets_of_rank_one_meet_a_column(backend):
    x, y = data()
    model, hand = compiled(metrics=["mae"]), ByHand()
    model.fit(x, y[:, 0], batch_size=64, shuffle=False, verbose=0)
    hand.step(x, y)
    hand.check(model)


def test_only_the_added_losses_train_a_model_without_targets(backend):
    model = linear(kernel_regularizer=keras.regularizers.L2(0.5))
    model.compile(keras.optimizers.SGD(RATE))
    before = model.get_weights()[0]
    with pytest.warns(UserWarning, match="no gradient of the loss for these variables.*bias"):
        history = model.fit(data()[0], batch_size=32, verbose=0)
    np.testing.assert_allclose(history.history["loss"], [0.5 * np.sum(before**2)], rtol=1e-5)
    np.testing.assert_allclose(model.get_weights()[0], before - RATE * before, rtol=1e-5)


def test_penalties_are_added_to_the_loss(backend):
    x, y = data()
    model = linear(kernel_regularizer=keras.regularizers.L2(0.5))
    model.compile(keras.optimizers.SGD(RATE), "mse", metrics=["mse"])
    logs = model.evaluate(x, y, verbose=0, return_dict=True)
    np.testing.assert_allclose(logs["loss"] - logs["mse"], 0.5 * np.sum(model.get_weights()[0] ** 2), rtol=1e-4)


def test_constraints_hold_after_each_step(backend):
    x, y = data()
    model = linear(kernel_constraint=keras.constraints.NonNeg())
    model.compile("sgd", "mse")
    model.fit(x, y, verbose=0)
    assert (model.get_weights()[0] >= 0).all()


def test_an_uncompiled_model_says_so(backend):
    x, y = data()
    for call in ("fit", "evaluate", "train_on_batch", "test_on_batch"):
        with pytest.raises(InvalidArgumentError, match="must be compiled before"):
            getattr(linear(), call)(x, y)


def test_float64_trains_in_float64(backend):
    x, y = data()
    previous = keras.config.floatx()
    keras.config.set_floatx("float64")
    try:
        model, hand = compiled(), ByHand()
        history = model.fit(x.astype("float64"), y.astype("float64"), batch_size=5, shuffle=False, verbose=0)
        np.testing.assert_allclose(history.history["loss"], [hand.epoch(x, y, 5)], rtol=1e-7)
    finally:
        keras.config.set_floatx(previous)
