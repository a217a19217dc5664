"""Subclassed models, building by shape, states, forwarding to trainer and saving."""

from __future__ import annotations

import copy
import inspect
import pickle

import numpy as np
import pytest

from kcore import ops, registry
from kcore.errors import InvalidArgumentError, UnsupportedError
from kcore.layers import Dense, Dropout, Input, Layer
from kcore.models import Functional, Model, Sequential
from kcore.models._training import TrainingMethods

X = np.arange(8, dtype="float32").reshape(2, 4)


class Mlp(Model):
    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.hidden = Dense(units, activation="relu", name="hidden")
        self.blocks = [Dense(units, name=f"block_{i}") for i in range(2)]
        self.dropout = Dropout(0.5)

    def call(self, x, training=None):
        x = self.hidden(x)
        for block in self.blocks:
            x = block(x)
        return self.dropout(x, training=training)


class TestSubclass:
    def test_layers_weights_and_paths(self, backend):
        model = Mlp(name="mlp")
        assert not model.built
        assert tuple(model(X).shape) == (2, 3)
        assert model.built
        assert [layer.name for layer in model.layers] == ["hidden", "block_0", "block_1", model.dropout.name]
        assert model.weights[0].path == "mlp/hidden/kernel"
        assert model.count_params() == 15 + 12 + 12

    def test_it_is_no_functional_model(self):
        model = Mlp()
        assert not isinstance(model, Functional)
        assert (model.inputs, model.outputs, model.output_names) == (None, None, [])
        with pytest.raises(AttributeError, match="only a functional model"):
            model.output

    def test_build_by_shape(self):
        model = Mlp()
        model.build((None, 4))
        assert model.built
        assert tuple(model.weights[0].shape) == (4, 3)

    def test_build_by_several_shapes(self):
        class Sum(Model):
            def __init__(self):
                super().__init__()
                self.dense = Dense(2)

            def call(self, inputs):
                return self.dense(inputs["a"]) + self.dense(inputs["b"])

        model = Sum()
        model.build({"a": (None, 4), "b": (None, 4)})
        assert len(model.weights) == 2

    def test_a_build_of_its_own(self):
        class Own(Model):
            def build(self, input_shape):
                self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")

            def call(self, x):
                return x * self.scale

        model = Own(name="own")
        model(X)
        assert [v.path for v in model.weights] == ["own/scale"]

    def test_called_symbolically(self, backend):
        model = Mlp()
        x = Input((4,))
        y = model(x)
        assert y.shape == (None, 3)
        np.testing.assert_array_equal(backend.to_numpy(Model(x, y)(X)), backend.to_numpy(model(X)))

    def test_call_must_be_written(self):
        with pytest.raises(UnsupportedError, match="write `call` in Model"):
            Model()(X)

    def test_config_of_captured_arguments(self):
        twin = Mlp.from_config(Mlp(units=5, name="mlp").get_config())
        assert (twin.hidden.units, twin.name) == (5, "mlp")

    def test_config_for_a_constructor_without_arguments(self):
        class Plain(Model):
            def __init__(self):
                super().__init__()

        assert isinstance(Plain.from_config(Plain().get_config()), Plain)

    def test_build_config_round_trip(self):
        model = Mlp()
        model(X)
        twin = Mlp()
        twin.build_from_config(model.get_build_config())
        assert [tuple(w.shape) for w in twin.weights] == [tuple(w.shape) for w in model.weights]

    def test_losses_of_layers(self, backend):
        class Penalty(Layer):
            def call(self, x):
                self.add_loss(ops.sum(x))
                return x

        class Penalized(Model):
            def __init__(self):
                super().__init__()
                self.penalty = Penalty()

            def call(self, x):
                return self.penalty(x)

        model = Penalized()
        model(X)
        model(X)
        assert [float(backend.to_numpy(loss)) for loss in model.losses] == [X.sum()]


