"""Maxima and means over windows."""

from __future__ import annotations

from typing import Any

from kcore import ops, registry
from kcore.errors import ShapeError
from kcore.layers._parts import check_choice, check_data_format, check_tuple, describe
from kcore.layers.convolutional._base import window_length
from kcore.layers.input_spec import InputSpec
from kcore.layers.layer import Layer


class _Pooling(Layer):
    """Applies `pool` (an op that takes the window's size, strides, padding and data format) over `rank` spatial
    axes."""

    rank: int

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.pool_size = check_tuple("pool_size", pool_size, self.rank)
        self.strides = self.pool_size if strides is None else check_tuple("strides", strides, self.rank)
        self.padding = check_choice("padding", padding, ("valid", "same"))
        self.data_format = check_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def build(self, input_shape: Any) -> None:
        self.built = True

    def pool(self, inputs: Any, **window: Any) -> Any:
        """The op of the subclass."""
        raise NotImplementedError

    def call(self, inputs: Any) -> Any:
        self.compute_output_shape(inputs.shape)
        window = {
            "pool_size": self.pool_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
        }
        return self.pool(inputs, **window)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        first = 2 if self.data_format == "channels_first" else 1
        shape = list(input_shape)
        for axis, size, stride in zip(range(first, first + self.rank), self.pool_size, self.strides, strict=True):
            shape[axis] = window_length(input_shape[axis], size, stride, self.padding)
            if input_shape[axis].__class__ is int and shape[axis] <= 0 < input_shape[axis]:
                raise ShapeError(
                    f"Layer '{self.name}' has no output for an input of shape {tuple(input_shape)}: its window of size "
                    f"{self.pool_size} (padding '{self.padding}') doesn't fit"
                )
        return tuple(shape)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "pool_size", "padding", "strides", "data_format")


class _MaxPooling(_Pooling):
    def pool(self, inputs: Any, **window: Any) -> Any:
        return ops.max_pool(inputs, **window)


class _AveragePooling(_Pooling):
    def pool(self, inputs: Any, **window: Any) -> Any:
        return ops.average_pool(inputs, **window)


@registry.builtin("layers", "MaxPool1D")
class MaxPooling1D(_MaxPooling):
    """The largest value of each window of steps.

    Args:
        pool_size: number of steps in a window.
        strides: steps from one window to the next; `None` for windows that touch.
        padding: `"valid"` leaves an incomplete window out, `"same"` gives `ceil(steps / strides)` windows.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        name: the layer's name.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, steps, features)`, or `(batch, features, steps)` if the channels are first.

    Returns: a tensor of the same rank with fewer steps. The gradient goes to the first of equal maxima; a NaN is a
        maximum.

    Raises:
        InvalidArgumentError: if a size isn't positive.
        ShapeError: if no window fits.

    >>> import numpy as np
    >>> MaxPooling1D(2)(np.array([[[1.0], [3.0], [2.0], [0.0]]], "float32")).ravel().tolist()
    [3.0, 2.0]
    """

    rank = 1


@registry.builtin("layers", "MaxPool2D")
class MaxPooling2D(_MaxPooling):
    """The largest value of each window of images.

    Args:
        pool_size: height and width of a window, or one number for both.
        strides: rows and columns from one window to the next; `None` for windows that touch.
        padding: `"valid"` leaves incomplete windows out, `"same"` gives `ceil(size / strides)` windows along an axis.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        name: the layer's name.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` if the channels are first.

    Returns: a tensor of the same rank, smaller along the spatial axes. The gradient goes to the first of equal maxima.

    Raises:
        InvalidArgumentError: if a size isn't positive.
        ShapeError: if no window fits.

    >>> import numpy as np
    >>> MaxPooling2D()(np.ones((1, 4, 6, 3), "float32")).shape
    (1, 2, 3, 3)
    """

    rank = 2


@registry.builtin("layers", "MaxPool3D")
class MaxPooling3D(_MaxPooling):
    """The largest value of each window of volumes.

    Args:
        pool_size: three sizes of a window, or one number for all.
        strides: distances from one window to the next; `None` for windows that touch.
        padding: `"valid"` leaves incomplete windows out, `"same"` gives `ceil(size / strides)` windows along an axis.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        name: the layer's name.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, *three sizes, channels)`, or `(batch, channels, *three sizes)` if the channels are first.

    Returns: a tensor of the same rank, smaller along the spatial axes. The gradient goes to the first of equal maxima.

    >>> import numpy as np
    >>> MaxPooling3D()(np.ones((1, 4, 4, 4, 3), "float32")).shape
    (1, 2, 2, 2, 3)
    """

    rank = 3


@registry.builtin("layers", "AvgPool1D")
class AveragePooling1D(_AveragePooling):
    """The mean of each window of steps.

    Args:
        pool_size: number of steps in a window.
        strides: steps from one window to the next; `None` for windows that touch.
        padding: `"valid"` leaves an incomplete window out, `"same"` gives `ceil(steps / strides)` windows, whose
            padding isn't counted.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        name: the layer's name.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, steps, features)`, or `(batch, features, steps)` if the channels are first.

    Returns: a tensor of the same rank with fewer steps.

    >>> import numpy as np
    >>> AveragePooling1D(2)(np.array([[[1.0], [3.0], [2.0], [0.0]]], "float32")).ravel().tolist()
    [2.0, 1.0]
    """

    rank = 1


@registry.builtin("layers", "AvgPool2D")
class AveragePooling2D(_AveragePooling):
    """The mean of each window of images.

    Args:
        pool_size: height and width of a window, or one number for both.
        strides: rows and columns from one window to the next; `None` for windows that touch.
        padding: `"valid"` leaves incomplete windows out, `"same"` gives `ceil(size / strides)` windows, whose padding
            isn't counted.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        name: the layer's name.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` if the channels are first.

    Returns: a tensor of the same rank, smaller along the spatial axes.

    >>> import numpy as np
    >>> AveragePooling2D()(np.ones((1, 4, 6, 3), "float32")).shape
    (1, 2, 3, 3)
    """

    rank = 2


@registry.builtin("layers", "AvgPool3D")
class AveragePooling3D(_AveragePooling):
    """The mean of each window of volumes.

    Args:
        pool_size: three sizes of a window, or one number for all.
        strides: distances from one window to the next; `None` for windows that touch.
        padding: `"valid"` leaves incomplete windows out, `"same"` gives `ceil(size / strides)` windows, whose padding
            isn't counted.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        name: the layer's name.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, *three sizes, channels)`, or `(batch, channels, *three sizes)` if the channels are first.

    Returns: a tensor of the same rank, smaller along the spatial axes.

    >>> import numpy as np
    >>> AveragePooling3D()(np.ones((1, 4, 4, 4, 3), "float32")).shape
    (1, 2, 2, 2, 3)
    """

    rank = 3
