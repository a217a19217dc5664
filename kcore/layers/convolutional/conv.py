"""Convolutions in one, two and three dimensions."""

from __future__ import annotations

from typing import Any

from kcore import constraints, initializers, ops, registry, regularizers
from kcore.errors import InvalidArgumentError
from kcore.layers._parts import check_positive, describe, known_dim
from kcore.layers.convolutional._base import ConvLayer


class _Conv(ConvLayer):
    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            bias_initializer=bias_initializer,
            bias_regularizer=bias_regularizer,
            bias_constraint=bias_constraint,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.filters = check_positive("filters", filters)
        self.groups = check_positive("groups", groups)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        if self.filters % self.groups:
            raise InvalidArgumentError(f"`groups` must divide `filters`. Received: groups={groups}, filters={filters}")

    def build(self, input_shape: Any) -> None:
        channels = known_dim(self, input_shape, self.channel_axis)
        if channels % self.groups:
            raise InvalidArgumentError(
                f"`groups` of layer '{self.name}' must divide the number of the input's channels, {channels}. "
                f"Received: groups={self.groups}, input_shape={tuple(input_shape)}"
            )
        self.check_sizes(input_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(*self.kernel_size, channels // self.groups, self.filters),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.build_bias(input_shape, self.filters)

    def convolve(self, inputs: Any) -> Any:
        return self.convolution_op(inputs, self.kernel)

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """The convolution of `inputs` with any `kernel` of the shape of the layer's, without bias and activation."""
        inputs, window = self.pad_causally(inputs)
        return ops.conv(inputs, kernel, **window)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        return self.output_shape_with(input_shape, self.filters)

    def get_config(self) -> dict[str, Any]:
        own = describe(self, "filters", "groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint")
        return super().get_config() | own


@registry.builtin("layers", "Convolution1D")
class Conv1D(_Conv):
    """A convolution over time: each step of the output is an affine function of `kernel_size` steps of the input.

    Args:
        filters: number of output features.
        kernel_size: number of steps that the kernel spans.
        strides: steps from one position to the next.
        padding: `"valid"` for none, `"same"` for an output of `ceil(steps / strides)`, `"causal"` for one where no
            step sees a later one.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        dilation_rate: distance of the steps that the kernel looks at.
        groups: number of parts into which the features are split and convolved separately.
        activation: a function or its name; `None` for none.
        use_bias: whether a bias is added.
        kernel_initializer: what fills `kernel`, of shape `(kernel_size, features // groups, filters)`.
        bias_initializer: what fills `bias`, of shape `(filters,)`.
        kernel_regularizer: a penalty on the kernel.
        bias_regularizer: a penalty on the bias.
        activity_regularizer: a penalty on the output.
        kernel_constraint: what is applied to the kernel after each update.
        bias_constraint: what is applied to the bias after each update.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, steps, features)`, or `(batch, features, steps)` if the channels are first.

    Returns: `(batch, new steps, filters)`, or `(batch, filters, new steps)`.

    Raises:
        InvalidArgumentError: if a size isn't positive, strides meet a dilation, or `groups` doesn't divide the
            features.
        ShapeError: if the kernel doesn't fit into the input.

    >>> import numpy as np
    >>> Conv1D(4, 3, padding="causal")(np.ones((2, 6, 5), "float32")).shape
    (2, 6, 4)
    """

    rank = 1
    paddings = ("valid", "same", "causal")


@registry.builtin("layers", "Convolution2D")
class Conv2D(_Conv):
    """A convolution over images.

    Args:
        filters: number of output channels.
        kernel_size: height and width of the kernel, or one number for both.
        strides: rows and columns from one position to the next.
        padding: `"valid"` for none, `"same"` for an output of `ceil(size / strides)`; an odd zero goes to the bottom
            and the right.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        dilation_rate: distance of the pixels that the kernel looks at.
        groups: number of parts into which the channels are split and convolved separately.
        activation: a function or its name; `None` for none.
        use_bias: whether a bias is added.
        kernel_initializer: what fills `kernel`, of shape `(*kernel_size, channels // groups, filters)`.
        bias_initializer: what fills `bias`, of shape `(filters,)`.
        kernel_regularizer: a penalty on the kernel.
        bias_regularizer: a penalty on the bias.
        activity_regularizer: a penalty on the output.
        kernel_constraint: what is applied to the kernel after each update.
        bias_constraint: what is applied to the bias after each update.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` if the channels are first.

    Returns: `(batch, new rows, new columns, filters)`, or `(batch, filters, new rows, new columns)`.

    Raises:
        InvalidArgumentError: if a size isn't positive, strides meet a dilation, or `groups` doesn't divide the
            channels.
        ShapeError: if the kernel doesn't fit into the input.

    >>> import numpy as np
    >>> Conv2D(4, 3, activation="relu")(np.ones((2, 8, 8, 1), "float32")).shape
    (2, 6, 6, 4)
    """

    rank = 2


@registry.builtin("layers", "Convolution3D")
class Conv3D(_Conv):
    """A convolution over volumes.

    Args:
        filters: number of output channels.
        kernel_size: three sizes of the kernel, or one number for all.
        strides: distances from one position to the next.
        padding: `"valid"` for none, `"same"` for an output of `ceil(size / strides)`.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        dilation_rate: distance of the voxels that the kernel looks at.
        groups: number of parts into which the channels are split and convolved separately.
        activation: a function or its name; `None` for none.
        use_bias: whether a bias is added.
        kernel_initializer: what fills `kernel`, of shape `(*kernel_size, channels // groups, filters)`.
        bias_initializer: what fills `bias`, of shape `(filters,)`.
        kernel_regularizer: a penalty on the kernel.
        bias_regularizer: a penalty on the bias.
        activity_regularizer: a penalty on the output.
        kernel_constraint: what is applied to the kernel after each update.
        bias_constraint: what is applied to the bias after each update.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, *three sizes, channels)`, or `(batch, channels, *three sizes)` if the channels are first.

    Returns: `(batch, *three new sizes, filters)`, or `(batch, filters, *three new sizes)`.

    Raises:
        InvalidArgumentError: if a size isn't positive, strides meet a dilation, or `groups` doesn't divide the
            channels.
        ShapeError: if the kernel doesn't fit into the input.

    >>> import numpy as np
    >>> Conv3D(4, 2)(np.ones((2, 4, 4, 4, 1), "float32")).shape
    (2, 3, 3, 3, 4)
    """

    rank = 3
