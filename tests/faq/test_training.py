"""The FAQ's rows on training: 5, 10, 12 to 18, 21, 23. Each test runs a user's lines on every backend."""

from __future__ import annotations

import random

import h5py
import numpy as np
import pytest

import kcore as keras
from kcore.callbacks import Callback, EarlyStopping
from kcore.layers import LSTM, BatchNormalization, Dense, Dropout, Input
from kcore.models import Model, Sequential

X = np.random.default_rng(0).normal(size=(40, 4)).astype("float32")
Y = (X[:, :1] - X[:, 1:2] > 0).astype("float32")


def classifier():
    model = Sequential()
    model.add(Dense(8, activation="relu", input_dim=4))
    model.add(Dense(1, activation="sigmoid"))
    model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["acc"])
    return model


def test_row_5_an_epoch_is_all_batches_then_validation_then_callbacks(backend):
    events = []

    class Watch(Callback):
        def on_train_batch_end(self, batch, logs=None):
            events.append("batch")

        def on_test_end(self, logs=None):
            events.append("validation")

        def on_epoch_end(self, epoch, logs=None):
            events.append("epoch")

    classifier().fit(X, Y, epochs=2, batch_size=16, validation_data=(X, Y), verbose=0, callbacks=[Watch()])
    assert events == ["batch", "batch", "batch", "validation", "epoch"] * 2


def test_row_10_dropout_and_penalties_belong_to_training(backend):
    model = Sequential([Input((4,)), Dropout(0.5), Dense(1, kernel_regularizer="l2")])
    model.compile("sgd", "mse")
    np.testing.assert_array_equal(model.predict(X, verbose=0), model.predict(X, verbose=0))
    assert (keras.ops.convert_to_numpy(model(X, training=True)) != model.predict(X, verbose=0)).any()


def test_row_10_the_training_loss_is_the_mean_over_the_epoch(backend):
    model = Sequential([Input((4,)), Dense(1)])
    model.compile("sgd", "mse")
    losses = []

    class Losses(Callback):
        def on_train_batch_begin(self, batch, logs=None):
            part = slice(batch * 10, batch * 10 + 10)
            losses.append(np.mean((keras.ops.convert_to_numpy(model(X[part])) - Y[part]) ** 2))

    history = model.fit(X, Y, batch_size=10, shuffle=False, verbose=0, validation_data=(X, Y), callbacks=[Losses()])
    np.testing.assert_allclose(history.history["loss"], [np.mean(losses)], rtol=1e-5)
    at_the_end = np.mean((model.predict(X, verbose=0) - Y) ** 2)
    np.testing.assert_allclose(history.history["val_loss"], [at_the_end], rtol=1e-5)


def test_row_12_batch_by_batch(backend):
    model = classifier()
    first = model.train_on_batch(X, Y)[0]
    for _ in range(50):
        loss, acc = model.train_on_batch(X, Y)
    assert loss < first
    assert model.test_on_batch(X, Y)[1] >= acc - 0.2
    assert model.predict_on_batch(X[:3]).shape == (3, 1)


def test_row_12_a_generator_that_loops_forever(backend):
    def generate():
        while True:
            for start in range(0, 40, 8):
                yield X[start : start + 8], Y[start : start + 8]

    model = classifier()
    history = model.fit_generator(generate(), steps_per_epoch=5, epochs=10, verbose=0)
    assert len(history.history["loss"]) == 10
    assert history.history["loss"][-1] < history.history["loss"][0]
    assert len(model.evaluate_generator(generate(), steps=5)) == 2
    assert model.predict_generator(generate(), steps=5).shape == (40, 1)


def test_row_12_a_sequence_with_workers(backend):
    class Batches(keras.utils.Sequence):
        def __len__(self):
            return 5

        def __getitem__(self, index):
            return X[index * 8 : index * 8 + 8], Y[index * 8 : index * 8 + 8]

    model = classifier()
    model.fit_generator(Batches(), epochs=2, workers=2, verbose=0)
    np.testing.assert_allclose(model.predict_generator(Batches(), workers=2), model.predict(X, verbose=0), rtol=1e-5)


def test_row_13_early_stopping(backend):
    early_stopping = EarlyStopping(monitor="val_loss", patience=2)
    history = classifier().fit(X, Y, validation_data=(X, 1 - Y), epochs=50, verbose=0, callbacks=[early_stopping])
    assert len(history.epoch) < 50
    best = int(np.argmin(history.history["val_loss"]))
    assert len(history.epoch) == best + 3


def test_row_14_validation_split_takes_the_last_samples(backend):
    model = Sequential([Input((4,)), Dense(1)])
    model.compile(keras.optimizers.SGD(0.0), "mse")
    history = model.fit(X, Y, validation_split=0.1, epochs=2, verbose=0)
    expected = np.mean((model.predict(X[36:], verbose=0) - Y[36:]) ** 2)
    np.testing.assert_allclose(history.history["val_loss"], [expected] * 2, rtol=1e-5)


