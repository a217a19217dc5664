"""Dense, EinsumDense, Embedding, Lambda, Masking, Identity, Wrapper, and the activation layers."""

from __future__ import annotations

import numpy as np
import pytest

from kcore import Sequential, layers, ops, registry
from kcore.errors import InvalidArgumentError, InvalidTypeError, SerializationError, ShapeError, UnsupportedError
from kcore.ops.masks import get_mask

X = np.linspace(-1.0, 1.0, 8, dtype="float32").reshape(2, 4)


def test_dense_is_a_matrix_product_and_a_bias(backend):
    layer = layers.Dense(3, activation="relu", bias_initializer="ones")
    y = layer(X)
    kernel, bias = (w.astype("float64") for w in layer.get_weights())
    np.testing.assert_allclose(np.asarray(y), np.maximum(X @ kernel + bias, 0), rtol=1e-6, atol=1e-6)


def test_dense_names_its_weights_as_keras_does():
    layer = layers.Dense(3, name="top")
    layer.build((None, 4))
    assert [(w.path, w.shape) for w in layer.weights] == [("top/kernel", (4, 3)), ("top/bias", (3,))]


@pytest.mark.parametrize("units", [0, -1, 2.5, "3", None, True])
def test_dense_refuses_units_that_are_no_positive_integer(units):
    with pytest.raises(InvalidArgumentError, match=r"`units` must be a positive integer. Received: units="):
        layers.Dense(units)


def test_dense_of_a_vector_names_the_layer_and_the_rank():
    with pytest.raises(ShapeError, match=r"(?s)'top'.*min_ndim=2.*\(4,\)"):
        layers.Dense(3, name="top")(X[0])


def test_dense_refuses_an_input_of_another_size_than_it_was_built_for():
    layer = layers.Dense(3, name="top")
    layer(X)
    with pytest.raises(ShapeError, match="'top'"):
        layer(X[:, :3])


def test_dense_needs_to_know_the_last_axis():
    with pytest.raises(InvalidArgumentError, match=r"'top'.*axis -1"):
        layers.Dense(3, name="top")(layers.Input((None,)))


def test_dense_takes_a_config_of_keras_3_15_and_refuses_what_it_lacks():
    assert layers.Dense.from_config({"units": 2, "quantization_config": None}).units == 2
    with pytest.raises(UnsupportedError, match="lora_rank"):
        layers.Dense(2, lora_rank=4)


def test_dense_takes_the_spellings_of_keras_2():
    model = Sequential([layers.Dense(3, input_dim=4), layers.Dense(2, input_shape=(3,))])
    assert model.output_shape == (None, 2)


def test_dense_penalizes_weights_and_outputs(backend):
    layer = layers.Dense(3, kernel_regularizer="l2", activity_regularizer="l1")
    y = np.asarray(layer(X), "float64")
    kernel = layer.get_weights()[0].astype("float64")
    total = sum(float(np.asarray(term)) for term in layer.losses)
    assert total == pytest.approx(0.01 * (kernel**2).sum() + 0.01 * np.abs(y).sum() / 2, rel=1e-5)


@pytest.mark.parametrize("equation", ["abc,cd", "abc->abd", "abc,...d->abd"])
def test_einsum_dense_refuses_other_equations(equation):
    with pytest.raises(InvalidArgumentError, match="`equation` must look like"):
        layers.EinsumDense(equation, (None, 4)).build((None, 3, 5))


def test_einsum_dense_refuses_a_contradicting_output_shape():
    with pytest.raises(InvalidArgumentError, match=r"`output_shape` must agree.*7"):
        layers.EinsumDense("abc,cd->abd", (7, 4)).build((None, 3, 5))
    with pytest.raises(InvalidArgumentError, match=r"`output_shape` must give a size"):
        layers.EinsumDense("abc,cd->abd", 4).build((None, 3, 5))


def test_embedding_masks_zeros_where_asked():
    x = np.array([[1, 0, 2]])
    layer = layers.Embedding(3, 2, mask_zero=True)
    assert np.asarray(get_mask(layer(x))).tolist() == [[True, False, True]]
    assert get_mask(layers.Embedding(3, 2)(x)) is None


def test_embedding_takes_its_table_and_looks_rows_up(backend):
    table = np.arange(6.0, dtype="float32").reshape(3, 2)
    y = layers.Embedding(3, 2, weights=[table])(np.array([[2.0, 0.0]], "float32"))
    np.testing.assert_array_equal(np.asarray(y), table[[[2, 0]]])


def test_embedding_takes_the_input_length_of_keras_2():
    assert Sequential([layers.Embedding(3, 2, input_length=5)]).output_shape == (None, 5, 2)


@pytest.mark.parametrize("sizes", [(0, 3), (3, 0), (3, -1)])
def test_embedding_refuses_sizes_that_are_not_positive(sizes):
    with pytest.raises(InvalidArgumentError, match="must be a positive integer"):
        layers.Embedding(*sizes)


def test_masking_masks_steps_of_one_value_and_zeroes_them(backend):
    x = np.array([[[1.0, 2.0], [5.0, 5.0], [5.0, 0.0]]], "float32")
    y = layers.Masking(5.0)(x)
    np.testing.assert_array_equal(np.asarray(y), [[[1, 2], [0, 0], [5, 0]]])
    assert np.asarray(get_mask(y)).tolist() == [[True, False, True]]


