"""How targets, predictions and weights of different ranks meet, decided once for all losses and metrics.

Targets and predictions: the one with a trailing dimension of 1 too many loses it; shapes of one rank broadcast.
Weights and masks: they belong to the leading dimensions, so `(batch,)` weighs every step of `(batch, steps)`.
"""

from __future__ import annotations

from typing import Any

from kcore import config, dtypes, ops, tree
from kcore.engine.spec import UnknownDim, broadcast_shapes
from kcore.errors import ShapeError


def as_float(x: Any, dtype: str | None = None) -> Any:
    """`x` as a tensor of `dtype`, or of its own dtype if that is a float one, or else of `floatx`."""
    if dtype is not None:
        return ops.convert_to_tensor(x, dtype=dtype)
    x = ops.convert_to_tensor(x)
    return x if dtypes.is_float(dtypes.standardize_dtype(x.dtype)) else ops.cast(x, config.floatx())


def float_pair(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Targets and predictions as float tensors of the predictions' dtype and of one rank.

    Args:
        y_true: a tensor of the shape of `y_pred`, or with one trailing dimension of 1 more or less, or one that
            broadcasts with it.
        y_pred: a tensor of at least one dimension.

    Returns:
        The two tensors.

    Raises:
        ShapeError: their shapes don't fit.
    """
    y_pred = as_float(y_pred)
    y_true = as_float(y_true, dtypes.standardize_dtype(y_pred.dtype))
    return match_ranks(y_true, y_pred)


def match_ranks(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Targets and predictions with a superfluous trailing dimension of 1 removed from one of them.

    Args:
        y_true: a tensor.
        y_pred: a tensor.

    Returns:
        The two tensors: of one rank, and of shapes that broadcast.

    Raises:
        ShapeError: the ranks differ otherwise, or the shapes don't broadcast.
    """
    shape, other = tuple(y_true.shape), tuple(y_pred.shape)
    if shape == other:
        return y_true, y_pred
    if len(shape) == len(other) + 1 and same_dim(shape[-1], 1):
        return _checked(ops.squeeze(y_true, -1), y_pred)
    if len(other) == len(shape) + 1 and same_dim(other[-1], 1):
        return _checked(y_true, ops.squeeze(y_pred, -1))
    return _checked(y_true, y_pred)


def _checked(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    shape, other = tuple(y_true.shape), tuple(y_pred.shape)
    if shape == other:
        return y_true, y_pred
    fits = len(shape) == len(other) and all(same_dim(a, b) or 1 in (a, b) for a, b in zip(shape, other, strict=True))
    if fits or not shape or not other:
        return y_true, y_pred
    raise ShapeError(
        "`y_true` must have the shape of `y_pred`, or one that differs from it by a trailing dimension of 1. "
        f"Received: y_true.shape={shape}, y_pred.shape={other}"
    )


def align_weights(weights: Any, values: Any, argument: str = "sample_weight") -> Any:
    """Weights (or a mask) reshaped so that they broadcast along the leading dimensions of `values`.

    Args:
        weights: a tensor: a scalar, or of shape `values.shape[:k]`, where trailing dimensions of 1 may follow and any
            dimension may be 1.
        values: a tensor.
        argument: what an error calls the weights.

    Returns:
        The weights with the rank of `values` (a scalar stays one).

    Raises:
        ShapeError: their dimensions aren't the leading ones of `values`.
    """
    shape, target = tuple(weights.shape), tuple(values.shape)
    if shape == target or not shape:
        return weights
    wanted = shape
    while len(wanted) > len(target) and same_dim(wanted[-1], 1):
        wanted = wanted[:-1]
    fits = len(wanted) <= len(target) and all(same_dim(a, b) or a == 1 for a, b in zip(wanted, target, strict=False))
    if not fits:
        raise ShapeError(
            f"`{argument}` must have the leading dimensions of the values that it weighs. "
            f"Received: {argument}.shape={shape}, values.shape={target}"
        )
    wanted = wanted + (1,) * (len(target) - len(wanted))
    return weights if wanted == shape else ops.reshape(weights, wanted)


def spread(weights: Any, values: Any) -> Any:
    """Aligned weights, repeated to the whole shape of `values`."""
    shape = broadcast_shapes(tuple(weights.shape), tuple(values.shape))
    return weights if tuple(weights.shape) == shape else ops.broadcast_to(weights, shape)


def as_tensors(structure: Any, dtype: str) -> Any:
    """A structure of tensors with every leaf a tensor of `dtype`; a (nested) list of numbers is one tensor."""
    if isinstance(structure, (list, tuple)) and all(isinstance(x, (bool, int, float)) for x in tree.flatten(structure)):
        return as_float(structure, dtype)
    return tree.map_structure(lambda x: as_float(x, dtype), structure)


def same_dim(dim: int | None, size: int | None) -> bool:
    """Whether two dimensions are, or may turn out to be, the same."""
    return dim == size or dim is None or size is None or isinstance(dim, UnknownDim) or isinstance(size, UnknownDim)
