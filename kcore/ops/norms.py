"""Norms of vectors and matrices."""

from __future__ import annotations

import math

from kcore import config
from kcore.engine import primitives as P
from kcore.errors import InvalidArgumentError

from ._common import axes_of, axis_of, cast, dtype_of, promote_float, shape_of, to_float, wide_float
from .decompositions import svd_parts
from .operation import op
from .reductions import mean, safe_sqrt


@op
def norm(x, ord=None, axis=None, keepdims=False):
    """The norm of vectors or matrices. The gradient of a root at 0 is 0.

    Args:
        x: a tensor.
        ord: of vectors any number, `inf` or `-inf` (2 by default); of matrices `"fro"` (default), 1, -1, `inf`, `-inf`,
            or 2, -2, `"nuc"`: the largest, the smallest, the sum of the singular values.
        axis: one axis for vectors, two for matrices; `None` for the whole tensor: flattened if `ord` is `None`, else
            by its rank.
        keepdims: whether to keep the reduced axes with size 1.

    Returns:
        A floating tensor.

    Raises:
        InvalidArgumentError: an unknown `ord`, or another number of axes.

    Example:
        >>> ops.norm([3.0, 4.0]).tolist()
        5.0
    """
    x = to_float(x)
    axes = axes_of(axis, len(shape_of(x)))
    if ord is None and (axis is None or len(axes) < 3):
        return _euclidean(x, axes, keepdims)
    if len(axes) == 1:
        return _vector_norm(x, ord, axes, keepdims)
    if len(axes) == 2:
        first, second = axes if axis is None else tuple(axis_of(a, len(shape_of(x))) for a in axis)
        return _matrix_norm(x, ord, first, second, keepdims)
    raise InvalidArgumentError(
        f"`axis` must name one axis or two. Received: axis={axis}, ord={ord!r}, x.shape={shape_of(x)}"
    )


def _euclidean(x, axes, keepdims):
    return safe_sqrt(P.sum(P.multiply(x, x), axes=axes, keepdims=keepdims))


def _vector_norm(x, ord, axes, keepdims):
    if not isinstance(ord, (int, float)):
        raise InvalidArgumentError(f"`ord` of vectors must be a number. Received: ord={ord!r}")
    if ord == 2:
        return _euclidean(x, axes, keepdims)
    if ord == 0:
        return P.sum(P.cast(P.bitwise_not(P.equal(x, 0)), dtype=dtype_of(x)), axes=axes, keepdims=keepdims)
    size = P.absolute(x)
    if math.isinf(ord):
        return (P.max if ord > 0 else P.min)(size, axes=axes, keepdims=keepdims)
    if ord == 1:
        return P.sum(size, axes=axes, keepdims=keepdims)
    total = P.sum(P.power(size, float(ord)), axes=axes, keepdims=keepdims)
    zero = P.equal(total, 0)
    return P.where(zero, 0, P.power(P.where(zero, 1, total), 1 / ord))


def _matrix_norm(x, ord, first, second, keepdims):
    if ord in (None, "fro"):
        return _euclidean(x, tuple(sorted((first, second))), keepdims)
    if ord in (2, -2, "nuc"):
        return _spectral_norm(x, ord, first, second, keepdims)
    if ord not in (1, -1, math.inf, -math.inf):
        raise InvalidArgumentError(
            f"`ord` of matrices must be 'fro', 'nuc', 1, -1, 2, -2, inf or -inf. Received: ord={ord!r}"
        )
    inner, outer = (first, second) if abs(ord) == 1 else (second, first)
    sums = P.sum(P.absolute(x), axes=(inner,), keepdims=True)
    best = (P.max if ord > 0 else P.min)(sums, axes=(outer,), keepdims=True)
    return _without(best, shape_of(x), (first, second), keepdims)


def _without(x, shape, axes, keepdims):
    """`x`, of as many elements as `shape` without these axes, with them as 1 or without them."""
    kept = (1 if i in axes else n for i, n in enumerate(shape) if keepdims or i not in axes)
    return P.reshape(x, shape=tuple(kept))


def _spectral_norm(x, ord, first, second, keepdims):
    shape, dtype = shape_of(x), dtype_of(x)
    others = tuple(i for i in range(len(shape)) if i not in (first, second))
    _, s, _ = svd_parts(cast(P.permute_dims(x, axes=(*others, first, second)), wide_float(dtype)))
    reduce = {2: P.max, -2: P.min, "nuc": P.sum}[ord]
    out = reduce(s, axes=(len(shape) - 2, len(shape) - 1), keepdims=False)
    return cast(_without(out, shape, (first, second), keepdims), dtype)


@op
def normalize(x, axis=-1, order=2, epsilon=None):
    """A tensor divided by its norm along an axis.

    The norm counts as `epsilon` at least, so that the zero vector stays zero, with a finite gradient.

    Args:
        x: a tensor.
        axis: an axis, or several.
        order: the norm's, a number.
        epsilon: the least norm; the configured one (1e-7) by default.

    Returns:
        A floating tensor of `x`'s shape.

    Example:
        >>> ops.normalize([[3.0, 4.0]]).tolist()
        [[0.6000000238418579, 0.800000011920929]]
    """
    x = to_float(x)
    epsilon = float(config.epsilon() if epsilon is None else epsilon)
    axes = axes_of(axis, len(shape_of(x)))
    if order == 2:
        square = P.maximum(P.sum(P.multiply(x, x), axes=axes, keepdims=True), epsilon * epsilon)
        return P.divide(x, P.sqrt(square))
    return P.divide(x, P.maximum(_vector_norm(x, order, axes, True), epsilon))


@op
def psnr(x1, x2, max_val):
    """The peak signal-to-noise ratio of two images, in decibels.

    Args:
        x1, x2: tensors of one shape.
        max_val: the largest value that an element can have.

    Returns:
        A floating tensor of shape `()`; infinite for equal images.

    Example:
        >>> round(ops.psnr([0.0], [0.1], 1.0).tolist(), 3)
        20.0
    """
    x1, x2 = promote_float(x1, x2)
    distance = P.subtract(x1, x2)
    error = mean(P.multiply(distance, distance))
    level = 20 * math.log10(max_val)
    return P.subtract(level, P.multiply(P.log(error), 10 / math.log(10)))
