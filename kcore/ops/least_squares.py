"""Matrices without an inverse: pseudoinverse, least squares, rank. Distances, correlation, forward derivatives."""

from __future__ import annotations

from kcore import dtypes, tree
from kcore.engine import autodiff
from kcore.engine import primitives as P
from kcore.engine.primitives.linalg import product, swap_last
from kcore.errors import InvalidArgumentError, ShapeError

from ._common import cast, dtype_of, promote, promote_float, scalar, shape_of, with_gradient
from .contraction import batched_product
from .decompositions import matrices, svd_parts
from .operation import op
from .reductions import safe_sqrt


def _pinv(x, rcond):
    u, s, v = svd_parts(P.stop_gradient(x))
    if rcond is None:
        rcond = max(shape_of(x)[-2:]) * dtypes.finfo(dtype_of(x)).eps
    largest = P.max(s, axes=(len(shape_of(s)) - 1,), keepdims=True)
    small = P.less_equal(s, P.multiply(largest, float(rcond)))
    inverse = P.where(small, 0, P.divide(1, P.where(small, 1, s)))

    def gradient(g):
        """Golub and Pereyra (1973): the rank stays."""
        out_t, g_t = swap_last(out), swap_last(g)
        across = P.subtract(g_t, product(x, out, g_t))
        along = P.subtract(g_t, product(g_t, out, x))
        return P.add(P.subtract(product(across, out, out_t), product(out_t, g, out_t)), product(out_t, out, along))

    out = with_gradient(P.matmul(P.multiply(v, inverse), swap_last(u)), x, gradient)
    return out


@op
def pinv(x, rcond=None):
    """The Moore-Penrose pseudoinverse of matrices.

    Args:
        x: matrices `(..., m, n)`.
        rcond: singular values up to this part of the largest count as 0; by default `max(m, n)` times the dtype's
            epsilon.

    Returns:
        A floating tensor `(..., n, m)`. The gradient takes the rank for fixed.

    Example:
        >>> ops.pinv([[2.0, 0.0], [0.0, 0.0]]).tolist()
        [[0.5, 0.0], [0.0, 0.0]]
    """
    (x,), dtype = matrices(x)
    return cast(_pinv(x, rcond), dtype)


@op
def lstsq(a, b, rcond=None):
    """The x for which the sum of squares of `a @ x - b` is least; the shortest of several.

    Args:
        a: a matrix `(m, n)`.
        b: a vector `(m,)`, or a matrix `(m, k)`.
        rcond: singular values up to this part of the largest count as 0; by default `max(m, n)` times the dtype's
            epsilon.

    Returns:
        A floating tensor `(n,)` or `(n, k)`.

    Example:
        >>> [round(x, 4) for x in ops.lstsq([[1.0], [1.0]], [1.0, 2.0]).tolist()]
        [1.5]
    """
    (a, b), dtype = matrices(a, b)
    if len(shape_of(b)) not in (1, 2) or shape_of(b)[0] != shape_of(a)[-2]:
        raise ShapeError(f"`b` must be (m,) or (m, k). Received: a.shape={shape_of(a)}, b.shape={shape_of(b)}")
    right = P.reshape(b, shape=(*shape_of(b), 1)) if len(shape_of(b)) == 1 else b
    out = P.matmul(_pinv(a, rcond), right)
    return cast(P.reshape(out, shape=(shape_of(out)[0], *shape_of(b)[1:])), dtype)


@op
def matrix_rank(x, tol=None):
    """The rank of matrices.

    Args:
        x: matrices `(..., m, n)`.
        tol: singular values up to it count as 0; by default the largest times `max(m, n)` times the dtype's epsilon.

    Returns:
        An int32 tensor `(...)`.

    Example:
        >>> ops.matrix_rank([[1.0, 2.0], [2.0, 4.0]]).tolist()
        1
    """
    (x,), _ = matrices(x)
    _, s, _ = svd_parts(P.stop_gradient(x))
    axes = (len(shape_of(s)) - 2, len(shape_of(s)) - 1)
    if tol is None:
        largest = P.max(s, axes=axes[1:], keepdims=True)
        tol = P.multiply(largest, float(max(shape_of(x)[-2:]) * dtypes.finfo(dtype_of(x)).eps))
    return P.sum(P.cast(P.less(tol, s), dtype="int32"), axes=axes, keepdims=False)


