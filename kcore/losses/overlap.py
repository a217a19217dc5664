"""Losses of segmentation: one minus how far target and prediction overlap."""

from __future__ import annotations

from typing import Any

from kcore import config, ops, registry
from kcore.losses._align import float_pair
from kcore.losses.loss import LossFunctionWrapper

_SUM = "sum_over_batch_size"
Axis = int | tuple[int, ...] | list[int] | None


def dice(y_true: Any, y_pred: Any, axis: Axis = None) -> Any:
    """`1 - (2 * sum(t*p) + epsilon) / (sum(t) + sum(p) + epsilon)`.

    Args:
        y_true: targets from 0 to 1, `(batch, d0, ..., dn)`.
        y_pred: predictions from 0 to 1, `(batch, d0, ..., dn)`.
        axis: the axes that are summed over; all of them, the batch's too, if `None`.

    Returns:
        The shape without `axis`; a scalar if that is `None`. 0 where both are all zeros.

    Raises:
        ShapeError: the shapes don't fit.

    Example:
        >>> import numpy as np
        >>> round(float(dice(np.array([[1.0, 0.0]]), np.array([[1.0, 1.0]]))), 4)
        0.3333
    """
    y_true, y_pred = float_pair(y_true, y_pred)
    axis = _axes(axis)
    overlap = 2.0 * ops.sum(y_true * y_pred, axis=axis)
    total = ops.sum(y_true + y_pred, axis=axis)
    return 1.0 - (overlap + config.epsilon()) / (total + config.epsilon())


def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Axis = None) -> Any:
    """`1 - (overlap + epsilon) / (overlap + alpha * missed + beta * extra + epsilon)`; with the defaults it is
    `dice`.

    Here `overlap = sum(t*p)`, `missed = sum(t*(1-p))` and `extra = sum((1-t)*p)`, which is how Keras weighs them.

    Args:
        y_true: targets from 0 to 1, `(batch, d0, ..., dn)`.
        y_pred: predictions from 0 to 1, `(batch, d0, ..., dn)`.
        alpha: the weight of what is missed.
        beta: the weight of what is predicted in excess.
        axis: the axes that are summed over; all of them, the batch's too, if `None`.

    Returns:
        The shape without `axis`; a scalar if that is `None`.

    Raises:
        ShapeError: the shapes don't fit.

    Source: Salehi et al., arXiv 1706.05721.

    Example:
        >>> import numpy as np
        >>> round(float(tversky(np.array([[1.0, 0.0]]), np.array([[1.0, 1.0]]), beta=1.0)), 4)
        0.5
    """
    y_true, y_pred = float_pair(y_true, y_pred)
    axis = _axes(axis)
    overlap = ops.sum(y_true * y_pred, axis=axis)
    missed = ops.sum(y_true, axis=axis) - overlap
    extra = ops.sum(y_pred, axis=axis) - overlap
    return 1.0 - (overlap + config.epsilon()) / (overlap + alpha * missed + beta * extra + config.epsilon())


def _axes(axis: Axis) -> Any:
    return tuple(axis) if isinstance(axis, list) else axis


@registry.builtin("losses")
class Dice(LossFunctionWrapper):
    """The loss `dice`.

    Args:
        reduction, name, dtype: see `Loss`.
        axis: the axes that are summed over; all of them, the batch's too, if `None`.

    Example:
        >>> round(float(Dice()([[1.0, 0.0]], [[1.0, 1.0]])), 4)
        0.3333
    """

    def __init__(self, reduction=_SUM, name="dice", axis=None, dtype=None):
        super().__init__(dice, reduction, name, dtype, axis=axis)


@registry.builtin("losses")
class Tversky(LossFunctionWrapper):
    """The loss `tversky`.

    Args:
        alpha, beta, axis: see `tversky`.
        reduction, name, dtype: see `Loss`.

    Example:
        >>> round(float(Tversky(beta=1.0)([[1.0, 0.0]], [[1.0, 1.0]])), 4)
        0.5
    """

    def __init__(self, alpha=0.5, beta=0.5, reduction=_SUM, name="tversky", axis=None, dtype=None):
        super().__init__(tversky, reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)