class Order(keras.Model):
    """Notes the order in which samples come, in variables."""

    def __init__(self):
        super().__init__()
        self.last = self.add_weight(shape=(4,), initializer="zeros", trainable=False, name="last")
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

    def call(self, x):
        self.last.assign(x[:, 0])
        return x * self.scale


def order_of(shuffle):
    model, seen = Order(), []
    model.compile("sgd", "mse")
    numbers = np.arange(12, dtype="float32")[:, None]
    note = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.extend(model.last.numpy()))
    model.fit(numbers, numbers, batch_size=4, epochs=2, shuffle=shuffle, verbose=0, callbacks=[note])
    return [int(value) for value in seen]


def test_row_15_each_epoch_is_shuffled(backend):
    seen = order_of(True)
    assert sorted(seen[:12]) == sorted(seen[12:]) == list(range(12))
    assert len({tuple(seen[:12]), tuple(seen[12:]), tuple(range(12))}) == 3


def test_row_15_unless_told_not_to(backend):
    assert order_of(False) == [*range(12), *range(12)]
    seen = order_of("batch")
    assert all(seen[i : i + 4] == list(range(seen[i], seen[i] + 4)) for i in range(0, 24, 4))


def test_row_16_history_holds_a_value_an_epoch(backend):
    hist = classifier().fit(X, Y, epochs=3, validation_split=0.2, verbose=0)
    assert list(hist.history) == ["loss", "acc", "val_loss", "val_acc"]
    assert all(len(values) == 3 for values in hist.history.values())
    assert all(isinstance(value, float) for values in hist.history.values() for value in values)


def test_row_17_freezing_takes_effect_at_compile(backend):
    x = Input(shape=(4,))
    layer = Dense(3)
    layer.trainable = False
    y = layer(x)
    frozen_model = Model(x, y)
    frozen_model.compile(optimizer="rmsprop", loss="mse")
    layer.trainable = True
    trainable_model = Model(x, y)
    trainable_model.compile(optimizer="rmsprop", loss="mse")
    targets = np.ones((40, 3))
    before = layer.get_weights()[0]
    frozen_model.fit(X, targets, verbose=0)
    np.testing.assert_array_equal(layer.get_weights()[0], before)
    trainable_model.fit(X, targets, verbose=0)
    assert (layer.get_weights()[0] != before).any()


def test_row_17_a_layer_may_be_made_frozen(backend):
    frozen_layer = Dense(32, trainable=False)
    model = Sequential([Input((4,)), frozen_layer, Dense(1)])
    model.compile("sgd", "mse")
    before = frozen_layer.get_weights()[0]
    model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(frozen_layer.get_weights()[0], before)


def test_row_18_a_stateful_rnn_carries_its_states(backend):
    x = np.random.default_rng(1).normal(size=(32, 21, 16)).astype("float32")
    model = Sequential()
    model.add(LSTM(32, input_shape=(10, 16), batch_size=32, stateful=True))
    model.add(Dense(16, activation="softmax"))
    model.compile(optimizer="rmsprop", loss="categorical_crossentropy")
    model.train_on_batch(x[:, :10], np.reshape(x[:, 10], (32, 16)) * 0 + 1 / 16)
    model.train_on_batch(x[:, 10:20], np.reshape(x[:, 20], (32, 16)) * 0 + 1 / 16)
    model.layers[0].reset_states()
    fresh = model.predict(x[:, :10], batch_size=32, verbose=0)
    carried = model.predict(x[:, :10], batch_size=32, verbose=0)
    assert (fresh != carried).any()
    model.reset_states()
    np.testing.assert_array_equal(model.predict(x[:, :10], batch_size=32, verbose=0), fresh)
    assert model.predict_classes(x[:, :10], batch_size=32).shape == (32,)


def test_row_21_hdf5_data_is_trained_on_directly(backend, tmp_path):
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"], file["y"] = X, Y
    with h5py.File(tmp_path / "data.h5") as file:
        model = classifier()
        model.fit(file["x"], file["y"], shuffle="batch", epochs=2, verbose=0)
        np.testing.assert_allclose(model.predict(file["x"], verbose=0), model.predict(X, verbose=0), rtol=1e-6)


def test_row_23_a_seed_makes_a_run_reproducible(backend):
    runs = []
    for _ in range(2):
        keras.utils.set_random_seed(42)
        model = Sequential([Input((4,)), Dense(8), BatchNormalization(), Dropout(0.3), Dense(1)])
        model.compile("adam", "mse")
        model.fit(X, Y, epochs=2, batch_size=8, verbose=0)
        runs.append([random.random(), np.random.rand(), *model.predict(X, verbose=0).ravel()])
    np.testing.assert_array_equal(*runs)


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "one"])
def test_row_23_a_bad_seed_is_refused(seed):
    with pytest.raises(ValueError, match="`seed` must be an integer from 0"):
        keras.utils.set_random_seed(seed)
