"""`Layer`: building, weights, tracking, calling, training flag, dtypes, errors, configurations."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from kcore import ops
from kcore.engine.random import SeedGenerator
from kcore.engine.variable import Variable
from kcore.errors import InvalidArgumentError, InvalidTypeError, ShapeError, UnsupportedError
from kcore.layers import Input, InputSpec, Layer
from kcore.ops.operation import reset_names


class Affine(Layer):
    """`x @ kernel + bias`, with a counter that training leaves alone."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False, name="calls")
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), initializer="ones", name="kernel")
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")

    def call(self, x):
        return ops.matmul(x, self.kernel) + self.bias


class Nested(Layer):
    """Two layers in attributes, others in a list and a dictionary."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first = Affine(2, name="first")
        self.blocks = []
        self.blocks.append(Affine(2, name="block_0"))
        self.by_name = {"a": [Affine(2, name="deep")]}
        self.last = Affine(1, name="last")

    def call(self, x):
        return self.last(self.by_name["a"][0](self.blocks[0](self.first(x))))


class Flag(Layer):
    """Notes the training flag it is called with."""

    def call(self, x, training=None):
        self.seen = training
        return x


class Around(Layer):
    def __init__(self, inner, **kwargs):
        super().__init__(**kwargs)
        self.inner = inner

    def call(self, x):
        return self.inner(x)


X = np.ones((4, 3), "float32")


class TestBuild:
    def test_first_call_builds_from_the_inputs_shape(self, backend):
        layer = Affine(2)
        assert not layer.built
        result = layer(X)
        assert layer.built
        np.testing.assert_array_equal(backend.to_numpy(result), np.full((4, 2), 3.0))

    def test_build_gets_none_for_unknown_dimensions(self):
        shapes = []

        class Noting(Layer):
            def build(self, input_shape):
                shapes.append(input_shape)

            def call(self, x):
                return x

        Noting()(Input((None, 3)))
        assert shapes == [(None, None, 3)]

    def test_weights_made_in_init(self, backend):
        class Scale(Layer):
            def __init__(self):
                super().__init__(name="scale")
                self.gamma = self.add_weight(shape=(3,), initializer="ones", name="gamma")

            def call(self, x):
                return x * self.gamma

        layer = Scale()
        assert layer.gamma.path == "scale/gamma"
        np.testing.assert_array_equal(backend.to_numpy(layer(X)), X)

    def test_weights_made_in_call(self, backend):
        class Lazy(Layer):
            gamma = None

            def call(self, x):
                if self.gamma is None:
                    self.gamma = self.add_weight(shape=(x.shape[-1],), initializer="ones", name="gamma")
                return x * self.gamma

        layer = Lazy(name="lazy")
        assert layer(Input((3,))).shape == (None, 3)
        assert [v.path for v in layer.weights] == ["lazy/gamma"]
        np.testing.assert_array_equal(backend.to_numpy(layer(X)), X)
        assert len(layer.weights) == 1

    def test_build_with_one_shape_for_each_argument(self):
        class Pair(Layer):
            def build(self, query_shape, value_shape):
                self.shapes = (query_shape, value_shape)

            def call(self, query, value):
                return query

        layer = Pair()
        layer(X, value=np.ones((4, 5)))
        assert layer.shapes == ((4, 3), (4, 5))

    def test_build_with_unmatched_parameters_names_them(self):
        class Pair(Layer):
            def build(self, left_shape, right_shape):
                pass

            def call(self, query, value):
                return query

        with pytest.raises(InvalidArgumentError, match=r"left_shape.*query_shape"):
            Pair()(X, X)

    def test_structure_of_shapes(self):
        class Sum(Layer):
            def build(self, input_shape):
                self.shapes = input_shape

            def call(self, inputs):
                return inputs["a"] + inputs["b"][0]

        layer = Sum()
        layer({"a": X, "b": [X]})
        assert layer.shapes == {"a": (4, 3), "b": [(4, 3)]}

    def test_building_again_replaces_the_weights(self):
        layer = Affine(2)
        layer.build((None, 3))
        layer.build((None, 5))
        assert [tuple(v.shape) for v in layer.weights] == [(5, 2), (2,), ()]

    def test_super_build_counts_as_one_build(self):
        class Child(Affine):
            def build(self, input_shape):
                super().build(input_shape)
                self.extra = self.add_weight(shape=(), initializer="zeros", name="extra")

        layer = Child(2, name="child")
        layer.build((None, 3))
        assert [v.path for v in layer.weights] == ["child/kernel", "child/bias", "child/extra", "child/calls"]

    def test_unknown_weight_dimension_names_the_layer(self):
        with pytest.raises(InvalidArgumentError, match=r"'open' \(Affine\).*shape=\(None, 2\)"):
            Affine(2, name="open")(Input((None,)))

    def test_initial_weights(self):
        layer = Affine(1, weights=[np.full((3, 1), 2.0), np.zeros(1), np.array(7.0)])
        layer.build((None, 3))
        assert layer.get_weights()[0].tolist() == [[2.0], [2.0], [2.0]]

    def test_build_config_round_trip(self):
        layer = Affine(2)
        layer.build((None, 3))
        other = Affine(2)
        other.build_from_config({"input_shape": list(layer.get_build_config()["input_shape"])})
        assert [tuple(v.shape) for v in other.weights] == [tuple(v.shape) for v in layer.weights]


class TestAddWeight:
    def test_order_of_keras_3(self):
        variable = Layer().add_weight((2,), "ones", "float64")
        assert (variable.numpy().tolist(), variable.dtype) == ([1.0, 1.0], "float64")

    def test_order_of_keras_2(self):
        variable = Layer(name="l").add_weight("w", (2,), None, "ones", None, False)
        assert (variable.path, variable.numpy().tolist(), variable.trainable) == ("l/w", [1.0, 1.0], False)

    def test_integer_weights_start_at_zero(self):
        assert Layer().add_weight(shape=(2,), dtype="int32").numpy().tolist() == [0, 0]

    def test_regularizer_and_constraint_are_found_by_name(self):
        variable = Layer().add_weight(shape=(2,), regularizer="l2", constraint="non_neg")
        assert (type(variable.regularizer).__name__, type(variable.constraint).__name__) == ("L2", "NonNeg")


class TestTracking:
    def test_layers_in_attributes_lists_and_dictionaries(self):
        layer = Nested(name="nested")
        layer(X)
        assert [inner.name for inner in layer._flatten_layers()] == ["nested", "first", "block_0", "deep", "last"]

    def test_paths_follow_the_nesting(self):
        layer = Nested(name="nested")
        layer(X)
        assert layer.weights[0].path == "nested/first/kernel"
        assert layer.last.path == "nested/last"

    def test_two_lists_filled_in_one_loop_are_interleaved(self):
        class Loop(Layer):
            def __init__(self):
                super().__init__()
                self.left, self.right = [], []
                for i in range(2):
                    self.left.append(Affine(1, name=f"left_{i}"))
                    self.right.append(Affine(1, name=f"right_{i}"))

        assert [layer.name for layer in Loop()._sublayers()] == ["left_0", "right_0", "left_1", "right_1"]

    def test_attribute_order_beats_creation_order(self):
        layer = Layer()
        early, late = Affine(1, name="early"), Affine(1, name="late")
        layer.late, layer.early = late, early
        assert [inner.name for inner in layer._sublayers()] == ["late", "early"]

    def test_a_replaced_layer_is_gone(self):
        layer = Layer()
        layer.inner = Affine(1, name="old")
        layer.inner = Affine(1, name="new")
        assert [inner.name for inner in layer._sublayers()] == ["new"]

    def test_deleted_weight_is_gone(self):
        layer = Affine(2)
        layer.build((None, 3))
        del layer.bias
        assert len(layer.weights) == 2

    def test_a_layer_held_twice_counts_once(self):
        layer = Nested()
        layer.again = layer.first
        layer(X)
        assert len(layer.weights) == 12

    def test_a_variable_in_an_attribute(self):
        layer = Layer()
        layer.step = Variable(np.zeros(()), trainable=False)
        assert [v is layer.step for v in layer.non_trainable_weights] == [True]

    def test_lists_stay_the_users_own(self):
        mine = [Affine(1)]
        layer = Layer()
        layer.inner = mine
        assert layer.inner is mine

    def test_random_states_are_variables_and_not_weights(self):
        layer = Layer()
        layer.generator = SeedGenerator(1)
        assert len(layer.variables) == len(layer.non_trainable_variables) == 1
        assert layer.weights == []

    def test_attributes_may_be_set_before_super_init(self):
        class Early(Layer):
            def __init__(self):
                self.inner = Affine(1, name="inner")
                super().__init__()

        assert [inner.name for inner in Early()._sublayers()] == ["inner"]

    def test_a_reference_to_the_parent_is_no_endless_loop(self):
        parent = Around(Flag())
        parent.inner.parent = parent
        assert len(parent._flatten_layers()) == 2


class TestWeights:
    def test_trainable_ones_come_first_in_each_layer(self):
        layer = Nested(name="n")
        layer(X)
        assert [v.name for v in layer.weights] == ["kernel", "bias", "calls"] * 4

    def test_get_and_set(self):
        layer = Affine(2)
        layer.build((None, 3))
        values = [np.full((3, 2), 5.0, "float32"), np.ones(2, "float32"), np.array(3.0, "float32")]
        layer.set_weights(values)
        for got, value in zip(layer.get_weights(), values, strict=True):
            np.testing.assert_array_equal(got, value)

    def test_wrong_shape_names_layer_and_weight_and_changes_nothing(self):
        layer = Affine(2, name="bad")
        layer.build((None, 3))
        with pytest.raises(ShapeError, match=r"layer 'bad'.*'bad/bias' has shape \(2,\).*\(9,\)"):
            layer.set_weights([np.zeros((3, 2)), np.zeros(9), np.zeros(())])
        np.testing.assert_array_equal(layer.get_weights()[0], np.ones((3, 2)))

    def test_wrong_number_of_weights(self):
        layer = Affine(2, name="bad")
        with pytest.raises(InvalidArgumentError, match=r"'bad' must be 0 arrays. Received: 1 arrays.*isn't built"):
            layer.set_weights([np.zeros(1)])

    def test_count_params(self):
        layer = Affine(2)
        with pytest.raises(InvalidArgumentError, match="to be built"):
            layer.count_params()
        layer.build((None, 3))
        assert layer.count_params() == 9

    def test_freezing_is_recursive_and_keeps_the_order(self):
        layer = Nested()
        layer(X)
        order = [v.path for v in layer.weights]
        layer.trainable = False
        assert layer.trainable_weights == []
        assert [v.path for v in layer.weights] == order
        assert not layer.first.trainable
        assert not layer.first.kernel.trainable
        layer.trainable = True
        assert len(layer.trainable_weights) == 8
        assert not layer.first.calls.trainable

    def test_a_frozen_layer_hides_layers_made_later(self):
        layer = Around(None, trainable=False)
        layer.inner = Affine(2)
        layer(X)
        assert layer.trainable_weights == []
        assert len(layer.non_trainable_weights) == 3

    def test_own_variables_round_trip(self):
        layer, other = Affine(2), Affine(2)
        layer.build((None, 3))
        other.build((None, 3))
        layer.set_weights([w + 2 for w in layer.get_weights()])
        store: dict = {}
        layer.save_own_variables(store)
        other.load_own_variables(store)
        for a, b in zip(layer.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)

    def test_stateless_call_leaves_the_variables(self, backend):
        layer = Affine(2)
        layer.build((None, 3))
        kernel, bias, calls = layer.get_weights()
        outputs, others = layer.stateless_call([kernel * 2, bias], [calls], X)
        np.testing.assert_array_equal(backend.to_numpy(outputs), np.full((4, 2), 6.0))
        np.testing.assert_array_equal(layer.get_weights()[0], kernel)
        assert len(others) == 1


class TestTraining:
    @pytest.mark.parametrize(("given", "expected"), [(None, False), (True, True), (False, False)])
    def test_flag_of_the_call(self, given, expected):
        layer = Flag()
        layer(X, training=given)
        assert layer.seen is expected

    def test_inherited_from_the_call_around(self):
        layer = Around(Flag())
        layer(X, training=True)
        assert layer.inner.seen is True
        layer(X)
        assert layer.inner.seen is False

    def test_explicit_flag_beats_the_inherited_one(self):
        class Off(Layer):
            def __init__(self):
                super().__init__()
                self.inner = Flag()

            def call(self, x):
                return self.inner(x, training=False)

        layer = Off()
        layer(X, training=True)
        assert layer.inner.seen is False

    def test_default_of_the_signature(self):
        class On(Flag):
            def call(self, x, training=True):
                self.seen = training
                return x

        layer = On()
        layer(X)
        assert layer.seen is True


class TestCall:
    def test_floating_inputs_are_cast_and_integers_are_not(self, backend):
        class Noting(Layer):
            def call(self, x, y):
                self.dtypes = (ops.dtype(x), ops.dtype(y)) if hasattr(ops, "dtype") else (str(x.dtype), str(y.dtype))
                return x

        layer = Noting()
        layer(np.ones(2, "float64"), np.ones(2, "int32"))
        assert [d.rpartition(".")[2] for d in layer.dtypes] == ["float32", "int32"]

    def test_autocast_off(self, backend):
        layer = Flag(autocast=False)
        assert backend.dtype_of(layer(np.ones(2, "float64"))) == "float64"

    def test_dtype_argument(self, backend):
        layer = Affine(2, dtype="float64")
        assert backend.dtype_of(layer(X)) == "float64"
        assert layer.kernel.dtype == "float64"

    def test_saved_dtype_policy(self):
        saved = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float64"}, "registered_name": None}
        assert Layer(dtype=saved).compute_dtype == "float64"

    def test_nested_and_keyword_tensors(self, backend):
        class Mix(Layer):
            def call(self, inputs, *, extra=None):
                return {"sum": inputs[0] + inputs[1], "extra": extra * 2.0}

        result = Mix()([X, X], extra=X)
        np.testing.assert_array_equal(backend.to_numpy(result["sum"]), 2 * X)
        np.testing.assert_array_equal(backend.to_numpy(result["extra"]), 2 * X)
        symbolic = Mix()([Input((3,)), Input((3,))], extra=Input((5,)))
        assert (symbolic["sum"].shape, symbolic["extra"].shape) == ((None, 3), (None, 5))

    def test_wrong_arguments_name_the_layer(self):
        with pytest.raises(InvalidTypeError, match=r"Layer 'flag_\w*|Layer 'flag"):
            Flag()(X, X, X)

    def test_missing_super_init(self):
        class Forgetful(Layer):
            def __init__(self):
                pass

            def call(self, x):
                return x

        with pytest.raises(UnsupportedError, match=r"Forgetful.__init__ must call it first"):
            Forgetful()(X)

    def test_call_must_be_written(self):
        with pytest.raises(UnsupportedError, match="must define `call`"):
            Layer()(X)

    def test_unknown_constructor_argument(self):
        with pytest.raises(InvalidArgumentError, match=r"Affine.*Received: unit=3"):
            Affine(2, unit=3)


class TestErrors:
    def test_error_names_the_innermost_path_class_and_arguments_once(self):
        class Failing(Layer):
            def call(self, x):
                raise ZeroDivisionError("nothing to divide")

        with pytest.raises(ZeroDivisionError) as caught:
            Around(Failing(name="inner"), name="outer")(X)
        text = str(caught.value)
        assert text.startswith("nothing to divide\n")
        assert "'outer/inner' (Failing) called with x=float32(4, 3)" in text
        assert text.count("Raised by") == 1

    def test_error_without_a_text_gets_a_note(self):
        class Failing(Layer):
            def call(self, x):
                return {}["key"]

        with pytest.raises(KeyError) as caught:
            Failing(name="f")(X)
        assert caught.value.args == ("key",)
        assert "layer 'f' (Failing)" in caught.value.__notes__[0]


class TestShapes:
    def test_compute_output_shape(self):
        assert Affine(2).compute_output_shape((None, 3)) == (None, 2)

    def test_compute_output_shape_of_nested_layers(self):
        assert Nested().compute_output_shape((7, 3)) == (7, 1)

    def test_compute_output_shape_by_argument_name(self):
        class Pair(Layer):
            def call(self, query, value):
                return [query, value]

        shapes = Pair().compute_output_shape(query_shape=(None, 2), value_shape=(None, 4))
        assert [tuple(s) for s in shapes] == [(None, 2), (None, 4)]

    def test_compute_output_spec_gives_the_dtype(self):
        class Compare(Layer):
            def call(self, x):
                return x > 0.0

        spec = Compare().compute_output_spec(Input((3,)))
        assert (spec.shape, spec.dtype) == ((None, 3), "bool")

    def test_a_call_on_values_falls_back_to_compute_output_shape(self):
        class Host(Layer):
            def call(self, x):
                return np.asarray(x) * 2

            def compute_output_shape(self, input_shape):
                return (*input_shape[:-1], 9)

        assert Host()(Input((3,))).shape == (None, 9)

    def test_input_and_output_of_calls(self):
        layer = Affine(2)
        x, y = Input((3,)), Input((3,))
        first, second = layer(x), layer(y)
        assert layer.get_input_at(0) is x
        assert layer.get_output_at(1) is second
        assert layer.output_shape == (None, 2)
        assert first is not second
        with pytest.raises(InvalidArgumentError, match="exactly one symbolic call"):
            layer.output

    def test_input_shape_before_any_call(self):
        assert Affine(2, input_shape=(3,)).input_shape == (None, 3)
        assert Affine(2, input_dim=3, batch_size=5).input_shape == (5, 3)
        with pytest.raises(AttributeError, match="never called"):
            Affine(2).input_shape


class TestConfig:
    def test_overridden_get_config(self):
        class Own(Affine):
            def get_config(self):
                return {**super().get_config(), "units": self.units}

        layer = Own.from_config(Own(4, name="own", trainable=False).get_config())
        assert (layer.units, layer.name, layer.trainable) == (4, "own", False)

    def test_constructor_arguments_are_captured(self):
        layer = Affine(4, name="a")
        assert layer.get_config() == {"name": "a", "trainable": True, "dtype": "float32", "units": 4}
        assert Affine.from_config(layer.get_config()).units == 4

    def test_an_argument_that_cannot_be_saved(self):
        with pytest.raises(UnsupportedError, match=r"Around has no `get_config`.*argument `inner`"):
            Around(object()).get_config()

    def test_a_layer_as_argument(self):
        from kcore.layers import Activation

        copied = Around.from_config(Around(Activation("relu", name="act"), name="around").get_config())
        assert (type(copied.inner), copied.inner.name, copied.name) == (Activation, "act", "around")

    def test_entries_that_the_constructor_does_not_take(self):
        with pytest.raises(InvalidTypeError, match=r"`config` doesn't fit Affine"):
            Affine.from_config({"name": "a"})


class TestCopies:
    @pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
    def test_copy_has_weights_of_its_own(self, duplicate, backend):
        layer = Nested()
        layer(X)
        layer(Input((3,)))
        twin = duplicate(layer)
        np.testing.assert_array_equal(backend.to_numpy(twin(X)), backend.to_numpy(layer(X)))
        twin.first.kernel.assign(np.zeros((3, 2)))
        assert layer.first.kernel.numpy().sum() == 6
        assert twin._inbound_nodes == []
        twin.more = Affine(1, name="more")
        assert [inner.name for inner in twin._sublayers()][-1] == "more"


class TestNames:
    def test_names_count_up(self):
        reset_names()
        assert [Affine(1).name, Affine(1).name] == ["affine", "affine_1"]


class TestInputSpec:
    @pytest.mark.parametrize(
        ("spec", "shape", "text"),
        [
            (InputSpec(ndim=3), (2, 3), "expected ndim=3, found ndim=2"),
            (InputSpec(min_ndim=3), (2, 3), "at least 3 dimensions"),
            (InputSpec(max_ndim=1), (2, 3), "at most 1 dimensions"),
            (InputSpec(axes={-1: 4}), (2, 3), "axis -1 of size 4, found 3"),
            (InputSpec(shape=(None, 4)), (2, 3), r"shape=\(None, 4\), found shape=\(2, 3\)"),
        ],
    )
    def test_shapes_that_do_not_fit(self, spec, shape, text):
        layer = Flag(name="checked")
        layer.input_spec = spec
        with pytest.raises(ShapeError, match=rf"'checked' \(Flag\).*{text}.*Received: shape=\(2, 3\)"):
            layer(np.ones(shape))

    def test_error_inside_a_model_has_the_path(self):
        inner = Flag(name="inner")
        inner.input_spec = InputSpec(ndim=5)
        with pytest.raises(ShapeError, match="Layer 'outer/inner'"):
            Around(inner, name="outer")(X)

    def test_number_of_inputs(self):
        layer = Flag()
        layer.input_spec = [InputSpec(ndim=2), InputSpec(ndim=2)]
        with pytest.raises(InvalidArgumentError, match="expects 2 input"):
            layer([X])

    def test_dtype(self):
        layer = Flag()
        layer.input_spec = InputSpec(dtype="int32")
        with pytest.raises(InvalidTypeError, match="expected dtype=int32"):
            layer(X)

    def test_last_axis_may_be_missing(self):
        layer = Flag()
        layer.input_spec = InputSpec(shape=(None, 3, 1), allow_last_axis_squeeze=True)
        assert tuple(layer(X).shape) == (4, 3)

    def test_config_round_trip(self):
        spec = InputSpec(min_ndim=2, axes={-1: 3})
        assert repr(InputSpec.from_config(spec.get_config())) == "InputSpec(min_ndim=2, axes={-1: 3})"

    def test_axes_within_the_rank(self):
        with pytest.raises(InvalidArgumentError, match="within rank 2"):
            InputSpec(ndim=2, axes={2: 3})
