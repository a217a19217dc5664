"""Activations: values in float64, values of real Keras, gradients, names and configs."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from kcore import activations, ops, registry
from kcore.engine import autodiff
from kcore.errors import InvalidArgumentError
from kcore.ops.operation import KerasTensor

X = np.array([-3.0, -1.0, -0.3, 0.0, 0.4, 2.0])

#: Values at X of Keras 3.15.1 on JAX in float32, to 5 digits.
KERAS = {
    "celu": [-0.95021, -0.63212, -0.25918, 0, 0.4, 2],
    "elu": [-0.95021, -0.63212, -0.25918, 0, 0.4, 2],
    "exponential": [0.04979, 0.36788, 0.74082, 1, 1.49182, 7.38906],
    "gelu": [-0.00405, -0.15866, -0.11463, 0, 0.26217, 1.95450],
    "glu": [-1.5, -0.59869, -0.26424],
    "hard_shrink": [-3, -1, 0, 0, 0, 2],
    "hard_sigmoid": [0, 0.33333, 0.45, 0.5, 0.56667, 0.83333],
    "hard_silu": [0, -0.33333, -0.135, 0, 0.22667, 1.66667],
    "hard_tanh": [-1, -1, -0.3, 0, 0.4, 1],
    "leaky_relu": [-0.6, -0.2, -0.06, 0, 0.4, 2],
    "linear": X.tolist(),
    "log_sigmoid": [-3.04859, -1.31326, -0.85436, -0.69315, -0.51302, -0.12693],
    "log_softmax": [-5.40147, -3.40147, -2.70147, -2.40147, -2.00147, -0.40147],
    "mish": [-0.14565, -0.3034, -0.15113, 0, 0.28903, 1.94396],
    "relu": [0, 0, 0, 0, 0.4, 2],
    "relu6": [0, 0, 0, 0, 0.4, 2],
    "selu": [-1.67057, -1.11133, -0.45567, 0, 0.42028, 2.1014],
    "sigmoid": [0.04743, 0.26894, 0.42556, 0.5, 0.59869, 0.8808],
    "silu": [-0.14228, -0.26894, -0.12767, 0, 0.23948, 1.76159],
    "soft_shrink": [-2.5, -0.5, 0, 0, 0, 1.5],
    "softmax": np.exp([-5.40147, -3.40147, -2.70147, -2.40147, -2.00147, -0.40147]).tolist(),
    "softplus": [0.04859, 0.31326, 0.55436, 0.69315, 0.91302, 2.12693],
    "softsign": [-0.75, -0.5, -0.23077, 0, 0.28571, 0.66667],
    "sparse_plus": [0, 0, 0.1225, 0.25, 0.49, 2],
    "sparse_sigmoid": [0, 0, 0.35, 0.5, 0.7, 1],
    "sparsemax": [0, 0, 0, 0, 0, 1],
    "squareplus": [0.30278, 0.61803, 0.86119, 1, 1.2198, 2.41421],
    "tanh": [-0.99505, -0.76159, -0.29131, 0, 0.37995, 0.96403],
    "tanh_shrink": [-2.00495, -0.23841, -0.00869, 0, 0.02005, 1.03597],
}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def erf(x):
    return np.vectorize(math.erf)(x)


#: The same in float64, for those whose formula fits in a line.
FORMULAS = {
    "exponential": np.exp,
    "sigmoid": sigmoid,
    "silu": lambda x: x * sigmoid(x),
    "tanh": np.tanh,
    "softplus": lambda x: np.log1p(np.exp(x)),
    "softsign": lambda x: x / (1 + abs(x)),
    "gelu": lambda x: x * (1 + erf(x / math.sqrt(2))) / 2,
    "mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "squareplus": lambda x: (x + np.sqrt(x * x + 4)) / 2,
    "log_sigmoid": lambda x: np.log(sigmoid(x)),
    "tanh_shrink": lambda x: x - np.tanh(x),
}
#: Where the functions have kinks or steps, or need not be differentiable.
SMOOTH_AT = np.array([-3.7, -1.3, -0.31, 0.17, 0.43, 0.81])


def to_numpy(x):
    return np.asarray(ops.convert_to_numpy(x))


def test_every_activation_is_tried():
    assert {*KERAS, "threshold"} == set(registry.builtin_names("activations")) - {"swish", "hard_swish"}


@pytest.mark.parametrize("name", KERAS)
def test_the_values_are_those_of_keras(name, backend):
    np.testing.assert_allclose(to_numpy(getattr(activations, name)(ops.convert_to_tensor(X))), KERAS[name], atol=1e-5)


@pytest.mark.parametrize("name", FORMULAS)
def test_the_values_are_the_formula(name, backend):
    np.testing.assert_allclose(
        to_numpy(getattr(activations, name)(ops.convert_to_tensor(X))), FORMULAS[name](X), rtol=1e-6, atol=1e-12
    )


@pytest.mark.parametrize("name", KERAS)
def test_the_gradient_agrees_with_finite_differences(name, backend):
    weights = np.random.default_rng(0).uniform(0.5, 1.5, 3 if name == "glu" else 6)
    total = lambda x: ops.sum(ops.multiply(getattr(activations, name)(x), weights))
    gradient = to_numpy(autodiff.grad(total)(ops.convert_to_tensor(SMOOTH_AT)))
    step = 1e-5 * np.eye(6)
    ends = [[float(total(ops.convert_to_tensor(SMOOTH_AT + s * row))) for row in step] for s in (1, -1)]
    np.testing.assert_allclose(gradient, np.subtract(*ends) / 2e-5, rtol=1e-4, atol=1e-6)


# As Keras 3.15.1 gives them.
@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda x: activations.relu(x, negative_slope=0.1, max_value=1.5), [-0.3, -0.1, -0.03, 0, 0.4, 1.5]),
        (lambda x: activations.relu(x, 0.1, 1.5, 1.0), [-0.4, -0.2, -0.13, -0.1, -0.06, 1.5]),
        (lambda x: activations.relu(x, threshold=0.4), [0, 0, 0, 0, 0, 2]),
        (lambda x: activations.relu(x, alpha=0.1), [-0.3, -0.1, -0.03, 0, 0.4, 2]),
        (lambda x: activations.threshold(x, 0.5, 9.0), [9, 9, 9, 9, 9, 2]),
        (lambda x: activations.leaky_relu(x, 0.5), [-1.5, -0.5, -0.15, 0, 0.4, 2]),
        (lambda x: activations.elu(x, 2.0), [-1.90043, -1.26424, -0.51836, 0, 0.4, 2]),
        (lambda x: activations.gelu(x, approximate=True), [-0.003637, -0.158808, -0.114629, 0, 0.262161, 1.954598]),
        (lambda x: activations.soft_shrink(x, 1.0), [-2, 0, 0, 0, 0, 1]),
    ],
)
def test_the_options_are_those_of_keras(call, expected, backend):
    np.testing.assert_allclose(to_numpy(call(ops.convert_to_tensor(X))), expected, atol=1e-5)


@pytest.mark.parametrize(
    "name", ["sigmoid", "softplus", "log_sigmoid", "silu", "softmax", "log_softmax", "mish", "gelu"]
)
def test_large_numbers_do_not_overflow(name, backend):
    x = ops.convert_to_tensor(np.array([[-1e4, 0.0, 1e4]], "float32"))
    assert np.isfinite(to_numpy(getattr(activations, name)(x))).all()
    gradient = autodiff.grad(lambda x: ops.sum(getattr(activations, name)(x)[..., :2]))(x)
    assert np.isfinite(to_numpy(gradient)).all()


def test_softmax_along_other_axes(backend):
    x = np.arange(6.0).reshape(2, 3)
    expected = np.exp(x - x.max(0)) / np.exp(x - x.max(0)).sum(0)
    np.testing.assert_allclose(to_numpy(activations.softmax(x, axis=0)), expected, rtol=1e-6)


@pytest.mark.parametrize("name", sorted(set(KERAS) - {"glu"}))
def test_an_activation_is_called_symbolically(name, backend):
    assert getattr(activations, name)(KerasTensor((None, 4))).shape == (None, 4)


@pytest.mark.parametrize("name", KERAS)
def test_an_activation_is_found_and_saved_by_its_name(name):
    function = getattr(activations, name)
    assert activations.get(name) is function
    assert activations.get(function) is function
    assert activations.serialize(function) == name
    assert activations.deserialize(name) is function


def test_other_names():
    assert activations.get("swish") is activations.silu
    assert activations.get("hard_swish") is activations.hard_silu
    assert activations.get(None) is activations.linear


def test_a_function_of_the_users_is_saved_by_its_registered_name():
    @registry.register_keras_serializable("test_activations")
    def double(x):
        return 2 * x

    data = json.loads(json.dumps(activations.serialize(double)))
    assert data["config"] == "test_activations>double"
    assert activations.get(data) is double

    def triple(x):
        return 3 * x

    assert activations.deserialize(activations.serialize(triple), custom_objects={"triple": triple}) is triple
    assert activations.deserialize("triple", custom_objects={"triple": triple}) is triple


def test_an_unknown_name_is_refused_with_near_ones():
    with pytest.raises(InvalidArgumentError, match="Did you mean 'softplus'"):
        activations.get("sofplus")
    with pytest.raises(InvalidArgumentError, match="Received: identifier=3"):
        activations.get(3)
