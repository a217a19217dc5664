"""What can't be captured: one warning at the user's own line, that says what to write instead."""

from __future__ import annotations

import inspect
import math
import re
import statistics
import warnings
from typing import Any

import numpy as np
import pytest

import kcore
from kcore import layers, ops
from kcore.engine.function import Function
from kcore.errors import CaptureError, UnknownShapeError

X = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
Y = np.ones((8, 1), "float32")


def branches(x):
    return x * 1.0 if ops.sum(x) > 0 else x * 2.0


def loops(x):
    while ops.sum(x) > 100:
        x = x / 2
    return x


def asserts(x):
    assert ops.all(x < 1000)
    return x


def makes_a_float(x):
    return x + float(ops.sum(x)) * 0


def uses_math(x):
    return x * math.exp(-ops.sum(x * x))


def asks_for_an_item(x):
    return x + ops.sum(x).item() * 0


def makes_an_array(x):
    return x + ops.convert_to_numpy(ops.sum(x)).item() * 0


def formats(x):
    text = f"{ops.sum(x):.3f}"
    return x if text else -x


def counts(x):
    for _ in range(ops.cast(ops.sum(x) * 0 + 2, "int32")):
        x = x + 1
    return x


def selects(x):
    return x + ops.sum(x[x > 0]) * 0


def finds(x):
    return x + ops.sum(ops.nonzero(x)[0]) * 0


BRANCH, TENSOR, COUNT = r"ops\.where.*ops\.cond.*ops\.while_loop", r"with the tensor itself", r"ops\.fori_loop"
CAUSES = [
    (branches, "a bool", BRANCH), (loops, "a bool", BRANCH), (asserts, "a bool", BRANCH),
    (makes_a_float, "a float", TENSOR), (uses_math, "a float", TENSOR), (asks_for_an_item, "a number", TENSOR),
    (makes_an_array, "a NumPy array", TENSOR), (formats, "text", TENSOR), (counts, "an index", COUNT),
]  # fmt: skip


def caught(run):
    """The warnings that a user sees."""
    with warnings.catch_warnings(record=True) as record:
        warnings.simplefilter("always")
        run()
    return record


def check(record, function, pattern=""):
    """One warning, at a line of the function, that shows it."""
    (warning,) = record
    lines, first = inspect.getsourcelines(function)
    assert warning.filename == __file__
    assert first <= warning.lineno < first + len(lines)
    source = lines[warning.lineno - first].strip()
    text = str(warning.message)
    assert f"(test_fallback.py, line {warning.lineno}, in {function.__name__}: `{source}`)" in text
    assert "runs as plain Python from here on" in text
    assert re.search(pattern, text)


class Applies(layers.Layer):
    """A user's layer."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def call(self, x):
        return self.function(x)

    def compute_output_shape(self, shape):
        return shape


def with_layer(function):
    model = kcore.Sequential([layers.Input((4,)), layers.Dense(3), Applies(function), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize(("function", "wanted", "advice"), CAUSES)
def test_a_layer_is_announced_once_in_all_steps(backend, function, wanted, advice):
    model = with_layer(function)

    def run():
        model.fit(X, Y, batch_size=4, epochs=2, validation_data=(X, Y), verbose=0)
        model.evaluate(X, Y, verbose=0)
        model.predict(X, verbose=0)

    check(caught(run), function, f"turn a tensor into {wanted}.*{advice}.*run_eagerly=True")


@pytest.mark.parametrize(("function", "name"), [(selects, "mask"), (finds, "x")])
def test_a_shape_that_depends_on_values_is_announced(backend, function, name):
    model = with_layer(function)
    advice = f"`{name}` must have a known value, as the result's shape depends on it.*ops.where.*run_eagerly=True"
    check(caught(lambda: model.fit(X, Y, epochs=2, verbose=0)), function, advice)
    with pytest.raises(UnknownShapeError, match=f"`{name}` must have a known value"):
        Function(function)(X)


@pytest.mark.parametrize("method", ["evaluate", "predict"])
def test_each_method_announces(backend, method):
    model = with_layer(branches)
    given = (X,) if method == "predict" else (X, Y)
    check(caught(lambda: [getattr(model, method)(*given, verbose=0) for _ in range(2)]), branches, BRANCH)


def test_a_loss_and_a_metric(backend):
    cases: tuple[dict[str, Any], ...] = (
        {"loss": lambda y, p: ops.mean(branches(y - p) ** 2)},
        {"loss": "mse", "metrics": [lambda y, p: ops.mean(branches(y - p))]},
    )
    for options in cases:
        model = kcore.Sequential([layers.Input((4,)), layers.Dense(1)])
        model.compile("sgd", **options)
        record = caught(lambda m=model: m.fit(X, Y, batch_size=4, validation_data=(X, Y), verbose=0))
        check(record, branches, BRANCH)


class Own(kcore.Model):
    """A step of the user's own."""

    def train_step(self, data):
        x, y = data
        with kcore.GradientTape() as tape:
            loss = ops.mean(ops.square(self(x, training=True) - y))
        if loss > 1e6:
            return {"mine": loss}
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"mine": loss}


