"""Regularizers and constraints: values by hand, gradients, names, configs."""

from __future__ import annotations

import json

import numpy as np
import pytest

from kcore import constraints, ops, regularizers
from kcore.engine import autodiff
from kcore.errors import InvalidArgumentError, ShapeError

X = np.array([[1.0, -2.0], [3.0, 4.0], [0.0, 1.0]])


def to_numpy(x):
    return np.asarray(ops.convert_to_numpy(x), "float64")


def cosines(x):
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    gram = abs(unit @ unit.T)
    return (gram.sum() - np.trace(gram)) / (len(x) * (len(x) - 1))


@pytest.mark.parametrize(
    ("regularizer", "expected"),
    [
        (regularizers.L1(0.5), 5.5),
        (regularizers.L2(0.5), 15.5),
        (regularizers.L1L2(0.1, 0.5), 16.6),
        (regularizers.L1L2(), 0.0),
        (regularizers.L1(), 0.11),
        (regularizers.L2(), 0.31),
        (regularizers.l1(l=0.5), 5.5),
        (regularizers.l2(l=0.5), 15.5),
        (regularizers.OrthogonalRegularizer(0.5), 0.5 * cosines(X)),
        (regularizers.OrthogonalRegularizer(0.5, "columns"), 0.5 * cosines(X.T)),
    ],
)
def test_the_penalty_is_the_formula(regularizer, expected, backend):
    result = regularizer(ops.convert_to_tensor(X))
    assert tuple(result.shape) == ()
    assert float(result) == pytest.approx(expected, rel=1e-6)


def test_the_gradient_is_the_formula(backend):
    gradient = autodiff.grad(regularizers.L1L2(0.1, 0.5))(ops.convert_to_tensor(X))
    np.testing.assert_allclose(to_numpy(gradient), 0.1 * np.sign(X) + X, rtol=1e-6)


def test_a_zero_row_has_no_angles_and_a_finite_gradient(backend):
    x = ops.convert_to_tensor(np.array([[0.0, 0.0], [1.0, 0.0]]))
    regularizer = regularizers.OrthogonalRegularizer(1.0)
    assert float(regularizer(x)) == 0
    assert np.isfinite(to_numpy(autodiff.grad(regularizer)(x))).all()


@pytest.mark.parametrize("value", [-1.0, "x", float("inf"), float("nan"), True])
@pytest.mark.parametrize(
    "build", [regularizers.L1, regularizers.L2, regularizers.L1L2, regularizers.OrthogonalRegularizer]
)
def test_a_factor_that_is_no_penalty_is_refused(build, value):
    with pytest.raises(InvalidArgumentError, match="must be a finite number of at least 0. Received: "):
        build(value)


def test_other_arguments_are_checked(backend):
    with pytest.raises(InvalidArgumentError, match="`mode` must be"):
        regularizers.OrthogonalRegularizer(mode="all")
    with pytest.raises(ShapeError, match="must be a matrix"):
        regularizers.OrthogonalRegularizer()(np.ones(3))


@pytest.mark.parametrize(
    ("names", "config"),
    [
        ("l1 L1", {"l1": 0.01}),
        ("l2 L2", {"l2": 0.01}),
        ("l1_l2 L1L2", {"l1": 0.0, "l2": 0.0}),
        ("orthogonal_regularizer OrthogonalRegularizer", {"factor": 0.01, "mode": "rows"}),
    ],
)
def test_a_regularizer_is_found_by_each_of_its_names(names, config):
    for name in names.split():
        assert regularizers.get(name).get_config() == config
        data = json.loads(json.dumps(regularizers.serialize(regularizers.get(name))))
        assert (data["module"], data["config"]) == ("keras.regularizers", config)
        assert regularizers.deserialize(data).get_config() == config


def norms(w, axis=0):
    return np.sqrt((w**2).sum(axis, keepdims=True))


W = np.array([[0.1, 2.0], [-3.0, 0.5]])


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        (constraints.MaxNorm(1.0), W / np.maximum(norms(W), 1)),
        (constraints.MaxNorm(), W / np.maximum(norms(W) / 2, 1)),
        (constraints.MaxNorm(1.0, axis=1), W / np.maximum(norms(W, 1), 1)),
        (constraints.MaxNorm(1.0, axis=[0, 1]), W / norms(W, (0, 1))),
        (constraints.NonNeg(), np.maximum(W, 0)),
        (constraints.UnitNorm(), W / norms(W)),
        (constraints.MinMaxNorm(0.5, 1.0, 0.7), W * (0.7 * np.clip(norms(W), 0.5, 1) + 0.3 * norms(W)) / norms(W)),
        (constraints.MinMaxNorm(4.0, 5.0), W * 4 / norms(W)),
    ],
)
def test_the_constrained_weight_is_the_formula(constraint, expected, backend):
    np.testing.assert_allclose(to_numpy(constraint(ops.convert_to_tensor(W))), expected, rtol=1e-6)


def test_a_zero_weight_stays_finite(backend):
    for constraint in (constraints.MaxNorm(), constraints.UnitNorm(), constraints.MinMaxNorm(1.0, 2.0)):
        assert to_numpy(constraint(ops.zeros((2, 2)))).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize(
    ("names", "config"),
    [
        ("max_norm MaxNorm maxnorm", {"max_value": 2, "axis": 0}),
        ("non_neg NonNeg nonneg", {}),
        ("unit_norm UnitNorm unitnorm", {"axis": 0}),
        ("min_max_norm MinMaxNorm", {"min_value": 0.0, "max_value": 1.0, "rate": 1.0, "axis": 0}),
    ],
)
def test_a_constraint_is_found_by_each_of_its_names(names, config):
    for name in names.split():
        assert constraints.get(name).get_config() == config
        data = json.loads(json.dumps(constraints.serialize(constraints.get(name))))
        assert (data["module"], data["config"]) == ("keras.constraints", config)
        assert constraints.deserialize(data).get_config() == config


@pytest.mark.parametrize("room", [regularizers, constraints])
def test_get_takes_functions_and_none_and_refuses_the_rest(room):
    function = lambda x: x
    assert room.get(function) is function
    assert room.get(None) is None
    for wrong in ("nope", 3):
        with pytest.raises(InvalidArgumentError, match=f"Received: identifier={wrong!r}"):
            room.get(wrong)


@pytest.mark.parametrize("base", [regularizers.Regularizer, constraints.Constraint])
def test_a_base_without_call_says_so(base):
    with pytest.raises(NotImplementedError, match="must define `__call__"):
        base()(1.0)
