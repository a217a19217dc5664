"""Linear algebra: optional rows.

A backend that lacks one gets the reference, in NumPy on the host. Each works on the last two axes, in float32 or
float64, with any batch axes before them, and has one result: where there are several, one stands below the other.
Symmetric matrices are taken for the symmetric part of what is given, so that gradients are symmetric. Where a matrix
has no answer (singular, not positive definite, no convergence), its result is NaN throughout.

Signs of eigenvectors and singular vectors are free; here the first large component of each (0.6 of the largest at
least) is positive. Gradients: Giles, "Collected matrix derivative results" (2008), for products, inverses, Cholesky
factors and eigenvectors; Townsend, "Differentiating the singular value decomposition" (2016); Walter and Lehmann,
"Algorithmic differentiation of linear algebra functions" (2010), for QR. Vectors of equal eigenvalues or singular
values are free, and what would divide by their difference counts as 0.
"""

from __future__ import annotations

import numpy as np

from kcore.engine.spec import Spec
from kcore.errors import DtypeError, ShapeError, UnsupportedError

from .contraction import swap_last
from .elementwise import _same_dtype
from .movement import shape_of
from .row import P, Sample, define
from .samples import floats

GROUP = "linear algebra"
FLOATS = ("float32", "float64")


def _checked(name: str, *specs: Spec, square: bool = False) -> str:
    """The common dtype of matrices."""
    first, *others = specs
    dtype = _same_dtype(name, *specs) if others else first.dtype
    if dtype not in FLOATS:
        raise DtypeError(f"`{name}` takes float32 or float64. Received: dtype={dtype}")
    shape = first.shape
    if len(shape) < 2 or (square and shape[-1] != shape[-2]):
        kind = "square matrices" if square else "matrices"
        raise ShapeError(f"`{name}` takes {kind}, of shape (..., {'n, n' if square else 'm, n'}). Received: {shape}")
    return dtype


def part(x, start: int, stop: int):
    """Rows `start` to `stop` of matrices."""
    shape = shape_of(x)
    rank = len(shape)
    first = (*(0,) * (rank - 2), start, 0)
    return P.slice(x, start=first, stop=(*shape[:-2], stop, shape[-1]), step=(1,) * rank)


def _each(function, *arrays: np.ndarray):
    """A function of matrices on the host; where it refuses one of a batch, that one's results are NaN."""
    try:
        return function(*arrays)
    except np.linalg.LinAlgError:
        batch = arrays[0].shape[:-2]
        if batch:
            each = [_each(function, *(a[at] for a in arrays)) for at in np.ndindex(*batch)]
            return np.stack(each).reshape(*batch, *each[0].shape)
        return np.full_like(function(*(np.eye(*a.shape, dtype=a.dtype) for a in arrays)), np.nan)


def _symmetric_part(x):
    return (x + np.swapaxes(x, -1, -2)) / 2


def _signs(vectors: np.ndarray) -> np.ndarray:
    """The sign of the first large component of each column, as a row."""
    size = np.abs(vectors)
    if not vectors.shape[-2]:
        return np.ones_like(vectors, shape=(*vectors.shape[:-2], 1, vectors.shape[-1]))
    first = np.argmax(size >= 0.6 * size.max(-2, keepdims=True), -2)[..., None, :]
    return np.where(np.take_along_axis(vectors, first, -2) < 0, -1, 1).astype(vectors.dtype)


def _cholesky(x):
    return _each(np.linalg.cholesky, _symmetric_part(x)).astype(x.dtype)


def _solve(a, b):
    return _each(np.linalg.solve, a, b).astype(a.dtype)


def _triangle(x, lower: bool):
    return np.tril(x) if lower else np.triu(x)


def _solve_triangular(a, b, *, lower):
    return _solve(_triangle(a, lower), b)


