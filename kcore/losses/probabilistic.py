"""Losses between probability distributions: cross-entropies, divergence, Poisson.

Notation: `t` a target, `p` a predicted probability, `C` the number of classes, `s` the label smoothing. A
cross-entropy takes probabilities, which it keeps `epsilon` away from 0 and 1, or, with `from_logits=True`, logits,
which need no such care.
"""

from __future__ import annotations

import warnings
from typing import Any

from kcore import config, dtypes, ops, registry
from kcore.errors import InvalidArgumentError, ShapeError
from kcore.losses._align import as_float, float_pair, same_dim
from kcore.losses.loss import LossFunctionWrapper
from kcore.ops.masks import set_mask

_SUM = "sum_over_batch_size"


def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """The Kullback-Leibler divergence `sum(t * log(t / p))` over the last axis, with `t` and `p` kept in `[epsilon,
    1]`.

    Args:
        y_true: target distributions, `(batch, d0, ..., dn)`.
        y_pred: predicted distributions, `(batch, d0, ..., dn)`.

    Returns:
        `(batch, d0, ..., dn-1)`.

    Raises:
        ShapeError: the shapes don't fit.

    Example:
        >>> import numpy as np
        >>> kl_divergence(np.array([[0.5, 0.5]]), np.array([[0.5, 0.5]])).tolist()
        [0.0]
    """
    y_true, y_pred = float_pair(y_true, y_pred)
    y_true = ops.clip(y_true, config.epsilon(), 1.0)
    y_pred = ops.clip(y_pred, config.epsilon(), 1.0)
    return ops.sum(y_true * ops.log(y_true / y_pred), axis=-1)


def poisson(y_true: Any, y_pred: Any) -> Any:
    """`mean(p - t * log(p + epsilon))` over the last axis: the Poisson likelihood of counts `t` at rate `p`, without
    its constant.

    Args:
        y_true: target counts, `(batch, d0, ..., dn)`.
        y_pred: predicted rates, `(batch, d0, ..., dn)`; NaN where negative.

    Returns:
        `(batch, d0, ..., dn-1)`.

    Raises:
        ShapeError: the shapes don't fit.

    Example:
        >>> import numpy as np
        >>> poisson(np.array([[0.0, 0.0]]), np.array([[1.0, 2.0]])).tolist()
        [1.5]
    """
    y_true, y_pred = float_pair(y_true, y_pred)
    return ops.mean(y_pred - y_true * ops.log(y_pred + config.epsilon()), axis=-1)


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """`mean(-t * log(p) - (1 - t) * log(1 - p))` over `axis`.

    Args:
        y_true: targets from 0 to 1, `(batch, d0, ..., dn)`.
        y_pred: predicted probabilities or logits, `(batch, d0, ..., dn)`.
        from_logits: whether `y_pred` holds logits.
        label_smoothing: `s` from 0 to 1: a target becomes `t * (1 - s) + s / 2`.
        axis: the axis that the mean is taken over.

    Returns:
        The shape without `axis`.

    Raises:
        ShapeError: the shapes don't fit.
        InvalidArgumentError: `label_smoothing` is outside 0 to 1.

    Example:
        >>> import numpy as np
        >>> round(float(binary_crossentropy(np.array([[1.0]]), np.array([[0.5]]))[0]), 4)
        0.6931
    """
    y_true, y_pred = float_pair(y_true, y_pred)
    y_true = smooth(y_true, label_smoothing, 2)
    return ops.mean(ops.binary_crossentropy(y_true, y_pred, from_logits=from_logits), axis=axis)


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """`-sum(t * log(p))` over `axis`; probabilities are divided by their sum first.

    Args:
        y_true: one-hot targets or distributions, `(batch, d0, ..., C)`.
        y_pred: predicted probabilities or logits, `(batch, d0, ..., C)`.
        from_logits: whether `y_pred` holds logits.
        label_smoothing: `s` from 0 to 1: a target becomes `t * (1 - s) + s / C`.
        axis: the axis of the classes.

    Returns:
        The shape without `axis`.

    Raises:
        ShapeError: `y_true` doesn't have the shape of `y_pred`.
        InvalidArgumentError: `label_smoothing` is outside 0 to 1.

    Example:
        >>> import numpy as np
        >>> round(float(categorical_crossentropy(np.array([[0.0, 1.0]]), np.array([[0.5, 0.5]]))[0]), 4)
        0.6931
    """
    y_true, y_pred = class_pair(y_true, y_pred, axis)
    y_true = smooth(y_true, label_smoothing, y_pred.shape[axis])
    return ops.categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Any:
    """`-log(p[t])`: the cross-entropy with class indices for targets.

    Args:
        y_true: class indices from 0 to C-1 (or `ignore_class`), `(batch, d0, ..., dn)`, or with a dimension of 1 in
            place of the classes.
        y_pred: predicted probabilities or logits, `(batch, d0, ..., dn, C)`.
        from_logits: whether `y_pred` holds logits.
        ignore_class: an index whose samples count for nothing: 0 in the result, and left out of a loss's mean.
        axis: the axis of the classes.

    Returns:
        The shape of `y_pred` without `axis`.

    Raises:
        ShapeError: the shapes don't fit.

    Example:
        >>> import numpy as np
        >>> round(float(sparse_categorical_crossentropy(np.array([1]), np.array([[0.5, 0.5]]))[0]), 4)
        0.6931
    """
    y_pred = as_float(y_pred)
    labels = class_indices(y_true, y_pred, axis)
    if ignore_class is None:
        return ops.sparse_categorical_crossentropy(labels, y_pred, from_logits=from_logits, axis=axis)
    valid = ops.not_equal(labels, ignore_class)
    labels = ops.where(valid, labels, ops.zeros_like(labels))
    values: Any = ops.sparse_categorical_crossentropy(labels, y_pred, from_logits=from_logits, axis=axis)
    values = ops.where(valid, values, 0.0)
    if values.shape:
        set_mask(values, valid)
    return values


