"""`explain_step`: it tells the truth, and changes nothing."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

import kcore
from kcore import layers, ops
from kcore.engine.active import activate
from kcore.errors import CaptureError, InvalidArgumentError
from kcore_numpy import NumpyBackend

X = np.random.default_rng(0).normal(size=(24, 6)).astype("float32")
Y = np.arange(24) % 3


def model(units=16):
    kcore.utils.set_random_seed(3)
    made = kcore.Sequential([
        layers.Input((6,)), layers.Dense(units, activation="relu", name="hidden"),
        layers.BatchNormalization(name="norm"), layers.Dropout(0.3, name="drop"),
        layers.Dense(3, activation="softmax", name="top"),
    ])  # fmt: skip
    made.compile(kcore.optimizers.Adam(0.05), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return made


def explained(made, *args, **kwargs):
    texts = []
    told = made.explain_step(*args, repeats=2, print_fn=texts.append, **kwargs)
    (text,) = texts
    return told, text


def state(made):
    variables = [*made.variables, *made.optimizer.variables, *(v for m in made.metrics for v in m.variables)]
    return [v.numpy() for v in variables]


def test_training_goes_on_as_if_nothing_had_been(backend):
    histories, weights = [], []
    for look in (False, True):
        made = model()
        made.fit(X, Y, batch_size=8, verbose=0)
        if look:
            before = state(made)
            explained(made, X, Y, batch_size=8)
            for a, b in zip(before, state(made), strict=True):
                np.testing.assert_array_equal(a, b)
        histories.append(made.fit(X, Y, batch_size=8, verbose=0).history)
        weights.append(made.get_weights())
    assert histories[0] == histories[1]
    for a, b in zip(*weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_is_told(backend):
    told, text = explained(model(), X, Y, batch_size=8)
    assert told["backend"] == backend.name
    assert told["batch"] == ["float32[8,6]", str(backend.spec_of(backend.asarray(Y[:8]))), None]
    rows = {row["layer"]: row for row in told["layers"]}
    assert {"hidden", "norm", "drop", "top", "loss", "metrics", "optimizer"} <= rows.keys()
    assert rows["hidden"]["gradient"] > 0 < rows["hidden"]["forward"]
    assert rows["optimizer"]["gradient"] == 0
    counts = list(told["passes"].values())
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == len(told["calls"]) == sum(row["calls"] for row in told["layers"])
    for parts in (told["calls"], told["layers"]):
        assert sum(part["seconds"] for part in parts) == pytest.approx(told["seconds"]["calls"])
    assert json.loads(json.dumps(told)) == told
    assert f"on {backend.name} (" in text
    assert ("merges calls" in text) == told["compiled"] == (told["memory"] is None)


def test_the_first_batch_is_enough_and_the_model_is_built_for_it(backend):
    kcore.utils.set_random_seed(3)
    made = kcore.Sequential([layers.Dense(4, activation="relu"), layers.Dense(1)])
    made.compile("sgd", "mse")
    told, _ = explained(made, X, Y[:, None].astype("float32"))
    assert told["batch"][0] == "float32[24,6]"
    assert made.built


def test_without_data_a_batch_is_made_up_like_the_last(backend):
    made = model()
    with pytest.raises(InvalidArgumentError, match="`x` must be given, or the model trained"):
        made.explain_step()
    made.fit(X, Y, batch_size=8, verbose=0)
    told, text = explained(made)
    assert told["made_up"]
    assert told["batch"][0] == "float32[8,6]"
    assert "made up" in text


def test_the_costliest_come_first_and_the_rest_is_summed_up():
    with kcore.use_backend("numpy"):
        told, text = explained(model(2048), X, Y, rows=2)
        _, narrow = explained(model(), X, Y, rows=0, line_length=70)
    assert told["layers"][0]["layer"] in ("hidden", "norm", "drop", "optimizer")
    assert f"and {len(told['calls']) - 2} more" in text
    table = [line for line in narrow.splitlines() if line[:1] in set("┏┡│└")]
    assert {len(line) for line in table} <= set(range(60, 71))


class Slow(NumpyBackend):
    """Its `tanh` takes two hundredths of a second."""

    name = "slow"
    inplace = {name: function for name, function in NumpyBackend.inplace.items() if name != "tanh"}

    def bind(self, name, params, specs, into=False):
        function = super().bind(name, params, specs, into)
        return (lambda x: time.sleep(0.02) or function(x)) if name == "tanh" else function


def test_time_is_told_of_the_call_that_takes_it():
    with activate(Slow()):
        made = kcore.Sequential([layers.Input((6,)), layers.Dense(4), layers.Activation("tanh", name="slow")])
        made.compile("sgd", "mse")
        told, _ = explained(made, X, np.zeros((24, 4), "float32"))
    slow = [call for call in told["calls"] if call["seconds"] >= 0.02]
    assert [call["call"] for call in slow] == ["tanh"]
    assert told["layers"][0]["layer"] == "slow"
    assert told["seconds"]["step"] >= 0.02


def test_a_step_of_the_users_own():
    class Own(kcore.Model):
        def train_step(self, data):
            x, y = data
            with kcore.GradientTape() as tape:
                loss = ops.mean(ops.square(self(x, training=True) - y))
            self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
            return {"loss": loss}

    with kcore.use_backend("numpy"):
        inputs = kcore.Input((6,))
        made = Own(inputs, layers.Dense(1, name="only")(inputs))
        made.compile("sgd")
        told, _ = explained(made, X, Y[:, None].astype("float32"))
    assert {"only", "step", "optimizer"} <= {row["layer"] for row in told["layers"]}


class TestErrors:
    def test_uncompiled(self):
        with pytest.raises(InvalidArgumentError, match="compiled before `explain_step`"):
            kcore.Sequential([layers.Input((6,)), layers.Dense(1)]).explain_step(X)

    def test_eager(self):
        made = model()
        made.compile("sgd", "mse", run_eagerly=True)
        with pytest.raises(InvalidArgumentError, match="run eagerly"):
            made.explain_step(X, Y)

    def test_repeats(self):
        with pytest.raises(InvalidArgumentError, match="repeats=0"):
            model().explain_step(X, Y, repeats=0)

    def test_a_step_that_cannot_be_captured(self):
        class Branches(kcore.Model):
            def train_step(self, data):
                return {"loss": 1.0} if ops.sum(data[0]) > 0 else {}

        inputs = kcore.Input((6,))
        made = Branches(inputs, layers.Dense(1)(inputs))
        made.compile("sgd", "mse")
        with pytest.raises(CaptureError, match=r"test_explain\.py, line \d+"):
            made.explain_step(X, Y)
