"""Metrics of the curves that thresholds draw: areas under them, and points on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kcore import config, ops, registry
from kcore.errors import InvalidArgumentError, ShapeError
from kcore.metrics.confusion import ConfusionMetric, Counts, check_thresholds, count, prepare, values_of
from kcore.metrics.metric import Metric
from kcore.metrics.reduction import divide_or_zero

_KINDS = Counts._fields
_CURVES = {"ROC": "ROC", "roc": "ROC", "PR": "PR", "pr": "PR", "PRGAIN": "PRGAIN", "prgain": "PRGAIN"}
_HEIGHTS = {
    "interpolation": lambda a, b: (a + b) / 2.0,
    "minoring": ops.minimum,
    "majoring": ops.maximum,
}
_SPELLINGS = {"Interpolation": "interpolation", "Minoring": "minoring", "Majoring": "majoring"}


def _inner_thresholds(number: int) -> list[float]:
    return [(i + 1) / (number - 1) for i in range(number - 2)]


@registry.builtin("metrics")
class AUC(Metric):
    """The area under a curve that is drawn by thresholds.

    Args:
        num_thresholds: how many thresholds there are, at least 2.
        curve: `"ROC"` (recall over false positive rate), `"PR"` (precision over recall) or `"PRGAIN"` (their gains,
            arXiv Flach and Kull, NIPS 2015).
        summation_method: `"interpolation"` (trapezoids; for PR the interpolation of Davis and Goadrich, ICML 2006),
            `"minoring"` or `"majoring"` (lower or upper rectangles).
        name, dtype: see `Metric`.
        thresholds: thresholds from 0 to 1, to which -epsilon and 1 + epsilon are added, in place of evenly spaced
            ones.
        multi_label: whether the area of each label (index of the last axis) is computed, and then their mean.
        num_labels: how many labels there are; found out at the first batch if `None`.
        label_weights: weights of the labels in the mean, or, without `multi_label`, of their predictions.
        from_logits: whether predictions are logits.

    Raises:
        InvalidArgumentError: an argument has none of these values.

    Example:
        >>> float(AUC(num_thresholds=3)([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9]))
        0.75
    """

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
    ):
        super().__init__(dtype=dtype, name=name)
        self._custom = None if thresholds is None else sorted(check_thresholds(thresholds, 0.5))
        if self._custom is None and (not isinstance(num_thresholds, int) or num_thresholds < 2):
            raise InvalidArgumentError(
                f"`num_thresholds` must be an integer of at least 2. Received: {num_thresholds=}"
            )
        self.curve = _one_of("curve", curve, _CURVES)
        methods = {**{method: method for method in _HEIGHTS}, **_SPELLINGS}
        self.summation_method = _one_of("summation_method", summation_method, methods)
        inner = _inner_thresholds(num_thresholds) if self._custom is None else self._custom
        self.thresholds = [-config.epsilon(), *inner, 1.0 + config.epsilon()]
        self.num_thresholds = len(self.thresholds)
        self.multi_label, self.num_labels, self._from_logits = multi_label, num_labels, from_logits
        self.label_weights = None if label_weights is None else [float(weight) for weight in label_weights]
        self._counts: dict[str, Any] = {}
        if not multi_label or num_labels:
            self._build(num_labels)

    def _build(self, labels: int | None) -> None:
        if self.label_weights is not None and labels and len(self.label_weights) != labels:
            raise InvalidArgumentError(
                f"`label_weights` must have one entry a label ({labels}). Received: label_weights={self.label_weights}"
            )
        shape = (self.num_thresholds, labels) if self.multi_label else (self.num_thresholds,)
        for kind in _KINDS:
            self._counts[kind] = self.add_weight(shape=shape, name=kind)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account.

        Args:
            y_true: targets 0 or 1, of any shape; `(batch, labels)` with `multi_label`.
            y_pred: predictions of the same shape.
            sample_weight: a scalar, or a tensor with the leading dimensions of `y_pred`.

        Raises:
            ShapeError: predictions of another shape than `(batch, labels)` with `multi_label`.
        """
        batch = prepare(y_true, y_pred, sample_weight, self.dtype)
        if self.multi_label and len(batch.y_pred.shape) != 2:
            raise ShapeError(
                f"`y_pred` must be of shape (batch, labels). Received: y_pred.shape={tuple(batch.y_pred.shape)}"
            )
        if not self._counts:
            self._build(batch.y_pred.shape[-1])
        if self._from_logits:
            batch = batch._replace(y_pred=ops.sigmoid(batch.y_pred))
        if self.label_weights is not None and not self.multi_label:
            weights = self._label_weights()
            batch = batch._replace(positive=batch.positive * weights, negative=batch.negative * weights)
        counts = count(batch, self.thresholds, per_label=self.multi_label)
        for kind, variable in self._counts.items():
            variable.assign(variable + getattr(counts, kind))

    def _label_weights(self) -> Any:
        return ops.convert_to_tensor(np.asarray(self.label_weights), dtype=self.dtype)

    def result(self) -> Any:
        """The area: a scalar."""
        if not self._counts:
            return ops.zeros((), dtype=self.dtype)
        counts = Counts(*values_of(self._counts))
        if self.curve == "PR" and self.summation_method == "interpolation":
            areas = _interpolated_pr_areas(counts)
        else:
            x, y = _curve(self.curve, counts)
            areas = (x[:-1] - x[1:]) * _HEIGHTS[self.summation_method](y[:-1], y[1:])
        if not self.multi_label:
            return ops.sum(areas)
        by_label = ops.sum(areas, axis=0)
        if self.label_weights is None:
            return ops.mean(by_label)
        weights = self._label_weights()
        return divide_or_zero(ops.sum(by_label * weights), ops.sum(weights))

    def get_config(self) -> dict[str, Any]:
        """The arguments to make it again."""
        own = {
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": self.label_weights,
            "from_logits": self._from_logits,
        }
        if self._custom is not None:
            own["thresholds"] = self._custom
        return {**super().get_config(), **own}


