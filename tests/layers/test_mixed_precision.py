"""Dtype policies, and layers under them: what is cast, what is kept, what is computed in float32."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pytest

import kcore
from kcore import DTypePolicy, Function, GradientTape, Input, Variable, dtype_policies, layers, ops, registry
from kcore.conformance.layers import table
from kcore.conformance.layers.cases import ROWS, leaves, stored
from kcore.engine.autocast import autocast
from kcore.engine.tracing import value_of
from kcore.engine.variable import pack
from kcore.errors import DtypeError, InvalidArgumentError

KERAS = json.loads(Path(__file__).with_name("keras_mixed_dtypes.json").read_text())
X = np.array([[1, -2, 3], [0.5, 1, 2]], np.float32)


@pytest.fixture
def mixed():
    """`mixed_float16` as the policy of all layers, for the time of a test."""
    kcore.mixed_precision.set_dtype_policy("mixed_float16")
    yield
    kcore.mixed_precision.set_dtype_policy(None)


def has(backend, dtype):
    return all(gap.name != f"dtype:{dtype}" for gap in backend.capabilities.gaps)


class TestPolicy:
    @pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float64"])
    def test_of_one_dtype(self, name):
        policy = DTypePolicy(name)
        assert (policy.name, policy.compute_dtype, policy.variable_dtype) == (name, name, name)

    @pytest.mark.parametrize("name", ["float16", "bfloat16"])
    def test_mixed(self, name):
        policy = DTypePolicy(f"mixed_{name}")
        assert (policy.name, policy.compute_dtype, policy.variable_dtype) == (f"mixed_{name}", name, "float32")

    @pytest.mark.parametrize("name", ["mixed_float32", "mixed_float16x", "float12", 3, "mixed_"])
    def test_unknown_names_are_refused(self, name):
        with pytest.raises(InvalidArgumentError, match="mixed_bfloat16"):
            DTypePolicy(name)

    @pytest.mark.parametrize("name", ["float64", "mixed_bfloat16"])
    def test_round_trip(self, name):
        policy = DTypePolicy(name)
        assert DTypePolicy.from_config(policy.get_config()) == policy
        written = json.loads(json.dumps(dtype_policies.serialize(policy)))
        expected = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": name}, "registered_name": None}
        assert written == expected
        assert dtype_policies.deserialize(written) == dtype_policies.get(written) == policy
        assert dtype_policies.get({"class_name": "Policy", "config": {"name": name}}) == policy

    def test_get(self):
        policy = DTypePolicy("mixed_float16")
        assert dtype_policies.get(policy) is policy
        assert dtype_policies.get(None) == DTypePolicy() == DTypePolicy("float32")
        assert repr(policy) == '<DTypePolicy "mixed_float16">'

    def test_of_the_program(self, mixed):
        assert kcore.config.dtype_policy().name == "mixed_float16"
        assert kcore.mixed_precision.global_policy() == kcore.mixed_precision.dtype_policy()
        assert layers.Dense(2).compute_dtype == "float16"
        assert layers.Dense(2, dtype="float32").compute_dtype == "float32"
        assert kcore.config.floatx() == "float32"
        assert kcore.losses.MeanSquaredError().dtype == kcore.metrics.Mean().dtype == "float32"

    def test_of_the_program_follows_floatx_until_it_is_set(self):
        kcore.config.set_floatx("float64")
        try:
            assert kcore.config.dtype_policy().name == "float64"
            kcore.config.set_dtype_policy(DTypePolicy("mixed_bfloat16"))
            assert layers.Dense(2).compute_dtype == "bfloat16"
        finally:
            kcore.config.set_dtype_policy(None)
            kcore.config.set_floatx("float32")

    def test_clear_session_forgets_that_of_the_program(self, mixed):
        kcore.utils.clear_session()
        assert kcore.config.dtype_policy().name == "float32"

    def test_names_of_keras(self):
        room = kcore.mixed_precision
        assert room.Policy is room.DTypePolicy is kcore.DTypePolicy
        assert room.set_global_policy is room.set_dtype_policy
        assert room.LossScaleOptimizer is kcore.optimizers.LossScaleOptimizer


class TestReadingVariables:
    def test_cast_inside_a_scope_only(self, backend):
        v = Variable([1.0, 2.0])
        with autocast("float16"):
            assert (backend.dtype_of(v.value), v.dtype) == ("float16", "float16")
            with autocast(None):
                assert (backend.dtype_of(v.value), v.dtype) == ("float32", "float32")
        assert (backend.dtype_of(v.value), v.dtype) == ("float32", "float32")

    def test_integers_and_those_that_refuse_stay(self, backend):
        with autocast("float16"):
            assert backend.dtype_of(Variable([1, 2]).value) == "int32"
            assert Variable([1.0], autocast=False).dtype == "float32"
            assert backend.dtype_of(Variable([1.0], autocast=False).value) == "float32"

    def test_assignments_keep_every_digit(self, backend):
        v = Variable([1.0])
        with autocast("float16"):
            v.assign_add([2.0**-20])
            v.assign_sub([2.0**-21])
            assert copy.deepcopy(v).numpy() == v.numpy()
            v.assign(ops.cast([1 + 2.0**-21], "float32"))
        assert v.numpy() == np.float32(1 + 2.0**-21)

    def test_gradients_arrive_in_the_variables_dtype(self, backend):
        v = Variable([1.0, 2.0])

        def slope():
            with GradientTape() as tape, autocast("float16"):
                y = ops.sum(v * v)
            return tape.gradient(y, v)

        for gradient in (slope(), Function(slope)()):
            assert backend.dtype_of(gradient) == "float32"
            np.testing.assert_array_equal(backend.to_numpy(gradient), [2, 4])

    def test_a_function_is_captured_for_each_dtype(self, backend):
        v = Variable([1.0])
        double = Function(lambda: v * 2)
        assert backend.dtype_of(double()) == "float32"
        with autocast("float16"):
            assert backend.dtype_of(double()) == "float16"
        assert backend.dtype_of(double()) == "float32"
        assert double.stats()["reasons"][1].startswith("another dtype policy")

    def test_members_of_a_pack(self, backend):
        v, w = Variable([1.0, 2.0]), Variable([[3.0]])
        assert pack([v, w]) is not None

        def slopes():
            with GradientTape() as tape, autocast("float16"):
                y = ops.sum(v * w)
            return (y, *tape.gradient(y, [v, w]))

        for y, first, second in (slopes(), Function(slopes)()):
            assert str(ops.dtype(y)) == "float16"
            np.testing.assert_array_equal(backend.to_numpy(first), [3, 3])
            np.testing.assert_array_equal(backend.to_numpy(second), [[3]])

    def test_bodies_of_loops(self, backend):
        from kcore.engine import control

        v = Variable([2.0])

        def power():
            with GradientTape() as tape, autocast("float16"):
                y, _ = control.scan(lambda c, _: (c * v, None), ops.ones((1,), dtype="float16"), None, length=3)
            return value_of(y), tape.gradient(ops.sum(y), v)

        for y, gradient in (power(), Function(power)()):
            assert (backend.dtype_of(y), backend.dtype_of(gradient)) == ("float16", "float32")
            assert (float(backend.to_numpy(y)[0]), float(backend.to_numpy(gradient)[0])) == (8, 12)


class TestLayers:
    @pytest.mark.parametrize("name", ROWS)
    def test_dtypes_are_those_of_keras_and_values_near(self, backend, mixed, name):
        make, shapes, options = ROWS[name]
        layer, inputs, call = make(layers), table.inputs_of(shapes, options), table.call_options(options)
        layer(inputs, **call)
        table.fill(layer)
        outputs = leaves(layer(inputs, **call))
        expected = KERAS[name] or {"outputs": ["float16"], "weights": ["float32"] if layer.weights else []}
        assert [backend.dtype_of(x) for x in outputs] == expected["outputs"]
        assert sorted({v.dtype for v in layer.weights}) == expected["weights"]
        for got, want in zip(outputs, stored()[name], strict=False):
            value = np.reshape(want["values"], want["shape"])
            np.testing.assert_allclose(backend.to_numpy(got), value, rtol=0, atol=0.01 * max(1, np.abs(value).max()))

    def test_a_symbolic_call_tells_the_same(self, mixed):
        assert layers.Dense(2)(Input((3,))).dtype == "float16"
        assert Input((3,)).dtype == "float32"
        assert layers.LSTM(2, return_sequences=True)(Input((4, 3))).dtype == "float16"

    def test_properties(self, backend):
        layer = layers.Dense(2, dtype="mixed_float16")
        layer.build((None, 3))
        assert layer.dtype_policy == DTypePolicy("mixed_float16")
        assert (layer.dtype, layer.variable_dtype) == ("float32", "float32")
        assert (layer.compute_dtype, layer.input_dtype, layer.kernel.dtype) == ("float16", "float16", "float32")

    def test_inside_of_one_another_each_reads_by_its_own_policy(self, backend):
        class Reading(layers.Layer):
            def __init__(self, inner=None, **kwargs):
                super().__init__(**kwargs)
                self.inner, self.seen = inner, []
                self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

            def call(self, x):
                x = x if self.inner is None else self.inner(x)
                self.seen.append((str(ops.dtype(x)), str(ops.dtype(self.scale.value))))
                return x * self.scale

        for first, second in (("mixed_float16", "float32"), ("float32", "mixed_float16")):
            inner = Reading(dtype=first)
            outer = Reading(inner, dtype=second)
            outer(X)
            dtype = inner.compute_dtype
            assert inner.seen == [(dtype, dtype)]
            assert outer.seen == [(dtype, outer.compute_dtype)]

    def test_autocast_off(self, backend):
        layer = layers.Dense(2, dtype="mixed_float16", autocast=False)
        assert backend.dtype_of(layer(X)) == "float32"

    def test_captured_is_eager(self, backend, mixed):
        layer = layers.Dense(2, activation="tanh")
        layer.build((None, 3))

        def slopes(x):
            with GradientTape() as tape:
                y = ops.sum(layer(x))
            return (value_of(y), *tape.gradient(y, layer.weights))

        x = ops.convert_to_tensor(X)
        for got, want in zip(Function(slopes)(x), slopes(x), strict=True):
            assert backend.dtype_of(got) == backend.dtype_of(want)
            np.testing.assert_allclose(backend.to_numpy(got), backend.to_numpy(want), rtol=2e-3, atol=2e-3)

    def test_penalties_are_float32(self, backend, mixed):
        layer = layers.Dense(2, kernel_regularizer="l2", activity_regularizer="l1", kernel_initializer="ones")
        layer(np.full((1, 3), 2e4, np.float32))
        assert [str(ops.dtype(x)) for x in layer.losses] == ["float32", "float32"]
        assert float(backend.to_numpy(layer.losses[0])) == pytest.approx(0.01 * 2 * 6e4, rel=1e-3)

    def test_metrics_inside_count_in_float32(self, backend, mixed):
        class Counting(layers.Layer):
            def __init__(self, **kwargs):
                super().__init__(**kwargs)
                self.mean = kcore.metrics.Mean()

            def call(self, x):
                self.mean.update_state(x)
                return x

        layer = Counting()
        for _ in range(3):
            layer(np.full((1024, 1), 2, np.float32))
        assert (float(layer.mean.total.numpy()), float(layer.mean.result())) == (6144.0, 2.0)

    @pytest.mark.parametrize("policy", ["float16", "mixed_float16"])
    def test_unit_normalization_of_long_vectors(self, backend, policy):
        got = backend.to_numpy(layers.UnitNormalization(dtype=policy)(np.array([[300, 400]], np.float32)))
        np.testing.assert_allclose(got, [[0.6, 0.8]], rtol=1e-3)

    def test_normalization_reads_scale_and_shift_in_float32(self, backend, mixed):
        for layer in (layers.LayerNormalization(), layers.BatchNormalization(), layers.GroupNormalization(1)):
            layer.build((None, 3))
            assert not layer.gamma.autocast and not layer.beta.autocast

    def test_bfloat16(self, backend):
        layer = layers.Dense(2, dtype="mixed_bfloat16", name="short")
        if not has(backend, "bfloat16"):
            with pytest.raises(DtypeError, match=r"'short'.*'mixed_bfloat16'.*has no bfloat16"):
                layer(X)
            with pytest.raises(DtypeError, match="has no bfloat16"):
                layers.Dense(2, dtype="bfloat16")(Input((3,)))
            return
        assert backend.dtype_of(layer(X)) == "bfloat16"
        assert layer.kernel.dtype == "float32"


class TestModels:
    def test_inputs_reach_the_first_layer_as_they_are(self, backend, mixed):
        class Noting(layers.Layer):
            def call(self, x):
                self.seen = str(ops.dtype(x))
                return x

        x = np.full((1, 2), 1e5, np.float32)
        for build in (lambda first: kcore.Sequential([first]), lambda first: kcore.Sequential([Input((2,)), first])):
            first = Noting(dtype="float32")
            assert np.all(backend.to_numpy(build(first)(x)) == 1e5)
            assert first.seen == "float32"

    def test_configs(self, backend, mixed):
        layer = layers.Dense(2, name="d")
        written = json.loads(json.dumps(layer.get_config()))
        assert written["dtype"] == dtype_policies.serialize(DTypePolicy("mixed_float16"))
        kcore.config.set_dtype_policy("float32")
        assert layers.Dense.from_config(written).dtype_policy.name == "mixed_float16"
        assert registry.deserialize_keras_object(registry.serialize_keras_object(layer)).compute_dtype == "float16"
        assert layers.Dense(2).get_config()["dtype"] == "float32"

    @pytest.mark.parametrize("kind", ["sequential", "functional"])
    def test_json(self, backend, mixed, kind):
        if kind == "sequential":
            model = kcore.Sequential([Input((3,)), layers.Dense(2)])
        else:
            x = Input((3,))
            model = kcore.Model(x, layers.Dense(2)(x))
        kcore.config.set_dtype_policy("float32")
        twin = kcore.models.model_from_json(model.to_json())
        twin.set_weights(model.get_weights())
        assert twin.layers[-1].dtype_policy.name == "mixed_float16"
        got, want = (backend.to_numpy(m(X)) for m in (twin, model))
        assert got.dtype == np.float16
        np.testing.assert_array_equal(got, want)
