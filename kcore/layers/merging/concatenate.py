"""Joining tensors along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kcore import ops, registry
from kcore.errors import InvalidArgumentError, ShapeError
from kcore.layers._parts import describe
from kcore.layers.layer import Layer
from kcore.layers.merging.base_merge import check_list, input_list, merge_masks


@registry.builtin("layers")
class Concatenate(Layer):
    """Joins a list of tensors along an axis.

    Args:
        axis: the axis along which they are joined; all others agree.
        **kwargs: options of every layer.

    Call arguments:
        inputs: a list of tensors of one rank.

    Returns: one tensor of this rank. Its mask joins those of the inputs, where an input without a mask counts as
        unmasked.

    Raises:
        ShapeError: if the shapes differ in another axis.

    >>> import numpy as np
    >>> Concatenate()([np.ones((2, 3), "float32"), np.ones((2, 4), "float32")]).shape
    (2, 7)
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        self.compute_output_shape(input_shape)
        self.built = True

    def call(self, inputs: Any) -> Any:
        return ops.concatenate(input_list(self, inputs), axis=self.axis)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        shapes = check_list(self, input_shape)
        first = shapes[0]
        if not -len(first) <= self.axis < len(first):
            raise InvalidArgumentError(
                f"`axis` must be an axis of the inputs of shapes {shapes}. Received: axis={self.axis}"
            )
        axis = self.axis % len(first)
        result = list(first)
        for shape in shapes[1:]:
            matching = len(shape) == len(first)
            for index, (size, other) in enumerate(zip(result, shape, strict=matching)):
                if index != axis and None not in (size, other) and size != other:
                    matching = False
                result[index] = _joined(size, other) if index == axis else (other if size is None else size)
            if not matching:
                raise ShapeError(
                    f"Layer '{self.name}' joins along axis {axis}, and all other axes must agree. Received: {shapes}"
                )
        return tuple(result)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        masks = merge_masks(self, inputs, mask)
        if masks is None:
            return None
        axis = self.axis % len(inputs[0].shape)
        rank = max(len(entry.shape) for entry in masks if entry is not None)
        filled = [_full_mask(x, entry, rank, axis) for x, entry in zip(inputs, masks, strict=True)]
        if axis < rank:
            return ops.concatenate(filled, axis=axis)
        union = filled[0]
        for entry in filled[1:]:
            union = ops.logical_or(union, entry)
        return union

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "axis")


def _joined(size: int | None, other: int | None) -> int | None:
    return None if size is None or other is None else size + other


def _full_mask(x: Any, mask: Any, rank: int, axis: int) -> Any:
    """The mask of `x` of `rank` axes: all true where there is none, and of the input's own size along `axis`."""
    shape = tuple(x.shape[:rank])
    if mask is None:
        return ops.ones(shape, dtype="bool")
    while len(mask.shape) < rank:
        mask = ops.expand_dims(mask, -1)
    return ops.broadcast_to(mask, shape) if axis < rank else mask


def concatenate(inputs: Sequence[Any], axis: int = -1, **kwargs: Any) -> Any:
    """What a new `Concatenate(axis, **kwargs)` gives for `inputs`."""
    return Concatenate(axis=axis, **kwargs)(inputs)