sparse_categorical_crossentropy.takes_class_indices = True  # type: ignore[attr-defined]


def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Any:
    """`(1 - p[t]**q) / q`: between cross-entropy (`q` near 0) and mean absolute error (`q` = 1), robust to wrong
    labels.

    Args:
        y_true: class indices, `(batch, d0, ..., dn)`.
        y_pred: predicted probabilities, `(batch, d0, ..., dn, C)`.
        q: from 0 (excluded) to 1.

    Returns:
        `(batch, d0, ..., dn)`.

    Raises:
        ShapeError: the shapes don't fit.
        InvalidArgumentError: `q` isn't between 0 and 1.

    Source: Zhang and Sabuncu, arXiv 1805.07836.

    Example:
        >>> import numpy as np
        >>> categorical_generalized_cross_entropy(np.array([1]), np.array([[0.75, 0.25]]), 0.5).tolist()
        [1.0]
    """
    if not 0 < q <= 1:
        raise InvalidArgumentError(f"`q` must be greater than 0 and at most 1. Received: q={q!r}")
    y_pred = as_float(y_pred)
    labels = ops.expand_dims(class_indices(y_true, y_pred, -1), -1)
    right = ops.squeeze(ops.take_along_axis(y_pred, labels, axis=-1), -1)
    return (1.0 - ops.power(right, q)) / q


categorical_generalized_cross_entropy.takes_class_indices = True  # type: ignore[attr-defined]


def smooth(y_true: Any, amount: float, classes: int) -> Any:
    """Targets moved towards the uniform distribution over `classes` by `amount` (0 leaves them as they are)."""
    if not 0 <= amount <= 1:
        raise InvalidArgumentError(f"`label_smoothing` must be between 0 and 1. Received: label_smoothing={amount!r}")
    return y_true * (1.0 - amount) + amount / classes if amount else y_true


def class_pair(y_true: Any, y_pred: Any, axis: int) -> tuple[Any, Any]:
    """One-hot targets and predictions as float tensors of one shape."""
    y_pred = as_float(y_pred)
    y_true = as_float(y_true, dtypes.standardize_dtype(y_pred.dtype))
    shape, other = tuple(y_true.shape), tuple(y_pred.shape)
    if len(shape) != len(other) or not all(map(same_dim, shape, other)):
        raise ShapeError(
            "`y_true` must have the shape of `y_pred`, with one number a class; for class indices use "
            "`sparse_categorical_crossentropy`. "
            f"Received: y_true.shape={shape}, y_pred.shape={other}"
        )
    if y_pred.shape[axis] == 1:
        warnings.warn(
            "A categorical cross-entropy over one class is always 0: with one output a sample, use "
            "`binary_crossentropy`. "
            f"Received: y_pred.shape={other}",
            stacklevel=3,
        )
    return y_true, y_pred


