"""The fused fast paths: against step-by-step float64 loops and finite differences."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kcore.conformance import _oracles
from kcore_numpy import _random


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("case", _oracles.POOLS.values(), ids=_oracles.POOLS)
def test_max_pool(numpy_backend, normal, case, ties):
    x = normal(*case[0])
    x = np.round(x) if ties else x
    entry, params = numpy_backend.fused["max_pool"], _oracles.pool_params(case)
    (y,), residuals = entry.forward(x, **params)
    g = normal(*y.shape)
    expected, expected_grad = _oracles.max_pool(case, x, g)
    np.testing.assert_array_equal(y, expected)
    (grad,) = entry.backward(residuals, (g,), x, **params)
    assert grad.dtype == "float32"
    np.testing.assert_allclose(grad, expected_grad, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("case", [_oracles.POOLS["apart"], _oracles.POOLS["overlapping"]], ids=["apart", "overlapping"])
def test_max_pool_takes_the_first_nan_for_the_largest(numpy_backend, normal, case):
    x = normal(*case[0]).copy()
    x[0, 1, 1, 0] = x[0, 2, 3, 0] = np.nan
    x[1] = np.nan
    entry, params = numpy_backend.fused["max_pool"], _oracles.pool_params(case)
    (y,), residuals = entry.forward(x, **params)
    g = normal(*y.shape)
    expected, expected_grad = _oracles.max_pool(case, x, g)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_allclose(entry.backward(residuals, (g,), x, **params)[0], expected_grad, rtol=1e-6)


def test_max_pool_keeps_infinite_cotangents_apart(numpy_backend, normal):
    case = _oracles.POOLS["apart"]
    x, entry, params = normal(*case[0]), numpy_backend.fused["max_pool"], _oracles.pool_params(case)
    (y,), residuals = entry.forward(x, **params)
    (grad,) = entry.backward(residuals, (np.full_like(y, np.inf),), x, **params)
    assert np.isin(grad, [0, np.inf]).all()
    assert np.isinf(grad).sum() == y.size


@pytest.mark.parametrize("case", _oracles.POOLS.values(), ids=_oracles.POOLS)
def test_average_pool(numpy_backend, normal, case):
    x = normal(*case[0])
    entry, params = numpy_backend.fused["average_pool"], _oracles.pool_params(case)
    with numpy_backend.run_context():
        (y,), residuals = entry.forward(x, **params)
        g = normal(*y.shape)
        (grad,) = entry.backward(residuals, (g,), x, **params)
    expected, expected_grad = _oracles.average_pool(case, x, g)
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(grad, expected_grad, rtol=1e-5, atol=1e-6)


def recurrent_operands(name, normal, dtype):
    gates = 4 if name == "lstm" else 3
    shapes = [(3, 5, gates * 4), (3, 4), *([(3, 4)] if name == "lstm" else []), (4, gates * 4)]
    return [normal(*s, dtype=dtype) for s in (shapes if name == "lstm" else [*shapes, (gates * 4,)])]


LOOPS = {"lstm": _oracles.lstm, "gru": _oracles.gru}


def gate_params(reverse):
    return {"activation": "tanh", "recurrent_activation": "sigmoid", "reverse": reverse}


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_recurrent_outputs(numpy_backend, normal, name, dtype, reverse):
    operands = recurrent_operands(name, normal, dtype)
    outputs, _ = numpy_backend.fused[name].forward(*operands, **gate_params(reverse))
    expected = LOOPS[name](*(o.astype(np.float64) for o in operands), reverse)
    for got, want in zip(outputs, expected, strict=True):
        assert got.dtype == dtype
        np.testing.assert_allclose(got, want, rtol=1e-5 if dtype == "float32" else 1e-12, atol=1e-6)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_recurrent_gradients_match_finite_differences(numpy_backend, normal, name, reverse):
    operands = [np.array(o) for o in recurrent_operands(name, normal, "float64")]
    entry, params = numpy_backend.fused[name], gate_params(reverse)
    outputs, residuals = entry.forward(*operands, **params)
    cotangents = tuple(normal(*o.shape, dtype="float64") for o in outputs)
    grads = entry.backward(residuals, cotangents, *operands, **params)
    for operand, grad in zip(operands, grads, strict=True):
        assert grad.shape == operand.shape
        direction, step = normal(*operand.shape, dtype="float64"), 1e-6
        sides = []
        for sign in (1, -1):
            moved = [o + sign * step * direction if o is operand else o for o in operands]
            sides.append(sum(np.sum(a * b) for a, b in zip(LOOPS[name](*moved, reverse), cotangents, strict=True)))
        np.testing.assert_allclose(np.sum(grad * direction), (sides[0] - sides[1]) / (2 * step), rtol=1e-7)


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_recurrent_residuals_survive_a_second_pullback(numpy_backend, normal, name):
    operands = recurrent_operands(name, normal, "float64")
    entry, params = numpy_backend.fused[name], gate_params(False)
    outputs, residuals = entry.forward(*operands, **params)
    cotangents = tuple(normal(*o.shape, dtype="float64") for o in outputs)
    first = [g.copy() for g in entry.backward(residuals, cotangents, *operands, **params)]
    for got, expected in zip(entry.backward(residuals, cotangents, *operands, **params), first, strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("params", [{"activation": "relu"}, {"recurrent_activation": "hard_sigmoid"}])
def test_recurrent_fast_path_is_for_standard_gates(numpy_backend, params):
    from kcore.extend import Spec

    specs = [Spec((2, 3, 16), "float32")]
    assert numpy_backend.fused["lstm"].applies(specs, gate_params(False))
    assert not numpy_backend.fused["lstm"].applies(specs, {**gate_params(False), **params})


@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 5), (0,), (2, _random.BLOCK + 3)])
def test_random_bits_are_consecutive_words(numpy_backend, shape):
    key = np.array([11, 12], np.uint32)
    (got,), _ = numpy_backend.fused["random_bits"].forward(key, shape=shape)
    assert got.shape == shape
    assert got.dtype == "uint32"
    many, _ = numpy_backend.fused["random_bits"].forward(key, shape=(3 * _random.BLOCK,))
    np.testing.assert_array_equal(got.reshape(-1), many[0][: math.prod(shape)])


def test_random_bits_match_the_composite(numpy_backend):
    from kcore.engine.random import random_bits
    from kcore.extend import use_backend

    key = np.array([0xDEADBEEF, 3], np.uint32)
    with use_backend("numpy"):
        expected = random_bits.composite(key, shape=(1001,))
    (got,), _ = numpy_backend.fused["random_bits"].forward(key, shape=(1001,))
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("captured", [False, True])
@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_engine_takes_the_fast_path_and_its_pullback(normal, name, captured):
    from kcore import ops
    from kcore.engine import autodiff
    from kcore.engine.function import Function
    from kcore.extend import use_backend
    from kcore.layers.rnn import _recurrence

    op, operands = getattr(_recurrence, name), recurrent_operands(name, normal, "float32")

    def gradients_of(run):
        def loss(*arguments):
            ys, h, *_ = run(*arguments, **gate_params(False))
            return ops.add(ops.sum(ops.square(ys)), ops.sum(h))

        step = autodiff.value_and_grad(loss, argnums=tuple(range(len(operands))))
        return Function(step) if captured else step

    with use_backend("numpy"):
        value, grads = gradients_of(op)(*operands)
        expected, expected_grads = gradients_of(op.composite)(*operands)
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    for got, want in zip(grads, expected_grads, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("size", [0, 7, 70_001])
def test_adam_matches_the_formula(numpy_backend, normal, size):
    gradient, value, momentum = (normal(size) for _ in range(3))
    velocity, rates = normal(size) ** 2, {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}
    entry = numpy_backend.fused["adam"]
    late = np.int32(10**6), np.float32(0.01)  # after so many updates there is no bias left
    outputs, _ = entry.forward(gradient, value, momentum, velocity, *late, **rates)
    m = 0.9 * momentum.astype(np.float64) + 0.1 * gradient
    v = 0.999 * velocity.astype(np.float64) + 0.001 * gradient.astype(np.float64) ** 2
    for got, expected in zip(outputs, (value - 0.01 * m / (np.sqrt(v) + 1e-7), m, v), strict=True):
        assert got.dtype == "float32"
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)
    written = [value.copy(), momentum.copy(), velocity.copy()]
    entry.inplace(gradient, *written, *late, **rates)
    for got, expected in zip(written, outputs, strict=True):
        np.testing.assert_array_equal(got, expected)
