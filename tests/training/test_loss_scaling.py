"""Training in float16: what the loss is scaled by, which steps are left out, what is saved."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pytest

import kcore
from kcore import Input, Sequential, Variable, layers, ops, optimizers
from kcore.errors import InvalidArgumentError, InvalidTypeError
from kcore.optimizers import SGD, Adam, LossScaleOptimizer
from kcore.utils import set_random_seed

INFINITE = np.array([1, np.inf, 1], np.float32)


@pytest.fixture
def mixed():
    """`mixed_float16` as the policy of all layers, for the time of a test."""
    kcore.mixed_precision.set_dtype_policy("mixed_float16")
    yield
    kcore.mixed_precision.set_dtype_policy(None)


def state(optimizer):
    return float(optimizer.dynamic_scale.numpy()), int(optimizer.step_counter.numpy()), int(optimizer.iterations)


def stepping(captured, optimizer, variables):
    def step(*grads):
        optimizer.apply(list(grads), variables)

    optimizer.build(variables)
    run = kcore.Function(step) if captured else step
    return lambda *grads: run(*map(ops.convert_to_tensor, grads))


@pytest.mark.parametrize("captured", [False, True], ids=["eager", "captured"])
class TestScale:
    def test_gradients_are_divided_by_it(self, backend, captured):
        v = Variable([1.0, 1.0, 1.0])
        step = stepping(captured, LossScaleOptimizer(SGD(0.5), initial_scale=8.0), [v])
        step(np.array([8, 16, 0], np.float32))
        np.testing.assert_array_equal(v.numpy(), [0.5, 0, 1])

    def test_it_grows_after_so_many_steps_in_a_row(self, backend, captured):
        v = Variable([1.0, 1.0, 1.0])
        optimizer = LossScaleOptimizer(SGD(0.5), initial_scale=8.0, dynamic_growth_steps=2)
        step = stepping(captured, optimizer, [v])
        seen = []
        for gradient in (np.ones(3, np.float32),) * 3 + (INFINITE,) + (np.ones(3, np.float32),) * 2:
            step(gradient)
            seen.append(state(optimizer))
        assert seen == [(8, 1, 1), (16, 0, 2), (16, 1, 3), (8, 0, 3), (8, 1, 4), (16, 0, 5)]

    @pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
    def test_a_step_that_overflows_changes_nothing_but_the_scale(self, backend, captured, bad):
        v, w = Variable([1.0, 2.0]), Variable([[3.0]])
        inner = Adam(0.1, use_ema=True, weight_decay=0.01, clipnorm=1.0)
        optimizer = LossScaleOptimizer(inner, initial_scale=4.0)
        step = stepping(captured, optimizer, [v, w])
        step(np.ones(2, np.float32), np.ones((1, 1), np.float32))
        before = [x.numpy() for x in (v, w, *inner.variables)]
        step(np.ones(2, np.float32), np.array([[bad]], np.float32))
        for variable, old in zip((v, w, *inner.variables), before, strict=True):
            np.testing.assert_array_equal(variable.numpy(), old)
        assert state(optimizer) == (2, 0, 1)

    def test_accumulated_gradients(self, backend, captured):
        v = Variable([1.0, 1.0, 1.0])
        optimizer = LossScaleOptimizer(SGD(1.0, gradient_accumulation_steps=2), initial_scale=2.0)
        step = stepping(captured, optimizer, [v])
        for gradient in (np.full(3, 2, np.float32), INFINITE, np.full(3, 3, np.float32)):
            step(gradient)
        np.testing.assert_array_equal(v.numpy(), [-1, -1, -1])

    def test_float16_variables(self, backend, captured):
        v = Variable(np.array([1, 1], np.float16))
        optimizer = LossScaleOptimizer(SGD(0.5), initial_scale=2.0**20)
        stepping(captured, optimizer, [v])(np.array([2.0**15, 0], np.float16))
        np.testing.assert_array_equal(v.numpy(), np.array([1 - 2.0**-6, 1], np.float16))

    def test_it_stays_finite(self, backend, captured):
        v = Variable([1.0])
        optimizer = LossScaleOptimizer(SGD(0.0), initial_scale=2.0**125, dynamic_growth_steps=1)
        step = stepping(captured, optimizer, [v])
        for _ in range(4):
            step(np.ones(1, np.float32))
        assert state(optimizer)[0] == 2.0**126


class TestOptimizer:
    def test_scale_loss(self, backend):
        optimizer = LossScaleOptimizer(SGD())
        assert float(optimizer.scale_loss(ops.convert_to_tensor(np.float32(2)))) == 2.0**16
        optimizer.build([Variable([1.0])])
        optimizer.dynamic_scale.assign(2.0**20)
        scaled = optimizer.scale_loss(ops.convert_to_tensor(np.float16(2)))
        assert (str(ops.dtype(scaled)), float(scaled)) == ("float32", 2.0**21)

    def test_variables_are_those_of_keras_in_its_order(self, backend):
        optimizer = LossScaleOptimizer(SGD(momentum=0.9))
        optimizer.build([Variable([1.0], name="kernel")])
        own = [
            f"loss_scale_optimizer/{name}" for name in ("iteration", "learning_rate", "step_counter", "dynamic_scale")
        ]
        inner = ["sgd/iteration", "sgd/learning_rate", "sgd/kernel_momentum"]
        assert [v.path for v in optimizer.variables] == own + inner

    def test_the_rest_is_the_inner_optimizers(self, backend):
        optimizer = LossScaleOptimizer(SGD(0.5, momentum=0.25))
        assert optimizer.momentum == 0.25
        optimizer.learning_rate = 0.125
        assert float(optimizer.inner_optimizer.learning_rate.numpy()) == 0.125
        with pytest.raises(AttributeError, match="beta_1"):
            _ = optimizer.beta_1

    def test_copies_and_config(self, backend):
        v = Variable([1.0, 2.0])
        optimizer = LossScaleOptimizer(Adam(0.5), initial_scale=8.0, dynamic_growth_steps=3, name="scaling")
        optimizer.apply([np.array([8, 8], np.float32)], [v])
        for twin in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
            assert state(twin) == (8, 1, 1)
            assert twin.beta_1 == 0.9
        written = json.loads(json.dumps(optimizers.serialize(optimizer)))
        twin = optimizers.deserialize(written)
        assert twin.get_config() == optimizer.get_config()
        assert (twin.name, twin.dynamic_growth_steps, type(twin.inner_optimizer)) == ("scaling", 3, Adam)

    def test_weights_go_in_and_out(self, backend):
        optimizers_ = [LossScaleOptimizer(Adam(0.5), initial_scale=8.0) for _ in range(2)]
        v, w = Variable([1.0, 2.0]), Variable([1.0, 2.0])
        optimizers_[0].apply([np.array([8, np.inf], np.float32)], [v])
        optimizers_[0].apply([np.array([8, 4], np.float32)], [v])
        optimizers_[1].build([w])
        optimizers_[1].set_weights(optimizers_[0].get_weights())
        for got, want in zip(optimizers_[1].get_weights(), optimizers_[0].get_weights(), strict=True):
            np.testing.assert_array_equal(got, want)

    def test_stateless_apply(self, backend):
        v = Variable([1.0])
        optimizer = LossScaleOptimizer(SGD(0.5), initial_scale=2.0)
        optimizer.build([v])
        values = [x.value for x in optimizer.variables]
        (moved,), after = optimizer.stateless_apply(values, [np.array([2], np.float32)], [v.value])
        assert (float(moved[0]), v.numpy()) == (0.5, 1.0)
        assert [float(x) for x in after[2:5]] == [1, 2, 1]

    @pytest.mark.parametrize(
        ("arguments", "error"),
        [
            ({"inner_optimizer": "sgd"}, InvalidTypeError),
            ({"inner_optimizer": SGD(loss_scale_factor=2.0)}, InvalidArgumentError),
            ({"inner_optimizer": SGD(), "learning_rate": 0.1}, InvalidArgumentError),
            ({"inner_optimizer": SGD(), "initial_scale": 0.0}, InvalidArgumentError),
            ({"inner_optimizer": SGD(), "dynamic_growth_steps": 0}, InvalidArgumentError),
        ],
    )
    def test_arguments_are_checked(self, arguments, error):
        with pytest.raises(error):
            LossScaleOptimizer(**arguments)

    def test_one_inside_another_is_refused(self):
        with pytest.raises(InvalidArgumentError, match="must not scale"):
            LossScaleOptimizer(LossScaleOptimizer(SGD()))


class TestCompile:
    def test_wraps_the_optimizer_under_mixed_float16(self, mixed):
        model = Sequential([layers.Dense(1)])
        model.compile("adam", "mse")
        assert type(model.optimizer) is LossScaleOptimizer
        assert type(model.optimizer.inner_optimizer) is Adam
        own = LossScaleOptimizer(SGD())
        model.compile(own, "mse")
        assert model.optimizer is own
        model.compile(SGD(loss_scale_factor=4.0), "mse")
        assert type(model.optimizer) is SGD

    def test_not_where_it_is_turned_off_or_the_policy_is_another(self, mixed):
        model = Sequential([layers.Dense(1)])
        model.compile("sgd", "mse", auto_scale_loss=False)
        assert type(model.optimizer) is SGD
        assert model.get_compile_config()["auto_scale_loss"] is False
        for policy in ("mixed_bfloat16", "float32", "float16"):
            kcore.config.set_dtype_policy(policy)
            model = Sequential([layers.Dense(1)])
            model.compile("sgd", "mse")
            assert type(model.optimizer) is SGD
        written = {"optimizer", "loss", "loss_weights", "metrics", "weighted_metrics"}
        assert set(model.get_compile_config() or ()) == written | {"run_eagerly", "steps_per_execution"}


def data(shape, seed=0):
    x = np.random.default_rng(seed).normal(size=(32, *shape)).astype(np.float32)
    return x, (x.reshape(32, -1)[:, :2].sum(1) > 0).astype(np.int32)


def mlp():
    return Sequential([Input((6,)), layers.Dense(8, activation="relu"), layers.LayerNormalization(), layers.Dense(2)])


def cnn():
    parts = [layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization(), layers.MaxPooling2D()]
    return Sequential([Input((6, 6, 1)), *parts, layers.Flatten(), layers.Dense(2)])


def compiled(make, **options):
    set_random_seed(3)
    model = make()
    model.add(layers.Activation("softmax", dtype="float32"))
    model.compile(Adam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"], **options)
    return model


class TestFit:
    @pytest.mark.parametrize(("make", "shape"), [(mlp, (6,)), (cnn, (6, 6, 1))], ids=["mlp", "cnn"])
    def test_the_loss_falls_and_weights_stay_float32(self, backend, mixed, make, shape):
        model = compiled(make)
        x, y = data(shape)
        losses = model.fit(x, y, epochs=4, batch_size=16, verbose=0).history["loss"]
        assert losses[-1] < 0.85 * losses[0]
        assert {v.dtype for v in model.weights} == {"float32"}
        assert {v.dtype for v in model.optimizer.variables} == {"float32", "int32"}
        assert int(model.optimizer.iterations.numpy()) == 8
        assert str(ops.dtype(model.layers[-2].output)) == "float16"
        assert model.predict(x, verbose=0).dtype == np.float32

    def test_it_goes_the_way_of_float32(self, backend):
        x, y = data((6,))
        curves = []
        for policy in ("float32", "mixed_float16"):
            kcore.config.set_dtype_policy(policy)
            try:
                curves.append(compiled(mlp).fit(x, y, epochs=3, batch_size=16, verbose=0).history["loss"])
            finally:
                kcore.config.set_dtype_policy(None)
        np.testing.assert_allclose(curves[1], curves[0], rtol=0.02)

    def test_captured_is_eager(self, backend, mixed):
        x, y = data((6,))
        runs = [compiled(mlp, run_eagerly=eagerly) for eagerly in (False, True)]
        curves = [run.fit(x, y, epochs=2, batch_size=16, verbose=0, shuffle=False).history["loss"] for run in runs]
        np.testing.assert_allclose(curves[0], curves[1], rtol=5e-3)

    @pytest.mark.parametrize("eagerly", [False, True])
    def test_an_overflow_shrinks_the_scale_and_leaves_the_weights(self, backend, mixed, eagerly):
        model = Sequential([Input((6,)), layers.Dense(2)])
        model.compile(LossScaleOptimizer(Adam(0.1), 2.0**30, 3), "mse", run_eagerly=eagerly)
        x, _ = data((6,))
        y = np.zeros((32, 2), np.float32)
        before = model.get_weights()
        model.fit(x, y, batch_size=32, verbose=0)
        for got, want in zip(model.get_weights(), before, strict=True):
            np.testing.assert_array_equal(got, want)
        assert state(model.optimizer) == (2.0**29, 0, 0)
        model.optimizer.dynamic_scale.assign(2.0**10)
        model.fit(x, y, batch_size=32, epochs=3, verbose=0)
        assert state(model.optimizer) == (2.0**11, 0, 3)
        assert not np.array_equal(model.get_weights()[0], before[0])

    def test_the_engines_own_autodiff(self, backend, mixed):
        if backend.native_autodiff is None:
            pytest.skip("the engine has no autodiff of its own")
        x, y = data((6,))
        runs = [compiled(mlp, native_autodiff=native) for native in (False, True)]
        curves = [run.fit(x, y, epochs=2, batch_size=16, verbose=0, shuffle=False).history["loss"] for run in runs]
        np.testing.assert_allclose(curves[1], curves[0], rtol=5e-3)

    def test_small_gradients_survive(self, backend, mixed):
        """Gradients of 2**-26 underflow in float16 unless the loss is scaled."""
        moved = {}
        for scales in (True, False):
            model = Sequential([Input((1,)), layers.Dense(1, use_bias=False, kernel_initializer="ones")])
            model.compile(SGD(2.0**20), lambda y, p: p * 2.0**-26, auto_scale_loss=scales)
            model.fit(np.ones((1, 1), np.float32), np.ones((1, 1), np.float32), verbose=0)
            moved[scales] = float(model.get_weights()[0][0, 0])
        assert moved == {True: 1 - 2.0**-6, False: 1.0}

    def test_mixed_bfloat16(self, backend):
        if any(gap.name == "dtype:bfloat16" for gap in backend.capabilities.gaps):
            pytest.skip("no bfloat16")
        kcore.config.set_dtype_policy("mixed_bfloat16")
        try:
            model = compiled(mlp)
            losses = model.fit(*data((6,)), epochs=4, batch_size=16, verbose=0).history["loss"]
        finally:
            kcore.config.set_dtype_policy(None)
        assert type(model.optimizer) is Adam
        assert losses[-1] < 0.85 * losses[0]
        assert {v.dtype for v in model.weights} == {"float32"}


class TestSaving:
    def test_a_model_goes_on_where_it_was(self, backend, mixed, tmp_path):
        x, y = data((6,))
        model = compiled(mlp)
        model.optimizer.initial_scale = 2.0**12
        model.fit(x, y, batch_size=16, epochs=2, verbose=0)
        model.save(tmp_path / "model.h5")
        kcore.config.set_dtype_policy("float32")
        twin = kcore.models.load_model(tmp_path / "model.h5")
        assert type(twin.optimizer) is LossScaleOptimizer
        assert [layer.dtype_policy.name for layer in twin.layers] == ["mixed_float16"] * 3 + ["float32"]
        assert state(twin.optimizer) == state(model.optimizer) == (2.0**12, 4, 4)
        curves = [m.fit(x, y, batch_size=16, verbose=0, shuffle=False).history["loss"] for m in (model, twin)]
        np.testing.assert_allclose(curves[1], curves[0], rtol=1e-6)

    def test_without_scaling_it_stays_so(self, backend, mixed, tmp_path):
        model = compiled(mlp, auto_scale_loss=False)
        model.fit(*data((6,)), batch_size=16, verbose=0)
        model.save(tmp_path / "model.h5")
        assert type(kcore.models.load_model(tmp_path / "model.h5").optimizer) is Adam
