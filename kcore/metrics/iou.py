"""Intersection over union: how far the predicted region of a class overlaps with the true one.

The state is the confusion matrix: entry `[i, j]` is the (weighted) number of places of class `i` that were predicted
as class `j`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kcore import ops, registry
from kcore.errors import InvalidArgumentError
from kcore.losses._align import align_weights, as_float, match_ranks, spread
from kcore.metrics.metric import Metric
from kcore.metrics.reduction import divide_or_zero, join_weights
from kcore.ops.masks import get_mask


@registry.builtin("metrics")
class IoU(Metric):
    """The mean of `true positives / (true positives + false positives + false negatives)` over some classes.

    Args:
        num_classes: how many classes there are.
        target_class_ids: the classes whose mean is the result; one that never occurred or was predicted is left out.
        name, dtype: see `Metric`.
        ignore_class: an index in the targets whose places count for nothing.
        sparse_y_true: whether targets are class indices, and not one-hot.
        sparse_y_pred: whether predictions are class indices, and not a number a class.
        axis: the axis of the classes where they aren't indices.

    Raises:
        InvalidArgumentError: a target class isn't below `num_classes`.

    Example:
        >>> round(float(IoU(num_classes=2, target_class_ids=[0])([0, 0, 1, 1], [0, 1, 0, 1])), 4)
        0.3333
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ):
        if not all(0 <= index < num_classes for index in target_class_ids):
            raise InvalidArgumentError(
                f"`target_class_ids` must be below `num_classes`. Received: {target_class_ids=}, {num_classes=}"
            )
        super().__init__(dtype=dtype, name=name)
        self.num_classes, self.target_class_ids, self.ignore_class = num_classes, list(target_class_ids), ignore_class
        self.sparse_y_true, self.sparse_y_pred, self.axis = sparse_y_true, sparse_y_pred, axis
        self.total_confusion_matrix = self.add_weight(shape=(num_classes, num_classes), name="total_confusion_matrix")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account.

        Args:
            y_true: class indices `(batch, ...)`, or one-hot with a further axis.
            y_pred: class indices, or numbers with a further axis.
            sample_weight: a scalar, or a tensor with the leading dimensions of the indices.
        """
        weights = join_weights(sample_weight, get_mask(y_pred), self.dtype)
        y_true = y_true if self.sparse_y_true else ops.argmax(y_true, axis=self.axis)
        y_pred = y_pred if self.sparse_y_pred else ops.argmax(y_pred, axis=self.axis)
        self._add(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred), weights)

    def _add(self, y_true: Any, y_pred: Any, weights: Any) -> None:
        y_true, y_pred = match_ranks(ops.cast(y_true, "int32"), ops.cast(y_pred, "int32"))
        rows, columns = (self._one_hot(y) for y in (y_true, y_pred))
        if weights is not None:
            weights = spread(align_weights(weights, y_true), y_true)
            columns = columns * ops.reshape(weights, (-1, 1))
        if self.ignore_class is not None:
            valid = ops.cast(ops.not_equal(y_true, self.ignore_class), self.dtype)
            columns = columns * ops.reshape(valid, (-1, 1))
        self.total_confusion_matrix.assign(self.total_confusion_matrix + ops.matmul(ops.transpose(rows), columns))

    def _one_hot(self, indices: Any) -> Any:
        classes = ops.arange(self.num_classes, dtype="int32")
        return ops.cast(ops.equal(ops.reshape(indices, (-1, 1)), classes), self.dtype)

    def result(self) -> Any:
        """The mean over the target classes: a scalar, 0 where none of them occurred."""
        matrix = self.total_confusion_matrix.value
        hits = ops.diagonal(matrix)
        union = ops.sum(matrix, axis=0) + ops.sum(matrix, axis=1) - hits
        hits, union = (ops.take(x, self.target_class_ids, axis=0) for x in (hits, union))
        occurring = ops.sum(ops.cast(ops.not_equal(union, 0), self.dtype))
        return divide_or_zero(ops.sum(divide_or_zero(hits, union)), occurring)

    def get_config(self) -> dict[str, Any]:
        """The arguments to make it again."""
        names = ("num_classes", "target_class_ids", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _without(config: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in config.items() if name not in names}


@registry.builtin("metrics")
class MeanIoU(IoU):
    """`IoU` with all classes as targets.

    Args:
        num_classes: how many classes there are.
        name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis: see `IoU`.

    Example:
        >>> round(float(MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1])), 4)
        0.3333
    """

    def __init__(
        self, num_classes, name=None, dtype=None, ignore_class=None, sparse_y_true=True, sparse_y_pred=True, axis=-1
    ):
        super().__init__(num_classes, range(num_classes), name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        """The arguments to make it again."""
        return _without(super().get_config(), "target_class_ids")


@registry.builtin("metrics")
class OneHotIoU(IoU):
    """`IoU` with one-hot targets and, by default, a number a class for predictions.

    Args:
        num_classes: how many classes there are.
        target_class_ids, name, dtype, ignore_class, sparse_y_pred, axis: see `IoU`.

    Example:
        >>> float(OneHotIoU(num_classes=2, target_class_ids=[0])([[1, 0], [0, 1]], [[0.9, 0.1], [0.2, 0.8]]))
        1.0
    """

    def __init__(
        self, num_classes, target_class_ids, name=None, dtype=None, ignore_class=None, sparse_y_pred=False, axis=-1
    ):
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        """The arguments to make it again."""
        return _without(super().get_config(), "sparse_y_true")


@registry.builtin("metrics")
class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` with one-hot targets and, by default, a number a class for predictions.

    Args:
        num_classes: how many classes there are.
        name, dtype, ignore_class, sparse_y_pred, axis: see `IoU`.

    Example:
        >>> float(OneHotMeanIoU(num_classes=2)([[1, 0], [0, 1]], [[0.9, 0.1], [0.2, 0.8]]))
        1.0
    """

    def __init__(self, num_classes, name=None, dtype=None, ignore_class=None, sparse_y_pred=False, axis=-1):
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        """The arguments to make it again."""
        return _without(super().get_config(), "sparse_y_true")


@registry.builtin("metrics")
class BinaryIoU(IoU):
    """`IoU` of the classes 0 and 1, where a prediction of at least a threshold means class 1.

    Args:
        target_class_ids: some of 0 and 1.
        threshold: from 0 to 1.
        name, dtype: see `Metric`.

    Raises:
        InvalidArgumentError: an argument has none of these values.

    Example:
        >>> round(float(BinaryIoU(threshold=0.3)([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])), 4)
        0.3333
    """

    def __init__(self, target_class_ids=(0, 1), threshold=0.5, name=None, dtype=None):
        if not 0 <= threshold <= 1:
            raise InvalidArgumentError(f"`threshold` must be between 0 and 1. Received: threshold={threshold!r}")
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch of targets 0 or 1 and predictions of the same shape into account."""
        weights = join_weights(sample_weight, get_mask(y_pred), self.dtype)
        self._add(
            ops.convert_to_tensor(y_true), ops.greater_equal(as_float(y_pred, self.dtype), self.threshold), weights
        )

    def get_config(self) -> dict[str, Any]:
        """`name`, `dtype`, `target_class_ids`, `threshold`."""
        config = super().get_config()
        return {**{name: config[name] for name in ("name", "dtype", "target_class_ids")}, "threshold": self.threshold}
