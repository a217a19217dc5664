"""The base of layers that change the size of spatial axes, with the channels first or last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kcore.layers._parts import check_data_format
from kcore.layers.input_spec import InputSpec
from kcore.layers.layer import Layer


class SpatialLayer(Layer):
    """A layer without weights whose input has `rank` spatial axes. A subclass says what becomes of one axis of a
    given size."""

    rank: int

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = check_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def build(self, input_shape: Any) -> None:
        self.built = True

    @property
    def spatial_axes(self) -> range:
        """The spatial axes of the input."""
        first = 2 if self.data_format == "channels_first" else 1
        return range(first, first + self.rank)

    def along_axes(self, entries: Sequence[Any], other: Any) -> list[Any]:
        """One entry for each axis of the input: `entries` for the spatial ones, and `other` for batch and channels."""
        by_axis = dict(zip(self.spatial_axes, entries, strict=True))
        return [by_axis.get(axis, other) for axis in range(self.rank + 2)]

    def resized(self, size: int, index: int) -> int:
        """The size that spatial axis number `index` of size `size` gets."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        shape = list(input_shape)
        for index, axis in enumerate(self.spatial_axes):
            shape[axis] = None if shape[axis] is None else self.resized(shape[axis], index)
        return tuple(shape)
