"""Convolutions of each channel by itself."""

from __future__ import annotations

from typing import Any

from kcore import constraints, initializers, ops, registry, regularizers
from kcore.layers._parts import check_positive, describe, known_dim
from kcore.layers.convolutional._base import ConvLayer


class _DepthwiseConv(ConvLayer):
    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
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
        self.depth_multiplier = check_positive("depth_multiplier", depth_multiplier)
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)

    def build(self, input_shape: Any) -> None:
        channels = known_dim(self, input_shape, self.channel_axis)
        self.check_sizes(input_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(*self.kernel_size, channels, self.depth_multiplier),
            initializer=self.depthwise_initializer,
            regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
        )
        self.build_bias(input_shape, channels * self.depth_multiplier)

    def convolve(self, inputs: Any) -> Any:
        return ops.depthwise_conv(inputs, self.kernel, **self.window)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        return self.output_shape_with(
            input_shape, known_dim(self, input_shape, self.channel_axis) * self.depth_multiplier
        )

    def get_config(self) -> dict[str, Any]:
        own = describe(
            self, "depth_multiplier", "depthwise_initializer", "depthwise_regularizer", "depthwise_constraint"
        )
        return super().get_config() | own


@registry.builtin("layers")
class DepthwiseConv1D(_DepthwiseConv):
    """A convolution over time that makes `depth_multiplier` features of each feature, and mixes none.

    Args:
        kernel_size: number of steps that the kernel spans.
        strides: steps from one position to the next.
        padding: `"valid"` or `"same"`.
        depth_multiplier: number of output features for each input feature.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        dilation_rate: distance of the steps that the kernel looks at.
        activation: a function or its name; `None` for none.
        use_bias: whether a bias is added.
        depthwise_initializer: what fills `kernel`, of shape `(kernel_size, features, depth_multiplier)`.
        bias_initializer: what fills `bias`, of shape `(features * depth_multiplier,)`.
        depthwise_regularizer: a penalty on the kernel.
        bias_regularizer: a penalty on the bias.
        activity_regularizer: a penalty on the output.
        depthwise_constraint: what is applied to the kernel after each update.
        bias_constraint: what is applied to the bias after each update.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, steps, features)`, or `(batch, features, steps)` if the channels are first.

    Returns: `(batch, new steps, features * depth_multiplier)`, or the same with the channels first.

    >>> import numpy as np
    >>> DepthwiseConv1D(3, depth_multiplier=2)(np.ones((2, 6, 5), "float32")).shape
    (2, 4, 10)
    """

    rank = 1


@registry.builtin("layers")
class DepthwiseConv2D(_DepthwiseConv):
    """A convolution over images that makes `depth_multiplier` channels of each channel, and mixes none.

    Args:
        kernel_size: height and width of the kernel, or one number for both.
        strides: rows and columns from one position to the next.
        padding: `"valid"` or `"same"`.
        depth_multiplier: number of output channels for each input channel.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        dilation_rate: distance of the pixels that the kernel looks at.
        activation: a function or its name; `None` for none.
        use_bias: whether a bias is added.
        depthwise_initializer: what fills `kernel`, of shape `(*kernel_size, channels, depth_multiplier)`.
        bias_initializer: what fills `bias`, of shape `(channels * depth_multiplier,)`.
        depthwise_regularizer: a penalty on the kernel.
        bias_regularizer: a penalty on the bias.
        activity_regularizer: a penalty on the output.
        depthwise_constraint: what is applied to the kernel after each update.
        bias_constraint: what is applied to the bias after each update.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` if the channels are first.

    Returns: `(batch, new rows, new columns, channels * depth_multiplier)`, or the same with the channels first.

    >>> import numpy as np
    >>> DepthwiseConv2D(3, depth_multiplier=2)(np.ones((2, 6, 6, 5), "float32")).shape
    (2, 4, 4, 10)
    """

    rank = 2
