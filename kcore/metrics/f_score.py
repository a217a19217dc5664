"""F scores: the harmonic means of precision and recall."""

from __future__ import annotations

from typing import Any

from kcore import config, ops, registry
from kcore.errors import InvalidArgumentError, InvalidTypeError, ShapeError
from kcore.losses._align import float_pair, spread
from kcore.metrics.confusion import values_of
from kcore.metrics.metric import Metric
from kcore.metrics.reduction import join_weights

_AVERAGES = (None, "micro", "macro", "weighted")


@registry.builtin("metrics", "fbeta_score")
class FBetaScore(Metric):
    """`(1 + beta**2) * precision * recall / (beta**2 * precision + recall)`.

    Args:
        average: `None` for one score a class, `"micro"` for the score of all classes' counts, `"macro"` for the mean
            of the classes' scores, `"weighted"` for their mean weighed by how often each class occurs.
        beta: the weight of recall against precision.
        threshold: predictions above it are positive; if `None`, the largest of a sample is.
        name, dtype: see `Metric`.

    Raises:
        InvalidArgumentError: an argument has none of these values.

    Example:
        >>> FBetaScore(beta=2.0, threshold=0.5)([[1, 0], [1, 1]], [[0.6, 0.7], [0.4, 0.8]]).round(3).tolist()
        [0.556, 0.833]
    """

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name="fbeta_score",
        dtype: Any = None,
    ):
        if average not in _AVERAGES:
            raise InvalidArgumentError(f"`average` must be one of {_AVERAGES}. Received: average={average!r}")
        if not isinstance(beta, float):
            raise InvalidTypeError(f"`beta` must be a float. Received: beta={beta!r}")
        if beta <= 0:
            raise InvalidArgumentError(f"`beta` must be greater than 0. Received: beta={beta!r}")
        if threshold is not None and not (isinstance(threshold, float) and 0 < threshold <= 1):
            raise InvalidArgumentError(
                f"`threshold` must be a float above 0 and at most 1. Received: threshold={threshold!r}"
            )
        super().__init__(dtype=dtype, name=name)
        self.average, self.beta, self.threshold = average, beta, threshold
        self._counts: dict[str, Any] = {}

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account.

        Args:
            y_true: targets 0 or 1, `(batch, classes)`.
            y_pred: predictions, `(batch, classes)`.
            sample_weight: `(batch,)`, or `None`.

        Raises:
            ShapeError: the shapes aren't `(batch, classes)`.
        """
        y_true, y_pred = float_pair(y_true, y_pred)
        if len(y_pred.shape) != 2:
            raise ShapeError(
                f"`y_pred` must be of shape (batch, classes). Received: y_pred.shape={tuple(y_pred.shape)}"
            )
        truth = ops.cast(y_true, self.dtype)
        found = ops.cast(self._positive(y_pred), self.dtype)
        weights = join_weights(sample_weight, None, self.dtype)
        weighted = truth if weights is None else truth * spread(ops.reshape(weights, (-1, 1)), truth)
        others = 1.0 - truth if weights is None else ops.reshape(weights, (-1, 1)) * (1.0 - truth)
        hits = {
            "true_positives": found * weighted,
            "false_positives": found * others,
            "false_negatives": (1.0 - found) * weighted,
        }
        for kind, values in hits.items():
            if kind not in self._counts:
                self._counts[kind] = self.add_weight(shape=(y_pred.shape[1],), name=kind)
            self._counts[kind].assign(self._counts[kind] + ops.sum(values, axis=0))

    def _positive(self, y_pred: Any) -> Any:
        if self.threshold is not None:
            return ops.greater(y_pred, self.threshold)
        largest = ops.equal(y_pred, ops.max(y_pred, axis=-1, keepdims=True))
        return ops.logical_and(largest, ops.greater(ops.abs(y_pred), 1e-9))

    def result(self) -> Any:
        """The score: a scalar, or one a class."""
        if not self._counts:
            return ops.zeros((), dtype=self.dtype)
        tp, fp, fn = values_of(self._counts)
        if self.average == "micro":
            tp, fp, fn = ops.sum(tp), ops.sum(fp), ops.sum(fn)
        square, epsilon = self.beta**2, config.epsilon()
        precision, recall = tp / (tp + fp + epsilon), tp / (tp + fn + epsilon)
        score = (1.0 + square) * precision * recall / (square * precision + recall + epsilon)
        if self.average == "weighted":
            return ops.sum(score * (tp + fn) / (ops.sum(tp + fn) + epsilon))
        return ops.mean(score) if self.average == "macro" else score

    def get_config(self) -> dict[str, Any]:
        """The arguments to make it again."""
        return {**super().get_config(), "average": self.average, "beta": self.beta, "threshold": self.threshold}


@registry.builtin("metrics")
class F1Score(FBetaScore):
    """`2 * precision * recall / (precision + recall)`.

    Args:
        average, threshold: see `FBetaScore`.
        name, dtype: see `Metric`.

    Example:
        >>> F1Score(threshold=0.5)([[1, 0], [1, 1]], [[0.6, 0.7], [0.4, 0.8]]).round(3).tolist()
        [0.667, 0.667]
    """

    def __init__(self, average: str | None = None, threshold: float | None = None, name="f1_score", dtype: Any = None):
        super().__init__(average=average, beta=1.0, threshold=threshold, name=name, dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments to make it again."""
        config = super().get_config()
        del config["beta"]
        return config
