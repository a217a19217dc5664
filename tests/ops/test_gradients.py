"""Gradients of ops: against central differences in float64, to second order, and the one answer at kinks and limits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kcore import ops
from kcore.engine.autodiff import grad, vjp

RNG = np.random.default_rng(3)
X = RNG.normal(size=(3, 4))
UNIT = RNG.uniform(0.1, 0.9, (3, 4))
POSITIVE = RNG.uniform(0.5, 2, (3, 4))


def numbers(x):
    return ops.convert_to_numpy(x)


def check_grads(f, *arrays, order=2, tolerance=1e-5):
    """The derivative along a random direction, by central differences; then the same of the gradient itself."""

    def total(*xs):
        y = f(*xs)
        weights = np.random.default_rng(9).normal(size=ops.shape(y))
        return ops.sum(ops.multiply(y, weights))

    gradient = grad(total, argnums=tuple(range(len(arrays))))
    directions = [np.random.default_rng(i).normal(size=a.shape) for i, a in enumerate(arrays)]

    def slope(*xs):
        return sum((numbers(g) * d).sum() for g, d in zip(gradient(*xs), directions, strict=True))

    h = 1e-5
    ahead, behind = ([a + s * h * d for a, d in zip(arrays, directions, strict=True)] for s in (1, -1))
    numeric = (float(total(*ahead)) - float(total(*behind))) / (2 * h)
    np.testing.assert_allclose(slope(*arrays), numeric, rtol=tolerance, atol=tolerance)
    if order < 2:
        return

    def directional(*xs):
        return sum((ops.sum(ops.multiply(g, d)) for g, d in zip(gradient(*xs), directions, strict=True)), start=0.0)

    second = grad(directional, argnums=tuple(range(len(arrays))))(*arrays)
    curvature = sum((numbers(g) * d).sum() for g, d in zip(second, directions, strict=True))
    numeric = (slope(*ahead) - slope(*behind)) / (2 * h)
    np.testing.assert_allclose(curvature, numeric, rtol=tolerance * 10, atol=tolerance * 10)


SMOOTH = (
    "exp exp2 expm1 sin cos tan sinh cosh tanh arcsinh arctan sinc erf erfc square sigmoid silu softplus "
    "log_sigmoid softsign mish gelu elu selu celu leaky_relu relu tanh_shrink squareplus softmax log_softmax "
    "logsumexp std var mean norm normalize layer_normalization rms_normalization cumsum cumprod prod max min "
    "sort glu sparsemax abs reciprocal median"
).split()


@pytest.mark.parametrize("name", SMOOTH)
def test_gradient_agrees_with_differences(backend, name):
    check_grads(getattr(ops, name), X)


@pytest.mark.parametrize("name", "log log1p log2 log10 sqrt rsqrt arcsin arccos arctanh erfinv cbrt".split())
def test_gradient_on_the_unit_interval(backend, name):
    check_grads(getattr(ops, name), UNIT)


@pytest.mark.parametrize(
    "name", "add subtract multiply divide divide_no_nan arctan2 hypot logaddexp maximum minimum power mod".split()
)
def test_gradient_in_both_operands(backend, name):
    check_grads(getattr(ops, name), POSITIVE, UNIT)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: ops.clip(x, -0.5, 0.5),
        lambda x: ops.pad(x, ((1, 2), (0, 3)), "reflect"),
        lambda x: ops.get_item(x, (slice(None, None, -2), np.array([0, 0, 3]))),
        lambda x: ops.take_along_axis(x, np.array([[0], [1], [1]]), 1),
        lambda x: ops.top_k(x, 2)[0],
        lambda x: ops.quantile(x, 0.3, axis=1),
        lambda x: ops.segment_sum(x, np.array([0, 2, 0]), 3),
        lambda x: ops.segment_max(x, np.array([0, 1, 0]), 2),
        lambda x: ops.einsum("ij,kj->ik", x, x),
        lambda x: ops.roll(ops.repeat(ops.tile(x, (1, 2)), 2, 0), 3, 1),
        lambda x: ops.binary_crossentropy(np.full((3, 4), 0.3), x, True),
        lambda x: ops.categorical_crossentropy(np.full((3, 4), 0.3), x, True),
        lambda x: ops.sparse_categorical_crossentropy(np.array([0, 1, 3]), x, True),
        lambda x: ops.sparse_categorical_crossentropy(np.array([0, 1, 3]), ops.square(x) + 0.1),
        lambda x: ops.norm(x, 3, axis=1),
        lambda x: ops.slice_update(ops.square(x), (1, 1), np.zeros((1, 2))),
        lambda x: ops.scan(lambda c, row: (ops.tanh(c * row), c), ops.ones(4, "float64"), x)[1],
        lambda x: ops.associative_scan(lambda a, b: a * b, x, axis=1),
    ],
)
def test_gradient_of_composites(backend, f):
    check_grads(f, X)


def test_gradient_of_convolutions(backend):
    x, kernel = RNG.normal(size=(2, 6, 5, 2)), RNG.normal(size=(3, 2, 2, 3))
    check_grads(lambda a, b: ops.conv(a, b, 2, "same"), x, kernel)
    check_grads(lambda a, b: ops.conv_transpose(a, b, 2, "same"), x[..., :3], RNG.normal(size=(3, 2, 4, 2)))
    check_grads(lambda a: ops.average_pool(a, 2, 1, "same"), x)
    check_grads(lambda a: ops.max_pool(a, 2, 1, "same"), x)


def test_gradient_of_attention(backend):
    q, k = RNG.normal(size=(1, 3, 2, 4)), RNG.normal(size=(1, 3, 1, 4))
    check_grads(lambda a, b: ops.dot_product_attention(a, b, b, is_causal=True), q, k)


def slopes(f, x):
    """The gradient of sum(f(x))."""
    return numbers(grad(lambda v: ops.sum(f(v)))(np.asarray(x, "float64"))).tolist()


@pytest.mark.parametrize(
    ("f", "x", "want"),
    [
        (ops.relu, [0.0], [0.0]),
        (ops.relu6, [0.0, 6.0], [0.0, 0.0]),
        (ops.abs, [0.0], [0.0]),
        (ops.leaky_relu, [0.0], [0.2]),
        (lambda x: ops.leaky_relu(x, 1.5), [0.0, 1.0], [1.5, 1.0]),
        (lambda x: ops.elu(x, 2.0), [0.0], [2.0]),
        (lambda x: ops.celu(x, 2.0), [0.0], [1.0]),
        (ops.selu, [0.0], [1.6732632423543772 * 1.0507009873554805]),
        (lambda x: ops.clip(x, -1, 1), [-2.0, -1.0, 0.0, 1.0, 2.0], [0.0, 1.0, 1.0, 1.0, 0.0]),
        (ops.hard_tanh, [-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]),
        (ops.hard_sigmoid, [-3.0, 3.0], [0.0, 0.0]),
        (lambda x: ops.maximum(x, 0.0), [0.0], [0.5]),
        (lambda x: ops.minimum(x, 0.0), [0.0], [0.5]),
        (ops.max, [1.0, 3.0, 3.0], [0.0, 0.5, 0.5]),
        (ops.min, [1.0, 1.0, 3.0], [0.5, 0.5, 0.0]),
        (ops.norm, [0.0, 0.0], [0.0, 0.0]),
        (ops.std, [2.0, 2.0], [0.0, 0.0]),
        (lambda x: ops.hypot(x, x), [0.0], [0.0]),
        (ops.normalize, [0.0, 0.0], [1e7, 1e7]),
        (lambda x: ops.divide_no_nan(1.0, x), [0.0], [0.0]),
        (ops.softplus, [0.0, -800.0, 800.0], [0.5, 0.0, 1.0]),
        (ops.floor, [0.5], [0.0]),
        (ops.sign, [0.5], [0.0]),
        (ops.cumprod, [3.0, 0.0, 2.0], [1.0, 9.0, 0.0]),
        (ops.prod, [3.0, 0.0, 2.0], [0.0, 6.0, 0.0]),
        (lambda x: ops.segment_max(x, np.array([0, 0]), 1), [2.0, 2.0], [1.0, 0.0]),
        (lambda x: ops.max_pool(ops.reshape(x, (1, -1, 1)), 2), [2.0, 2.0], [1.0, 0.0]),
        (ops.hard_shrink, [0.2, 0.5, 0.7], [0.0, 0.0, 1.0]),
        (ops.soft_shrink, [-0.5, 0.2, 0.5, 0.7], [0.0, 0.0, 0.0, 1.0]),
    ],
)
def test_gradient_at_kinks(backend, f, x, want):
    np.testing.assert_allclose(slopes(f, x), want, rtol=1e-12)


def test_masked_softmax_row_has_no_gradient(backend):
    x = np.array([[-np.inf, -np.inf], [0.0, -np.inf]])
    _, pull = vjp(ops.softmax, x)
    assert numbers(pull(np.array([[1.0, 2.0], [1.0, 2.0]]))[0]).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_gradient_of_logits_stays_finite(backend):
    z = np.array([[1000.0, -1000.0]])
    g = grad(lambda v: ops.sum(ops.sparse_categorical_crossentropy([1], v, True)))(z)
    np.testing.assert_allclose(numbers(g), [[1.0, -1.0]])
    g = grad(lambda v: ops.sum(ops.binary_crossentropy(np.array([[1.0, 0.0]]), v, True)))(-z)
    np.testing.assert_allclose(numbers(g), [[-1.0, 1.0]])


def test_stop_gradient(backend):
    assert slopes(lambda x: ops.stop_gradient(x) * x, [3.0]) == [3.0]


def test_custom_gradient(backend):
    @ops.custom_gradient
    def doubled(x):
        return x * 2, lambda g: g * 7

    assert slopes(doubled, [1.0]) == [7.0]


def test_relu_passes_nan_on(backend):
    assert math.isnan(float(ops.relu(np.float32(np.nan))))
    assert math.isnan(float(ops.clip(np.float32(np.nan), 0, 1)))
