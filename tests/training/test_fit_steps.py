"""The step that `fit` captures: what it holds, when it is captured again, and steps of a user's own."""

from __future__ import annotations

import gc
import re
import weakref

import numpy as np
import pytest

import kcore as keras
from kcore import extend, ops, plugins
from kcore.callbacks import Callback
from kcore.errors import InvalidArgumentError
from kcore.training.logs import LazyLogs

rng = np.random.default_rng(0)
X = rng.normal(size=(20, 3)).astype("float32")
Y = rng.normal(size=(20, 1)).astype("float32")


def linear(**options):
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, **options)])


def captures(model, step="train_function"):
    return getattr(model._trainer, step)._captured.stats()["size"]


# ---- capture


def test_a_step_is_captured_once_for_each_batch_shape(backend):
    model = linear()
    model.compile("sgd", "mse", metrics=["mae"])
    model.fit(X, Y, batch_size=8, epochs=3, verbose=0)
    assert captures(model) == 2
    model.predict(X, batch_size=8, verbose=0)
    model.predict(X[:4], verbose=0)
    assert captures(model, "predict_function") == 2


def test_eager_steps_capture_nothing_and_give_the_same_numbers(backend):
    weights = []
    for eagerly in (False, True):
        keras.utils.set_random_seed(3)
        model = keras.Sequential(
            [keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dropout(0.5), keras.layers.Dense(1)]
        )
        model.compile("adam", "mse", run_eagerly=eagerly)
        model.fit(X, Y, batch_size=8, epochs=2, verbose=0)
        weights.append(model.get_weights()[0])
        assert (captures(model) == 0) is eagerly
    np.testing.assert_allclose(*weights, rtol=1e-4, atol=1e-6)


class Branching(keras.Model):
    """Its `call` looks at a value, which a capture can't know."""

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)

    def call(self, x):
        x = self.dense(x)
        if float(ops.sum(x)) > 1e6:
            return x * 2
        return x


def test_what_cannot_be_captured_runs_eagerly_after_one_warning(backend):
    model = Branching()
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match=r"can't be captured.*test_fit_steps\.py") as record:
        history = model.fit(X, Y, batch_size=4, epochs=3, verbose=0)
    assert len(record) == 1
    assert history.history["loss"][-1] < history.history["loss"][0]


def test_a_subclass_is_built_by_its_first_fit(backend):
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.hidden, self.out = keras.layers.Dense(4, activation="relu"), keras.layers.Dense(1)

        def call(self, x):
            return self.out(self.hidden(x))

    model = Net()
    model.compile("sgd", "mse", metrics=["mae"])
    history = model.fit(X, Y, batch_size=8, epochs=3, verbose=0)
    assert len(model.weights) == 4
    assert history.history["loss"][-1] < history.history["loss"][0]
    assert captures(model) == 2


def test_a_sequential_without_an_input_is_built_by_fit(backend):
    model = keras.Sequential([keras.layers.Dense(2), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    assert model.predict(X[:3], verbose=0).shape == (3, 1)


def test_adding_a_layer_after_compile_captures_anew(backend):
    model = linear()
    model.compile("sgd", "mse")
    assert model.predict(X, verbose=0).shape == (20, 1)
    model.add(keras.layers.Dense(5))
    assert model.predict(X, verbose=0).shape == (20, 5)
    model.pop()
    assert model.predict(X, verbose=0).shape == (20, 1)


# ---- trainable as of compile


def test_freezing_takes_effect_at_compile(backend):
    model = linear()
    model.compile("sgd", "mse")
    model.layers[-1].trainable = False
    before = model.get_weights()[0]
    model.fit(X, Y, verbose=0)
    after = model.get_weights()[0]
    assert (before != after).any()
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], after)


def test_two_models_share_a_layer_and_keep_each_its_own_freezing(backend):
    shared, inputs = keras.layers.Dense(2, name="shared"), keras.Input((3,))
    frozen = keras.Model(inputs, keras.layers.Dense(1)(shared(inputs)))
    trained = keras.Model(inputs, keras.layers.Dense(1)(shared(inputs)))
    shared.trainable = False
    frozen.compile("sgd", "mse")
    shared.trainable = True
    trained.compile("sgd", "mse")
    for _ in range(2):
        before = shared.get_weights()[0]
        frozen.fit(X, Y, verbose=0)
        np.testing.assert_array_equal(shared.get_weights()[0], before)
        trained.fit(X, Y, verbose=0)
        assert (shared.get_weights()[0] != before).any()


def test_a_layer_made_frozen_stays_as_it_is(backend):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, trainable=False), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    assert (model.get_weights()[2] != before[2]).any()


# ---- modes, states and masks


def test_dropout_is_off_in_evaluate_and_predict(backend):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dropout(0.9)])
    model.compile("sgd", "mse")
    np.testing.assert_array_equal(model.predict(X, verbose=0), X)
    assert model.evaluate(X, X, verbose=0) == 0.0


