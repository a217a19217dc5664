"""What the layer families share: checked arguments, configs read off attributes, and the layer that keeps its input's
shape.

Every `check_*` function returns the canonical value of an argument, or raises an `InvalidArgumentError` that names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from kcore import activations, config, constraints, initializers, ops, regularizers
from kcore.engine import primitives as P
from kcore.engine.fused import fused_op
from kcore.errors import InvalidArgumentError, InvalidTypeError, UnsupportedError
from kcore.layers.layer import Layer
from kcore.ops._common import promote

_SERIALIZERS = {
    "activation": activations.serialize,
    "initializer": initializers.serialize,
    "regularizer": regularizers.serialize,
    "constraint": constraints.serialize,
}


def describe(layer: object, *names: str) -> dict[str, Any]:
    """The config entries called `names`, read off the layer's attributes and made serializable by the kind that the
    name ends in."""
    return {name: _plain(name, getattr(layer, name)) for name in names}


def _plain(name: str, value: Any) -> Any:
    serialize = _SERIALIZERS.get(name.rpartition("_")[2])
    if serialize is not None and value is not None:
        return serialize(value)
    if isinstance(value, (tuple, list)):
        return [_plain("", entry) for entry in value]
    return value


def refuse(kwargs: dict[str, Any], *names: str) -> None:
    """Takes the options called `names` out of `kwargs`: files of Keras 3 carry them as `None`, and any other value is
    refused."""
    for name in names:
        value = kwargs.pop(name, None)
        if value is not None:
            raise UnsupportedError(f"`{name}` isn't supported yet; leave it out. Received: {name}={value!r}")


def drop(kwargs: dict[str, Any], *names: str) -> None:
    """Takes the options called `names` out of `kwargs`: older Keras tuned an implementation with them, and results
    never depend on them."""
    for name in names:
        kwargs.pop(name, None)


def check_positive(name: str, value: Any) -> int:
    """`value` as a positive integer."""
    if isinstance(value, bool) or not _is_integer(value) or value <= 0:
        raise InvalidArgumentError(f"`{name}` must be a positive integer. Received: {name}={value!r}")
    return int(value)


def check_rate(name: str, value: Any) -> float:
    """`value` as the fraction of units that a dropout drops, from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise InvalidArgumentError(f"`{name}` must be a number from 0 to 1. Received: {name}={value!r}")
    return float(value)


def check_choice(name: str, value: Any, allowed: Iterable[Any]) -> Any:
    """`value`, lower-cased where it is a string, which has to be one of `allowed`."""
    value = value.lower() if isinstance(value, str) else value
    allowed = tuple(allowed)
    if value not in allowed:
        raise InvalidArgumentError(
            f"`{name}` must be one of {', '.join(map(repr, allowed))}. Received: {name}={value!r}"
        )
    return value


def check_data_format(value: str | None) -> str:
    """The data format: `"channels_last"` or `"channels_first"`, and the configured one for `None`."""
    return check_choice("data_format", value or config.image_data_format(), ("channels_last", "channels_first"))


def check_tuple(name: str, value: Any, rank: int, minimum: int = 1) -> tuple[int, ...]:
    """`value` (an integer for all dimensions, or one integer a dimension) as a tuple of `rank` integers of at least
    `minimum`."""
    entries = (value,) * rank if _is_integer(value) else value
    valid = (
        isinstance(entries, Sequence)
        and len(entries) == rank
        and all(_is_integer(entry) and entry >= minimum for entry in entries)
    )
    if not valid:
        kind = "positive" if minimum == 1 else "non-negative"
        raise InvalidArgumentError(
            f"`{name}` must be a {kind} integer or a tuple of {rank} of them. Received: {name}={value!r}"
        )
    return tuple(int(entry) for entry in entries)


def check_pairs(name: str, value: Any, rank: int) -> tuple[tuple[int, int], ...]:
    """`value` as a `(before, after)` pair a dimension: from an integer, one integer a dimension, or the pairs
    themselves."""
    entries = (value,) * rank if _is_integer(value) else value
    if not isinstance(entries, Sequence) or len(entries) != rank:
        raise InvalidArgumentError(f"`{name}` must be an integer or have {rank} entries. Received: {name}={value!r}")
    pairs = [(entry, entry) if _is_integer(entry) else tuple(entry) for entry in entries]
    if any(len(pair) != 2 or any(not _is_integer(size) or size < 0 for size in pair) for pair in pairs):
        raise InvalidArgumentError(
            f"`{name}` must hold non-negative integers or pairs of them. Received: {name}={value!r}"
        )
    return tuple((int(before), int(after)) for before, after in pairs)


def check_axes(name: str, axes: Sequence[int], rank: int) -> tuple[int, ...]:
    """`axes` of a tensor of `rank` dimensions as sorted non-negative integers."""
    if any(not -rank <= axis < rank for axis in axes):
        raise InvalidArgumentError(
            f"`{name}` must lie in [{-rank}, {rank}) for an input of rank {rank}. Received: {name}={tuple(axes)}"
        )
    return tuple(sorted({axis % rank for axis in axes}))


def known_dim(layer: Layer, input_shape: Sequence[int | None], axis: int) -> int:
    """The size of `axis` of the input, which the layer's weights depend on and which therefore has to be known."""
    rank = len(input_shape)
    if not -rank <= axis < rank:
        raise InvalidArgumentError(
            f"Layer '{layer.name}' needs the input's axis {axis}. Received: input_shape={tuple(input_shape)}"
        )
    size = input_shape[axis]
    if size is None:
        raise InvalidArgumentError(
            f"Layer '{layer.name}' makes its weights by the size of the input's axis {axis}, which has to be known. "
            f"Received: input_shape={tuple(input_shape)}"
        )
    return int(size)


@fused_op("linear")
def linear(x: Any, kernel: Any, bias: Any) -> Any:
    """`x` (rows, n) times `kernel` (n, m) plus `bias` (m,)."""
    return P.add(P.matmul(x, kernel), bias)


def project(x: Any, kernel: Any, bias: Any = None) -> Any:
    """`x` (..., n) times `kernel` (n, m), plus `bias` (m,) if there is one, as one matrix product: (..., m)."""
    lead, rows = tuple(x.shape[:-1]), 1
    for size in lead:
        rows = rows * size
    flat = x if len(lead) == 1 else ops.reshape(x, (rows, x.shape[-1]))
    out = ops.matmul(flat, kernel) if bias is None else linear(*promote(flat, kernel, bias))
    return out if len(lead) == 1 else ops.reshape(out, (*lead, kernel.shape[-1]))


def check_number(name: str, value: Any) -> float:
    """`value` as a non-negative float."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InvalidTypeError(f"`{name}` must be a number. Received: {name}={value!r}")
    if not value >= 0:
        raise InvalidArgumentError(f"`{name}` must not be negative. Received: {name}={value!r}")
    return float(value)


def _is_integer(value: Any) -> bool:
    return hasattr(value, "__index__") and not isinstance(value, bool)


class SameShape(Layer):
    """A layer without weights whose output has the shape of its input, and which passes a mask on."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape
