"""Metrics of real-valued predictions."""

from __future__ import annotations

from typing import Any

from kcore import losses, ops, registry
from kcore.errors import InvalidArgumentError, ShapeError
from kcore.losses._align import float_pair, spread
from kcore.losses.regression import cosine_of_angle
from kcore.metrics.metric import Metric
from kcore.metrics.reduction import Mean, MeanMetricWrapper, divide_or_zero, join_weights
from kcore.ops.masks import get_mask


@registry.builtin("metrics", "mse", "MSE")
class MeanSquaredError(MeanMetricWrapper):
    """The mean of `(p - t)**2`.

    Args:
        name, dtype: see `Metric`.

    Example:
        >>> float(MeanSquaredError()([[0.0, 1.0]], [[2.0, 1.0]]))
        2.0
    """

    def __init__(self, name="mean_squared_error", dtype=None):
        super().__init__(losses.mean_squared_error, name, dtype)


@registry.builtin("metrics", "mae", "MAE")
class MeanAbsoluteError(MeanMetricWrapper):
    """The mean of `|p - t|`.

    Args:
        name, dtype: see `Metric`.

    Example:
        >>> float(MeanAbsoluteError()([[0.0, 1.0]], [[2.0, 1.0]]))
        1.0
    """

    def __init__(self, name="mean_absolute_error", dtype=None):
        super().__init__(losses.mean_absolute_error, name, dtype)


@registry.builtin("metrics", "mape", "MAPE")
class MeanAbsolutePercentageError(MeanMetricWrapper):
    """The mean of `100 * |p - t| / |t|`.

    Args:
        name, dtype: see `Metric`.

    Example:
        >>> float(MeanAbsolutePercentageError()([[4.0, 1.0]], [[2.0, 1.0]]))
        25.0
    """

    def __init__(self, name="mean_absolute_percentage_error", dtype=None):
        super().__init__(losses.mean_absolute_percentage_error, name, dtype)


@registry.builtin("metrics", "msle", "MSLE")
class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """The mean of `(log(1 + p) - log(1 + t))**2`.

    Args:
        name, dtype: see `Metric`.

    Example:
        >>> float(MeanSquaredLogarithmicError()([[2.0]], [[2.0]]))
        0.0
    """

    def __init__(self, name="mean_squared_logarithmic_error", dtype=None):
        super().__init__(losses.mean_squared_logarithmic_error, name, dtype)


