"""Maxima and means over all steps or pixels."""

from __future__ import annotations

from typing import Any

from kcore import ops, registry
from kcore.layers._parts import check_data_format, describe
from kcore.layers.input_spec import InputSpec
from kcore.layers.layer import Layer


class _GlobalPooling(Layer):
    """Reduces the `rank` spatial axes."""

    rank: int

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = check_data_format(data_format)
        self.keepdims = keepdims
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def build(self, input_shape: Any) -> None:
        self.built = True

    @property
    def axes(self) -> tuple[int, ...]:
        """The axes that are reduced."""
        first = 2 if self.data_format == "channels_first" else 1
        return tuple(range(first, first + self.rank))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        axes, keep = self.axes, self.keepdims
        return tuple(1 if axis in axes else size for axis, size in enumerate(input_shape) if keep or axis not in axes)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "data_format", "keepdims")


class _GlobalMaxPooling(_GlobalPooling):
    def call(self, inputs: Any) -> Any:
        return ops.max(inputs, axis=self.axes, keepdims=self.keepdims)


class _GlobalAveragePooling(_GlobalPooling):
    def call(self, inputs: Any) -> Any:
        return ops.mean(inputs, axis=self.axes, keepdims=self.keepdims)


@registry.builtin("layers", "GlobalMaxPool1D")
class GlobalMaxPooling1D(_GlobalMaxPooling):
    """The largest value of each feature over all steps.

    Args:
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        keepdims: whether the reduced axis stays, with size 1.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, steps, features)`, or `(batch, features, steps)` if the channels are first.

    Returns: `(batch, features)`.

    >>> import numpy as np
    >>> GlobalMaxPooling1D()(np.ones((2, 3, 4), "float32")).shape
    (2, 4)
    """

    rank = 1


@registry.builtin("layers", "GlobalMaxPool2D")
class GlobalMaxPooling2D(_GlobalMaxPooling):
    """The largest value of each channel over all pixels.

    Args:
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        keepdims: whether the reduced axes stay, with size 1.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` if the channels are first.

    Returns: `(batch, channels)`.

    >>> import numpy as np
    >>> GlobalMaxPooling2D()(np.ones((2, 3, 3, 4), "float32")).shape
    (2, 4)
    """

    rank = 2


@registry.builtin("layers", "GlobalMaxPool3D")
class GlobalMaxPooling3D(_GlobalMaxPooling):
    """The largest value of each channel over all voxels.

    Args:
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        keepdims: whether the reduced axes stay, with size 1.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, *three sizes, channels)`, or `(batch, channels, *three sizes)` if the channels are first.

    Returns: `(batch, channels)`.

    >>> import numpy as np
    >>> GlobalMaxPooling3D()(np.ones((2, 3, 3, 3, 4), "float32")).shape
    (2, 4)
    """

    rank = 3


@registry.builtin("layers", "GlobalAvgPool1D")
class GlobalAveragePooling1D(_GlobalAveragePooling):
    """The mean of each feature over all steps, or over those that aren't masked.

    Args:
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        keepdims: whether the reduced axis stays, with size 1.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, steps, features)`, or `(batch, features, steps)` if the channels are first.
        mask: `(batch, steps)`, booleans; where all steps of a sample are masked, its mean is 0.

    Returns: `(batch, features)`, without a mask.

    >>> import numpy as np
    >>> GlobalAveragePooling1D()(np.ones((2, 3, 4), "float32"), mask=np.ones((2, 3), bool)).shape
    (2, 4)
    """

    rank = 1

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(data_format, keepdims, **kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is None:
            return super().call(inputs)
        weights = ops.expand_dims(ops.cast(mask, inputs.dtype), 1 if self.axes == (2,) else 2)
        total = ops.sum(ops.multiply(inputs, weights), axis=self.axes, keepdims=self.keepdims)
        count = ops.sum(weights, axis=self.axes, keepdims=self.keepdims)
        return ops.divide(total, ops.maximum(count, 1))

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None


@registry.builtin("layers", "GlobalAvgPool2D")
class GlobalAveragePooling2D(_GlobalAveragePooling):
    """The mean of each channel over all pixels.

    Args:
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        keepdims: whether the reduced axes stay, with size 1.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` if the channels are first.

    Returns: `(batch, channels)`.

    >>> import numpy as np
    >>> GlobalAveragePooling2D(keepdims=True)(np.ones((2, 3, 3, 4), "float32")).shape
    (2, 1, 1, 4)
    """

    rank = 2


@registry.builtin("layers", "GlobalAvgPool3D")
class GlobalAveragePooling3D(_GlobalAveragePooling):
    """The mean of each channel over all voxels.

    Args:
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        keepdims: whether the reduced axes stay, with size 1.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, *three sizes, channels)`, or `(batch, channels, *three sizes)` if the channels are first.

    Returns: `(batch, channels)`.

    >>> import numpy as np
    >>> GlobalAveragePooling3D()(np.ones((2, 3, 3, 3, 4), "float32")).shape
    (2, 4)
    """

    rank = 3