def _one_of(name: str, value: str, allowed: dict[str, str]) -> str:
    if value not in allowed:
        raise InvalidArgumentError(
            f"`{name}` must be one of {sorted(set(allowed.values()))}. Received: {name}={value!r}"
        )
    return allowed[value]


def _curve(curve: str, counts: Counts) -> tuple[Any, Any]:
    """The abscissas and ordinates of the curve, from the lowest threshold to the highest."""
    tp, fp, tn, fn = counts
    if curve == "ROC":
        return divide_or_zero(fp, fp + tn), divide_or_zero(tp, tp + fn)
    if curve == "PR":
        return divide_or_zero(tp, tp + fn), divide_or_zero(tp, tp + fp)
    odds = divide_or_zero(tp + fn, fp + tn)
    recall_gain = ops.where(tp > 0, ops.maximum(1.0 - odds * divide_or_zero(fn, tp), 0.0), 0.0)
    return recall_gain, 1.0 - odds * divide_or_zero(fp, tp)


def _interpolated_pr_areas(counts: Counts) -> Any:
    """The area of each piece of the precision-recall curve, where between two thresholds true and false positives are
    linear.

    Notation: `a` true positives and `p` positive predictions at the ends of a piece, `a = slope * p + intercept` in
    between; the area is the integral of `a / p` over `a`, divided by the number of positive targets.
    """
    tp, fp, _, fn = counts
    predicted = tp + fp
    rise = tp[:-1] - tp[1:]
    slope = divide_or_zero(rise, ops.maximum(predicted[:-1] - predicted[1:], 0.0))
    intercept = tp[1:] - slope * predicted[1:]
    inside = ops.logical_and(predicted[:-1] > 0, predicted[1:] > 0)
    ratio = ops.where(inside, divide_or_zero(predicted[:-1], predicted[1:]), 1.0)
    return divide_or_zero(slope * (rise + intercept * ops.log(ratio)), tp[1:] + fn[1:])


