"""Decompositions of matrices, and what follows from them: inverses, solutions, determinants.

Integers are computed in floatx, 16-bit floats in float32 and rounded. A matrix that has no answer (singular, or not
positive definite) is an error where values are known; in a compiled function, which can't raise, its result is NaN
throughout. The other matrices of a batch get their answers.
"""

from __future__ import annotations

import numpy as np

from kcore.engine import primitives as P
from kcore.engine.primitives import linalg as L
from kcore.engine.spec import broadcast_shapes
from kcore.errors import InvalidArgumentError, ShapeError

from ._common import cast, concrete, dtype_of, is_unknown, promote_float, scalar, shape_of, wide_float, with_gradient
from .operation import op


def matrices(*xs, square: bool = False) -> tuple[list, str]:
    """Floating matrices in a dtype that can be computed in, and the dtype of the result."""
    tensors = promote_float(*xs)
    dtype = dtype_of(tensors[0])
    shape = shape_of(tensors[0])
    bad = len(shape) < 2 or (square and shape[-1] != shape[-2] and not any(map(is_unknown, shape[-2:])))
    if bad:
        raise ShapeError(f"Expected {'square matrices' if square else 'matrices'}. Received: shape={shape}")
    return [cast(x, wide_float(dtype)) for x in tensors], dtype


def _answered(out, problem: str, *operands):
    """`out`, unless it is known to have NaN though the operands are finite."""
    value = concrete(out)
    if value is None or not np.isnan(value).any():
        return out
    known = [concrete(x) for x in operands]
    if all(x is None or np.isfinite(x).all() for x in known):
        raise InvalidArgumentError(problem)
    return out


def _identity(x):
    shape, dtype = shape_of(x), dtype_of(x)
    rows = P.reshape(P.iota(size=shape[-1], dtype="int32"), shape=(shape[-1], 1))
    eye = P.cast(P.equal(rows, P.iota(size=shape[-1], dtype="int32")), dtype=dtype)
    return P.broadcast_to(eye, shape=shape)


@op
def cholesky(x, upper=False):
    """The Cholesky factor of positive definite matrices.

    Args:
        x: symmetric matrices `(..., n, n)`; of others the symmetric part is taken.
        upper: whether to give the upper triangular factor U, `x = U.T @ U`, in place of the lower one.

    Returns:
        The lower triangular L with `x = L @ L.T`. The gradient is symmetric.

    Raises:
        InvalidArgumentError: a matrix isn't positive definite (NaN in a compiled function).

    Example:
        >>> ops.cholesky([[4.0, 2.0], [2.0, 2.0]]).tolist()
        [[2.0, 0.0], [1.0, 1.0]]
    """
    (x,), dtype = matrices(x, square=True)
    factor = _answered(P.cholesky(x), "`x` must be positive definite.", x)
    return cast(L.swap_last(factor) if upper else factor, dtype)


@op
def cholesky_inverse(x, upper=False):
    """The inverse of a positive definite matrix, from its Cholesky factor.

    Args:
        x: triangular factors `(..., n, n)`; the other triangle isn't looked at.
        upper: whether `x` are upper triangular factors.

    Returns:
        The inverse of `x @ x.T`, or of `x.T @ x` for upper ones.

    Raises:
        InvalidArgumentError: a factor has a 0 on its diagonal (NaN in a compiled function).

    Example:
        >>> ops.cholesky_inverse([[2.0, 0.0], [0.0, 1.0]]).tolist()
        [[0.25, 0.0], [0.0, 1.0]]
    """
    (x,), dtype = matrices(x, square=True)
    lower = L.swap_last(x) if upper else x
    inverse = _answered(P.solve_triangular(lower, _identity(x), lower=True), "`x` must be regular.", x)
    return cast(P.matmul(L.swap_last(inverse), inverse), dtype)


@op
def inv(x):
    """The inverse of matrices.

    Args:
        x: matrices `(..., n, n)`.

    Returns:
        A floating tensor of `x`'s shape.

    Raises:
        InvalidArgumentError: a matrix is singular (NaN in a compiled function).

    Example:
        >>> ops.inv([[2.0, 0.0], [0.0, 4.0]]).tolist()
        [[0.5, 0.0], [0.0, 0.25]]
    """
    (x,), dtype = matrices(x, square=True)
    return cast(_answered(P.solve(x, _identity(x)), "`x` must be regular; a matrix is singular.", x), dtype)


def _right_sides(a, b):
    """Matrices and right-hand sides of one batch shape, and whether these were vectors."""
    vectors = len(shape_of(b)) == len(shape_of(a)) - 1 or len(shape_of(b)) == 1
    if vectors:
        b = P.reshape(b, shape=(*shape_of(b), 1))
    batch = broadcast_shapes(shape_of(a)[:-2], shape_of(b)[:-2])
    a = P.broadcast_to(a, shape=(*batch, *shape_of(a)[-2:]))
    return a, P.broadcast_to(b, shape=(*batch, *shape_of(b)[-2:])), vectors


def _solved(solver, a, b, problem: str):
    (a, b), dtype = matrices(a, b, square=True)
    a, b, vectors = _right_sides(a, b)
    if shape_of(a)[-1] != shape_of(b)[-2]:
        raise ShapeError(f"`b` must have as many rows as `a`. Received: a.shape={shape_of(a)}, b.shape={shape_of(b)}")
    out = _answered(solver(a, b), problem, a, b)
    return cast(P.reshape(out, shape=shape_of(out)[:-1]) if vectors else out, dtype)


@op
def solve(a, b):
    """The x of `a @ x = b`.

    Args:
        a: matrices `(..., n, n)`.
        b: right-hand sides: vectors `(..., n)`, of one rank less than `a`, or matrices `(..., n, k)`.

    Returns:
        A floating tensor of `b`'s shape.

    Raises:
        InvalidArgumentError: a matrix is singular (NaN in a compiled function).

    Example:
        >>> ops.solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0]).tolist()
        [1.0, 0.5]
    """
    return _solved(P.solve, a, b, "`a` must be regular; a matrix is singular.")


@op
def solve_triangular(a, b, lower=False):
    """The x of `a @ x = b` for triangular matrices.

    Args:
        a: matrices `(..., n, n)`, of which one triangle is looked at.
        b: right-hand sides: vectors `(..., n)`, of one rank less than `a`, or matrices `(..., n, k)`.
        lower: whether it is the lower triangle.

    Returns:
        A floating tensor of `b`'s shape.

    Raises:
        InvalidArgumentError: a diagonal has a 0 (NaN in a compiled function).

    Example:
        >>> ops.solve_triangular([[2.0, 0.0], [1.0, 1.0]], [2.0, 3.0], lower=True).tolist()
        [1.0, 2.0]
    """
    solver = lambda a, b: P.solve_triangular(a, b, lower=bool(lower))  # noqa: E731
    return _solved(solver, a, b, "`a` must have no 0 on its diagonal.")


def _lu(x):
    """Factors, pivots and the determinants' signs of square matrices."""
    n = shape_of(x)[-1]
    out = P.lu(x)
    lu, pivots = L.columns(out, 0, n), L.columns(P.stop_gradient(out), n + 1, n + 2)
    pivots = P.reshape(pivots, shape=shape_of(pivots)[:-1])
    moved = P.bitwise_not(P.equal(pivots, P.cast(P.iota(size=shape_of(pivots)[-1], dtype="int32"), dtype=dtype_of(x))))
    swaps = P.sum(P.cast(moved, dtype="int32"), axes=(len(shape_of(pivots)) - 1,), keepdims=False)
    return lu, pivots, P.cast(P.subtract(1, P.multiply(2, P.bitwise_and(swaps, 1))), dtype=dtype_of(x))


@op
def lu_factor(x):
    """The LU decomposition with partial pivoting.

    Args:
        x: matrices `(..., m, n)`.

    Returns:
        L (below the diagonal; its own is of ones) and U in one tensor of `x`'s shape, and int32 pivots
        `(..., min(m, n))`: row i was exchanged with row `pivots[i]`. The gradient takes square matrices.

    Example:
        >>> lu, pivots = ops.lu_factor([[1.0, 2.0], [2.0, 2.0]])
        >>> lu.tolist(), pivots.tolist()
        ([[2.0, 2.0], [0.5, 1.0]], [1, 1])
    """
    (x,), dtype = matrices(x)
    m, n = shape_of(x)[-2:]
    out = P.lu(x)
    pivots = L.part(L.columns(P.stop_gradient(out), n + 1, n + 2), 0, min(m, n))
    return cast(L.columns(out, 0, n), dtype), P.cast(P.reshape(pivots, shape=shape_of(pivots)[:-1]), dtype="int32")


def _diagonal(x):
    """The diagonals of square matrices, as vectors."""
    shape = shape_of(x)
    at = P.broadcast_to(P.reshape(P.iota(size=shape[-1], dtype="int32"), shape=(shape[-1], 1)), shape=(*shape[:-1], 1))
    return P.reshape(P.take_along_axis(x, at, axis=len(shape) - 1), shape=shape[:-1])


def _cofactors(x, det):
    """The gradient of determinants: of regular matrices from the inverse, of singular ones from singular values."""
    n, rank = shape_of(x)[-1], len(shape_of(x))
    column = P.reshape(det, shape=(*shape_of(det), 1, 1))
    singular = P.equal(column, 0)
    eye = _identity(x)
    regular = P.multiply(column, L.swap_last(P.solve(P.where(singular, eye, x), eye)))
    svd = P.svd(P.stop_gradient(x))
    u, s, v = L.part(svd, 0, n), L.part(svd, n, n + 1), L.part(svd, n + 1, 2 * n + 1)
    others = P.where(P.equal(eye, 1), eye, P.broadcast_to(s, shape=shape_of(x)))
    products = P.reshape(P.prod(others, axes=(rank - 1,), keepdims=False), shape=(*shape_of(x)[:-2], 1, n))
    turn = P.multiply(_det_by_lu(u), _det_by_lu(v))
    limit = P.matmul(P.multiply(u, P.multiply(products, P.reshape(turn, shape=shape_of(column)))), L.swap_last(v))
    return P.where(singular, P.stop_gradient(limit), regular)


def _det_by_lu(x):
    lu, _, sign = _lu(x)
    return P.multiply(sign, P.prod(_diagonal(lu), axes=(len(shape_of(x)) - 2,), keepdims=False))


@op
def det(x):
    """The determinant of matrices.

    Args:
        x: matrices `(..., n, n)`.

    Returns:
        A floating tensor `(...)`. The gradient is the matrix of cofactors, for singular matrices too.

    Example:
        >>> ops.det([[1.0, 2.0], [3.0, 4.0]]).tolist()
        -2.0
    """
    (x,), dtype = matrices(x, square=True)

    def gradient(g):
        return P.multiply(P.reshape(g, shape=(*shape_of(g), 1, 1)), _cofactors(x, out))

    out = with_gradient(_det_by_lu(P.stop_gradient(x)), x, gradient)
    return cast(out, dtype)


@op
def slogdet(x):
    """Sign and logarithm of the determinant of matrices.

    Args:
        x: matrices `(..., n, n)`.

    Returns:
        Two floating tensors `(...)`: the sign (0 for a singular matrix) and the logarithm of the absolute value.

    Example:
        >>> sign, log = ops.slogdet([[0.0, 1.0], [1.0, 0.0]])
        >>> sign.tolist(), log.tolist()
        (-1.0, 0.0)
    """
    (x,), dtype = matrices(x, square=True)
    lu, _, sign = _lu(x)
    diagonal = _diagonal(lu)
    axes = (len(shape_of(diagonal)) - 1,)
    sign = P.multiply(sign, P.prod(P.sign(diagonal), axes=axes, keepdims=False))
    return cast(sign, dtype), cast(P.sum(P.log(P.absolute(diagonal)), axes=axes, keepdims=False), dtype)


@op
def logdet(x):
    """The logarithm of the absolute value of the determinant of matrices.

    Args:
        x: matrices `(..., n, n)`.

    Returns:
        A floating tensor `(...)`; minus infinity for a singular matrix.

    Example:
        >>> round(ops.logdet([[2.0, 0.0], [0.0, 3.0]]).tolist(), 4)
        1.7918
    """
    return slogdet(x)[1]


