"""Metrics of how targets and predictions vary together."""

from __future__ import annotations

from typing import Any

from kcore import ops, registry
from kcore.losses._align import float_pair
from kcore.metrics.reduction import MeanMetricWrapper, divide_or_zero


def _moments(y_true: Any, y_pred: Any, axis: int) -> tuple[Any, ...]:
    """Means, variances and the covariance along `axis`, which is kept."""
    y_true, y_pred = float_pair(y_true, y_pred)
    means = [ops.mean(y, axis=axis, keepdims=True) for y in (y_true, y_pred)]
    t, p = y_true - means[0], y_pred - means[1]
    products = [ops.mean(product, axis=axis, keepdims=True) for product in (t * t, p * p, t * p)]
    return (*means, *products)


def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Pearson's coefficient of correlation along `axis`: from -1 to 1, and 0 where targets or predictions don't vary.

    Args:
        y_true: targets.
        y_pred: predictions of the same shape.
        axis: the axis of the series.

    Returns:
        The shape without `axis`.

    Raises:
        ShapeError: the shapes don't fit.

    Example:
        >>> import numpy as np
        >>> round(float(pearson_correlation(np.array([[1.0, 2.0, 3.0]]), np.array([[2.0, 4.0, 6.0]]))[0]), 4)
        1.0
    """
    _, _, tt, pp, tp = _moments(y_true, y_pred, axis)
    return ops.squeeze(divide_or_zero(tp, ops.sqrt(tt) * ops.sqrt(pp)), axis)


def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Lin's coefficient of concordance along `axis`: 1 where predictions equal targets.

    It is `2 * cov(t, p) / (var(t) + var(p) + (mean(t) - mean(p))**2)`.

    Args:
        y_true: targets.
        y_pred: predictions of the same shape.
        axis: the axis of the series.

    Returns:
        The shape without `axis`.

    Raises:
        ShapeError: the shapes don't fit.

    Source: Lin, Biometrics 45, 1989.

    Example:
        >>> import numpy as np
        >>> round(float(concordance_correlation(np.array([[1.0, 2.0, 3.0]]), np.array([[1.0, 2.0, 3.0]]))[0]), 4)
        1.0
    """
    mean_t, mean_p, tt, pp, tp = _moments(y_true, y_pred, axis)
    return ops.squeeze(divide_or_zero(2.0 * tp, tt + pp + ops.square(mean_t - mean_p)), axis)


@registry.builtin("metrics")
class PearsonCorrelation(MeanMetricWrapper):
    """The mean of `pearson_correlation`.

    Args:
        name, dtype: see `Metric`.
        axis: the axis of the series.

    Example:
        >>> round(float(PearsonCorrelation()([[1.0, 2.0, 3.0]], [[2.0, 4.0, 6.0]])), 4)
        1.0
    """

    def __init__(self, name="pearson_correlation", dtype=None, axis=-1):
        super().__init__(pearson_correlation, name, dtype, axis=axis)


@registry.builtin("metrics")
class ConcordanceCorrelation(MeanMetricWrapper):
    """The mean of `concordance_correlation`.

    Args:
        name, dtype: see `Metric`.
        axis: the axis of the series.

    Example:
        >>> round(float(ConcordanceCorrelation()([[1.0, 2.0, 3.0]], [[1.0, 2.0, 3.0]])), 4)
        1.0
    """

    def __init__(self, name="concordance_correlation", dtype=None, axis=-1):
        super().__init__(concordance_correlation, name, dtype, axis=axis)
