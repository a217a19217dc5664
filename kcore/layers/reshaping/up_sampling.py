"""Making sequences, images and volumes larger by whole factors."""

from __future__ import annotations

from typing import Any

import numpy as np

from kcore import ops, registry
from kcore.layers._parts import check_choice, check_tuple, describe
from kcore.layers.reshaping._spatial import SpatialLayer
from kcore.ops.resizing import resize_axis


class _UpSampling(SpatialLayer):
    """Repeats each value `size[i]` times along spatial axis number i."""

    size: tuple[int, ...]

    def __init__(self, size: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        self.size = check_tuple("size", size, self.rank)

    def call(self, inputs: Any) -> Any:
        for axis, factor in zip(self.spatial_axes, self.size, strict=True):
            inputs = self.enlarge(inputs, axis, factor)
        return inputs

    def enlarge(self, x: Any, axis: int, factor: int) -> Any:
        """`x` with each value repeated `factor` times along `axis`."""
        if factor == 1:
            return x
        shape = tuple(x.shape)
        split = ops.broadcast_to(ops.expand_dims(x, axis + 1), (*shape[: axis + 1], factor, *shape[axis + 1 :]))
        return ops.reshape(split, (*shape[:axis], shape[axis] * factor, *shape[axis + 1 :]))

    def resized(self, size: int, index: int) -> int:
        return size * self.size[index]

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "size", "data_format")


@registry.builtin("layers")
class UpSampling1D(_UpSampling):
    """Repeats each step of a sequence.

    Args:
        size: number of repetitions.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, steps, features)`.

    Returns: `(batch, steps * size, features)`.

    >>> import numpy as np
    >>> UpSampling1D(2)(np.array([[[1.0], [2.0]]], "float32")).ravel().tolist()
    [1.0, 1.0, 2.0, 2.0]
    """

    rank = 1

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(size, "channels_last", **kwargs)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config() | {"size": self.size[0]}
        del config["data_format"]
        return config


@registry.builtin("layers")
class UpSampling2D(_UpSampling):
    """Enlarges images by whole factors.

    Args:
        size: the factor of rows and that of columns, or one for both.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        interpolation: `"nearest"` repeats values; `"bilinear"` interpolates between them, with the centres of pixels
            half a pixel from their corner, and the border's value beyond the border; `"bicubic"`, `"lanczos3"`,
            `"lanczos5"` as `ops.image.resize` has them.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` if the channels are first.

    Returns: a tensor of the same rank, larger along the spatial axes.

    Raises:
        InvalidArgumentError: if a factor isn't a positive integer, or the interpolation is another.

    >>> import numpy as np
    >>> UpSampling2D(2)(np.ones((1, 2, 3, 1), "float32")).shape
    (1, 4, 6, 1)
    """

    rank = 2

    def __init__(
        self, size: Any = (2, 2), data_format: str | None = None, interpolation: str = "nearest", **kwargs: Any
    ) -> None:
        super().__init__(size, data_format, **kwargs)
        self.interpolation = check_choice(
            "interpolation", interpolation, ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
        )

    def enlarge(self, x: Any, axis: int, factor: int) -> Any:
        if self.interpolation == "nearest" or factor == 1:
            return super().enlarge(x, axis, factor)
        if self.interpolation == "bilinear":
            return _interpolate(x, axis, factor)
        return resize_axis(x, axis, x.shape[axis] * factor, self.interpolation, False)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "interpolation")


@registry.builtin("layers")
class UpSampling3D(_UpSampling):
    """Enlarges volumes by whole factors, repeating their values.

    Args:
        size: the factor of each spatial axis, or one for all.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, *three sizes, channels)`, or `(batch, channels, *three sizes)` if the channels are first.

    Returns: a tensor of the same rank, larger along the spatial axes.

    >>> import numpy as np
    >>> UpSampling3D(2)(np.ones((1, 2, 2, 2, 1), "float32")).shape
    (1, 4, 4, 4, 1)
    """

    rank = 3

    def __init__(self, size: Any = (2, 2, 2), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(size, data_format, **kwargs)


def _interpolate(x: Any, axis: int, factor: int) -> Any:
    """Linear interpolation along `axis`, for any (also an unknown) size.

    Output number `factor * i + k` lies `offset = (k + 0.5) / factor - 0.5` pixels beyond input `i`: each `k` is a
    fixed mix of the input
    with its neighbour before or after, so that no index depends on the size.
    """
    if factor == 1:
        return x
    before, after = _shifted(x, axis, -1), _shifted(x, axis, 1)
    offsets = (np.arange(factor) + 0.5) / factor - 0.5
    phases = [_mix(x, before, -offset) if offset < 0 else _mix(x, after, offset) for offset in offsets.tolist()]
    shape = tuple(x.shape)
    return ops.reshape(ops.stack(phases, axis=axis + 1), (*shape[:axis], shape[axis] * factor, *shape[axis + 1 :]))


def _mix(x: Any, neighbour: Any, weight: float) -> Any:
    return ops.add(ops.multiply(x, 1.0 - weight), ops.multiply(neighbour, weight))


def _shifted(x: Any, axis: int, by: int) -> Any:
    """The neighbours along `axis` before (`by=-1`) or after (`by=1`) each value; the border is its own neighbour."""
    head = (slice(None),) * axis
    if by < 0:
        return ops.concatenate([x[(*head, slice(0, 1))], x[(*head, slice(None, -1))]], axis=axis)
    return ops.concatenate([x[(*head, slice(1, None))], x[(*head, slice(-1, None))]], axis=axis)
