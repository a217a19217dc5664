"""The base of layers that merge several tensors elementwise."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from kcore import ops
from kcore.errors import InvalidArgumentError, ShapeError
from kcore.layers.layer import Layer

Shape = tuple[int | None, ...]


def check_list(layer: Layer, shapes: Any, count: int | None = None) -> list[Shape]:
    """The shapes of the inputs of a merge layer, which have to be a list of at least one, or of exactly `count`."""
    several = (
        isinstance(shapes, (list, tuple))
        and len(shapes) > 0
        and all(isinstance(shape, (list, tuple)) for shape in shapes)
    )
    if not several:
        raise InvalidArgumentError(f"Layer '{layer.name}' merges a list of tensors. Received: input_shape={shapes!r}")
    if count is not None and len(shapes) != count:
        raise InvalidArgumentError(f"Layer '{layer.name}' takes {count} inputs. Received: {len(shapes)} inputs")
    return [tuple(shape) for shape in shapes]


def input_list(layer: Layer, inputs: Any) -> list[Any]:
    """The inputs of a merge layer as a list."""
    if not isinstance(inputs, (list, tuple)):
        raise InvalidArgumentError(
            f"Layer '{layer.name}' merges a list of tensors. Received: one of shape {tuple(inputs.shape)}"
        )
    return list(inputs)


def merge_masks(layer: Layer, inputs: Any, mask: Any) -> list[Any] | None:
    """One mask an input, or `None` where there is none at all."""
    inputs = input_list(layer, inputs)
    if mask is None:
        return None
    if not isinstance(mask, (list, tuple)) or len(mask) != len(inputs):
        raise InvalidArgumentError(
            f"`mask` must be a list with an entry for each of the {len(inputs)} inputs of layer '{layer.name}'"
        )
    return None if all(entry is None for entry in mask) else list(mask)


class Merge(Layer):
    """A layer that folds a list of tensors into one by a function of two; a subclass gives `merge_pair`.

    The tensors broadcast. Where their ranks differ, the axes between the batch and the features are filled up:
    `(batch, n)` meets
    `(batch, steps, n)` as `(batch, 1, n)`. A step of the output is masked where it is masked in all inputs; where one
    input has no
    mask, the output has none.
    """

    required_inputs: int | None = None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        self.compute_output_shape(input_shape)
        self.built = True

    def merge_pair(self, x: Any, y: Any) -> Any:
        """The two tensors, of one rank, as one."""
        raise NotImplementedError

    def call(self, inputs: Any) -> Any:
        return reduce(self.merge_pair, align_ranks(input_list(self, inputs)))

    def compute_output_shape(self, input_shape: Any) -> Shape:
        shapes = check_list(self, input_shape, self.required_inputs)
        rank = max(len(shape) for shape in shapes)
        return reduce(self._broadcast, [_filled(shape, rank) for shape in shapes])

    def _broadcast(self, left: Shape, right: Shape) -> Shape:
        return tuple(self._broadcast_dim(one, other, left, right) for one, other in zip(left, right, strict=True))

    def _broadcast_dim(self, one: int | None, other: int | None, left: Shape, right: Shape) -> int | None:
        if other in (one, 1):
            return one
        if one == 1 or one is None:
            return other
        if other is None:
            return one
        raise ShapeError(
            f"Layer '{self.name}' can't merge inputs of the shapes {left} and {right}: {one} meets {other}"
        )

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        masks = merge_masks(self, inputs, mask)
        if masks is None or any(entry is None for entry in masks):
            return None
        return reduce(ops.logical_or, masks)


def align_ranks(tensors: Sequence[Any]) -> list[Any]:
    """The tensors with axes of size 1 after the batch axis, so that all have the rank of the largest."""
    rank = max(len(x.shape) for x in tensors)
    return [x if len(x.shape) == rank else ops.reshape(x, _filled(tuple(x.shape), rank)) for x in tensors]


def _filled(shape: tuple, rank: int) -> tuple:
    return shape if len(shape) == rank else (*shape[:1], *(1,) * (rank - len(shape)), *shape[1:])