class Counter(Layer):
    """A state that survives calls."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.stateful = True
        self.count = self.add_weight(shape=(), initializer="zeros", trainable=False, name="count")

    def call(self, x):
        self.count.assign_add(1.0)
        return x * 1.0

    def reset_states(self):
        self.count.assign(0.0)


class TestState:
    def test_reset_states_goes_through_nested_models(self):
        counter = Counter()
        inner = Sequential([Input((4,)), counter])
        model = Sequential([inner])
        assert model.stateful
        model(X)
        model(X)
        assert float(counter.count.numpy()) == 2
        model.reset_states()
        assert float(counter.count.numpy()) == 0

    def test_describing_a_model_changes_no_state(self):
        counter = Counter()
        Sequential([Input((4,)), counter])
        assert float(counter.count.numpy()) == 0

    def test_stateful_cannot_be_set(self):
        model = Sequential([Input((4,))])
        assert not model.stateful
        with pytest.raises(AttributeError, match="can't be set"):
            model.stateful = True


class FakeTrainer:
    """Notes what is forwarded."""

    compiled = True
    optimizer, loss, metrics, metrics_names = "optimizer", "loss", [], ["loss"]
    run_eagerly, jit_compile = False, "auto"

    def __init__(self, model):
        self.model = model
        self.calls = []

    def __getattr__(self, name):
        return lambda *args, **kwargs: self.calls.append((name, args, kwargs)) or name


FORWARDED = [
    "compute_loss",
    "evaluate",
    "fit",
    "get_compile_config",
    "get_metrics_result",
    "make_predict_function",
    "make_test_function",
    "make_train_function",
    "reset_metrics",
]


class TestTraining:
    @pytest.fixture
    def model(self, monkeypatch):
        import types

        monkeypatch.setattr(registry, "service", lambda name: types.SimpleNamespace(Trainer=FakeTrainer))
        return Sequential([Input((4,)), Dense(1)])

    def test_before_compile(self, model):
        assert not model.compiled
        assert model.optimizer is None
        assert model.metrics == []
        assert model.get_compile_config() is None

    def test_after_compile(self, model):
        model.compile("sgd", "mse", metrics=["mae"])
        name, _, options = model._trainer.calls[0]
        assert (name, options["optimizer"], options["loss"], options["metrics"]) == ("compile", "sgd", "mse", ["mae"])
        assert (model.optimizer, model.loss, model.metrics_names) == ("optimizer", "loss", ["loss"])

    @pytest.mark.parametrize("name", FORWARDED)
    def test_methods_are_forwarded(self, model, name):
        model.compile()
        getattr(model, name)()
        assert model._trainer.calls[-1][0] == name

    @pytest.mark.parametrize(
        "name",
        [
            "predict",
            "train_on_batch",
            "test_on_batch",
            "predict_on_batch",
            "explain_step",
            "train_step",
            "test_step",
            "predict_step",
        ],
    )
    def test_methods_with_data_are_forwarded(self, model, name):
        model.compile()
        getattr(model, name)("data")
        called, args, _ = model._trainer.calls[-1]
        assert (called, args) == (name, ("data",))

    def test_generator_methods_of_keras_2(self, model):
        model.fit_generator("g", steps_per_epoch=3, workers=2)
        name, args, options = model._trainer.calls[-1]
        assert (name, args, options["steps_per_epoch"], options["workers"]) == ("fit", ("g",), 3, 2)

    def test_own_optimizer(self, model):
        model.optimizer = "mine"
        assert model.optimizer == "mine"

    def test_the_trainer_is_no_layer_of_the_model(self, model):
        model.compile()
        assert len(model.layers) == 1

    def test_every_method_has_a_docstring(self):
        methods = [m for name, m in vars(TrainingMethods).items() if inspect.isfunction(m) and name[0] != "_"]
        assert len(methods) > 20
        assert all(m.__doc__ for m in methods)


class TestSaving:
    @pytest.mark.parametrize(
        ("method", "args", "function"),
        [
            ("save", ("p",), "save_model"),
            ("save_weights", ("p",), "save_weights"),
            ("load_weights", ("p",), "load_weights"),
            ("to_json", (), "model_to_json"),
            ("to_yaml", (), "model_to_yaml"),
        ],
    )
    def test_methods_are_forwarded(self, monkeypatch, method, args, function):
        import types

        seen = []
        service = types.SimpleNamespace(**{function: lambda model, *rest, **options: seen.append((model, rest))})
        monkeypatch.setattr(registry, "service", lambda name: service)
        model = Sequential()
        getattr(model, method)(*args)
        assert seen == [(model, args)]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_of_a_compiled_model_trains_on_its_own(duplicate, backend):
    model = Sequential([Input((4,)), Dense(3, activation="tanh"), Dense(1)])
    model.compile("adam", "mse")
    x, y = np.tile(X, (4, 1)), np.ones((8, 1), "float32")
    model.fit(x, y, verbose=0)
    before = model.get_weights()
    twin = duplicate(model)
    assert twin.optimizer is not model.optimizer
    twin.fit(x, y, verbose=0)
    for ours, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, kept)
    model.fit(x, y, verbose=0)
    for ours, theirs in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_losses_of_captured_steps_are_gone():
    model = Sequential([Input((4,)), Dense(1, activity_regularizer="l2")])
    model.compile("sgd", "mse")
    model.fit(X, np.ones((2, 1)), verbose=0)
    assert all(np.isfinite(float(loss)) for loss in model.losses)


def test_overridden_train_step_is_honoured(backend):
    class Counting(Mlp):
        steps = 0

        def train_step(self, data):
            type(self).steps += 1
            return {**super().train_step(data), "mine": ops.convert_to_tensor(7.0)}

    model = Counting()
    model.compile("sgd", "mse")
    history = model.fit(X, np.ones((2, 3)), verbose=0).history
    assert history["mine"] == [7.0]
    assert Counting.steps > 0


def test_two_models_share_a_layer_frozen_in_one(backend):
    shared = Dense(4, name="shared", trainable=False)
    x = Input((4,))
    frozen = Model(x, Dense(1)(shared(x)))
    frozen.compile("sgd", "mse")
    shared.trainable = True
    free = Model(x, Dense(1)(shared(x)))
    free.compile("sgd", "mse")
    kernel = shared.get_weights()[0]
    frozen.train_on_batch(X, np.ones((2, 1)))
    np.testing.assert_array_equal(shared.get_weights()[0], kernel)
    free.train_on_batch(X, np.ones((2, 1)))
    assert not np.array_equal(shared.get_weights()[0], kernel)


def test_freezing_a_model_freezes_its_layers():
    model = Mlp()
    model(X)
    model.trainable = False
    assert model.trainable_weights == []
    assert not model.hidden.trainable


def test_index_beyond_the_layers():
    with pytest.raises(InvalidArgumentError, match="below 4"):
        Mlp().get_layer(index=4)
