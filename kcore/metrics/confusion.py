"""Metrics made of how often predictions are right and wrong about a class: true and false positives and negatives.

A prediction is positive where it is greater than a threshold. With `T` thresholds and `N` predictions, weighed by
`w`, the counts are one product of a `(T, N)` matrix of ones and zeros with the `(N, 2)` matrix of `w*t` and
`w*(1-t)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from kcore import ops, registry
from kcore.engine.variable import Variable
from kcore.errors import InvalidArgumentError
from kcore.losses._align import align_weights, as_float, match_ranks, spread
from kcore.metrics.metric import Metric
from kcore.metrics.reduction import divide_or_zero, join_weights
from kcore.ops.masks import get_mask

Thresholds = float | Sequence[float] | None
_NEVER = -1e10
"""A prediction that isn't among the top k."""


class Batch(NamedTuple):
    """Predictions with what they count for, in float tensors of one shape: `positive = w*t`, `negative = w*(1-t)`."""

    y_pred: Any
    positive: Any
    negative: Any


class Counts(NamedTuple):
    """Weighted numbers of true and false positives and negatives, one a threshold."""

    true_positives: Any
    false_positives: Any
    true_negatives: Any
    false_negatives: Any


def check_thresholds(thresholds: Thresholds, default: float) -> list[float]:
    """Thresholds as a list of numbers between 0 and 1."""
    if thresholds is None:
        return [default]
    values: list[Any] = list(thresholds) if isinstance(thresholds, (list, tuple, np.ndarray)) else [thresholds]
    if not values or not all(isinstance(v, (int, float, np.number)) and 0 <= v <= 1 for v in values):
        raise InvalidArgumentError(
            f"`thresholds` must consist of numbers from 0 to 1. Received: thresholds={thresholds!r}"
        )
    return [float(value) for value in values]


def prepare(
    y_true: Any, y_pred: Any, sample_weight: Any, dtype: str, *, top_k: int | None = None, class_id: int | None = None
) -> Batch:
    """Targets, predictions and weights of a batch as `(...)` tensors of one shape.

    Args:
        y_true: targets; what isn't 0 is positive.
        y_pred: predictions of the same shape.
        sample_weight: a scalar, or a tensor with leading dimensions of `y_pred`, or `None`.
        dtype: the dtype to compute in.
        top_k: predictions that aren't among the k largest of the last axis are never positive.
        class_id: the index in the last axis that alone counts.
    """
    weights = join_weights(sample_weight, get_mask(y_pred), dtype)
    y_true, y_pred = match_ranks(ops.convert_to_tensor(y_true), as_float(y_pred, dtype))
    if top_k is not None:
        y_pred = ops.where(_among_top(y_pred, top_k), y_pred, _NEVER)
    if class_id is not None:
        y_true, y_pred = y_true[..., class_id], y_pred[..., class_id]
    truth = ops.cast(ops.not_equal(y_true, 0), dtype)
    if weights is None:
        return Batch(y_pred, truth, 1.0 - truth)
    if class_id is not None and len(weights.shape) > len(y_pred.shape) and weights.shape[-1] != 1:
        weights = weights[..., class_id]
    weights = spread(align_weights(weights, y_pred), y_pred)
    positive = truth * weights
    return Batch(y_pred, positive, weights - positive)


def _among_top(y_pred: Any, k: int) -> Any:
    _, indices = ops.top_k(y_pred, k)
    return ops.any(ops.one_hot(indices, y_pred.shape[-1], dtype="bool"), axis=-2)


def count(batch: Batch, thresholds: list[float], per_label: bool = False) -> Counts:
    """The counts at each threshold.

    Args:
        batch: what `prepare` returned.
        thresholds: T thresholds.
        per_label: whether to count each index of the last axis by itself.

    Returns:
        Tensors of shape `(T,)`, or `(T, labels)`.
    """
    levels = ops.convert_to_tensor(np.asarray(thresholds, "float64"), dtype=batch.y_pred.dtype)
    if per_label:
        return _count_labels(batch, levels)
    flat = ops.reshape(batch.y_pred, (1, -1))
    found = ops.cast(ops.greater(flat, ops.reshape(levels, (-1, 1))), batch.y_pred.dtype)
    both = ops.stack([ops.reshape(batch.positive, (-1,)), ops.reshape(batch.negative, (-1,))], axis=1)
    hits = ops.matmul(found, both)
    return _completed(hits[:, 0], hits[:, 1], ops.sum(batch.positive), ops.sum(batch.negative))


def _count_labels(batch: Batch, levels: Any) -> Counts:
    labels = batch.y_pred.shape[-1]
    y_pred, positive, negative = (ops.reshape(x, (1, -1, labels)) for x in batch)
    found = ops.cast(ops.greater(y_pred, ops.reshape(levels, (-1, 1, 1))), batch.y_pred.dtype)
    true_positives, false_positives = ops.sum(found * positive, axis=1), ops.sum(found * negative, axis=1)
    return _completed(true_positives, false_positives, ops.sum(positive, axis=1), ops.sum(negative, axis=1))


def _completed(true_positives: Any, false_positives: Any, positive: Any, negative: Any) -> Counts:
    return Counts(true_positives, false_positives, negative - false_positives, positive - true_positives)


def values_of(variables: dict[str, Variable]) -> list[Any]:
    """The variables' tensors."""
    return [variable.value for variable in variables.values()]