def class_indices(y_true: Any, y_pred: Any, axis: int) -> Any:
    """Targets as integers, of the shape of `y_pred` without `axis`."""
    y_true = ops.convert_to_tensor(y_true)
    shape, other = tuple(y_true.shape), tuple(y_pred.shape)
    if len(shape) == len(other) and same_dim(shape[axis], 1):
        y_true = ops.squeeze(y_true, axis)
    expected = list(other)
    expected.pop(axis)
    if len(y_true.shape) != len(expected) or not all(map(same_dim, y_true.shape, expected)):
        raise ShapeError(
            f"`y_true` must hold one class index a sample: the shape of `y_pred` without axis {axis}. "
            f"Received: y_true.shape={shape}, y_pred.shape={other}"
        )
    return y_true if dtypes.is_integer(dtypes.standardize_dtype(y_true.dtype)) else ops.cast(y_true, "int32")


@registry.builtin("losses")
class KLDivergence(LossFunctionWrapper):
    """The loss `kl_divergence`.

    Args:
        reduction, name, dtype: see `Loss`.

    Example:
        >>> float(KLDivergence()([[0.5, 0.5]], [[0.5, 0.5]]))
        0.0
    """

    def __init__(self, reduction=_SUM, name="kl_divergence", dtype=None):
        super().__init__(kl_divergence, reduction, name, dtype)


@registry.builtin("losses")
class Poisson(LossFunctionWrapper):
    """The loss `poisson`.

    Args:
        reduction, name, dtype: see `Loss`.

    Example:
        >>> float(Poisson()([[0.0, 0.0]], [[1.0, 2.0]]))
        1.5
    """

    def __init__(self, reduction=_SUM, name="poisson", dtype=None):
        super().__init__(poisson, reduction, name, dtype)


@registry.builtin("losses")
class BinaryCrossentropy(LossFunctionWrapper):
    """The loss `binary_crossentropy`.

    Args:
        from_logits, label_smoothing, axis: see `binary_crossentropy`.
        reduction, name, dtype: see `Loss`.

    Example:
        >>> round(float(BinaryCrossentropy(from_logits=True)([[1.0]], [[0.0]])), 4)
        0.6931
    """

    def __init__(
        self, from_logits=False, label_smoothing=0.0, axis=-1, reduction=_SUM, name="binary_crossentropy", dtype=None
    ):
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(binary_crossentropy, reduction, name, dtype, **options)


@registry.builtin("losses")
class CategoricalCrossentropy(LossFunctionWrapper):
    """The loss `categorical_crossentropy`.

    Args:
        from_logits, label_smoothing, axis: see `categorical_crossentropy`.
        reduction, name, dtype: see `Loss`.

    Example:
        >>> round(float(CategoricalCrossentropy(from_logits=True)([[0.0, 1.0]], [[0.0, 0.0]])), 4)
        0.6931
    """

    def __init__(
        self,
        from_logits=False,
        label_smoothing=0.0,
        axis=-1,
        reduction=_SUM,
        name="categorical_crossentropy",
        dtype=None,
    ):
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(categorical_crossentropy, reduction, name, dtype, **options)


@registry.builtin("losses")
class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """The loss `sparse_categorical_crossentropy`.

    Args:
        from_logits, ignore_class, axis: see `sparse_categorical_crossentropy`.
        reduction, name, dtype: see `Loss`.

    Example:
        >>> round(float(SparseCategoricalCrossentropy(from_logits=True)([1], [[0.0, 0.0]])), 4)
        0.6931
    """

    def __init__(
        self,
        from_logits=False,
        ignore_class=None,
        reduction=_SUM,
        axis=-1,
        name="sparse_categorical_crossentropy",
        dtype=None,
    ):
        options = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(sparse_categorical_crossentropy, reduction, name, dtype, **options)


@registry.builtin("losses")
class CategoricalGeneralizedCrossEntropy(LossFunctionWrapper):
    """The loss `categorical_generalized_cross_entropy`.

    Args:
        q: from 0 (excluded) to 1.
        reduction, name, dtype: see `Loss`.

    Example:
        >>> float(CategoricalGeneralizedCrossEntropy(q=0.5)([1], [[0.75, 0.25]]))
        1.0
    """

    def __init__(self, q=0.5, reduction=_SUM, name="categorical_generalized_cross_entropy", dtype=None):
        if not 0 < q <= 1:
            raise InvalidArgumentError(f"`q` must be greater than 0 and at most 1. Received: q={q!r}")
        super().__init__(categorical_generalized_cross_entropy, reduction, name, dtype, q=q)
