"""Functional models: the graph, running it, what goes wrong in it."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from kcore import ops
from kcore.errors import InvalidArgumentError, ShapeError
from kcore.layers import Add, Dense, Input, InputLayer, Layer
from kcore.models import Functional, Model
from kcore.ops.operation import Node, OpCall

X = np.arange(8, dtype="float32").reshape(2, 4)


def numpy_dense(x, layer):
    kernel, bias = layer.get_weights()
    return x @ kernel + bias


def value(backend, x):
    return backend.to_numpy(x)


class TestGraph:
    def test_model_of_inputs_and_outputs_is_functional(self):
        x = Input((4,))
        assert type(Model(x, x * 2.0)) is Functional
        assert type(Model(inputs=x, outputs=x * 2.0)) is Functional
        assert type(Model([x], [x * 2.0], name="m")) is Functional

    def test_one_chain(self, backend):
        x = Input((4,))
        dense = Dense(3)
        model = Model(x, dense(x))
        np.testing.assert_allclose(value(backend, model(X)), numpy_dense(X, dense), rtol=1e-5)

    def test_shared_layer_and_several_outputs(self, backend):
        a, b = Input((4,)), Input((4,))
        shared = Dense(3)
        left, right = shared(a), shared(b)
        model = Model([a, b], [left + right, left])
        total, first = model([X, 2 * X])
        np.testing.assert_allclose(value(backend, first), numpy_dense(X, shared), rtol=1e-5)
        np.testing.assert_allclose(
            value(backend, total), numpy_dense(X, shared) + numpy_dense(2 * X, shared), rtol=1e-5
        )
        assert len(model.weights) == 2

    def test_dictionaries(self, backend):
        inputs = {"a": Input((4,), name="first"), "b": Input((4,), name="second")}
        model = Model(inputs, {"sum": inputs["a"] + inputs["b"], "a": inputs["a"] * 1.0})
        result = model({"b": X, "a": 2 * X})
        np.testing.assert_array_equal(value(backend, result["sum"]), 3 * X)
        np.testing.assert_array_equal(value(backend, result["a"]), 2 * X)

    def test_a_list_of_inputs_by_name(self, backend):
        a, b = Input((4,), name="a"), Input((4,), name="b")
        model = Model([a, b], a - b)
        np.testing.assert_array_equal(value(backend, model({"a": 3 * X, "b": X})), 2 * X)

    def test_nested_models(self, backend):
        x = Input((4,))
        dense = Dense(4)
        inner = Model(x, dense(x), name="inner")
        y = Input((4,))
        outer = Model(y, inner(inner(y)))
        np.testing.assert_allclose(value(backend, outer(X)), numpy_dense(numpy_dense(X, dense), dense), rtol=1e-4)
        assert [layer.name for layer in outer.layers][1:] == ["inner"]
        assert len(outer.weights) == 2

    def test_keyword_tensors(self, backend):
        class Scale(Layer):
            def call(self, x, factor=None, shift=0.0):
                return x * factor + shift

        a, b = Input((4,)), Input((4,))
        model = Model([a, b], Scale()(a, factor=b, shift=1.0))
        np.testing.assert_array_equal(value(backend, model([X, X])), X * X + 1)

    def test_ops_on_keras_tensors(self, backend):
        x = Input((4,))
        model = Model(x, ops.sum(x[:, 1:] * 2.0, axis=-1))
        np.testing.assert_array_equal(value(backend, model(X)), (X[:, 1:] * 2).sum(-1))

    def test_training_flag_reaches_the_layers(self, backend):
        class Flag(Layer):
            def call(self, x, training=None):
                return x * (2.0 if training else 1.0)

        x = Input((4,))
        model = Model(x, Flag()(x))
        np.testing.assert_array_equal(value(backend, model(X, training=True)), 2 * X)
        np.testing.assert_array_equal(value(backend, model(X)), X)

    def test_flag_that_was_fixed_when_the_model_was_made(self, backend):
        class Flag(Layer):
            def call(self, x, training=None):
                return x * (2.0 if training else 1.0)

        x = Input((4,))
        np.testing.assert_array_equal(value(backend, Model(x, Flag()(x, training=True))(X)), 2 * X)

    def test_layers_stand_in_order_of_depth(self):
        a, b = Input((4,), name="a"), Input((4,), name="b")
        first = Dense(4, name="first")(a)
        model = Model([a, b], Add(name="add")([Dense(4, name="second")(first), b]))
        assert [layer.name for layer in model.layers] == ["a", "first", "second", "b", "add"]

    def test_an_unused_input_is_there(self, backend):
        a, b = Input((4,)), Input((1,))
        model = Model([a, b], a * 2.0)
        np.testing.assert_array_equal(value(backend, model([X, X[:, :1]])), 2 * X)

    def test_the_input_as_output(self, backend):
        x = Input((4,))
        np.testing.assert_array_equal(value(backend, Model(x, x)(X)), X)

    def test_submodel_of_a_model(self, backend):
        x = Input((4,))
        hidden = Dense(3, name="hidden")
        model = Model(x, Dense(2)(hidden(x)))
        part = Model(model.input, model.get_layer("hidden").output)
        np.testing.assert_allclose(value(backend, part(X)), numpy_dense(X, hidden), rtol=1e-5)

    def test_a_model_that_starts_in_the_middle(self, backend):
        x = Input((4,))
        middle = Dense(3)(x)
        head = Dense(2)
        model = Model(middle, head(middle))
        z = np.ones((2, 3), "float32")
        np.testing.assert_allclose(value(backend, model(z)), numpy_dense(z, head), rtol=1e-5)
        assert isinstance(model.layers[0], InputLayer)
        assert len(model.weights) == 2
        again = Model(model.input, model.output)
        np.testing.assert_allclose(value(backend, again(z)), numpy_dense(z, head), rtol=1e-5)

    def test_a_deep_chain(self, backend):
        y = x = Input((4,))
        for _ in range(400):
            y = y + 1.0
        model = Model(x, y)
        np.testing.assert_array_equal(value(backend, model(X)), X + 400)
        np.testing.assert_array_equal(value(backend, copy.deepcopy(model)(X)), X + 400)

    def test_loss_of_keras_tensors(self, backend):
        x = Input((4,))
        y = x * 2.0
        model = Model(x, y)
        model.add_loss(ops.sum(y - x))
        model(X)
        assert [float(value(backend, loss)) for loss in model.losses] == [X.sum()]

    def test_loss_outside_of_the_graph(self):
        x = Input((4,))
        model = Model(x, x * 2.0)
        with pytest.raises(InvalidArgumentError, match="depends on"):
            model.add_loss(ops.sum(Input((4,))))


class TestSubclass:
    def test_super_init_with_inputs_and_outputs(self, backend):
        class Doubling(Model):
            def __init__(self):
                x = Input((4,))
                super().__init__(inputs=x, outputs=Dense(4, name="inner")(x))
                self.head = Dense(1, name="head")

            def train_step(self, data):
                return {}

        model = Doubling()
        assert tuple(model(X).shape) == (2, 4)
        assert [layer.name for layer in model.layers][1:] == ["inner", "head"]


class TestErrors:
    def test_disconnected_output_names_tensor_and_layer(self):
        x, other = Input((4,)), Input((4,), name="forgotten")
        with pytest.raises(InvalidArgumentError, match=r"model 'broken'.*layer 'forgotten'.*isn't one of them"):
            Model(x, x + other, name="broken")

    def test_two_layers_of_one_name(self):
        x = Input((4,))
        with pytest.raises(InvalidArgumentError, match="'twin' for a Dense and for a Dense"):
            Model(x, Dense(2, name="twin")(Dense(2, name="twin")(x)))

    def test_an_op_may_be_called_like_a_layer(self, backend):
        x = Input((4,))
        y = Dense(4, name="add")(x) + 1.0
        model = Model(x, y + 1.0)
        assert len(model._graph.names().values()) == len(set(model._graph.names().values()))

    def test_cycle(self):
        x = Input((4,))
        first, second = OpCall("add", name="first"), OpCall("add", name="second")
        y = first.symbolic_call(x, 1.0)
        z = second.symbolic_call(y, 1.0)
        node = first._inbound_nodes[0]
        node.call_args = (z, 1.0)
        node.input_tensors = [z]
        with pytest.raises(InvalidArgumentError, match=r"has a cycle.*'(first|second)'"):
            Model(x, z)

    def test_values_instead_of_keras_tensors(self):
        x = Input((4,))
        with pytest.raises(InvalidArgumentError, match=r"`inputs` of model .* must be KerasTensors.*start from `Input"):
            Model(X, x)
        with pytest.raises(InvalidArgumentError, match="`outputs` of model"):
            Model(x, [])

    def test_an_input_given_twice(self):
        x = Input((4,))
        with pytest.raises(InvalidArgumentError, match="different tensors"):
            Model([x, x], x * 2.0)

    def test_inputs_without_outputs(self):
        with pytest.raises(InvalidArgumentError, match="both `inputs` and `outputs`"):
            Model(inputs=Input((4,)))

    def test_shape_names_input_and_model(self):
        a, b = Input((4,), name="a"), Input((3,), name="b")
        model = Model([a, b], [a, b], name="pair")
        with pytest.raises(ShapeError, match=r"Input 1 \('b'\) of model 'pair' must have shape \(None, 3\).*\(2, 4\)"):
            model([X, X])

    def test_number_of_inputs(self):
        a, b = Input((4,), name="a"), Input((4,), name="b")
        model = Model([a, b], a + b, name="pair")
        with pytest.raises(InvalidArgumentError, match=r"'pair' expects 2 input\(s\): \['a', 'b'\]. Received: 1"):
            model([X])
        with pytest.raises(InvalidArgumentError, match=r"\['b'\] are missing"):
            model({"a": X})

    def test_error_in_a_layer_has_the_path(self):
        class Failing(Layer):
            def call(self, x):
                if x.shape[0] == 2:
                    raise ZeroDivisionError("two rows")
                return x

        x = Input((4,))
        model = Model(x, Failing(name="failing")(x), name="outer")
        with pytest.raises(ZeroDivisionError, match="'outer/failing'"):
            model(X)

    def test_wrong_rank_while_describing(self):
        with pytest.raises(ShapeError, match=r"'dense3' \(Dense\)|'dense3'"):
            Dense(3, name="dense3")(Input(()))


class TestInputs:
    def test_a_missing_last_axis_is_added(self, backend):
        x = Input((1,))
        assert tuple(Model(x, x * 2.0)(np.ones(3)).shape) == (3, 1)

    def test_an_extra_last_axis_is_dropped(self, backend):
        x = Input(())
        assert tuple(Model(x, x * 2.0)(np.ones((3, 1))).shape) == (3,)

    def test_values_are_cast_to_the_declared_dtype(self, backend):
        x = Input((2,), dtype="int32")
        assert backend.dtype_of(Model(x, x + 1)(np.ones((3, 2)))) == "int32"

    def test_unknown_dimensions_fit_any_size(self, backend):
        x = Input((None, 2))
        model = Model(x, x * 2.0)
        assert tuple(model(np.ones((1, 5, 2))).shape) == (1, 5, 2)
        assert tuple(model(np.ones((2, 7, 2))).shape) == (2, 7, 2)

    def test_a_fixed_batch_size(self):
        x = Input((2,), batch_size=4)
        with pytest.raises(ShapeError, match=r"\(4, 2\)"):
            Model(x, x * 2.0)(np.ones((3, 2)))

    def test_optional_input(self, backend):
        class Maybe(Layer):
            def call(self, x, y=None):
                return x if y is None else x + y

        a, b = Input((4,)), Input((4,), optional=True)
        model = Model([a, b], Maybe()(a, b))
        np.testing.assert_array_equal(value(backend, model([X, None])), X)
        with pytest.raises(InvalidArgumentError, match="isn't optional"):
            model([None, X])


class TestIntrospection:
    def test_inputs_and_outputs(self):
        a, b = Input((4,), name="a"), Input((3,), name="b")
        y = Dense(2, name="out")(a)
        model = Model([a, b], y)
        assert model.inputs == [a, b]
        assert model.output is y
        assert (model.input_shape, model.output_shape) == ([(None, 4), (None, 3)], (None, 2))
        assert (model.input_names, model.output_names) == (["a", "b"], ["out"])

    def test_output_names_of_one_shared_layer(self):
        a, b = Input((4,)), Input((4,))
        dense = Dense(2, name="out")
        assert Model([a, b], [dense(a), dense(b)]).output_names == ["out", "out_1"]

    def test_get_layer(self):
        x = Input((4,), name="x")
        model = Model(x, Dense(2, name="d")(x), name="m")
        assert model.get_layer("d") is model.get_layer(index=1)
        with pytest.raises(InvalidArgumentError, match=r"\['x', 'd'\]. Received: name='nope'"):
            model.get_layer("nope")
        with pytest.raises(InvalidArgumentError, match="below 2"):
            model.get_layer(index=2)
        with pytest.raises(InvalidArgumentError, match="either `name` or `index`"):
            model.get_layer()

    def test_layers_cannot_be_set(self):
        x = Input((4,))
        with pytest.raises(AttributeError, match="can't be set"):
            Model(x, x * 1.0).layers = []

    def test_a_call_is_noted(self):
        x = Input((4,))
        model = Model(x, x * 2.0)
        y = model(Input((4,)))
        assert isinstance(model._inbound_nodes[0], Node)
        assert y._keras_history.operation is model


class TestCopies:
    @pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
    def test_copy_computes_the_same_with_weights_of_its_own(self, duplicate, backend):
        a, b = Input((4,), name="a"), Input((4,), name="b")
        shared = Dense(3, name="shared")
        model = Model([a, b], {"y": shared(a) - shared(b) * 2.0}, name="m")
        twin = duplicate(model)
        before = value(backend, model([X, X + 1])["y"])
        np.testing.assert_array_equal(value(backend, twin([X, X + 1])["y"]), before)
        twin.set_weights([w * 0 for w in twin.get_weights()])
        np.testing.assert_array_equal(value(backend, model([X, X + 1])["y"]), before)
        part = Model(twin.inputs, twin.get_layer("shared").get_output_at(0))
        assert tuple(part([X, X]).shape) == (2, 3)