class ConfusionMetric(Metric):
    """Base of metrics that hold some of the counts, one a threshold, in variables called as in `Counts`.

    Args:
        kept: the names of the counts that are needed.
        levels: the thresholds.
        name, dtype: see `Metric`.
    """

    _top_k: int | None = None
    _class_id: int | None = None

    def __init__(self, kept: Sequence[str], levels: list[float], name: str | None = None, dtype: Any = None):
        super().__init__(dtype=dtype, name=name)
        self._levels = levels
        self._kept = {kind: self.add_weight(shape=(len(levels),), name=kind) for kind in kept}

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account.

        Args:
            y_true: targets 0 or 1, of any shape.
            y_pred: predictions from 0 to 1, of the same shape.
            sample_weight: a scalar, or a tensor with the leading dimensions of `y_pred`.
        """
        batch = prepare(y_true, y_pred, sample_weight, self.dtype, top_k=self._top_k, class_id=self._class_id)
        counts = count(batch, self._levels)
        for kind, variable in self._kept.items():
            variable.assign(variable + getattr(counts, kind))

    def _one_or_all(self, values: Any) -> Any:
        return values[0] if len(self._levels) == 1 else values


class _Counter(ConfusionMetric):
    _kind: str

    def __init__(self, thresholds: Thresholds = None, name: str | None = None, dtype: Any = None):
        self.thresholds = check_thresholds(thresholds, 0.5)
        self._given = thresholds
        super().__init__((self._kind,), self.thresholds, name, dtype)
        self.accumulator = self._kept[self._kind]

    def result(self) -> Any:
        """The number: a scalar, or one a threshold where several were given."""
        return self._one_or_all(self.accumulator.value)

    def get_config(self) -> dict[str, Any]:
        """`name`, `dtype`, `thresholds`."""
        return {**super().get_config(), "thresholds": self._given}


@registry.builtin("metrics")
class TruePositives(_Counter):
    """The (weighted) number of positive predictions of positive targets.

    Args:
        thresholds: a number from 0 to 1, or a list; 0.5 if `None`.
        name, dtype: see `Metric`.

    Example:
        >>> float(TruePositives()([0, 1, 1, 1], [0.9, 0.9, 0.9, 0.1]))
        2.0
    """

    _kind = "true_positives"


@registry.builtin("metrics")
class FalsePositives(_Counter):
    """The (weighted) number of positive predictions of negative targets.

    Args:
        thresholds: a number from 0 to 1, or a list; 0.5 if `None`.
        name, dtype: see `Metric`.

    Example:
        >>> float(FalsePositives()([0, 1, 1, 1], [0.9, 0.9, 0.9, 0.1]))
        1.0
    """

    _kind = "false_positives"


@registry.builtin("metrics")
class TrueNegatives(_Counter):
    """The (weighted) number of negative predictions of negative targets.

    Args:
        thresholds: a number from 0 to 1, or a list; 0.5 if `None`.
        name, dtype: see `Metric`.

    Example:
        >>> float(TrueNegatives()([0, 1, 1, 1], [0.9, 0.9, 0.9, 0.1]))
        0.0
    """

    _kind = "true_negatives"


@registry.builtin("metrics")
class FalseNegatives(_Counter):
    """The (weighted) number of negative predictions of positive targets.

    Args:
        thresholds: a number from 0 to 1, or a list; 0.5 if `None`.
        name, dtype: see `Metric`.

    Example:
        >>> float(FalseNegatives()([0, 1, 1, 1], [0.9, 0.9, 0.9, 0.1]))
        1.0
    """

    _kind = "false_negatives"


class _Rate(ConfusionMetric):
    _other: str

    def __init__(
        self,
        thresholds: Thresholds = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        self.thresholds = [_NEVER] if thresholds is None and top_k is not None else check_thresholds(thresholds, 0.5)
        self._given = thresholds
        self.top_k = self._top_k = top_k
        self.class_id = self._class_id = class_id
        super().__init__(("true_positives", self._other), self.thresholds, name, dtype)

    def result(self) -> Any:
        """The rate: a scalar, or one a threshold where several were given; 0 where there is nothing to count."""
        right, other = values_of(self._kept)
        return self._one_or_all(divide_or_zero(right, right + other))

    def get_config(self) -> dict[str, Any]:
        """`name`, `dtype`, `thresholds`, `top_k`, `class_id`."""
        own = {"thresholds": self._given, "top_k": self.top_k, "class_id": self.class_id}
        return {**super().get_config(), **own}


@registry.builtin("metrics")
class Precision(_Rate):
    """How many of the positive predictions are right.

    Args:
        thresholds: a number from 0 to 1, or a list; 0.5 if `None`, and no threshold with `top_k`.
        top_k: only the k largest predictions of a sample may be positive.
        class_id: the only class that counts.
        name, dtype: see `Metric`.

    Example:
        >>> float(Precision()([0, 1, 1, 1], [0.9, 0.9, 0.9, 0.9]))
        0.75
    """

    _other = "false_positives"


@registry.builtin("metrics")
class Recall(_Rate):
    """How many of the positive targets are predicted.

    Args:
        thresholds: a number from 0 to 1, or a list; 0.5 if `None`, and no threshold with `top_k`.
        top_k: only the k largest predictions of a sample may be positive.
        class_id: the only class that counts.
        name, dtype: see `Metric`.

    Example:
        >>> float(Recall()([1, 1, 1, 1], [0.9, 0.9, 0.9, 0.1]))
        0.75
    """

    _other = "false_negatives"
