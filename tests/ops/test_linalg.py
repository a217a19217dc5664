"""Linear algebra: values and properties against NumPy in float64, gradients, both kinds of calls, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kcore import KerasTensor, ops
from kcore.engine.autodiff import grad
from kcore.engine.function import Function
from kcore.errors import InvalidArgumentError, ShapeError, UnsupportedError

from .test_gradients import check_grads, numbers

RNG = np.random.default_rng(11)
SQUARE = RNG.normal(size=(2, 3, 3)) + 2 * np.eye(3)
POSITIVE = SQUARE @ np.swapaxes(SQUARE, -1, -2) + np.eye(3)
TALL = RNG.normal(size=(4, 3))
WIDE = RNG.normal(size=(2, 3, 5))
VECTOR = RNG.normal(size=(3,))

ORDERS: list[Any] = [2, -2, "nuc"]
MODES: list[Any] = ["valid", "same", "full"]
NUMPYS = {
    "cholesky": (ops.cholesky, np.linalg.cholesky, (POSITIVE,)),
    "upper cholesky": (
        lambda x: ops.cholesky(x, upper=True),
        lambda x: np.swapaxes(np.linalg.cholesky(x), -1, -2),
        (POSITIVE,),
    ),
    "cholesky_inverse": (
        ops.cholesky_inverse,
        lambda x: np.linalg.inv(np.tril(x) @ np.swapaxes(np.tril(x), -1, -2)),
        (SQUARE,),
    ),
    "inv": (ops.inv, np.linalg.inv, (SQUARE,)),
    "det": (ops.det, np.linalg.det, (SQUARE,)),
    "slogdet": (ops.slogdet, np.linalg.slogdet, (-SQUARE,)),
    "logdet": (ops.logdet, lambda x: np.linalg.slogdet(x)[1], (SQUARE,)),
    "solve a vector": (ops.solve, np.linalg.solve, (SQUARE[0], VECTOR)),
    "solve a matrix": (ops.solve, np.linalg.solve, (SQUARE, RNG.normal(size=(2, 3, 2)))),
    "solve batch vectors": (
        ops.solve,
        lambda a, b: np.linalg.solve(a, b[..., None])[..., 0],
        (SQUARE, RNG.normal(size=(2, 3))),
    ),
    "solve_triangular": (ops.solve_triangular, lambda a, b: np.linalg.solve(np.triu(a), b), (SQUARE[0], VECTOR)),
    "solve_triangular lower": (
        lambda a, b: ops.solve_triangular(a, b, lower=True),
        lambda a, b: np.linalg.solve(np.tril(a), b),
        (SQUARE, RNG.normal(size=(2, 3, 2))),
    ),
    "eigenvalues": (lambda x: ops.eigh(x)[0], np.linalg.eigvalsh, (POSITIVE,)),
    "singular values": (
        lambda x: ops.svd(x, compute_uv=False),
        lambda x: np.linalg.svd(x, compute_uv=False),
        (WIDE,),
    ),
    "qr": (ops.qr, np.linalg.qr, (SQUARE,)),
    "pinv tall": (ops.pinv, np.linalg.pinv, (TALL,)),
    "pinv wide": (ops.pinv, np.linalg.pinv, (WIDE,)),
    "lstsq": (ops.lstsq, lambda a, b: np.linalg.lstsq(a, b, rcond=None)[0], (TALL, RNG.normal(size=(4, 2)))),
    "lstsq short": (
        ops.lstsq,
        lambda a, b: np.linalg.lstsq(a, b, rcond=None)[0],
        (WIDE[0], RNG.normal(size=(3,))),
    ),
    "matrix_rank": (ops.matrix_rank, np.linalg.matrix_rank, (WIDE,)),
    "cdist": (
        ops.cdist,
        lambda x, y: np.sqrt(((x[:, None] - y[None]) ** 2).sum(-1)),
        (TALL, RNG.normal(size=(2, 3))),
    ),
    **{
        f"norm {order}": (
            lambda x, order=order: ops.norm(x, order, axis=(-2, -1)),
            lambda x, order=order: np.linalg.norm(x, order, axis=(-2, -1)),
            (WIDE,),
        )
        for order in ORDERS
    },
    **{
        f"correlate {mode}": (
            lambda x, y, mode=mode: ops.correlate(x, y, mode),
            lambda x, y, mode=mode: np.correlate(x, y, mode),
            (RNG.normal(size=4), RNG.normal(size=7)),
        )
        for mode in MODES
    },
}


@pytest.mark.parametrize("name", NUMPYS)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-10), ("float32", 2e-4)])
def test_the_value_is_numpys(backend, name, dtype, tolerance):
    function, oracle, arrays = NUMPYS[name]
    expected = oracle(*arrays)
    for run in (function, Function(function)):
        got = run(*(a.astype(dtype) for a in arrays))
        several = isinstance(got, tuple)
        for one, wanted in zip(got if several else [got], expected if several else [expected], strict=True):
            assert ops.dtype(one) in (dtype, "int32")
            np.testing.assert_allclose(numbers(one), wanted, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", [name for name in NUMPYS if name not in ("matrix_rank", "slogdet")])
def test_gradients_are_those_of_differences(backend, name):
    function, _, arrays = NUMPYS[name]
    first = (lambda *xs: function(*xs)[0]) if name == "qr" else function
    check_grads(first, *arrays, order=1 if backend.name != "numpy" else 2, tolerance=1e-4)


def test_gradients_of_factors(backend):
    weights = RNG.normal(size=(3, 3))
    for x, f in (
        (POSITIVE[0], lambda x: ops.eigh(x)[1]),
        (SQUARE[0], lambda x: ops.svd(x)[0]),
        (SQUARE[0], lambda x: ops.svd(x)[2]),
        (SQUARE[0], lambda x: ops.qr(x)[1]),
        (SQUARE[0], lambda x: ops.lu_factor(x)[0]),
        (TALL, lambda x: ops.qr(x)[0][:3]),
    ):
        check_grads(lambda x, f=f: ops.multiply(f(x), weights), x, order=1, tolerance=1e-4)


@pytest.mark.parametrize("x", [SQUARE, TALL, WIDE], ids=["square", "tall", "wide"])
@pytest.mark.parametrize("full", [True, False])
def test_factors_make_the_matrix(backend, x, full):
    u, s, vt = map(numbers, ops.svd(x, full_matrices=full))
    k = s.shape[-1]
    np.testing.assert_allclose(u[..., :k] * s[..., None, :] @ vt[..., :k, :], x, atol=1e-12)
    np.testing.assert_allclose(
        np.swapaxes(u, -1, -2) @ u,
        np.broadcast_to(np.eye(u.shape[-1]), (*u.shape[:-2],) + (u.shape[-1],) * 2),
        atol=1e-12,
    )
    assert (u.shape[-1], vt.shape[-2]) == ((x.shape[-2], x.shape[-1]) if full else (k, k))
    q, r = map(numbers, ops.qr(x, "complete" if full else "reduced"))
    np.testing.assert_allclose(q @ r, x, atol=1e-12)
    assert q.shape[-1] == (x.shape[-2] if full else k)
    lu, pivots = map(numbers, ops.lu_factor(x))
    lower = np.tril(lu, -1)[..., :k] + np.eye(x.shape[-2])[:, :k]
    rows = np.array(x)
    for at in np.ndindex(*x.shape[:-2]):
        for i, j in enumerate(pivots[at]):
            rows[at][[i, j]] = rows[at][[j, i]]
    np.testing.assert_allclose(lower @ np.triu(lu)[..., :k, :], rows, atol=1e-12)


def test_eigenvectors_have_a_positive_large_component(backend):
    values, vectors = map(numbers, ops.eigh(POSITIVE))
    np.testing.assert_allclose(POSITIVE @ vectors, vectors * values[..., None, :], atol=1e-12)
    size = np.abs(vectors)
    first = np.argmax(size >= 0.6 * size.max(-2, keepdims=True), -2)
    assert np.all(np.take_along_axis(vectors, first[..., None, :], -2) > 0)


def test_half_precision_is_computed_in_single(backend):
    x = np.array([[4, 2], [2, 2]], np.float16)
    assert ops.dtype(ops.inv(x)) == "float16"
    np.testing.assert_allclose(numbers(ops.cholesky(x)), [[2, 0], [1, 1]])
    assert ops.dtype(ops.inv([[2, 0], [0, 2]])) == "float32"


def test_inferred_shapes(backend):
    x = KerasTensor((None, 4, 3))
    assert [tuple(y.shape) for y in ops.svd(x)] == [(None, 4, 4), (None, 3), (None, 3, 3)]
    assert [tuple(y.shape) for y in ops.qr(x)] == [(None, 4, 3), (None, 3, 3)]
    assert [tuple(y.shape) for y in ops.lu_factor(x)] == [(None, 4, 3), (None, 3)]
    assert tuple(ops.pinv(x).shape) == (None, 3, 4)
    square = KerasTensor((None, 3, 3))
    assert tuple(ops.det(square).shape) == (None,)
    assert tuple(ops.solve(square, KerasTensor((None, 3))).shape) == (None, 3)


def test_the_gradient_of_a_determinant_is_the_cofactors(backend):
    check_grads(ops.det, np.stack([SQUARE[0], np.eye(3)]), order=1)
    singular = np.outer([1.0, 2.0], [1.0, 3.0])
    np.testing.assert_allclose(numbers(grad(ops.det)(singular)), [[6, -2], [-3, 1]], atol=1e-12)


def test_forward_derivatives(backend):
    value, slope, aux = ops.jvp(  # pyright: ignore[reportAssignmentType]
        lambda x, y: (ops.sin(x) * y, 5), (np.array(0.3), np.array(2.0)), (np.array(1.0), np.array(0.5)), has_aux=True
    )
    assert aux == 5
    np.testing.assert_allclose([float(value), float(slope)], [np.sin(0.3) * 2, np.cos(0.3) * 2 + np.sin(0.3) * 0.5])


def test_what_is_refused(backend):
    for call, error, words in (
        (lambda: ops.inv(TALL), ShapeError, "square matrices"),
        (lambda: ops.svd(VECTOR), ShapeError, "matrices"),
        (lambda: ops.solve(SQUARE, np.ones((2, 4, 1))), ShapeError, "as many rows"),
        (lambda: ops.qr(TALL, "raw"), InvalidArgumentError, "`mode` must be"),
        (lambda: ops.correlate(VECTOR, VECTOR, "none"), InvalidArgumentError, "`mode` must be"),
        (lambda: ops.correlate(TALL, VECTOR), ShapeError, "must be vectors"),
        (lambda: grad(lambda x: ops.sum(ops.lu_factor(x)[0]))(TALL), UnsupportedError, "square"),
        (lambda: grad(lambda x: ops.sum(ops.qr(x)[0]))(WIDE), UnsupportedError, "isn't wide"),
    ):
        with pytest.raises(error, match=words):
            call()
