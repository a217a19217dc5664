"""Convolutions in two steps: each channel by itself, then a mix of the channels at each position."""

from __future__ import annotations

from typing import Any

from kcore import constraints, initializers, ops, registry, regularizers
from kcore.layers._parts import check_positive, describe, known_dim
from kcore.layers.convolutional._base import ConvLayer


class _SeparableConv(ConvLayer):
    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:  # longer than 30 lines: the options of two kernels and a bias
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
        self.depth_multiplier = check_positive("depth_multiplier", depth_multiplier)
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.pointwise_initializer = initializers.get(pointwise_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.pointwise_regularizer = regularizers.get(pointwise_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)
        self.pointwise_constraint = constraints.get(pointwise_constraint)

    def build(self, input_shape: Any) -> None:
        channels = known_dim(self, input_shape, self.channel_axis)
        self.check_sizes(input_shape)
        self.depthwise_kernel = self.add_weight(
            name="depthwise_kernel",
            shape=(*self.kernel_size, channels, self.depth_multiplier),
            initializer=self.depthwise_initializer,
            regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
        )
        self.pointwise_kernel = self.add_weight(
            name="pointwise_kernel",
            shape=(*(1,) * self.rank, channels * self.depth_multiplier, self.filters),
            initializer=self.pointwise_initializer,
            regularizer=self.pointwise_regularizer,
            constraint=self.pointwise_constraint,
        )
        self.build_bias(input_shape, self.filters)

    def convolve(self, inputs: Any) -> Any:
        inputs, window = self.pad_causally(inputs)
        return ops.separable_conv(inputs, self.depthwise_kernel, self.pointwise_kernel, **window)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        return self.output_shape_with(input_shape, self.filters)

    def get_config(self) -> dict[str, Any]:
        kinds = ("initializer", "regularizer", "constraint")
        names = [f"{part}_{kind}" for kind in kinds for part in ("depthwise", "pointwise")]
        return super().get_config() | describe(self, "filters", "depth_multiplier", *names)


@registry.builtin("layers", "SeparableConvolution1D")
class SeparableConv1D(_SeparableConv):
    """A depthwise convolution over time, followed by a mix of the features at each step.

    Args:
        filters: number of output features.
        kernel_size: number of steps that the depthwise kernel spans.
        strides: steps from one position to the next.
        padding: `"valid"`, `"same"` or `"causal"`.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        dilation_rate: distance of the steps that the kernel looks at.
        depth_multiplier: number of features that the first step makes of each feature.
        activation: a function or its name; `None` for none.
        use_bias: whether a bias is added.
        depthwise_initializer: what fills `depthwise_kernel`, of shape `(kernel_size, features, depth_multiplier)`.
        pointwise_initializer: what fills `pointwise_kernel`, of shape `(1, features * depth_multiplier, filters)`.
        bias_initializer: what fills `bias`, of shape `(filters,)`.
        depthwise_regularizer: a penalty on the depthwise kernel.
        pointwise_regularizer: a penalty on the pointwise kernel.
        bias_regularizer: a penalty on the bias.
        activity_regularizer: a penalty on the output.
        depthwise_constraint: what is applied to the depthwise kernel after each update.
        pointwise_constraint: what is applied to the pointwise kernel after each update.
        bias_constraint: what is applied to the bias after each update.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, steps, features)`, or `(batch, features, steps)` if the channels are first.

    Returns: `(batch, new steps, filters)`, or `(batch, filters, new steps)`.

    >>> import numpy as np
    >>> SeparableConv1D(4, 3)(np.ones((2, 6, 5), "float32")).shape
    (2, 4, 4)
    """

    rank = 1
    paddings = ("valid", "same", "causal")


@registry.builtin("layers", "SeparableConvolution2D")
class SeparableConv2D(_SeparableConv):
    """A depthwise convolution over images, followed by a mix of the channels at each pixel.

    Args:
        filters: number of output channels.
        kernel_size: height and width of the depthwise kernel, or one number for both.
        strides: rows and columns from one position to the next.
        padding: `"valid"` or `"same"`.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        dilation_rate: distance of the pixels that the kernel looks at.
        depth_multiplier: number of channels that the first step makes of each channel.
        activation: a function or its name; `None` for none.
        use_bias: whether a bias is added.
        depthwise_initializer: what fills `depthwise_kernel`, of shape `(*kernel_size, channels, depth_multiplier)`.
        pointwise_initializer: what fills `pointwise_kernel`, of shape `(1, 1, channels * depth_multiplier, filters)`.
        bias_initializer: what fills `bias`, of shape `(filters,)`.
        depthwise_regularizer: a penalty on the depthwise kernel.
        pointwise_regularizer: a penalty on the pointwise kernel.
        bias_regularizer: a penalty on the bias.
        activity_regularizer: a penalty on the output.
        depthwise_constraint: what is applied to the depthwise kernel after each update.
        pointwise_constraint: what is applied to the pointwise kernel after each update.
        bias_constraint: what is applied to the bias after each update.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` if the channels are first.

    Returns: `(batch, new rows, new columns, filters)`, or `(batch, filters, new rows, new columns)`.

    Source: Chollet, "Xception: deep learning with depthwise separable convolutions" (2017).

    >>> import numpy as np
    >>> SeparableConv2D(4, 3)(np.ones((2, 6, 6, 5), "float32")).shape
    (2, 4, 4, 4)
    """

    rank = 2