@registry.builtin("metrics", "rmse", "RMSE")
class RootMeanSquaredError(Mean):
    """The square root of the mean of `(p - t)**2`.

    Args:
        name, dtype: see `Metric`.

    Example:
        >>> float(RootMeanSquaredError()([[0.0, 0.0]], [[2.0, 2.0]]))
        2.0
    """

    def __init__(self, name="root_mean_squared_error", dtype=None):
        super().__init__(name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Take a batch of targets and predictions of one shape into account."""
        weights = join_weights(sample_weight, get_mask(y_pred), self.dtype)
        y_true, y_pred = float_pair(y_true, y_pred)
        self._add(ops.square(y_pred - y_true), weights)

    def result(self) -> Any:
        """The root: a scalar."""
        return ops.sqrt(super().result())


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """The cosine of the angle between target and prediction (the loss of this name is minus that).

    Args:
        y_true: targets.
        y_pred: predictions of the same shape.
        axis: the axis that holds the vectors' components.

    Returns:
        The shape without `axis`; 0 for a zero vector.

    Raises:
        ShapeError: the shapes don't fit.

    Example:
        >>> import numpy as np
        >>> cosine_similarity(np.array([[1.0, 0.0]]), np.array([[2.0, 0.0]])).tolist()
        [1.0]
    """
    return cosine_of_angle(y_true, y_pred, axis)


@registry.builtin("metrics", "cosine_proximity", "cosine")
class CosineSimilarity(MeanMetricWrapper):
    """The mean cosine of the angle between target and prediction (the loss of this name is minus that).

    Args:
        name, dtype: see `Metric`.
        axis: the axis that holds the vectors' components.

    Example:
        >>> float(CosineSimilarity()([[1.0, 0.0]], [[2.0, 0.0]]))
        1.0
    """

    def __init__(self, name="cosine_similarity", dtype=None, axis=-1):
        super().__init__(cosine_similarity, name, dtype, axis=axis)


@registry.builtin("metrics", "logcosh", "log_cosh")
class LogCoshError(MeanMetricWrapper):
    """The mean of `log(cosh(p - t))`.

    Args:
        name, dtype: see `Metric`.

    Example:
        >>> float(LogCoshError()([[2.0]], [[2.0]]))
        0.0
    """

    def __init__(self, name="logcosh", dtype=None):
        super().__init__(losses.log_cosh, name, dtype)


_AGGREGATIONS = ("uniform_average", "variance_weighted_average", None)


@registry.builtin("metrics")
class R2Score(Metric):
    """The coefficient of determination: 1 minus the squared error over the targets' variance.

    Args:
        class_aggregation: `"uniform_average"`, `"variance_weighted_average"`, or `None` for one number an output.
        num_regressors: how many inputs the regression has, for the adjusted score; 0 for the plain one. As in Keras the
            adjustment counts every target, that is samples times outputs.
        name, dtype: see `Metric`.

    Raises:
        InvalidArgumentError: an argument has none of these values.

    Example:
        >>> float(R2Score()([[0.0], [2.0]], [[0.0], [1.0]]))
        0.5
    """

    def __init__(self, class_aggregation="uniform_average", num_regressors=0, name="r2_score", dtype=None):
        if class_aggregation not in _AGGREGATIONS:
            raise InvalidArgumentError(
                f"`class_aggregation` must be one of {_AGGREGATIONS}. Received: class_aggregation={class_aggregation!r}"
            )
        if num_regressors < 0:
            raise InvalidArgumentError(
                f"`num_regressors` must be at least 0. Received: num_regressors={num_regressors}"
            )
        super().__init__(dtype=dtype, name=name)
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors
        self.num_samples = self.add_weight(name="num_samples")
        self._sums: dict[str, Any] = {}

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account.

        Args:
            y_true: targets, `(batch, outputs)`.
            y_pred: predictions, `(batch, outputs)`.
            sample_weight: `(batch,)`, or `None`.
        """
        y_true, y_pred = float_pair(y_true, y_pred)
        if len(y_pred.shape) != 2:
            raise ShapeError(
                f"`y_pred` must be of shape (batch, outputs). Received: y_pred.shape={tuple(y_pred.shape)}"
            )
        for name in ("weight", "sum", "squared_sum", "residual"):
            if name not in self._sums:
                self._sums[name] = self.add_weight(shape=(y_pred.shape[1],), name=name)
        weights = join_weights(sample_weight, None, self.dtype)
        weights = ops.ones_like(y_true) if weights is None else spread(ops.reshape(weights, (-1, 1)), y_true)
        weighted = y_true * weights
        parts = {
            "weight": weights,
            "sum": weighted,
            "squared_sum": y_true * weighted,
            "residual": (y_true - y_pred) ** 2 * weights,
        }
        for name, values in parts.items():
            self._sums[name].assign(self._sums[name] + ops.sum(values, axis=0))
        self.num_samples.assign(self.num_samples + y_true.shape[0] * y_true.shape[1])

    def result(self) -> Any:
        """The score: a scalar, or one number an output."""
        if not self._sums:
            return ops.zeros((), dtype=self.dtype)
        count, total, squared, residual = (
            self._sums[name].value for name in ("weight", "sum", "squared_sum", "residual")
        )
        spread_of_targets = squared - total * divide_or_zero(total, count)
        score = 1.0 - divide_or_zero(residual, spread_of_targets)
        if self.class_aggregation == "uniform_average":
            score = ops.mean(score)
        elif self.class_aggregation is not None:
            score = divide_or_zero(ops.sum(score * spread_of_targets), ops.sum(spread_of_targets))
        if self.num_regressors == 0:
            return score
        samples: Any = self.num_samples.value
        return 1.0 - divide_or_zero((1.0 - score) * (samples - 1.0), samples - self.num_regressors - 1.0)

    def get_config(self) -> dict[str, Any]:
        """The arguments to make it again."""
        own = {"class_aggregation": self.class_aggregation, "num_regressors": self.num_regressors}
        return {**super().get_config(), **own}
