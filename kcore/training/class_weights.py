"""Class weights: sample weights that follow from the targets."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from kcore import config
from kcore.engine import backend
from kcore.errors import InvalidArgumentError
from kcore.training.outputs import Outputs


class ClassWeights:
    """Turns `class_weight` into sample weights, batch by batch.

    Args:
        class_weight: a dict from class index to weight, where a class that isn't in it weighs 1; for several
            outputs, a list of such dicts or a dict of them by output name, None for outputs without.
        outputs: the model's outputs.
        classes: the number of classes of each output, or None where unknown.

    Raises:
        InvalidArgumentError: a key isn't a class of the output.
    """

    def __init__(self, class_weight: Any, outputs: Outputs, classes: list[int | None]) -> None:
        self._outputs = outputs
        by_class = isinstance(class_weight, dict) and not any(isinstance(v, dict) for v in class_weight.values())
        if by_class and len(outputs) > 1:
            raise InvalidArgumentError(
                f"`class_weight` must be a list, or a dict by name, of dicts for a model with {len(outputs)} outputs "
                f"({', '.join(outputs.names)}). Received: class_weight={class_weight!r}"
            )
        given = [class_weight] if by_class else outputs.split(class_weight, "class_weight")
        self._tables = [
            None if weights is None else _table(weights, count, name)
            for weights, count, name in zip(given, classes, outputs.names, strict=True)
        ]

    def __call__(self, y: Any, sample_weight: Any) -> Any:
        """Sample weights for a batch: those of the classes in `y`, times `sample_weight` where given."""
        targets = self._outputs.split(y, "y")
        is_shared = not isinstance(sample_weight, (list, tuple, dict))
        given = [sample_weight] * len(targets) if is_shared else self._outputs.split(sample_weight, "sample_weight")
        weights = [
            _weights(table, target, weight) for table, target, weight in zip(self._tables, targets, given, strict=True)
        ]
        return weights[0] if len(weights) == 1 else weights


def _table(class_weight: dict, classes: int | None, output: str) -> np.ndarray:
    for key in class_weight:
        is_index = isinstance(key, numbers.Integral) and not isinstance(key, bool)
        if not is_index or int(key) < 0 or (classes is not None and int(key) >= classes):
            known = "class indices" if classes is None else f"class indices from 0 to {classes - 1}"
            raise InvalidArgumentError(
                f"The keys of `class_weight` must be {known} (output '{output}'). Received: {key!r} in {class_weight!r}"
            )
    table = np.ones(max(class_weight, default=0) + 1, dtype=config.floatx())
    table[list(class_weight)] = list(class_weight.values())
    return table


def _weights(table: np.ndarray | None, y: Any, sample_weight: Any) -> Any:
    if table is None or y is None:
        return sample_weight
    labels = _labels(_on_host(y))
    weights = np.where(labels < len(table), table[np.minimum(labels, len(table) - 1)], table.dtype.type(1))
    if sample_weight is None:
        return weights
    sample_weight = _on_host(sample_weight)
    return weights * sample_weight.reshape(sample_weight.shape + (1,) * (weights.ndim - sample_weight.ndim))


def _on_host(x: Any) -> np.ndarray:
    current = backend.current()
    return current.to_numpy(x) if current.is_tensor(x) else np.asarray(x)


def _labels(y: np.ndarray) -> np.ndarray:
    """Class indices from one-hot rows, from a column or from indices."""
    if y.ndim > 1 and y.shape[-1] > 1:
        return y.argmax(axis=-1)
    return (y[..., 0] if y.ndim > 1 else y).astype(np.intp)