class _BestUnderConstraint(ConfusionMetric):
    """The best value of one rate over the thresholds at which another rate is at least `value`; 0 if there is
    none."""

    _argument: str

    def __init__(
        self,
        value: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        if not 0 <= value <= 1:
            raise InvalidArgumentError(
                f"`{self._argument}` must be between 0 and 1. Received: {self._argument}={value!r}"
            )
        if not isinstance(num_thresholds, int) or num_thresholds < 1:
            raise InvalidArgumentError(f"`num_thresholds` must be a positive integer. Received: {num_thresholds=}")
        self.value, self.num_thresholds = value, num_thresholds
        self.class_id = self._class_id = class_id
        self.thresholds = [0.5] if num_thresholds == 1 else [0.0, *_inner_thresholds(num_thresholds), 1.0]
        super().__init__(_KINDS, self.thresholds, name, dtype)

    def _best(self, constrained: Any, wanted: Any) -> Any:
        return ops.max(ops.where(ops.greater_equal(constrained, self.value), wanted, 0.0))

    def _rates(self) -> tuple[Any, Any, Any]:
        """Recall (also called sensitivity), precision and specificity at each threshold."""
        tp, fp, tn, fn = values_of(self._kept)
        return divide_or_zero(tp, tp + fn), divide_or_zero(tp, tp + fp), divide_or_zero(tn, tn + fp)

    def get_config(self) -> dict[str, Any]:
        """The arguments to make it again."""
        own = {"num_thresholds": self.num_thresholds, "class_id": self.class_id, self._argument: self.value}
        return {**super().get_config(), **own}


@registry.builtin("metrics")
class SensitivityAtSpecificity(_BestUnderConstraint):
    """The best sensitivity at a specificity of at least the given one.

    Args:
        specificity: from 0 to 1.
        num_thresholds: how many thresholds are tried.
        class_id: the only class that counts.
        name, dtype: see `Metric`.

    Example:
        >>> float(SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8]))
        0.5
    """

    _argument = "specificity"

    def __init__(self, specificity, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__(specificity, num_thresholds, class_id, name, dtype)

    def result(self) -> Any:
        """The sensitivity: a scalar."""
        recall, _, specificity = self._rates()
        return self._best(specificity, recall)


@registry.builtin("metrics")
class SpecificityAtSensitivity(_BestUnderConstraint):
    """The best specificity at a sensitivity of at least the given one.

    Args:
        sensitivity: from 0 to 1.
        num_thresholds: how many thresholds are tried.
        class_id: the only class that counts.
        name, dtype: see `Metric`.

    Example:
        >>> round(float(SpecificityAtSensitivity(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8])), 4)
        0.6667
    """

    _argument = "sensitivity"

    def __init__(self, sensitivity, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)

    def result(self) -> Any:
        """The specificity: a scalar."""
        recall, _, specificity = self._rates()
        return self._best(recall, specificity)


@registry.builtin("metrics")
class PrecisionAtRecall(_BestUnderConstraint):
    """The best precision at a recall of at least the given one.

    Args:
        recall: from 0 to 1.
        num_thresholds: how many thresholds are tried.
        class_id: the only class that counts.
        name, dtype: see `Metric`.

    Example:
        >>> float(PrecisionAtRecall(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8]))
        0.5
    """

    _argument = "recall"

    def __init__(self, recall, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__(recall, num_thresholds, class_id, name, dtype)

    def result(self) -> Any:
        """The precision: a scalar."""
        recall, precision, _ = self._rates()
        return self._best(recall, precision)


@registry.builtin("metrics")
class RecallAtPrecision(_BestUnderConstraint):
    """The best recall at a precision of at least the given one.

    Args:
        precision: from 0 to 1.
        num_thresholds: how many thresholds are tried.
        class_id: the only class that counts.
        name, dtype: see `Metric`.

    Example:
        >>> float(RecallAtPrecision(0.8)([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9]))
        0.5
    """

    _argument = "precision"

    def __init__(self, precision, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__(precision, num_thresholds, class_id, name, dtype)

    def result(self) -> Any:
        """The recall: a scalar."""
        recall, precision, _ = self._rates()
        return self._best(precision, recall)
