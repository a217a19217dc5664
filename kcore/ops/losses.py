"""Cross-entropies. Probabilities are limited to `[epsilon, 1 - epsilon]`, logits aren't."""

from __future__ import annotations

from kcore import config
from kcore.engine import primitives as P
from kcore.engine.fused import fused_op
from kcore.engine.tracing import Tracer
from kcore.errors import InvalidArgumentError, ShapeError

from ._common import (
    axis_of,
    cast,
    concrete,
    convert,
    dtype_of,
    is_unknown,
    require_integer,
    shape_of,
    to_float,
    with_gradient,
)
from .activation import log1p_exp
from .operation import op
from .softmax import finite_shift
from .softmax import normalized as _softmax


def _probabilities(x, epsilon: float):
    """Limited to [epsilon, 1 - epsilon]; the gradient is 1 inside and at the edges."""
    out = P.minimum(P.maximum(x, epsilon), 1 - epsilon)
    return with_gradient(out, x, lambda g: P.multiply(g, P.cast(P.equal(x, out), dtype=dtype_of(x))))


def _same_shape(target, output) -> None:
    pairs = zip(shape_of(target), shape_of(output), strict=False)
    differ = any(a != b and not is_unknown(a) and not is_unknown(b) for a, b in pairs)
    if differ or len(shape_of(target)) != len(shape_of(output)):
        raise ShapeError(
            f"`target` and `output` must have one shape. "
            f"Received: target.shape={shape_of(target)}, output.shape={shape_of(output)}"
        )


@op
def binary_crossentropy(target, output, from_logits=False):
    """`-target * log(output) - (1 - target) * log(1 - output)`, elementwise.

    From logits it is computed without overflow and without limits: a wrong logit of 200 costs 200.

    Args:
        target: a tensor of probabilities.
        output: a tensor of the same shape: probabilities, or logits.
        from_logits: whether `output` holds logits.

    Returns:
        A floating tensor of the same shape.

    Raises:
        ShapeError: the shapes differ.

    Example:
        >>> ops.binary_crossentropy([1.0], [-200.0], from_logits=True).tolist()
        [200.0]
    """
    output = to_float(output)
    target = convert(target, dtype_of(output))
    _same_shape(target, output)
    if from_logits:
        return P.subtract(log1p_exp(output), P.multiply(output, target))
    output = _probabilities(output, config.epsilon())
    hit = P.multiply(target, P.log(output))
    miss = P.multiply(P.subtract(1, target), P.log(P.subtract(1, output)))
    return P.negative(P.add(hit, miss))


@op
def categorical_crossentropy(target, output, from_logits=False, axis=-1):
    """`-sum(target * log(output))` along an axis.

    Probabilities are divided by their sum first.

    Args:
        target: a tensor of probabilities (one-hot rows, for instance).
        output: a tensor of the same shape: probabilities, or logits.
        from_logits: whether `output` holds logits.
        axis: the axis of the classes.

    Returns:
        A floating tensor without that axis.

    Raises:
        ShapeError: the shapes differ.

    Example:
        >>> ops.categorical_crossentropy([[0.0, 1.0]], [[0.0, 0.0]], from_logits=True).tolist()
        [0.6931471824645996]
    """
    output = to_float(output)
    target = convert(target, dtype_of(output))
    _same_shape(target, output)
    axes = (axis_of(axis, len(shape_of(output))),)
    if from_logits:
        shifted, normalizer = _log_normalizer(output, axes)
        weight = P.sum(target, axes=axes, keepdims=False)
        return P.subtract(P.multiply(weight, normalizer), P.sum(P.multiply(target, shifted), axes=axes, keepdims=False))
    output = _probabilities(P.divide(output, P.sum(output, axes=axes, keepdims=True)), config.epsilon())
    return P.negative(P.sum(P.multiply(target, P.log(output)), axes=axes, keepdims=False))


def _log_normalizer(logits, axes):
    """Logits moved so that the largest is 0, and log(sum(exp(them))) without the axis."""
    shifted = P.subtract(logits, finite_shift(logits, axes))
    return shifted, P.log(P.sum(P.exp(shifted), axes=axes, keepdims=False))