def _lu(x):
    """Gaussian elimination with partial pivoting, all matrices of a batch at a time."""
    a, (m, n) = np.array(x), x.shape[-2:]
    perm = np.broadcast_to(np.arange(m), x.shape[:-1]).copy()
    pivots = perm.copy()
    for k in range(min(m, n)):
        pivot = k + np.argmax(np.abs(a[..., k:, k]), -1)[..., None]
        order = np.where(np.arange(m) == k, pivot, np.where(np.arange(m) == pivot, k, np.arange(m)))
        a, perm = np.take_along_axis(a, order[..., None], -2), np.take_along_axis(perm, order, -1)
        pivots[..., k] = pivot[..., 0]
        diagonal = a[..., k : k + 1, k]
        a[..., k + 1 :, k] /= np.where(diagonal == 0, 1, diagonal)
        a[..., k + 1 :, k + 1 :] -= a[..., k + 1 :, k : k + 1] * a[..., k : k + 1, k + 1 :]
    return np.concatenate([a, np.stack([perm, pivots], -1).astype(x.dtype)], -1)


def _qr(x):
    q, r = np.linalg.qr(x)
    return np.concatenate([q, np.swapaxes(r, -1, -2)], -2).astype(x.dtype)


def _eigh(x):
    def one(a):
        w, v = np.linalg.eigh(a)
        return np.concatenate([w[..., None, :], v * _signs(v)], -2)

    return _each(one, _symmetric_part(x)).astype(x.dtype)


def _svd(x):
    def one(a):
        u, s, vh = np.linalg.svd(a, full_matrices=False)
        signs = _signs(u)
        return np.concatenate([u * signs, s[..., None, :], np.swapaxes(vh, -1, -2) * signs], -2)

    return _each(one, x).astype(x.dtype)


# ---- gradient rules


def _grid(x):
    """Row numbers as a column, column numbers as a row."""
    m, n = shape_of(x)[-2:]
    return P.reshape(P.iota(size=m, dtype="int32"), shape=(m, 1)), P.iota(size=n, dtype="int32")


def tril(x, k: int = 0):
    """The lower triangles of matrices, up to diagonal k."""
    rows, columns = _grid(x)
    return P.where(P.less_equal(columns, P.add(rows, k)), x, 0)


def triu(x):
    """The upper triangles of matrices."""
    return P.subtract(x, tril(x, -1))


def diagonal_matrix(row):
    """Diagonal matrices of rows `(..., 1, n)`."""
    *batch, _, n = shape_of(row)
    rows, columns = _grid(P.broadcast_to(row, shape=(*batch, n, n)))
    return P.where(P.equal(rows, columns), row, 0)


def unit_lower(lu):
    """The factor L of a square LU decomposition."""
    rows, columns = _grid(lu)
    return P.where(P.equal(rows, columns), 1, tril(lu))


def product(*factors):
    """The product of several matrices."""
    out = factors[0]
    for factor in factors[1:]:
        out = P.matmul(out, factor)
    return out


def _symmetrized(x):
    return P.multiply(P.add(x, swap_last(x)), 0.5)


def _cholesky_vjp(g, out, x):
    phi = tril(P.matmul(swap_last(out), tril(g)))
    phi = P.subtract(phi, P.multiply(P.subtract(phi, tril(phi, -1)), 0.5))
    upper = swap_last(out)
    half = P.solve_triangular(upper, phi, lower=False)
    return _symmetrized(P.solve_triangular(upper, swap_last(half), lower=False))


def _solve_vjps(g, out, a, b):
    gb = P.solve(swap_last(a), g)
    return P.negative(P.matmul(gb, swap_last(out))), gb


def _triangular_vjps(g, out, a, b, *, lower):
    gb = P.solve_triangular(swap_last(a), g, lower=not lower)
    ga = P.negative(P.matmul(gb, swap_last(out)))
    return (tril(ga) if lower else triu(ga)), gb


def columns(x, start: int, stop: int):
    shape = shape_of(x)
    rank = len(shape)
    return P.slice(x, start=(*(0,) * (rank - 1), start), stop=(*shape[:-1], stop), step=(1,) * rank)


def _lu_vjp(g, out, x):
    m, n = shape_of(x)[-2:]
    if m != n:
        raise UnsupportedError(f"The gradient of an LU decomposition takes a square matrix. Received: shape={(m, n)}")
    g, lu = columns(g, 0, n), columns(out, 0, n)
    lower, upper = unit_lower(lu), triu(lu)
    inner = P.add(tril(P.matmul(swap_last(lower), tril(g, -1)), -1), triu(P.matmul(triu(g), swap_last(upper))))
    left = P.solve_triangular(swap_last(lower), inner, lower=False)
    gpa = swap_last(P.solve_triangular(upper, swap_last(left), lower=False))
    back = P.argsort(columns(out, n, n + 1), axis=len(shape_of(x)) - 2)
    return P.take_along_axis(gpa, P.broadcast_to(back, shape=shape_of(x)), axis=len(shape_of(x)) - 2)


