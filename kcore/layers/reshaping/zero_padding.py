"""Padding with zeros."""

from __future__ import annotations

from typing import Any

from kcore import ops, registry
from kcore.layers._parts import check_pairs, describe
from kcore.layers.reshaping._spatial import SpatialLayer


class _ZeroPadding(SpatialLayer):
    padding: tuple[tuple[int, int], ...]

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        self.padding = check_pairs("padding", padding, self.rank)

    def call(self, inputs: Any) -> Any:
        return ops.pad(inputs, tuple(self.along_axes(self.padding, (0, 0))))

    def resized(self, size: int, index: int) -> int:
        return size + sum(self.padding[index])

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "padding", "data_format")


@registry.builtin("layers")
class ZeroPadding1D(_ZeroPadding):
    """Adds zero steps before and after a sequence.

    Args:
        padding: steps on both sides, or a pair `(before, after)`.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, steps, features)`.

    Returns: `(batch, steps + before + after, features)`.

    >>> import numpy as np
    >>> ZeroPadding1D((1, 2))(np.ones((1, 3, 2), "float32")).shape
    (1, 6, 2)
    """

    rank = 1

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding if isinstance(padding, int) else (padding,), data_format, **kwargs)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"padding": list(self.padding[0])}


@registry.builtin("layers")
class ZeroPadding2D(_ZeroPadding):
    """Adds rows and columns of zeros around images.

    Args:
        padding: one number for all sides, a number for rows and one for columns, or a pair `(before, after)` for each.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` if the channels are first.

    Returns: a tensor of the same rank, larger along the spatial axes.

    >>> import numpy as np
    >>> ZeroPadding2D(((1, 0), (2, 2)))(np.ones((1, 3, 3, 2), "float32")).shape
    (1, 4, 7, 2)
    """

    rank = 2

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)


@registry.builtin("layers")
class ZeroPadding3D(_ZeroPadding):
    """Adds zeros around volumes.

    Args:
        padding: one number for all sides, a number for each spatial axis, or a pair `(before, after)` for each.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, *three sizes, channels)`, or `(batch, channels, *three sizes)` if the channels are first.

    Returns: a tensor of the same rank, larger along the spatial axes.

    >>> import numpy as np
    >>> ZeroPadding3D(1)(np.ones((1, 3, 3, 3, 2), "float32")).shape
    (1, 5, 5, 5, 2)
    """

    rank = 3

    def __init__(self, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)