def test_a_step_of_the_users_own(backend):
    inputs = kcore.Input((4,))
    model = Own(inputs, layers.Dense(1)(inputs))
    model.compile("sgd")
    losses = []
    record = caught(lambda: losses.extend(model.fit(X, Y, epochs=3, batch_size=4, verbose=0).history["mine"]))
    check(record, Own.train_step, BRANCH)
    assert losses[-1] < losses[0]


class Counting(layers.Layer):
    """A recurrent cell that counts its steps in a variable."""

    state_size = output_size = 3

    def build(self, shape):
        self.steps = self.add_weight(shape=(), initializer="zeros", trainable=False, name="steps")
        self.kernel = self.add_weight(shape=(shape[-1], 3), name="kernel")

    def call(self, x, states):
        self.steps.assign_add(1.0)
        state = ops.tanh(ops.matmul(x, self.kernel) + states[0])
        return state, [state]


def test_a_cell_that_assigns(backend):
    cell = Counting()
    model = kcore.Sequential([layers.Input((5, 4)), layers.RNN(cell), layers.Dense(1)])
    model.compile("sgd", "mse")
    record = caught(lambda: model.fit(np.ones((8, 5, 4), "float32"), Y, batch_size=8, verbose=0))
    check(record, Counting.call, "/steps' is assigned inside the body .* as one of its states")
    assert cell.steps.numpy() == 5


def test_compile_starts_anew(backend):
    model = with_layer(branches)
    for _ in range(2):
        model.compile("sgd", "mse")
        check(caught(lambda: model.fit(X, Y, batch_size=4, verbose=0)), branches)


def test_run_eagerly_says_nothing(backend):
    model = with_layer(branches)
    model.compile("sgd", "mse", run_eagerly=True)
    assert not caught(lambda: model.fit(X, Y, verbose=0))


class TestFunction:
    def test_raises_and_names_the_line(self, backend):
        for function, wanted, advice in CAUSES:
            with pytest.raises(CaptureError, match=f"{wanted}.*in {function.__name__}: `.*{advice}") as caught_error:
                kcore.Function(function)(X)
            assert caught_error.value.line is not None
            assert caught_error.value.line[0] == __file__

    def test_an_attribute_of_the_engines_tensors(self, backend):
        def detaches(x):
            return x.detach()

        with pytest.raises(CaptureError, match=r"no attribute 'detach'.*in detaches: `return x\.detach\(\)`"):
            kcore.Function(detaches)(X)
        tape = kcore.GradientTape()
        with tape, pytest.raises(AttributeError, match=r"no attribute 'detach'.*native_autodiff=True"):
            detaches(tape.watch(ops.convert_to_tensor(X)))

    def test_a_function_of_numpy_without_an_op(self, backend):
        def ranks(x):
            return np.gradient(x)

        with pytest.raises(NotImplementedError, match=r"`np\.gradient`.*in ranks: `return np\.gradient"):
            kcore.Function(ranks)(X)

    def test_lines_of_installed_packages_are_not_the_users(self, backend):
        """Numbers from `statistics` are asked for in Python's own library."""

        def spreads(x):
            return statistics.fmean(x)

        with pytest.raises(CaptureError, match="in spreads: `return"):
            kcore.Function(spreads)(X[:, 0])