@op
def cdist(x, y):
    """The Euclidean distance of each row of `x` from each row of `y`.

    Args:
        x: a tensor `(..., p, n)`.
        y: a tensor `(..., r, n)`, whose batch axes broadcast with those of `x`.

    Returns:
        A tensor `(..., p, r)` of the promoted floating dtype. The gradient at distance 0 is 0.

    Example:
        >>> ops.cdist([[0.0, 0.0]], [[3.0, 4.0], [0.0, 1.0]]).tolist()
        [[5.0, 1.0]]
    """
    x, y = promote_float(x, y)
    (*x_batch, p, n), (*y_batch, r, n2) = shape_of(x), shape_of(y)
    if n != n2:
        raise ShapeError(f"Rows must be equally long. Received: x.shape={shape_of(x)}, y.shape={shape_of(y)}")
    left, right = P.reshape(x, shape=(*x_batch, p, 1, n)), P.reshape(y, shape=(*y_batch, 1, r, n))
    gap = P.subtract(left, right)
    return safe_sqrt(P.sum(P.multiply(gap, gap), axes=(len(shape_of(gap)) - 1,), keepdims=False))


@op
def correlate(x1, x2, mode="valid"):
    """The cross-correlation of two sequences, `sum_n x1[n + k] * x2[n]` for each shift k.

    Args:
        x1: a vector of length m.
        x2: a vector of length n.
        mode: `"full"` for all shifts at which they meet, `m + n - 1`; `"same"` for the middle `max(m, n)` of these;
            `"valid"` for those at which the shorter lies within the longer.

    Returns:
        A vector of the promoted dtype. If `x2` is the longer, shifts still run upwards, as in NumPy.

    Raises:
        InvalidArgumentError: another mode.
        ShapeError: an argument isn't a vector, or is empty.

    Example:
        >>> ops.correlate([1.0, 2.0, 3.0], [0.0, 1.0, 0.5]).tolist()
        [3.5]
    """
    x1, x2 = promote(x1, x2)
    shapes = shape_of(x1), shape_of(x2)
    if any(len(shape) != 1 or 0 in shape for shape in shapes):
        raise ShapeError(f"`x1` and `x2` must be vectors with elements. Received: shapes={shapes}")
    swapped = shapes[0][0] < shapes[1][0]
    longer, shorter = (x2, x1) if swapped else (x1, x2)
    m, n = shape_of(longer)[0], shape_of(shorter)[0]
    widths = {"full": (n - 1, n - 1), "same": (n // 2, n - 1 - n // 2), "valid": (0, 0)}.get(mode)
    if widths is None:
        raise InvalidArgumentError(f"`mode` must be 'full', 'same' or 'valid'. Received: mode={mode!r}")
    padded = P.pad(longer, scalar(0, dtype_of(longer)), widths=(widths,))
    size = m + sum(widths)
    stretches = P.windows(P.reshape(padded, shape=(1, size, 1)), size=(n,), strides=(1,), dilation=(1,))
    rows = P.reshape(stretches, shape=(size - n + 1, n))
    out = P.reshape(batched_product(rows, P.reshape(shorter, shape=(n, 1))), shape=(size - n + 1,))
    return P.flip(out, axes=(0,)) if swapped else out


def jvp(fun, primals, tangents, has_aux=False):
    """The value of a function and its derivative along a direction.

    Args:
        fun: a function of tensors that returns a tensor, or a structure of tensors.
        primals: a list or tuple of tensors: where.
        tangents: as many, of the same shapes: the direction.
        has_aux: whether `fun` returns a pair, of which only the first is differentiated.

    Returns:
        `(fun(*primals), derivative)`, or `(value, derivative, second of the pair)`.

    Example:
        >>> value, slope = ops.jvp(lambda x: x * x, [ops.array(3.0)], [ops.array(1.0)])
        >>> value.tolist(), slope.tolist()
        (9.0, 6.0)
    """
    aux = []

    def main(*xs):
        out = fun(*xs)
        if has_aux:
            out, kept = out
            aux[:] = [kept]
        return out

    value, _ = autodiff.vjp(main, *primals)
    zeros = tree.map_structure(lambda x: P.multiply(x, 0), value)

    def pulled(cotangents):
        return autodiff.vjp(main, *primals)[1](cotangents)

    _, push = autodiff.vjp(pulled, zeros)
    (derivative,) = push(tuple(tangents))
    return (value, derivative, *aux) if has_aux else (value, derivative)
