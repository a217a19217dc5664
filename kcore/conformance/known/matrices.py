"""Linear algebra."""

from __future__ import annotations

import numpy as np

from kcore import KerasTensor, grad, ops
from kcore.engine.function import Function
from kcore.errors import InvalidArgumentError

from ._section import PROBED, f32, f64, i32, section, slope, twice

known = section("Linear algebra")
SINGULAR = f32([1, 2], [2, 4])


@known(
    71,
    "singular_matrix",
    answer="An error where values are known, and NaN throughout that matrix's result in a compiled function, which "
    "can't raise; the other matrices of a batch get their answers.",
)
def _singular(backend, check):
    both, right = np.stack([2 * np.eye(2, dtype=np.float32), SINGULAR]), f32([[2], [4]], [[1], [1]])
    calls = {"regular": (ops.solve, lambda a, b: ops.inv(a)), "positive definite": (_factor,)}
    for problem, functions in calls.items():
        for f in functions:
            with check.raises(InvalidArgumentError, problem):
                f(both, right)
    check.equal(Function(calls["regular"][0])(both, right), f32([[1], [2]], [[np.nan], [np.nan]]))
    check.equal(Function(ops.inv)(both)[1], np.full((2, 2), np.nan, np.float32))
    upper = f32([1, 5], [0, 0])
    with check.raises(InvalidArgumentError, "no 0 on its diagonal"):
        ops.solve_triangular(upper, f32(1, 1))
    for got in twice(lambda x: (ops.det(x), ops.logdet(x), *ops.slogdet(x)), SINGULAR):
        check.equal(got, (np.float32(0), np.float32(-np.inf), np.float32(0), np.float32(-np.inf)))


def _factor(a, b):
    return ops.cholesky(ops.negative(a))


@known(71, "gradient_of_the_determinant_of_a_singular_matrix", answer="The matrix of cofactors.")
def _cofactors(backend, check):
    check.close(slope(ops.det, SINGULAR), f32([4, -2], [-2, 1]), dtype="float32")
    check.close(Function(grad(ops.det))(SINGULAR), f32([4, -2], [-2, 1]), dtype="float32")
    check.equal(slope(ops.det, np.zeros((2, 2), np.float32)), np.zeros((2, 2), np.float32))


@known(
    71,
    "pseudoinverse_and_rank_of_a_singular_matrix",
    answer="Singular values count as 0 up to the larger size times the dtype's epsilon times the largest of them.",
)
def _pseudoinverse(backend, check):
    check.close(ops.pinv(SINGULAR), SINGULAR / 25, dtype="float32")
    check.equal(ops.matrix_rank(SINGULAR), np.int32(1))
    check.close(ops.lstsq(SINGULAR, f32(1, 2)), f32(0.2, 0.4), dtype="float32")
    check.equal(ops.pinv(np.zeros((2, 3), np.float32)), np.zeros((3, 2), np.float32))


@known(
    71,
    "signs_of_eigenvectors_and_singular_vectors",
    sources=(PROBED,),
    answer="The first large component (0.6 of the largest at least) of an eigenvector, and of a column of U, is "
    "positive; symmetric matrices are taken for their symmetric part.",
)
def _signs(backend, check):
    x = f64([2, -1], [-1, 2])
    half = np.sqrt(0.5)
    for values, vectors in twice(ops.eigh, x):
        check.close(values, f64(1, 3), dtype="float64")
        check.close(vectors, f64([half, half], [half, -half]), dtype="float64")
    check.close(ops.eigh(f64([2, 0], [-2, 2]))[0], f64(1, 3), dtype="float64")
    u, s, vt = ops.svd(f64([-3, 0], [0, 2]))
    check.equal((u, s, vt), (np.eye(2), f64(3, 2), f64([-1, 0], [0, 1])))


@known(
    45,
    "dtype_of_distances",
    sources=("K#23213",),
    answer="The promoted dtype, and floatx for integers; the gradient at distance 0 is 0.",
)
def _distances(backend, check):
    x, y = i32([0, 0], [3, 4]), np.array([[0, 0]], np.uint8)
    check.equal(ops.cdist(x, y), f32([0], [5]))
    check.spec(ops.cdist(KerasTensor((None, 2), "int32"), KerasTensor((1, 2), "float64")), (None, 1), "float64")
    check.equal(ops.cdist(x, f64([0, 0])), f64([0], [5]))
    check.equal(ops.cdist(x.astype(np.float16), y), np.array([[0], [5]], np.float16))
    check.equal(slope(ops.cdist, x.astype(np.float32), y), f32([0, 0], [0.6, 0.8]))


@known(
    56,
    "correlation_of_sequences",
    sources=("K#21778",),
    answer="NumPy's: shifts run upwards also where the second is the longer, 'same' has the longer's length, and "
    "integers stay integers.",
)
def _correlation(backend, check):
    pairs = [(f32(1, 2, 3, 4, 5), f32(1, -2)), (f32(1, 2), f32(0, 1, 0.5, 3)), (i32(1, 2, 3), i32(0, 1, 5))]
    for x, y in pairs:
        for mode in ("valid", "same", "full"):
            for got in twice(lambda x, y, mode=mode: ops.correlate(x, y, mode), x, y):
                check.equal(got, np.correlate(x, y, mode))
    check.spec(ops.correlate(KerasTensor((5,), "float32"), KerasTensor((2,), "int32"), "full"), (6,), "float32")