@op
def eigh(x):
    """The eigenvalues and eigenvectors of symmetric matrices.

    Args:
        x: symmetric matrices `(..., n, n)`; of others the symmetric part is taken.

    Returns:
        The eigenvalues `(..., n)`, ascending, and a tensor `(..., n, n)` whose columns are the eigenvectors. Of each,
        the first large component (0.6 of the largest at least) is positive. The gradient takes vectors of equal
        eigenvalues for fixed.

    Example:
        >>> values, vectors = ops.eigh([[2.0, 0.0], [0.0, 1.0]])
        >>> values.tolist(), vectors.tolist()
        ([1.0, 2.0], [[0.0, 1.0], [1.0, 0.0]])
    """
    (x,), dtype = matrices(x, square=True)
    n = shape_of(x)[-1]
    out = P.eigh(x)
    values = P.reshape(L.part(out, 0, 1), shape=shape_of(x)[:-1])
    return cast(values, dtype), cast(L.part(out, 1, n + 1), dtype)


def _completed(q, count: int):
    """Orthonormal columns, and as many more as it takes to have `count`; no gradient flows through these."""
    have = shape_of(q)[-1]
    if have == count:
        return q
    rest = P.stop_gradient(P.matmul(q, L.swap_last(q)))
    vectors = L.part(P.eigh(P.subtract(_identity(rest), rest)), 1, count + 1)
    return P.concat(q, P.stop_gradient(L.columns(vectors, have, count)), axis=len(shape_of(q)) - 1)


@op
def qr(x, mode="reduced"):
    """The QR decomposition.

    Args:
        x: matrices `(..., m, n)`.
        mode: `"reduced"` for factors `(..., m, k)` and `(..., k, n)` with `k = min(m, n)`; `"complete"` for
            `(..., m, m)` and `(..., m, n)`.

    Returns:
        Q, of orthonormal columns, and the upper triangular R, with Householder's signs, as LAPACK has them. The
        gradient takes matrices that aren't wide.

    Raises:
        InvalidArgumentError: another mode.

    Example:
        >>> q, r = ops.qr([[3.0], [4.0]])
        >>> q.tolist(), r.tolist()
        ([[-0.6], [-0.8]], [[-5.0]])
    """
    if mode not in ("reduced", "complete"):
        raise InvalidArgumentError(f"`mode` must be 'reduced' or 'complete'. Received: mode={mode!r}")
    (x,), dtype = matrices(x)
    *batch, m, n = shape_of(x)
    out = P.qr(x)
    q, r = L.part(out, 0, m), L.swap_last(L.part(out, m, m + n))
    if mode == "complete" and m > n:
        q = _completed(q, m)
        r = P.pad(r, scalar(0, dtype_of(r)), widths=(*((0, 0),) * len(batch), (0, m - n), (0, 0)))
    return cast(q, dtype), cast(r, dtype)


def svd_parts(x):
    m, n = shape_of(x)[-2:]
    out = P.svd(x)
    return L.part(out, 0, m), L.part(out, m, m + 1), L.part(out, m + 1, m + 1 + n)


@op
def svd(x, full_matrices=True, compute_uv=True):
    """The singular value decomposition.

    Args:
        x: matrices `(..., m, n)`.
        full_matrices: whether U and V are square.
        compute_uv: whether to give U and V too.

    Returns:
        U `(..., m, m)`, the singular values `(..., min(m, n))`, descending, and the transpose of V `(..., n, n)`, with
        `min(m, n)` columns and rows if `full_matrices` is false; or the singular values alone. Of each column of U the
        first large component (0.6 of the largest at least) is positive. The gradient takes vectors of equal singular
        values, and those that complete a square, for fixed.

    Example:
        >>> ops.svd([[0.0, 2.0], [1.0, 0.0]], compute_uv=False).tolist()
        [2.0, 1.0]
    """
    (x,), dtype = matrices(x)
    *batch, m, n = shape_of(x)
    u, s, v = svd_parts(x)
    values = cast(P.reshape(s, shape=(*batch, min(m, n))), dtype)
    if not compute_uv:
        return values
    if full_matrices:
        u, v = _completed(u, m), _completed(v, n)
    return cast(u, dtype), values, cast(L.swap_last(v), dtype)
