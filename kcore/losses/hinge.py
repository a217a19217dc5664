"""Maximum-margin losses. Targets are -1 and 1; where all of them are 0 or 1, the zeros are taken for -1."""

from __future__ import annotations

from typing import Any

from kcore import ops, registry
from kcore.losses._align import float_pair
from kcore.losses.loss import LossFunctionWrapper

_SUM = "sum_over_batch_size"


def hinge(y_true: Any, y_pred: Any) -> Any:
    """`mean(max(1 - t*p, 0))` over the last axis.

    Args:
        y_true: targets -1 or 1 (or all of them 0 or 1), `(batch, d0, ..., dn)`.
        y_pred: predictions, `(batch, d0, ..., dn)`.

    Returns:
        `(batch, d0, ..., dn-1)`. The gradient at the edge is that of `ops.maximum` at a tie.

    Raises:
        ShapeError: the shapes don't fit.

    Example:
        >>> import numpy as np
        >>> hinge(np.array([[1.0, -1.0]]), np.array([[0.5, -2.0]])).tolist()
        [0.25]
    """
    return ops.mean(_shortfall(y_true, y_pred), axis=-1)


def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """`mean(max(1 - t*p, 0)**2)` over the last axis; its gradient is continuous.

    Args:
        y_true: targets -1 or 1 (or all of them 0 or 1), `(batch, d0, ..., dn)`.
        y_pred: predictions, `(batch, d0, ..., dn)`.

    Returns:
        `(batch, d0, ..., dn-1)`.

    Raises:
        ShapeError: the shapes don't fit.

    Example:
        >>> import numpy as np
        >>> squared_hinge(np.array([[1.0, -1.0]]), np.array([[0.5, -2.0]])).tolist()
        [0.125]
    """
    return ops.mean(ops.square(_shortfall(y_true, y_pred)), axis=-1)


def _shortfall(y_true: Any, y_pred: Any) -> Any:
    y_true, y_pred = float_pair(y_true, y_pred)
    return ops.maximum(1.0 - _signed(y_true) * y_pred, 0.0)


def _signed(y_true: Any) -> Any:
    binary = ops.all(ops.equal(y_true, ops.square(y_true)))  # 0 and 1 are the numbers that equal their square
    return ops.where(binary, 2.0 * y_true - 1.0, y_true)


def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """`max(neg - pos + 1, 0)`, with `pos` the prediction of the right class and `neg` the largest of the others (and
    0).

    Args:
        y_true: one-hot targets, `(batch, d0, ..., dn)`.
        y_pred: predictions, `(batch, d0, ..., dn)`.

    Returns:
        `(batch, d0, ..., dn-1)`.

    Raises:
        ShapeError: the shapes don't fit.

    Example:
        >>> import numpy as np
        >>> categorical_hinge(np.array([[0.0, 1.0]]), np.array([[0.5, 0.75]])).tolist()
        [0.75]
    """
    y_true, y_pred = float_pair(y_true, y_pred)
    right = ops.sum(y_true * y_pred, axis=-1)
    wrong = ops.max((1.0 - y_true) * y_pred, axis=-1)
    return ops.maximum(wrong - right + 1.0, 0.0)


@registry.builtin("losses")
class Hinge(LossFunctionWrapper):
    """The loss `hinge`.

    Args:
        reduction, name, dtype: see `Loss`.

    Example:
        >>> float(Hinge()([[1.0, -1.0]], [[0.5, -2.0]]))
        0.25
    """

    def __init__(self, reduction=_SUM, name="hinge", dtype=None):
        super().__init__(hinge, reduction, name, dtype)


@registry.builtin("losses")
class SquaredHinge(LossFunctionWrapper):
    """The loss `squared_hinge`.

    Args:
        reduction, name, dtype: see `Loss`.

    Example:
        >>> float(SquaredHinge()([[1.0, -1.0]], [[0.5, -2.0]]))
        0.125
    """

    def __init__(self, reduction=_SUM, name="squared_hinge", dtype=None):
        super().__init__(squared_hinge, reduction, name, dtype)


@registry.builtin("losses")
class CategoricalHinge(LossFunctionWrapper):
    """The loss `categorical_hinge`.

    Args:
        reduction, name, dtype: see `Loss`.

    Example:
        >>> float(CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.75]]))
        0.75
    """

    def __init__(self, reduction=_SUM, name="categorical_hinge", dtype=None):
        super().__init__(categorical_hinge, reduction, name, dtype)
