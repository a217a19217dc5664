"""Metrics of how often predictions are right."""

from __future__ import annotations

from typing import Any

from kcore import config, ops, registry
from kcore.losses._align import as_float, float_pair, match_ranks
from kcore.losses.probabilistic import class_indices
from kcore.metrics.reduction import MeanMetricWrapper


def _hits(right: Any) -> Any:
    return ops.cast(right, config.floatx())


def accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where prediction and target are equal, 0 elsewhere.

    Args:
        y_true: targets.
        y_pred: predictions of the same shape.

    Returns:
        A float tensor of that shape.

    Raises:
        ShapeError: the shapes don't fit.

    Example:
        >>> import numpy as np
        >>> accuracy(np.array([1, 2]), np.array([1, 3])).tolist()
        [1.0, 0.0]
    """
    y_true, y_pred = match_ranks(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred))
    return _hits(ops.equal(y_true, y_pred))


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """1 where the target is 1 and the prediction above `threshold`, or the target 0 and the prediction not above;
    else 0.

    Args:
        y_true: targets 0 or 1.
        y_pred: predictions of the same shape.
        threshold: above it a prediction means class 1.

    Returns:
        A float tensor of that shape.

    Raises:
        ShapeError: the shapes don't fit.

    Example:
        >>> import numpy as np
        >>> binary_accuracy(np.array([1, 0]), np.array([0.6, 0.7])).tolist()
        [1.0, 0.0]
    """
    y_true, y_pred = float_pair(y_true, y_pred)
    return _hits(ops.equal(y_true, ops.cast(ops.greater(y_pred, threshold), y_true.dtype)))


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction is that of the target's class, 0 elsewhere; the first counts of several largest
    ones.

    Args:
        y_true: one-hot targets, `(..., C)`.
        y_pred: predictions, `(..., C)`.

    Returns:
        A float tensor `(...)`.

    Raises:
        ShapeError: the shapes don't fit.

    Example:
        >>> import numpy as np
        >>> categorical_accuracy(np.array([[0, 1], [1, 0]]), np.array([[0.1, 0.9], [0.2, 0.8]])).tolist()
        [1.0, 0.0]
    """
    y_true, y_pred = match_ranks(ops.convert_to_tensor(y_true), as_float(y_pred))
    return _hits(ops.equal(ops.argmax(y_true, axis=-1), ops.argmax(y_pred, axis=-1)))


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction is that of the target's class, 0 elsewhere; the first counts of several largest
    ones.

    Args:
        y_true: class indices, `(...)` or `(..., 1)`.
        y_pred: predictions, `(..., C)`.

    Returns:
        A float tensor `(...)`.

    Raises:
        ShapeError: the shapes don't fit.

    Example:
        >>> import numpy as np
        >>> sparse_categorical_accuracy(np.array([1, 0]), np.array([[0.1, 0.9], [0.2, 0.8]])).tolist()
        [1.0, 0.0]
    """
    y_pred = as_float(y_pred)
    return _hits(ops.equal(class_indices(y_true, y_pred, -1), ops.argmax(y_pred, axis=-1)))


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where the target's class is among the `k` largest predictions, 0 elsewhere; see
    `sparse_top_k_categorical_accuracy`.

    Args:
        y_true: one-hot targets, `(..., C)`.
        y_pred: predictions, `(..., C)`.
        k: how many predictions count.

    Returns:
        A float tensor `(...)`.

    Raises:
        ShapeError: the shapes don't fit.

    Example:
        >>> import numpy as np
        >>> top_k_categorical_accuracy(np.array([[1, 0, 0]]), np.array([[0.3, 0.6, 0.1]]), k=2).tolist()
        [1.0]
    """
    y_true, y_pred = match_ranks(ops.convert_to_tensor(y_true), as_float(y_pred))
    return sparse_top_k_categorical_accuracy(ops.argmax(y_true, axis=-1), y_pred, k)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False) -> Any:
    """1 where the target's class is among the `k` largest predictions, 0 elsewhere.

    A class counts as among them if fewer than `k` predictions are greater, so that all of those tied at the edge do.

    Args:
        y_true: class indices, `(...)` or `(..., 1)`; one that no class has is never among them.
        y_pred: predictions, `(..., C)`.
        k: how many predictions count.
        from_sorted_ids: whether `y_pred` holds class indices, the likeliest first.

    Returns:
        A float tensor `(...)`.

    Raises:
        ShapeError: the shapes don't fit.

    Example:
        >>> import numpy as np
        >>> sparse_top_k_categorical_accuracy(np.array([0, 2]), np.array([[0.3, 0.6, 0.1]] * 2), k=2).tolist()
        [1.0, 0.0]
    """
    y_pred = ops.convert_to_tensor(y_pred)
    labels = ops.expand_dims(class_indices(y_true, y_pred, -1), -1)
    if from_sorted_ids:
        return _hits(ops.any(ops.equal(labels, y_pred[..., :k]), axis=-1))
    classes = y_pred.shape[-1]
    known = ops.logical_and(ops.greater_equal(labels, 0), ops.less(labels, classes))
    target = ops.take_along_axis(y_pred, ops.clip(labels, 0, classes - 1), axis=-1)
    greater = ops.sum(ops.cast(ops.logical_not(ops.less_equal(y_pred, target)), config.floatx()), axis=-1)
    return _hits(ops.logical_and(ops.squeeze(known, -1), ops.less(greater, k)))


