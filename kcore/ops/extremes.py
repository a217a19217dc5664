"""Reductions to the largest, the smallest, their places, and to truth."""

from __future__ import annotations

from kcore.engine import primitives as P
from kcore.errors import ShapeError

from ._common import axes_of, cast, convert, dtype_of, product, scalar, shape_of, to_dtype
from .comparison import isclose
from .operation import op
from .reductions import count_of


@op
def max(x, axis=None, keepdims=False, initial=None):
    """Largest element over axes; NaN if there is one. Ties share the gradient evenly.

    Args:
        x: a tensor.
        axis: an axis, several, or `None` for all.
        keepdims: whether to keep the reduced axes with size 1.
        initial: a lower limit of the result; needed for a reduction of nothing.

    Returns:
        A tensor of `x`'s dtype.

    Raises:
        ShapeError: nothing to reduce and no `initial`.

    Example:
        >>> ops.max([[1, 5], [3, 4]], axis=1).tolist()
        [5, 4]
    """
    return _extremum(P.max, P.maximum, x, axis, keepdims, initial)


@op
def amax(x, axis=None, keepdims=False):
    """Another name of `max`."""
    return _extremum(P.max, P.maximum, x, axis, keepdims, None)


@op
def min(x, axis=None, keepdims=False, initial=None):
    """Smallest element over axes; NaN if there is one. Ties share the gradient evenly.

    Args:
        x: a tensor.
        axis: an axis, several, or `None` for all.
        keepdims: whether to keep the reduced axes with size 1.
        initial: an upper limit of the result; needed for a reduction of nothing.

    Returns:
        A tensor of `x`'s dtype.

    Raises:
        ShapeError: nothing to reduce and no `initial`.

    Example:
        >>> ops.min([[1, 5], [3, 4]], axis=1).tolist()
        [1, 3]
    """
    return _extremum(P.min, P.minimum, x, axis, keepdims, initial)


@op
def amin(x, axis=None, keepdims=False):
    """Another name of `min`."""
    return _extremum(P.min, P.minimum, x, axis, keepdims, None)


def _extremum(reduce, pick, x, axis, keepdims, initial):
    x = convert(x)
    shape = shape_of(x)
    axes = axes_of(axis, len(shape))
    if count_of(shape, axes) != 0:
        result = reduce(x, axes=axes, keepdims=keepdims)
        return result if initial is None else pick(*to_dtype(dtype_of(x), result, initial))
    if initial is None:
        raise ShapeError(
            f"`x` must have elements along `axis`, or `initial` must be given. Received: x.shape={shape}, axis={axis}"
        )
    kept = [1 if i in axes else d for i, d in enumerate(shape) if keepdims or i not in axes]
    return P.broadcast_to(scalar(initial, dtype_of(x)), shape=tuple(kept))


@op
def ptp(x, axis=None, keepdims=False):
    """Largest minus smallest element over axes.

    Args:
        x: a tensor.
        axis: an axis, several, or `None` for all.
        keepdims: whether to keep the reduced axes with size 1.

    Returns:
        A tensor of `x`'s dtype.

    Example:
        >>> ops.ptp([1, 5, 3]).tolist()
        4
    """
    x = convert(x)
    axes = axes_of(axis, len(shape_of(x)))
    return P.subtract(P.max(x, axes=axes, keepdims=keepdims), P.min(x, axes=axes, keepdims=keepdims))


def _truth(x):
    x = convert(x)
    return x if dtype_of(x) == "bool" else P.bitwise_not(P.equal(x, 0))


@op
def all(x, axis=None, keepdims=False):
    """Whether all elements over axes are true (not 0); true of nothing.

    Args:
        x: a tensor.
        axis: an axis, several, or `None` for all.
        keepdims: whether to keep the reduced axes with size 1.

    Returns:
        A bool tensor.

    Example:
        >>> ops.all([[True, False], [True, True]], axis=1).tolist()
        [False, True]
    """
    return _extremum(P.min, P.bitwise_and, _truth(x), axis, keepdims, True)


@op
def any(x, axis=None, keepdims=False):
    """Whether any element over axes is true (not 0); false of nothing.

    Args:
        x: a tensor.
        axis: an axis, several, or `None` for all.
        keepdims: whether to keep the reduced axes with size 1.

    Returns:
        A bool tensor.

    Example:
        >>> ops.any([[True, False], [False, False]], axis=1).tolist()
        [True, False]
    """
    return _extremum(P.max, P.bitwise_or, _truth(x), axis, keepdims, False)


@op
def allclose(x1, x2, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Whether all elements are close: see `isclose`.

    Args:
        x1, x2: tensors or numbers, of shapes that broadcast.
        rtol, atol: tolerances.
        equal_nan: whether NaN is close to NaN.

    Returns:
        A bool tensor of shape `()`.
    """
    return all(isclose(x1, x2, rtol, atol, equal_nan))


@op
def count_nonzero(x, axis=None):
    """How many elements over axes aren't 0.

    Args:
        x: a tensor.
        axis: an axis, several, or `None` for all.

    Returns:
        An int32 tensor.

    Example:
        >>> ops.count_nonzero([0, 2, 3]).tolist()
        2
    """
    x = _truth(x)
    return P.sum(P.cast(x, dtype="int32"), axes=axes_of(axis, len(shape_of(x))), keepdims=False)


@op
def argmax(x, axis=None, keepdims=False):
    """Index of the largest element along an axis: the first one at a tie, that of NaN if there is one.

    Args:
        x: a tensor.
        axis: an axis; `None` for an index into the flattened tensor.
        keepdims: whether to keep the reduced axes with size 1.

    Returns:
        An int32 tensor.

    Raises:
        ShapeError: there is no element along the axis.

    Example:
        >>> ops.argmax([[1, 5, 5], [3, 4, 0]], axis=1).tolist()
        [1, 1]
    """
    return _arg_extremum(P.argmax, x, axis, keepdims)


@op
def argmin(x, axis=None, keepdims=False):
    """Index of the smallest element along an axis: the first one at a tie, that of NaN if there is one.

    Args:
        x: a tensor.
        axis: an axis; `None` for an index into the flattened tensor.
        keepdims: whether to keep the reduced axes with size 1.

    Returns:
        An int32 tensor.

    Raises:
        ShapeError: there is no element along the axis.

    Example:
        >>> ops.argmin([[1, 5, 5], [3, 4, 0]], axis=1).tolist()
        [0, 2]
    """
    return _arg_extremum(P.argmin, x, axis, keepdims)


def _arg_extremum(search, x, axis, keepdims):
    x = convert(x)
    x = cast(x, "int32") if dtype_of(x) == "bool" else x
    shape = shape_of(x)
    if axis is None:
        flat = search(P.reshape(x, shape=(product(shape),)), axis=0)
        return P.reshape(flat, shape=(1,) * len(shape)) if keepdims else flat
    (position,) = axes_of(axis, len(shape))
    found = search(x, axis=position)
    return P.reshape(found, shape=(*shape[:position], 1, *shape[position + 1 :])) if keepdims else found