def _qr_vjp(g, out, x):
    m, n = shape_of(x)[-2:]
    if m < n:
        raise UnsupportedError(f"The gradient of a QR decomposition takes a matrix that isn't wide. Received: {(m, n)}")
    q, r = part(out, 0, m), swap_last(part(out, m, m + n))
    gq, gr = part(g, 0, m), triu(swap_last(part(g, m, m + n)))
    inner = P.subtract(P.matmul(r, swap_last(gr)), P.matmul(swap_last(gq), q))
    inner = P.add(tril(inner), swap_last(tril(inner, -1)))
    left = P.add(gq, P.matmul(q, inner))
    return swap_last(P.solve_triangular(r, swap_last(left), lower=False))


def _inverse_gaps(row):
    """1 / (x_j - x_i) of a row `(..., 1, n)`, and 0 where they are equal."""
    gaps = P.subtract(row, swap_last(row))
    same = P.equal(gaps, 0)
    return P.where(same, 0, P.divide(1, P.where(same, 1, gaps)))


def _eigh_vjp(g, out, x):
    n = shape_of(x)[-1]
    w, v = part(out, 0, 1), part(out, 1, n + 1)
    gw, gv = part(g, 0, 1), part(g, 1, n + 1)
    inner = P.add(diagonal_matrix(gw), P.multiply(_inverse_gaps(w), P.matmul(swap_last(v), gv)))
    return _symmetrized(product(v, inner, swap_last(v)))


def _svd_vjp(g, out, x):
    m, n = shape_of(x)[-2:]
    u, s, v = part(out, 0, m), part(out, m, m + 1), part(out, m + 1, m + 1 + n)
    gu, gs, gv = part(g, 0, m), part(g, m, m + 1), part(g, m + 1, m + 1 + n)
    gaps = _inverse_gaps(P.multiply(s, s))
    none = P.equal(s, 0)
    inverse = P.where(none, 0, P.divide(1, P.where(none, 1, s)))

    def turned(vectors, cotangent):
        inner = P.matmul(swap_last(vectors), cotangent)
        return P.multiply(gaps, P.subtract(inner, swap_last(inner)))

    def outside(vectors, cotangent):
        rest = P.subtract(cotangent, product(vectors, swap_last(vectors), cotangent))
        return P.multiply(rest, inverse)

    inner = P.add(P.multiply(turned(u, gu), s), P.multiply(swap_last(s), turned(v, gv)))
    inner = P.add(inner, diagonal_matrix(gs))
    along = P.add(P.matmul(u, inner), outside(u, gu))
    return P.add(P.matmul(along, swap_last(v)), P.matmul(u, swap_last(outside(v, gv))))


# ---- the rows


def _square(name: str):
    return lambda x: Spec(x.shape, _checked(name, x, square=True))


def _solve_spec(name: str):
    def spec(a: Spec, b: Spec, **params) -> Spec:
        dtype = _checked(name, a, b, square=True)
        if len(a.shape) != len(b.shape) or a.shape[:-1] != b.shape[:-1]:
            raise ShapeError(f"`{name}` takes (..., n, n) and (..., n, k). Received: {a.shape}, {b.shape}")
        return Spec(b.shape, dtype)

    return spec


def _parts_spec(name: str, shape, *, square: bool = False):
    def spec(x: Spec) -> Spec:
        dtype = _checked(name, x, square=square)
        return Spec((*x.shape[:-2], *shape(*x.shape[-2:])), dtype)

    return spec


def regular(*shape: int, dtype: str = "float32") -> np.ndarray:
    """Square matrices far from singular."""
    return (floats(*shape, dtype=dtype) + 3 * np.eye(shape[-1])).astype(dtype)


def _positive(*shape: int, dtype: str = "float32") -> np.ndarray:
    x = floats(*shape, dtype=dtype)
    return (x @ np.swapaxes(x, -1, -2) + np.eye(shape[-1])).astype(dtype)