@op
def sparse_categorical_crossentropy(target, output, from_logits=False, axis=-1):
    """`-log(output[target])` along an axis: the cross-entropy with classes given by number.

    Probabilities are divided by their sum first.

    Args:
        target: class numbers, in the shape of `output` without `axis` (or with size 1 there).
        output: a tensor of probabilities, or logits.
        from_logits: whether `output` holds logits.
        axis: the axis of the classes.

    Returns:
        A floating tensor in the shape of `output` without `axis`.

    Raises:
        ShapeError: the shapes don't fit.
        InvalidArgumentError: a class number isn't in `[0, classes)` (where its value is known; in a captured function
            one beyond the classes is the engine's affair: an error on NumPy, else undefined).

    Example:
        >>> ops.sparse_categorical_crossentropy([1], [[0.0, 0.0]], from_logits=True).tolist()
        [0.6931471824645996]
    """
    output = to_float(output)
    shape = shape_of(output)
    axis = axis_of(axis, len(shape))
    target = _class_numbers(target, shape, axis)
    if from_logits:
        return _crossentropy_of_logits(output, target, axis=axis, epsilon=0.0)
    params = {"axis": axis, "epsilon": config.epsilon()}
    logits = _logits_of(output, axis)
    if logits is not None and _crossentropy_of_logits.has_path((logits, target), params):
        return _crossentropy_of_logits(logits, target, **params)
    return _crossentropy_of_shares(output, target, **params)


def _logits_of(output, axis: int):
    """What `softmax` along the axis made the output of, where that is known."""
    node = output.node if isinstance(output, Tracer) else None
    if node is None or node.primitive.name != "softmax" or node.params["axes"] != (axis,):
        return None
    return node.operands[0]


@fused_op("crossentropy_of_logits")
def _crossentropy_of_logits(logits, target, *, axis, epsilon):
    """-log of the target's share of the softmax along an axis, limited to [epsilon, 1 - epsilon] if epsilon isn't 0."""
    if epsilon:
        return _crossentropy_of_shares(_softmax(logits, axes=(axis,)), target, axis=axis, epsilon=epsilon)
    shifted, normalizer = _log_normalizer(logits, (axis,))
    return P.subtract(normalizer, _pick(shifted, target, axis))


def _crossentropy_of_shares(output, target, *, axis, epsilon):
    """-log of the share that the target has of the probabilities along an axis, limited to [epsilon, 1 - epsilon]."""
    share = P.divide(_pick(output, target, axis), P.sum(output, axes=(axis,), keepdims=False))
    return P.negative(P.log(_probabilities(share, epsilon)))


def _class_numbers(target, shape, axis: int):
    target = convert(target)
    target = target if not dtype_of(target).startswith(("float", "bfloat", "bool")) else cast(target, "int32")
    rest = (*shape[:axis], *shape[axis + 1 :])
    if len(shape_of(target)) == len(shape) and shape_of(target)[axis] == 1:
        target = P.reshape(target, shape=(*shape_of(target)[:axis], *shape_of(target)[axis + 1 :]))
    have = shape_of(target)
    fits = all(a == b or is_unknown(a) or is_unknown(b) for a, b in zip(have, rest, strict=False))
    if len(have) != len(rest) or not fits:
        raise ShapeError(
            f"`target` must have the shape of `output` without `axis`. "
            f"Received: target.shape={have}, output.shape={shape}, axis={axis}"
        )
    require_integer(target, "target")
    return _checked(target, shape[axis])


def _checked(target, classes: int):
    """Class numbers, known ones checked: unlike an index, a class number doesn't count from the end."""
    known = None if is_unknown(classes) else concrete(target)
    if known is not None and known.size and (known.min() < 0 or known.max() >= classes):
        wrong = known.min() if known.min() < 0 else known.max()
        raise InvalidArgumentError(f"`target` must hold class numbers in [0, {classes}). Received: target with {wrong}")
    return target


def _pick(x, target, axis: int):
    """x at the target along the axis, without it."""
    shape = shape_of(target)
    index = P.reshape(target, shape=(*shape[:axis], 1, *shape[axis:]))
    return P.reshape(P.take_along_axis(x, index, axis=axis), shape=shape)