def test_masks_pass_through_layers_that_support_them():
    y = layers.Masking()(np.array([[[1.0], [0.0]]], "float32"))
    for layer in (layers.Dense(2), layers.Activation("relu"), layers.Dropout(0.5), layers.LayerNormalization()):
        y = layer(y)
        assert np.asarray(get_mask(y)).tolist() == [[True, False]]


def test_a_layer_that_destroys_a_mask_says_so():
    y = layers.Masking()(np.array([[[1.0], [0.0]]], "float32"))
    with pytest.warns(UserWarning, match="flatten"):
        assert get_mask(layers.Flatten()(y)) is None


def test_lambda_passes_its_arguments_and_the_training_flag(backend):
    layer = layers.Lambda(
        lambda x, factor, training=False: x * factor + (1 if training else 0), arguments={"factor": 3}
    )
    np.testing.assert_allclose(np.asarray(layer(X)), X * 3, rtol=1e-6)
    np.testing.assert_allclose(np.asarray(layer(X, training=True)), X * 3 + 1, rtol=1e-6)


def test_lambda_finds_its_output_shape_or_takes_it():
    assert layers.Lambda(lambda x: ops.sum(x, axis=1))(layers.Input((3, 4))).shape == (None, 4)
    assert layers.Lambda(lambda x: x, output_shape=(7,)).compute_output_shape((None, 3)) == (None, 7)


def double(x):
    return x * 2


def test_lambda_is_saved_with_a_named_function_only():
    stored = layers.Lambda(double).get_config()
    again = layers.Lambda.from_config(stored, custom_objects={"double": double})
    np.testing.assert_allclose(np.asarray(again(X)), X * 2)
    with pytest.raises(SerializationError, match="anonymous"):
        layers.Lambda(lambda x: x, name="f").get_config()


@pytest.mark.parametrize("stored", [["4wEAAAA=", None, None], {"class_name": "__lambda__", "config": {"code": "4wE="}}])
def test_lambda_never_runs_code_of_a_file(stored):
    with pytest.raises(SerializationError, match="never run"):
        layers.Lambda.from_config({"name": "f", "function": stored, "function_type": "lambda"})


def test_wrapper_holds_the_weights_of_its_layer():
    wrapper = layers.Wrapper(layers.Dense(2))
    wrapper.build((None, 3))
    assert [w.shape for w in wrapper.weights] == [(3, 2), (2,)]
    again = layers.Wrapper.from_config(wrapper.get_config())
    assert again.layer.units == 2
    with pytest.raises(InvalidTypeError, match="`layer` must be a Layer"):
        layers.Wrapper("dense")


def test_identity_returns_a_structure_as_it_is():
    first, second = layers.Identity()([X, X + 1])
    np.testing.assert_array_equal(np.asarray(second) - np.asarray(first), np.ones_like(X))


@pytest.mark.parametrize("options", [{"max_value": -1.0}, {"negative_slope": -1.0}, {"threshold": -1.0}])
def test_relu_refuses_negative_options(options):
    with pytest.raises(InvalidArgumentError, match=next(iter(options))):
        layers.ReLU(**options)


def test_leaky_relu_takes_the_alpha_of_keras_2():
    assert layers.LeakyReLU(alpha=0.1).negative_slope == 0.1


def test_thresholded_relu_drops_what_is_not_above(backend):
    y = layers.ThresholdedReLU(1.0)(np.array([0.5, 1.0, 1.5], "float32"))
    assert np.asarray(y).tolist() == [0.0, 0.0, 1.5]


def test_prelu_shares_slopes_along_axes():
    layer = layers.PReLU(shared_axes=[1, 2])
    layer.build((None, None, None, 3))
    assert layer.alpha.shape == (1, 1, 3)
    with pytest.raises(InvalidArgumentError, match="shared_axes"):
        layers.PReLU(shared_axes=[0]).build((None, 3))


def test_softmax_of_a_masked_row_is_zero(backend):
    y = np.asarray(layers.Softmax()(np.ones((2, 2), "float32"), mask=np.array([[True, False], [False, False]])))
    np.testing.assert_allclose(y, [[1.0, 0.0], [0.0, 0.0]])


def test_a_layer_of_either_keras_is_made_from_its_description():
    three = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 2}, "registered_name": None}
    two = {"class_name": "Dense", "config": {"units": 2, "activation": "relu"}}
    assert registry.deserialize_keras_object(three).units == 2
    assert registry.deserialize_keras_object(two).activation is layers.Dense(1, activation="relu").activation
    initializer = {
        "class_name": "VarianceScaling",
        "config": {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform"},
    }
    assert layers.Dense.from_config({"units": 2, "kernel_initializer": initializer}).kernel_initializer.scale == 1.0


def test_layers_are_described_and_made_again():
    layer = layers.deserialize(layers.serialize(layers.Dense(2, name="d")))
    assert (layer.units, layer.name) == (2, "d")
    with pytest.raises(InvalidTypeError, match="must describe a layer"):
        layers.deserialize({"module": "keras.initializers", "class_name": "Zeros", "config": {}})