def _square_samples(make, bad: np.ndarray):
    def build():
        yield Sample("matrix", (make(3, 3),))
        yield Sample("batches", (make(2, 2, 3, 3),))
        yield Sample("one", (make(1, 1),))
        yield Sample("empty batch", (np.zeros((0, 2, 2), np.float32),))
        yield Sample("float64", (make(4, 4, dtype="float64"),))
        yield Sample("no answer for one of a batch", (np.stack([make(2, 2), bad]),), grad=False)

    return build


def _solve_samples(params: dict, bad: np.ndarray):
    def build():
        yield Sample("matrix", (regular(3, 3), floats(3, 2)), params)
        yield Sample("batches", (regular(2, 3, 3), floats(2, 3, 1)), params)
        yield Sample("nothing to solve for", (regular(2, 2), np.zeros((2, 0), np.float32)), params)
        yield Sample("float64", (regular(4, 4, dtype="float64"), floats(4, 3, dtype="float64")), params)
        yield Sample("singular one of a batch", (np.stack([regular(2, 2), bad]), floats(2, 2, 1)), params, grad=False)

    return build


def _any_samples(*, tall: bool, wide: bool):
    """Matrices of several shapes; gradients where there is a rule."""

    def build():
        yield Sample("tall", (regular(2, 3, 3).reshape(6, 3),), grad=tall)
        yield Sample("square", (regular(3, 3),))
        yield Sample("wide", (np.ascontiguousarray(regular(2, 3, 3).reshape(6, 3).T),), grad=wide)
        yield Sample("batches", (regular(2, 3, 3),))
        yield Sample("float64", (regular(3, 3, dtype="float64"),))

    return build


SINGULAR = np.array([[1, 2], [2, 4]], np.float32)
INDEFINITE = np.array([[1, 2], [2, 1]], np.float32)

cholesky = define(
    "cholesky",
    "x",
    group=GROUP,
    required=False,
    spec=_square("cholesky"),
    vjps=(_cholesky_vjp,),
    reference=_cholesky,
    samples=_square_samples(_positive, INDEFINITE),
    doc="the lower triangular factor L of x = L @ L.T; NaN if x isn't positive definite",
)
solve = define(
    "solve",
    "a b",
    group=GROUP,
    required=False,
    spec=_solve_spec("solve"),
    vjps=_solve_vjps,
    reference=_solve,
    samples=_solve_samples({}, SINGULAR),
    doc="x of a @ x = b, for b of shape (..., n, k); NaN if a is singular",
)
solve_triangular = define(
    "solve_triangular",
    "a b",
    "lower",
    group=GROUP,
    required=False,
    spec=_solve_spec("solve_triangular"),
    vjps=_triangular_vjps,
    reference=_solve_triangular,
    samples=_solve_samples({"lower": True}, np.array([[1, 9], [5, 0]], np.float32)),
    doc="x of a @ x = b for the lower or the upper triangle of a; NaN if it is singular",
)
lu = define(
    "lu",
    "x",
    group=GROUP,
    required=False,
    spec=_parts_spec("lu", lambda m, n: (m, n + 2)),
    vjps=(_lu_vjp,),
    reference=_lu,
    samples=_any_samples(tall=False, wide=False),
    doc="L (without its diagonal of ones) and U in one matrix; then two columns: the row of x that each is, and the "
    "row that it was exchanged with",
)
qr = define(
    "qr",
    "x",
    group=GROUP,
    required=False,
    spec=_parts_spec("qr", lambda m, n: (m + n, min(m, n))),
    vjps=(_qr_vjp,),
    reference=_qr,
    samples=_any_samples(tall=True, wide=False),
    doc="Q, and below it the transpose of R, of x = Q @ R, with Householder's signs",
)
eigh = define(
    "eigh",
    "x",
    group=GROUP,
    required=False,
    spec=_parts_spec("eigh", lambda m, n: (n + 1, n), square=True),
    vjps=(_eigh_vjp,),
    reference=_eigh,
    samples=_square_samples(_positive, np.full((2, 2), np.nan, np.float32)),
    doc="the eigenvalues of a symmetric matrix, ascending, and below each its eigenvector",
)
svd = define(
    "svd",
    "x",
    group=GROUP,
    required=False,
    spec=_parts_spec("svd", lambda m, n: (m + 1 + n, min(m, n))),
    vjps=(_svd_vjp,),
    reference=_svd,
    samples=_any_samples(tall=True, wide=True),
    doc="U, below it the singular values, descending, below them V, of x = U @ diag(s) @ V.T",
)