@registry.builtin("metrics", "acc")
class Accuracy(MeanMetricWrapper):
    """How often predictions equal targets.

    Args:
        name, dtype: see `Metric`.

    Example:
        >>> float(Accuracy()([1, 2, 3, 4], [1, 2, 3, 0]))
        0.75
    """

    def __init__(self, name="accuracy", dtype=None):
        super().__init__(accuracy, name, dtype)


@registry.builtin("metrics")
class BinaryAccuracy(MeanMetricWrapper):
    """How often predictions are on the target's side of a threshold.

    Args:
        name, dtype: see `Metric`.
        threshold: above it a prediction means class 1; between 0 and 1 for probabilities.

    Example:
        >>> float(BinaryAccuracy()([1, 0], [0.6, 0.7]))
        0.5
    """

    def __init__(self, name="binary_accuracy", dtype=None, threshold=0.5):
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


@registry.builtin("metrics")
class CategoricalAccuracy(MeanMetricWrapper):
    """How often the largest prediction is that of the target's class; targets are one-hot.

    Args:
        name, dtype: see `Metric`.

    Example:
        >>> float(CategoricalAccuracy()([[0, 1], [1, 0]], [[0.1, 0.9], [0.2, 0.8]]))
        0.5
    """

    def __init__(self, name="categorical_accuracy", dtype=None):
        super().__init__(categorical_accuracy, name, dtype)


@registry.builtin("metrics")
class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the largest prediction is that of the target's class; targets are class indices.

    Args:
        name, dtype: see `Metric`.

    Example:
        >>> float(SparseCategoricalAccuracy()([1, 0], [[0.1, 0.9], [0.2, 0.8]]))
        0.5
    """

    def __init__(self, name="sparse_categorical_accuracy", dtype=None):
        super().__init__(sparse_categorical_accuracy, name, dtype)


@registry.builtin("metrics")
class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the target's class is among the `k` largest predictions; targets are one-hot.

    Args:
        k: how many predictions count.
        name, dtype: see `Metric`.

    Example:
        >>> float(TopKCategoricalAccuracy(k=2)([[1, 0, 0]], [[0.3, 0.6, 0.1]]))
        1.0
    """

    def __init__(self, k=5, name="top_k_categorical_accuracy", dtype=None):
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)


@registry.builtin("metrics")
class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the target's class is among the `k` largest predictions; targets are class indices.

    Args:
        k: how many predictions count.
        name, dtype: see `Metric`.
        from_sorted_ids: whether predictions are class indices, the likeliest first.

    Example:
        >>> float(SparseTopKCategoricalAccuracy(k=2)([0, 2], [[0.3, 0.6, 0.1]] * 2))
        0.5
    """

    def __init__(self, k=5, name="sparse_top_k_categorical_accuracy", dtype=None, from_sorted_ids=False):
        options = {"from_sorted_ids": True} if from_sorted_ids else {}
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, k=k, **options)
