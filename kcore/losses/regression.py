"""Losses of real-valued predictions: errors, relative errors, and the angle between vectors.

Each function returns a value a sample, computed over the last axis (`axis` where there is one); each class is the
loss made of it.
Notation: `t` a target, `p` a prediction, `e = p - t`, `n` the size of the last axis.
"""

from __future__ import annotations

import math
from typing import Any

from kcore import config, dtypes, ops, registry
from kcore.losses._align import float_pair
from kcore.losses.loss import LossFunctionWrapper

_SUM = "sum_over_batch_size"


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """`sum(e**2) / n`.

    Args:
        y_true: targets, `(batch, d0, ..., dn)`.
        y_pred: predictions, `(batch, d0, ..., dn)`.

    Returns:
        `(batch, d0, ..., dn-1)`.

    Raises:
        ShapeError: the shapes don't fit.

    Example:
        >>> import numpy as np
        >>> mean_squared_error(np.array([[0.0, 1.0]]), np.array([[2.0, 1.0]])).tolist()
        [2.0]
    """
    y_true, y_pred = float_pair(y_true, y_pred)
    return ops.mean(ops.square(y_pred - y_true), axis=-1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """`sum(|e|) / n`; the gradient where `e` is 0 is 0.

    Args:
        y_true: targets, `(batch, d0, ..., dn)`.
        y_pred: predictions, `(batch, d0, ..., dn)`.

    Returns:
        `(batch, d0, ..., dn-1)`.

    Raises:
        ShapeError: the shapes don't fit.

    Example:
        >>> import numpy as np
        >>> mean_absolute_error(np.array([[0.0, 1.0]]), np.array([[2.0, 1.0]])).tolist()
        [1.0]
    """
    y_true, y_pred = float_pair(y_true, y_pred)
    return ops.mean(ops.abs(y_pred - y_true), axis=-1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """`100 * sum(|e| / max(|t|, epsilon)) / n`.

    Args:
        y_true: targets, `(batch, d0, ..., dn)`; `epsilon` stands for a target nearer to 0.
        y_pred: predictions, `(batch, d0, ..., dn)`.

    Returns:
        `(batch, d0, ..., dn-1)`.

    Raises:
        ShapeError: the shapes don't fit.

    Example:
        >>> import numpy as np
        >>> mean_absolute_percentage_error(np.array([[4.0, 1.0]]), np.array([[2.0, 1.0]])).tolist()
        [25.0]
    """
    y_true, y_pred = float_pair(y_true, y_pred)
    return 100.0 * ops.mean(ops.abs((y_pred - y_true) / ops.maximum(ops.abs(y_true), config.epsilon())), axis=-1)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """`sum((log(1 + max(p, epsilon)) - log(1 + max(t, epsilon)))**2) / n`.

    Args:
        y_true: targets, `(batch, d0, ..., dn)`.
        y_pred: predictions, `(batch, d0, ..., dn)`; below `epsilon` the gradient is 0.

    Returns:
        `(batch, d0, ..., dn-1)`.

    Raises:
        ShapeError: the shapes don't fit.

    Example:
        >>> import numpy as np
        >>> round(float(mean_squared_logarithmic_error(np.array([[0.0]]), np.array([[np.e - 1]]))[0]), 5)
        1.0
    """
    y_true, y_pred = float_pair(y_true, y_pred)
    first = ops.log1p(ops.maximum(y_pred, config.epsilon()))
    second = ops.log1p(ops.maximum(y_true, config.epsilon()))
    return ops.mean(ops.square(first - second), axis=-1)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """The mean of `e**2 / 2` where `|e| <= delta`, and of `delta*|e| - delta**2 / 2` elsewhere.

    Args:
        y_true: targets, `(batch, d0, ..., dn)`.
        y_pred: predictions, `(batch, d0, ..., dn)`.
        delta: where the parabola goes over into lines.

    Returns:
        `(batch, d0, ..., dn-1)`. The gradient is continuous.

    Raises:
        ShapeError: the shapes don't fit.

    Source: Huber, "Robust estimation of a location parameter", 1964.

    Example:
        >>> import numpy as np
        >>> huber(np.array([[0.0, 0.0]]), np.array([[1.0, 3.0]])).tolist()
        [1.5]
    """
    y_true, y_pred = float_pair(y_true, y_pred)
    error = ops.abs(y_pred - y_true)
    inner = ops.minimum(error, delta)
    return ops.mean(inner * (error - 0.5 * inner), axis=-1)


def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """The mean of `log(cosh(e))`: about `e**2 / 2` near 0 and `|e| - log(2)` far from it; it doesn't overflow.

    Args:
        y_true: targets, `(batch, d0, ..., dn)`.
        y_pred: predictions, `(batch, d0, ..., dn)`.

    Returns:
        `(batch, d0, ..., dn-1)`.

    Raises:
        ShapeError: the shapes don't fit.

    Source: `log(cosh(e)) = e + log(1 + exp(-2*e)) - log(2)`.

    Example:
        >>> import numpy as np
        >>> round(float(log_cosh(np.array([[0.0]]), np.array([[1.0]]))[0]), 4)
        0.4338
    """
    y_true, y_pred = float_pair(y_true, y_pred)
    error = y_pred - y_true
    return ops.mean(error + ops.softplus(-2.0 * error), axis=-1) - math.log(2.0)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Minus the cosine of the angle between target and prediction: -1 for one direction, 0 for a right angle, 1 for
    opposite ones.

    Args:
        y_true: targets, `(batch, d0, ..., dn)`.
        y_pred: predictions, `(batch, d0, ..., dn)`.
        axis: the axis that holds the vectors' components.

    Returns:
        The shape without `axis`. A vector shorter than `epsilon` counts as that long, so that a zero vector gives 0
        and a finite gradient.

    Raises:
        ShapeError: the shapes don't fit.

    Example:
        >>> import numpy as np
        >>> cosine_similarity(np.array([[1.0, 0.0]]), np.array([[2.0, 0.0]])).tolist()
        [-1.0]
    """
    return -cosine_of_angle(y_true, y_pred, axis)


def cosine_of_angle(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """The cosine itself, which the metric reports; see `cosine_similarity`."""
    y_true, y_pred = float_pair(y_true, y_pred)
    return ops.sum(_unit(y_true, axis) * _unit(y_pred, axis), axis=axis)


def _unit(x: Any, axis: int) -> Any:
    least = max(config.epsilon() ** 2, float(dtypes.finfo(x.dtype).tiny))
    return x * ops.rsqrt(ops.maximum(ops.sum(ops.square(x), axis=axis, keepdims=True), least))


@registry.builtin("losses")
class MeanSquaredError(LossFunctionWrapper):
    """The loss `mean_squared_error`.

    Args:
        reduction, name, dtype: see `Loss`.

    Example:
        >>> float(MeanSquaredError()([[0.0, 1.0]], [[2.0, 1.0]]))
        2.0
    """

    def __init__(self, reduction=_SUM, name="mean_squared_error", dtype=None):
        super().__init__(mean_squared_error, reduction, name, dtype)


@registry.builtin("losses")
class MeanAbsoluteError(LossFunctionWrapper):
    """The loss `mean_absolute_error`.

    Args:
        reduction, name, dtype: see `Loss`.

    Example:
        >>> float(MeanAbsoluteError()([[0.0, 1.0]], [[2.0, 1.0]]))
        1.0
    """

    def __init__(self, reduction=_SUM, name="mean_absolute_error", dtype=None):
        super().__init__(mean_absolute_error, reduction, name, dtype)


@registry.builtin("losses")
class MeanAbsolutePercentageError(LossFunctionWrapper):
    """The loss `mean_absolute_percentage_error`.

    Args:
        reduction, name, dtype: see `Loss`.

    Example:
        >>> float(MeanAbsolutePercentageError()([[4.0, 1.0]], [[2.0, 1.0]]))
        25.0
    """

    def __init__(self, reduction=_SUM, name="mean_absolute_percentage_error", dtype=None):
        super().__init__(mean_absolute_percentage_error, reduction, name, dtype)


@registry.builtin("losses")
class MeanSquaredLogarithmicError(LossFunctionWrapper):
    """The loss `mean_squared_logarithmic_error`.

    Args:
        reduction, name, dtype: see `Loss`.

    Example:
        >>> float(MeanSquaredLogarithmicError()([[2.0]], [[2.0]]))
        0.0
    """

    def __init__(self, reduction=_SUM, name="mean_squared_logarithmic_error", dtype=None):
        super().__init__(mean_squared_logarithmic_error, reduction, name, dtype)


@registry.builtin("losses")
class Huber(LossFunctionWrapper):
    """The loss `huber`.

    Args:
        delta: where the parabola goes over into lines.
        reduction, name, dtype: see `Loss`.

    Example:
        >>> float(Huber()([[0.0, 0.0]], [[1.0, 3.0]]))
        1.5
    """

    def __init__(self, delta=1.0, reduction=_SUM, name="huber_loss", dtype=None):
        super().__init__(huber, reduction, name, dtype, delta=delta)


@registry.builtin("losses")
class LogCosh(LossFunctionWrapper):
    """The loss `log_cosh`.

    Args:
        reduction, name, dtype: see `Loss`.

    Example:
        >>> float(LogCosh()([[2.0]], [[2.0]]))
        0.0
    """

    def __init__(self, reduction=_SUM, name="log_cosh", dtype=None):
        super().__init__(log_cosh, reduction, name, dtype)


@registry.builtin("losses")
class CosineSimilarity(LossFunctionWrapper):
    """The loss `cosine_similarity`.

    Args:
        axis: the axis that holds the vectors' components.
        reduction, name, dtype: see `Loss`.

    Example:
        >>> float(CosineSimilarity()([[1.0, 0.0]], [[2.0, 0.0]]))
        -1.0
    """

    def __init__(self, axis=-1, reduction=_SUM, name="cosine_similarity", dtype=None):
        super().__init__(cosine_similarity, reduction, name, dtype, axis=axis)
