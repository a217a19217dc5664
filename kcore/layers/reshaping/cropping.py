"""Cutting off the borders."""

from __future__ import annotations

from typing import Any

from kcore import registry
from kcore.errors import ShapeError
from kcore.layers._parts import check_pairs, describe
from kcore.layers.reshaping._spatial import SpatialLayer


class _Cropping(SpatialLayer):
    cropping: tuple[tuple[int, int], ...]

    def __init__(self, cropping: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        self.cropping = check_pairs("cropping", cropping, self.rank)

    def call(self, inputs: Any) -> Any:
        self.compute_output_shape(inputs.shape)
        cuts = [slice(before, -after or None) for before, after in self.cropping]
        return inputs[tuple(self.along_axes(cuts, slice(None)))]

    def resized(self, size: int, index: int) -> int:
        left = size - sum(self.cropping[index])
        if left.__class__ is int and left <= 0:
            raise ShapeError(
                f"Layer '{self.name}' would cut off all of an axis of size {size}. Received: cropping={self.cropping}"
            )
        return left

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "cropping", "data_format")


@registry.builtin("layers")
class Cropping1D(_Cropping):
    """Cuts steps off both ends of a sequence.

    Args:
        cropping: steps on both sides, or a pair `(before, after)`.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, steps, features)`.

    Returns: `(batch, steps - before - after, features)`.

    Raises:
        ShapeError: if nothing is left.

    >>> import numpy as np
    >>> Cropping1D((1, 2))(np.ones((1, 6, 2), "float32")).shape
    (1, 3, 2)
    """

    rank = 1

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(cropping if isinstance(cropping, int) else (cropping,), "channels_last", **kwargs)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config() | {"cropping": list(self.cropping[0])}
        del config["data_format"]
        return config


@registry.builtin("layers")
class Cropping2D(_Cropping):
    """Cuts rows and columns off images.

    Args:
        cropping: one number for all sides, a number for rows and one for columns, or a pair `(before, after)` for each.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` if the channels are first.

    Returns: a tensor of the same rank, smaller along the spatial axes.

    Raises:
        ShapeError: if nothing is left.

    >>> import numpy as np
    >>> Cropping2D(((1, 0), (2, 2)))(np.ones((1, 5, 7, 2), "float32")).shape
    (1, 4, 3, 2)
    """

    rank = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)


@registry.builtin("layers")
class Cropping3D(_Cropping):
    """Cuts the borders off volumes.

    Args:
        cropping: one number for all sides, a number for each spatial axis, or a pair `(before, after)` for each.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, *three sizes, channels)`, or `(batch, channels, *three sizes)` if the channels are first.

    Returns: a tensor of the same rank, smaller along the spatial axes.

    Raises:
        ShapeError: if nothing is left.

    >>> import numpy as np
    >>> Cropping3D(1)(np.ones((1, 5, 5, 5, 2), "float32")).shape
    (1, 3, 3, 3, 2)
    """

    rank = 3

    def __init__(self, cropping: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)
