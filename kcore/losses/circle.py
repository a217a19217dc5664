"""The circle loss, which pulls embeddings of one class together and pushes those of other classes away."""

from __future__ import annotations

from typing import Any

from kcore import ops, registry
from kcore.errors import ShapeError
from kcore.losses._align import as_float
from kcore.losses.loss import LossFunctionWrapper
from kcore.ops.masks import set_mask


def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Any:
    """The circle loss of each embedding against a set of reference embeddings.

    Notation: `s` the similarity (dot product) of an embedding and a reference; `P` the references of its class, `N`
    the others; `a = max(1 + margin - s, 0)` and `b = max(s + margin, 0)`, through which no gradient flows. The loss
    is `softplus(logsumexp over N of gamma*b*(s - margin) + logsumexp over P of -gamma*a*(s - 1 + margin))`,
    and 0 where `P` or `N` is empty, which a loss leaves out of its mean.

    Args:
        y_true: class indices, `(batch,)` or `(batch, 1)`.
        y_pred: embeddings of length 1, `(batch, dim)`.
        ref_labels: class indices of the references, `(refs,)`; `y_true` if `None`.
        ref_embeddings: the references, `(refs, dim)`; `y_pred` if `None`.
        remove_diagonal: whether embedding `i` isn't compared with reference `i`.
        gamma: the scale.
        margin: the margin, from 0 to 1.

    Returns:
        `(batch,)`.

    Raises:
        ShapeError: `y_pred` isn't a matrix.

    Source: Sun et al., arXiv 2002.10857.

    Example:
        >>> import numpy as np
        >>> circle(np.array([0, 1]), np.array([[1.0, 0.0], [0.0, 1.0]])).tolist()
        [0.0, 0.0]
    """
    y_pred = as_float(y_pred)
    if len(y_pred.shape) != 2:
        raise ShapeError(
            f"`y_pred` must be a matrix of one embedding a row. Received: y_pred.shape={tuple(y_pred.shape)}"
        )
    labels = ops.reshape(y_true, (-1, 1))
    ref_labels = labels if ref_labels is None else ref_labels
    references = y_pred if ref_embeddings is None else as_float(ref_embeddings, y_pred.dtype)
    s = ops.matmul(y_pred, ops.transpose(references))
    same = ops.equal(labels, ops.reshape(ref_labels, (1, -1)))
    positive, negative = same, ops.logical_not(same)
    if remove_diagonal:
        positive = ops.logical_and(positive, ops.logical_not(ops.eye(s.shape[0], s.shape[1], dtype="bool")))
    a = ops.stop_gradient(ops.relu(1.0 + margin - s))
    b = ops.stop_gradient(ops.relu(s + margin))
    pull = _masked_logsumexp(-gamma * a * (s - (1.0 - margin)), positive)
    push = _masked_logsumexp(gamma * b * (s - margin), negative)
    both = ops.logical_and(ops.any(positive, axis=1), ops.any(negative, axis=1))
    values = ops.where(both, ops.softplus(pull + push), 0.0)
    set_mask(values, both)
    return values


def _masked_logsumexp(x: Any, mask: Any) -> Any:
    return ops.logsumexp(ops.where(mask, x, -1e30 if x.dtype != "float16" else -3e4), axis=1)


circle.takes_class_indices = True  # type: ignore[attr-defined]


@registry.builtin("losses")
class Circle(LossFunctionWrapper):
    """The loss `circle`; the embeddings should be of length 1 (`ops.normalize` as the last layer).

    Args:
        gamma, margin, remove_diagonal: see `circle`.
        reduction, name, dtype: see `Loss`.

    Example:
        >>> float(Circle()([0, 1], [[1.0, 0.0], [0.0, 1.0]]))
        0.0
    """

    def __init__(
        self, gamma=80.0, margin=0.4, remove_diagonal=True, reduction="sum_over_batch_size", name="circle", dtype=None
    ):
        options = {"gamma": gamma, "margin": margin, "remove_diagonal": remove_diagonal}
        super().__init__(circle, reduction, name, dtype, **options)