def test_statistics_move_in_training_only(backend):
    model = keras.Sequential([keras.Input((3,)), keras.layers.BatchNormalization(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    start = model.layers[0].moving_mean.numpy()
    model.evaluate(X, Y, verbose=0)
    model.predict(X, verbose=0)
    np.testing.assert_array_equal(model.layers[0].moving_mean.numpy(), start)
    model.fit(X, Y, batch_size=20, verbose=0)
    np.testing.assert_allclose(model.layers[0].moving_mean.numpy(), 0.01 * X.mean(0), rtol=1e-4, atol=1e-7)


def test_states_are_carried_from_batch_to_batch(backend):
    layers = [keras.Input(batch_shape=(2, 4, 3)), keras.layers.LSTM(5, stateful=True), keras.layers.Dense(1)]
    model = keras.Sequential(layers)
    model.compile("sgd", "mse")
    windows = rng.normal(size=(2, 8, 3)).astype("float32")
    first, second = windows[:, :4], windows[:, 4:]
    fresh = model.predict(second, batch_size=2, verbose=0)
    model.reset_states()
    model.predict(first, batch_size=2, verbose=0)
    carried = model.predict(second, batch_size=2, verbose=0)
    whole = keras.Sequential([keras.Input((8, 3)), keras.layers.LSTM(5), keras.layers.Dense(1)])
    whole.set_weights(model.get_weights())
    np.testing.assert_allclose(carried, whole.predict(windows, verbose=0), rtol=1e-5, atol=1e-6)
    model.reset_states()
    np.testing.assert_array_equal(model.predict(second, batch_size=2, verbose=0), fresh)


def test_masked_steps_do_not_count_in_the_loss(backend):
    inputs = keras.Input((4, 1))
    model = keras.Model(inputs, keras.layers.TimeDistributed(keras.layers.Dense(1))(keras.layers.Masking()(inputs)))
    model.compile("sgd", "mse")
    x = np.ones((2, 4, 1), "float32")
    x[0, 2:] = 0
    y = rng.normal(size=(2, 4, 1)).astype("float32")
    error = (model.predict(x, verbose=0) - y)[..., 0] ** 2
    keep = x[..., 0] != 0
    np.testing.assert_allclose(model.evaluate(x, y, verbose=0), error[keep].mean(), rtol=1e-5)


def test_losses_added_by_layers_count(backend):
    class Penalty(keras.layers.Layer):
        def call(self, x):
            self.add_loss(0.1 * ops.mean(x * x))
            return x

    model = keras.Sequential([keras.Input((3,)), Penalty(), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mse"])
    logs = model.evaluate(X, Y, batch_size=20, verbose=0, return_dict=True)
    np.testing.assert_allclose(logs["loss"] - logs["mse"], 0.1 * np.mean(X * X), rtol=1e-4)


# ---- steps of the user's own


class Custom(keras.Model):
    """The training step of the guides, written out."""

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)
        self.seen = keras.metrics.Mean(name="seen")

    def call(self, x):
        return self.dense(x)

    def train_step(self, data):
        x, y = data
        with keras.GradientTape() as tape:
            loss = ops.mean((self(x, training=True) - y) ** 2)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        self.seen.update_state(loss)
        return {"seen": self.seen.result(), "twice": loss * 2}


def test_a_training_step_may_be_overridden(backend):
    model = Custom()
    model.compile("sgd")
    history = model.fit(X, Y, batch_size=20, epochs=3, verbose=0)
    seen = history.history["seen"]
    assert seen[-1] < seen[0]
    np.testing.assert_allclose(history.history["twice"], np.multiply(seen, 2), rtol=1e-5)
    assert captures(model) == 1


def test_the_loss_may_be_overridden(backend):
    class Tripled(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(1)

        def call(self, x):
            return self.dense(x)

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None):
            return 3 * ops.mean((y_pred - y) ** 2)

    model = Tripled()
    model.compile("sgd")
    model.fit(X, Y, verbose=0)
    np.testing.assert_allclose(
        model.evaluate(X, Y, verbose=0), 3 * np.mean((model.predict(X, verbose=0) - Y) ** 2), rtol=1e-5
    )


def test_predict_step_may_be_overridden(backend):
    class Negated(keras.Sequential):
        def predict_step(self, data):
            return -self(data)

    model = Negated([keras.Input((3,)), keras.layers.Flatten()])
    np.testing.assert_array_equal(model.predict(X, verbose=0), -X)


def test_training_without_an_optimizer_is_refused(backend):
    model = linear()
    model.compile(optimizer=None, loss="mse")
    assert model.evaluate(X, Y, verbose=0) > 0
    with pytest.raises(InvalidArgumentError, match="needs an `optimizer`"):
        model.fit(X, Y, verbose=0)


# ---- logs and callbacks


def test_logs_are_read_when_they_are_looked_at():
    reads = []
    logs = LazyLogs(lambda: reads.append(1) or {"loss": 0.5})
    assert not reads
    assert (dict(logs), logs["loss"], {**logs}, len(logs)) == ({"loss": 0.5}, 0.5, {"loss": 0.5}, 1)
    assert len(reads) == 1


class Keep(Callback):
    """Keeps the logs of batches and looks at them at the end."""

    def on_train_begin(self, logs=None):
        self.kept = []

    def on_train_batch_end(self, batch, logs=None):
        self.kept.append(logs)


def test_kept_logs_say_what_they_said(backend):
    model, keep = linear(), Keep()
    model.compile("sgd", "mse")
    model.fit(X, Y, batch_size=4, verbose=0, callbacks=[keep])
    losses = [logs["loss"] for logs in keep.kept]
    assert len(set(losses)) == len(losses) == 5


def test_logs_nobody_looks_at_are_not_read(backend, monkeypatch):
    model = linear()
    model.compile("sgd", "mse")
    reads = []
    read = model._trainer.read_logs
    monkeypatch.setattr(model._trainer, "read_logs", lambda result: reads.append(1) or read(result))

    class Count(Callback):
        def on_train_batch_end(self, batch, logs=None):
            pass

    model.fit(X, Y, batch_size=4, verbose=0, callbacks=[Count()])
    assert len(reads) == 1


class Record(Callback):
    def __init__(self):
        super().__init__()
        self.calls = []

    def __getattribute__(self, name):
        if name.startswith("on_"):
            return lambda *args: self.calls.append(
                (name, *args[:-1]) if "batch" in name or "epoch" in name else (name,)
            )
        return super().__getattribute__(name)


def test_hooks_are_called_in_order(backend):
    model, record = linear(), Record()
    model.compile("sgd", "mse")
    model.fit(X[:8], Y[:8], batch_size=4, verbose=0, validation_data=(X[:4], Y[:4]), callbacks=[record])
    names = [name for name, *_ in record.calls]
    batch = ["on_train_batch_begin", "on_train_batch_end"]
    validation = ["on_test_begin", "on_test_batch_begin", "on_test_batch_end", "on_test_end"]
    expected = ["on_train_begin", "on_epoch_begin", *batch, *batch, *validation, "on_epoch_end", "on_train_end"]
    assert [name for name in names if name not in ("on_batch_begin", "on_batch_end")] == expected


def test_steps_per_execution_spaces_the_hooks(backend):
    model, seen = linear(), []
    model.compile("sgd", "mse", steps_per_execution=2)
    note = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch))
    model.fit(X, Y, batch_size=4, verbose=0, callbacks=[note])
    assert seen == [1, 3, 4]


def test_a_plugins_callbacks_join_every_fit(backend):
    seen = []

    class Plugin:
        @staticmethod
        @extend.hookimpl
        def kcore_callbacks(model):
            return [keras.callbacks.LambdaCallback(on_train_end=lambda logs: seen.append(model.name))]

    model = linear()
    model.compile("sgd", "mse")
    name = plugins.register_plugin(Plugin)
    try:
        model.fit(X, Y, verbose=0)
        model.evaluate(X, Y, verbose=0)
    finally:
        plugins.unregister_plugin(name)
    assert seen == [model.name]


def test_early_stopping_and_schedules_work_in_fit(backend):
    model = linear()
    model.compile(keras.optimizers.SGD(0.1), "mse")
    callbacks = [
        keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate if epoch < 2 else 0.0),
        keras.callbacks.EarlyStopping("loss", patience=2, min_delta=1e-9),
    ]
    history = model.fit(X, Y, epochs=20, shuffle=False, verbose=0, callbacks=callbacks).history
    np.testing.assert_allclose(history["learning_rate"][:3], [0.1, 0.1, 0.0], rtol=1e-6)
    assert len(history["loss"]) < 20


def test_progress_is_shown_as_text(backend, capsys):
    model = linear()
    model.compile("sgd", "mse", metrics=["mae"])
    model.fit(X, Y, batch_size=4, epochs=2, validation_split=0.2)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Epoch 1/2"
    assert re.match(r"4/4 - \d+s - ", lines[1])
    assert " - loss: " in lines[1]
    assert " - val_mae: " in lines[1]


# ---- memory and configuration


def test_a_model_that_is_gone_leaves_nothing(backend):
    model = linear()
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    gone = weakref.ref(model.layers[-1])
    del model
    gc.collect()
    assert gone() is None


def test_many_calls_do_not_grow(backend):
    model = linear()
    model.compile("sgd", "mse")

    def work(times):
        for _ in range(times):
            model.train_on_batch(X, Y)
            model.predict(X[:1], verbose=0)
        gc.collect()
        return len(gc.get_objects())

    before = work(20)
    assert work(50) - before < 50


def test_compile_configuration_goes_around(backend):
    model = linear()
    model.compile(keras.optimizers.SGD(0.25), keras.losses.Huber(delta=2.0), metrics=["mae"], loss_weights=[0.5])
    config = model.get_compile_config()
    other = linear()
    other.compile_from_config(config)
    other.set_weights(model.get_weights())
    assert float(other.optimizer.learning_rate) == 0.25
    np.testing.assert_allclose(other.evaluate(X, Y, verbose=0), model.evaluate(X, Y, verbose=0))
