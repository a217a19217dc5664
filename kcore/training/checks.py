"""Checks of data against the model, made on the host before the first step, so that errors name what doesn't fit."""

from __future__ import annotations

from typing import Any

import numpy as np

from kcore import losses, tree
from kcore.engine import backend
from kcore.errors import InvalidArgumentError, ShapeError
from kcore.training.outputs import Outputs


def check_inputs(model: Any, x: Any) -> None:
    """Compare the inputs of a batch with a functional model's input layers.

    Args:
        model: any model; one without declared inputs takes whatever it takes.
        x: the inputs of a batch, or what has their shapes.

    Raises:
        InvalidArgumentError: there are too many or too few inputs, or one is missing from a dict.
        ShapeError: an input hasn't the shape that its input layer expects.
    """
    try:
        declared = tree.flatten(model.inputs)
    except AttributeError:
        return
    if not declared or any(tensor is None for tensor in declared):
        return
    arrays = [x] if hasattr(x, "shape") and len(declared) == 1 else _arrays_by_input(x, _names(model, declared))
    for number, (tensor, array) in enumerate(zip(declared, arrays, strict=True)):
        if array is not None and not _fits(tuple(array.shape), tuple(tensor.shape)):
            name = _names(model, declared)[number]
            raise ShapeError(
                f"The data for the input layer '{name}' must have shape {_with_batch(tensor.shape)}. "
                f"Received: an array of shape {tuple(array.shape)}"
            )


def _names(model: Any, declared: list[Any]) -> list[str]:
    return list(getattr(model, "input_names", None) or [tensor.name for tensor in declared])


def _arrays_by_input(x: Any, names: list[str]) -> list[Any]:
    if isinstance(x, dict):
        missing = [name for name in names if name not in x]
        if missing and len(x) != len(names):
            raise InvalidArgumentError(
                f"`x` must hold the inputs {', '.join(names)}. Received: {', '.join(map(str, x))}"
            )
        return list(x.values()) if missing else [x[name] for name in names]
    arrays = tree.flatten(x)
    if len(arrays) != len(names):
        raise InvalidArgumentError(
            f"`x` must hold {len(names)} arrays, one for each input layer ({', '.join(names)}). "
            f"Received: {len(arrays)} arrays"
        )
    return arrays


def _fits(shape: tuple, expected: tuple) -> bool:
    """Whether data fits, the batch axis aside; a trailing axis of 1 may be missing or superfluous."""
    if _same(shape, expected) or _same((*shape, 1), expected):
        return True
    return len(shape) > 1 and shape[-1] == 1 and _same(shape[:-1], expected)


def _same(shape: tuple, expected: tuple) -> bool:
    if len(shape) != len(expected):
        return False
    pairs = zip(shape[1:], expected[1:], strict=True)
    return shape[1:] == expected[1:] or all(b is None or a == b for a, b in pairs)


def _with_batch(shape: Any) -> str:
    return "(" + ", ".join(["batch", *("any" if size is None else str(size) for size in shape[1:])]) + ")"


def class_counts(y_pred: Any, outputs: Outputs) -> list[int | None]:
    """The size of the last axis of each output; 2 for a single unit; None if unknown."""
    sizes = [tensor.shape[-1] if len(tensor.shape) > 1 else None for tensor in outputs.flatten(y_pred)]
    return [None if size is None else max(2, int(size)) for size in sizes]


def check_labels(y: Any, outputs: Outputs, its_losses: list[Any], y_pred: Any) -> None:
    """Compare class indices with the number of classes, for the outputs with a sparse categorical loss.

    Args:
        y: all targets, in arrays or in what has an `array`.
        outputs: the model's outputs.
        its_losses: a loss an output, or None.
        y_pred: what has the shapes of the predictions.

    Raises:
        InvalidArgumentError: a label isn't in `[0, classes)`.
    """
    targets = outputs.split(y, "y")
    for name, target, loss, prediction in zip(outputs.names, targets, its_losses, outputs.flatten(y_pred), strict=True):
        if getattr(loss, "fn", None) is losses.sparse_categorical_crossentropy and target is not None:
            _check_range(getattr(target, "array", target), prediction.shape[-1], name, _ignored(loss))


def _ignored(loss: Any) -> Any:
    return loss.get_config().get("ignore_class")


def _check_range(labels: Any, classes: int | None, output: str, ignored: Any) -> None:
    if classes is None or not hasattr(labels, "shape"):
        return
    if not isinstance(labels, np.ndarray):
        if not backend.current().is_tensor(labels):
            return
        labels = backend.current().to_numpy(labels)
    if not labels.size:
        return
    wrong = (labels < 0) | (labels >= classes)
    if ignored is not None:
        wrong &= labels != ignored
    if wrong.any():
        where = int(np.argmax(wrong.reshape(len(labels), -1).any(axis=1)))
        label = labels[wrong].ravel()[0]
        raise InvalidArgumentError(
            f"`y` holds the label {label} at sample {where}, but output '{output}' has {classes} classes, so that "
            f"labels must be integers from 0 to {classes - 1}. Received: labels from {labels.min()} to {labels.max()}"
        )
