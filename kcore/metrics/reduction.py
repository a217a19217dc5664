"""Metrics that are sums and means of values: `Sum`, `Mean`, and the mean of a function of targets and predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kcore import ops, registry
from kcore.losses._align import align_weights, as_float, spread
from kcore.metrics.metric import Metric
from kcore.ops.masks import get_mask


def join_weights(sample_weight: Any, mask: Any, dtype: str) -> Any:
    """Sample weights and a mask as one tensor of weights, or `None` where there is neither.

    Args:
        sample_weight: a scalar, a tensor `(batch, ...)`, or `None`.
        mask: a boolean tensor `(batch, ...)`, or `None`.
        dtype: the weights' dtype.
    """
    if mask is None:
        return None if sample_weight is None else as_float(sample_weight, dtype)
    mask = ops.cast(mask, dtype)
    if sample_weight is None:
        return mask
    weight = as_float(sample_weight, dtype)
    if len(weight.shape) > len(mask.shape):
        return weight * align_weights(mask, weight, "mask")
    return mask * align_weights(weight, mask)


def weigh(values: Any, weights: Any) -> tuple[Any, Any]:
    """Values times weights, and what they count for.

    Args:
        values: a float tensor.
        weights: a tensor like it, or of fewer dimensions: then the values are averaged over those that it doesn't
            have. Or `None`.

    Returns:
        The weighted values, and the weights, of one shape; without weights the number of values.

    Raises:
        ShapeError: the weights' dimensions aren't the leading ones of the values.
    """
    if weights is None:
        return values, _count(values.shape)
    weights = _without_trailing_ones(weights, len(values.shape))
    rank = len(weights.shape)
    if 0 < rank < len(values.shape):
        align_weights(weights, values)
        values = ops.mean(values, axis=tuple(range(rank, len(values.shape))))
    weights = spread(align_weights(weights, values), values)
    return values * weights, weights


def _count(shape: tuple[int, ...]) -> int:
    total = 1
    for size in shape:
        total = total * size
    return total


def _without_trailing_ones(weights: Any, rank: int) -> Any:
    while len(weights.shape) > rank and weights.shape[-1] == 1:
        weights = ops.squeeze(weights, -1)
    return weights


@registry.builtin("metrics")
class Sum(Metric):
    """The weighted sum of values.

    Args:
        name, dtype: see `Metric`.

    Example:
        >>> float(Sum()([1.0, 2.0], sample_weight=[1.0, 0.5]))
        2.0
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None):
        super().__init__(dtype=dtype, name=name)
        self.total = self.add_weight(name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values.

        Args:
            values: numbers.
            sample_weight: a scalar, or a tensor with their leading dimensions.
        """
        weights = join_weights(sample_weight, get_mask(values), self.dtype)
        values, _ = weigh(as_float(values, self.dtype), weights)
        self.total.assign(self.total + ops.sum(values))

    def result(self) -> Any:
        """The sum: a scalar."""
        return self.total.value


@registry.builtin("metrics")
class Mean(Metric):
    """The weighted mean of values: `sum(w*v) / sum(w)`, and 0 where there were none.

    Weights with fewer dimensions than the values weigh their means over the other dimensions.

    Args:
        name, dtype: see `Metric`.

    Example:
        >>> float(Mean()([1.0, 3.0, 8.0], sample_weight=[1.0, 1.0, 0.0]))
        2.0
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None):
        super().__init__(dtype=dtype, name=name)
        self.total = self.add_weight(name="total")
        self.count = self.add_weight(name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Take values into account.

        Args:
            values: numbers.
            sample_weight: a scalar, or a tensor with their leading dimensions.
        """
        self._add(values, join_weights(sample_weight, get_mask(values), self.dtype))

    def _add(self, values: Any, weights: Any) -> None:
        values, count = weigh(as_float(values, self.dtype), weights)
        self.total.assign(self.total + ops.sum(values))
        self.count.assign(self.count + (count if weights is None else ops.sum(count)))

    def result(self) -> Any:
        """The mean: a scalar."""
        return divide_or_zero(self.total.value, self.count.value)


def divide_or_zero(x: Any, y: Any) -> Any:
    """`x / y`, and 0 where `y` is 0."""
    empty = ops.equal(y, 0)
    return ops.where(empty, 0.0, x / ops.where(empty, 1.0, y))


@registry.builtin("metrics")
class MeanMetricWrapper(Mean):
    """The weighted mean of a function of targets and predictions; base of many metrics.

    Where the predictions carry a mask, masked steps count for nothing.

    Args:
        fn: `fn(y_true, y_pred, **kwargs)` -> values of shape `(batch, ...)`.
        name: a name; the function's if `None`.
        dtype: see `Metric`.
        **kwargs: passed to `fn` and saved in the config.

    Example:
        >>> from kcore.losses import mean_absolute_error
        >>> float(MeanMetricWrapper(mean_absolute_error)([[0.0, 1.0]], [[2.0, 1.0]]))
        1.0
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any):
        super().__init__(name=name or getattr(fn, "__name__", None), dtype=dtype)
        self._fn = fn
        self._fn_kwargs = kwargs

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account.

        Args:
            y_true: targets, as the function takes them.
            y_pred: predictions.
            sample_weight: a scalar, or a tensor with the leading dimensions of the function's values.
        """
        values = self._fn(_tensor(y_true), _tensor(y_pred), **self._fn_kwargs)
        weights = join_weights(sample_weight, get_mask(y_pred), self.dtype)
        own = get_mask(values)
        self._add(values, weights if own is None else join_weights(weights, own, self.dtype))

    def get_config(self) -> dict[str, Any]:
        """The base's, and the function's options; a bare wrapper also has `fn`."""
        config = {**super().get_config(), **self._fn_kwargs}
        if type(self) is MeanMetricWrapper:
            config["fn"] = registry.serialize_keras_object(self._fn)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """Make one from what `get_config` returned."""
        if "fn" in config:
            config = {**config, "fn": _function(config["fn"])}
        return cls(**config)


def _tensor(x: Any) -> Any:
    return ops.convert_to_tensor(x) if isinstance(x, (list, tuple, int, float)) else x


def _function(config: Any) -> Any:
    """The function of a config; a name is a metric's function before it is a metric's class."""
    if isinstance(config, dict) and config.get("class_name") == "function":
        known = registry.get_registered_object(config["config"], module_objects=FUNCTIONS)
        return known or registry.deserialize_keras_object(config, group="losses")
    return registry.deserialize_keras_object(config)


FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""The functions of this room by name, which hold it only for loading; `kcore.metrics` fills it."""
