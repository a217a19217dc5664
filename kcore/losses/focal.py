"""Focal cross-entropies: a sample that is predicted well counts less. Source: Lin et al., arXiv 1708.02002."""

from __future__ import annotations

from typing import Any

from kcore import config, ops, registry
from kcore.losses._align import float_pair
from kcore.losses.loss import LossFunctionWrapper
from kcore.losses.probabilistic import class_pair, smooth

_SUM = "sum_over_batch_size"


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """`mean(a * (1 - q)**gamma * bce)` over `axis`, where `q` is the probability given to the target and `bce` the
    cross-entropy.

    Args:
        y_true: targets from 0 to 1, `(batch, d0, ..., dn)`.
        y_pred: predicted probabilities or logits, `(batch, d0, ..., dn)`.
        apply_class_balancing: whether `a` is `alpha` for class 1 and `1 - alpha` for class 0, and not 1.
        alpha: the weight of class 1.
        gamma: how fast well predicted samples lose weight; 0 gives the cross-entropy.
        from_logits: whether `y_pred` holds logits.
        label_smoothing: `s` from 0 to 1: a target becomes `t * (1 - s) + s / 2`.
        axis: the axis that the mean is taken over.

    Returns:
        The shape without `axis`.

    Raises:
        ShapeError: the shapes don't fit.
        InvalidArgumentError: `label_smoothing` is outside 0 to 1.

    Example:
        >>> import numpy as np
        >>> round(float(binary_focal_crossentropy(np.array([[1.0]]), np.array([[0.5]]))[0]), 4)
        0.1733
    """
    y_true, y_pred = float_pair(y_true, y_pred)
    y_true = smooth(y_true, label_smoothing, 2)
    entropy = ops.binary_crossentropy(y_true, y_pred, from_logits=from_logits)
    p = ops.sigmoid(y_pred) if from_logits else y_pred
    missed = y_true * (1.0 - p) + (1.0 - y_true) * p
    values = ops.power(missed, gamma) * entropy
    if apply_class_balancing:
        values = values * (y_true * alpha + (1.0 - y_true) * (1.0 - alpha))
    return ops.mean(values, axis=axis)


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """`sum(alpha * (1 - p)**gamma * -t * log(p))` over `axis`; probabilities are divided by their sum first.

    Args:
        y_true: one-hot targets, `(batch, d0, ..., C)`.
        y_pred: predicted probabilities or logits, `(batch, d0, ..., C)`.
        alpha: a weight, or a list of one weight a class.
        gamma: how fast well predicted samples lose weight.
        from_logits: whether `y_pred` holds logits.
        label_smoothing: `s` from 0 to 1: a target becomes `t * (1 - s) + s / C`.
        axis: the axis of the classes.

    Returns:
        The shape without `axis`.

    Raises:
        ShapeError: `y_true` doesn't have the shape of `y_pred`.
        InvalidArgumentError: `label_smoothing` is outside 0 to 1.

    Example:
        >>> import numpy as np
        >>> round(float(categorical_focal_crossentropy(np.array([[0.0, 1.0]]), np.array([[0.5, 0.5]]))[0]), 4)
        0.0433
    """
    y_true, y_pred = class_pair(y_true, y_pred, axis)
    y_true = smooth(y_true, label_smoothing, y_pred.shape[axis])
    p = ops.softmax(y_pred, axis=axis) if from_logits else y_pred / ops.sum(y_pred, axis=axis, keepdims=True)
    p = ops.clip(p, config.epsilon(), 1.0 - config.epsilon())
    weights = ops.power(1.0 - p, gamma) * ops.convert_to_tensor(alpha, dtype=p.dtype)
    return -ops.sum(weights * y_true * ops.log(p), axis=axis)


@registry.builtin("losses")
class BinaryFocalCrossentropy(LossFunctionWrapper):
    """The loss `binary_focal_crossentropy`.

    Args:
        apply_class_balancing, alpha, gamma, from_logits, label_smoothing, axis: see `binary_focal_crossentropy`.
        reduction, name, dtype: see `Loss`.

    Example:
        >>> round(float(BinaryFocalCrossentropy()([[1.0]], [[0.5]])), 4)
        0.1733
    """

    def __init__(
        self,
        apply_class_balancing=False,
        alpha=0.25,
        gamma=2.0,
        from_logits=False,
        label_smoothing=0.0,
        axis=-1,
        reduction=_SUM,
        name="binary_focal_crossentropy",
        dtype=None,
    ):
        options = {
            "apply_class_balancing": apply_class_balancing,
            "alpha": alpha,
            "gamma": gamma,
            "from_logits": from_logits,
        }
        options |= {"label_smoothing": label_smoothing, "axis": axis}
        super().__init__(binary_focal_crossentropy, reduction, name, dtype, **options)


@registry.builtin("losses")
class CategoricalFocalCrossentropy(LossFunctionWrapper):
    """The loss `categorical_focal_crossentropy`.

    Args:
        alpha, gamma, from_logits, label_smoothing, axis: see `categorical_focal_crossentropy`.
        reduction, name, dtype: see `Loss`.

    Example:
        >>> round(float(CategoricalFocalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
        0.0433
    """

    def __init__(
        self,
        alpha=0.25,
        gamma=2.0,
        from_logits=False,
        label_smoothing=0.0,
        axis=-1,
        reduction=_SUM,
        name="categorical_focal_crossentropy",
        dtype=None,
    ):
        options = {
            "alpha": alpha,
            "gamma": gamma,
            "from_logits": from_logits,
            "label_smoothing": label_smoothing,
            "axis": axis,
        }
        super().__init__(categorical_focal_crossentropy, reduction, name, dtype, **options)
