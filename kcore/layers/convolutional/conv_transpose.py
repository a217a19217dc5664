"""Transposed convolutions in one, two and three dimensions."""

from __future__ import annotations

from typing import Any

from kcore import constraints, initializers, ops, registry, regularizers
from kcore.errors import InvalidArgumentError
from kcore.layers._parts import check_positive, check_tuple, describe, known_dim
from kcore.layers.convolutional._base import ConvLayer


class _ConvTranspose(ConvLayer):
    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
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
        self.output_padding = (
            None if output_padding is None else check_tuple("output_padding", output_padding, self.rank, minimum=0)
        )
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        extra = self.output_padding or (0,) * self.rank
        if any(more >= stride for more, stride in zip(extra, self.strides, strict=True)):
            raise InvalidArgumentError(
                f"`output_padding` must be less than `strides`. "
                f"Received: output_padding={output_padding}, strides={self.strides}"
            )

    def build(self, input_shape: Any) -> None:
        channels = known_dim(self, input_shape, self.channel_axis)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(*self.kernel_size, self.filters, channels),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.build_bias(input_shape, self.filters)

    def convolve(self, inputs: Any) -> Any:
        return ops.conv_transpose(inputs, self.kernel, output_padding=self.output_padding, **self.window)

    def output_sizes(self, sizes: tuple[int | None, ...]) -> tuple[int | None, ...]:
        extra = self.output_padding or (None,) * self.rank
        rows = zip(sizes, self.kernel_size, self.strides, self.dilation_rate, extra, strict=True)
        return tuple(None if row[0] is None else _grown_length(*row, self.padding) for row in rows)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        return self.output_shape_with(input_shape, self.filters)

    def get_config(self) -> dict[str, Any]:
        own = describe(
            self, "filters", "output_padding", "kernel_initializer", "kernel_regularizer", "kernel_constraint"
        )
        return super().get_config() | own


def _grown_length(size: Any, kernel: int, stride: int, dilation: int, extra: int | None, padding: str) -> int:
    """The length of a transposed convolution's output, `extra` being the given output padding, or `None` to have it
    found."""
    span = (kernel - 1) * dilation + 1
    if extra is None:
        return size * stride + (max(span - stride, 0) if padding == "valid" else 0)
    return (size - 1) * stride + span + extra - (2 * (span // 2) if padding == "same" else 0)


@registry.builtin("layers", "Convolution1DTranspose")
class Conv1DTranspose(_ConvTranspose):
    """The transpose of a `Conv1D`: from the shape of its output to that of its input.

    Args:
        filters: number of output features.
        kernel_size: number of steps that the kernel spans.
        strides: by how much the output is longer.
        padding: `"valid"` or `"same"`, of the convolution that is transposed.
        output_padding: steps added at the end, less than `strides`; `None` finds the number that undoes the
            convolution.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        dilation_rate: distance of the steps that the kernel looks at.
        activation: a function or its name; `None` for none.
        use_bias: whether a bias is added.
        kernel_initializer: what fills `kernel`, of shape `(kernel_size, filters, features)`.
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
        InvalidArgumentError: if a size isn't positive, strides meet a dilation, or `output_padding` isn't less than
            `strides`.

    >>> import numpy as np
    >>> Conv1DTranspose(4, 3, strides=2, padding="same")(np.ones((2, 6, 5), "float32")).shape
    (2, 12, 4)
    """

    rank = 1


@registry.builtin("layers", "Convolution2DTranspose", "Deconvolution2D")
class Conv2DTranspose(_ConvTranspose):
    """The transpose of a `Conv2D`: from the shape of its output to that of its input. Its options are those of
    `Conv1DTranspose`.

    Args:
        filters: number of output channels.
        kernel_size: height and width of the kernel, or one number for both.
        strides: by how much the output is larger.
        padding: `"valid"` or `"same"`, of the convolution that is transposed.
        output_padding: rows and columns added at the end, less than `strides`; `None` finds those that undo the
            convolution.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        dilation_rate: distance of the pixels that the kernel looks at.
        activation: a function or its name; `None` for none.
        use_bias: whether a bias is added.
        kernel_initializer: what fills `kernel`, of shape `(*kernel_size, filters, channels)`.
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

    >>> import numpy as np
    >>> Conv2DTranspose(4, 3, strides=2, padding="same")(np.ones((2, 4, 4, 1), "float32")).shape
    (2, 8, 8, 4)
    """

    rank = 2


@registry.builtin("layers", "Convolution3DTranspose", "Deconvolution3D")
class Conv3DTranspose(_ConvTranspose):
    """The transpose of a `Conv3D`: from the shape of its output to that of its input. Its options are those of
    `Conv1DTranspose`.

    Args:
        filters: number of output channels.
        kernel_size: three sizes of the kernel, or one number for all.
        strides: by how much the output is larger.
        padding: `"valid"` or `"same"`, of the convolution that is transposed.
        output_padding: what is added at the end of each axis, less than `strides`; `None` finds what undoes the
            convolution.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        dilation_rate: distance of the voxels that the kernel looks at.
        activation: a function or its name; `None` for none.
        use_bias: whether a bias is added.
        kernel_initializer: what fills `kernel`, of shape `(*kernel_size, filters, channels)`.
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

    >>> import numpy as np
    >>> Conv3DTranspose(4, 2, strides=2)(np.ones((1, 2, 2, 2, 1), "float32")).shape
    (1, 4, 4, 4, 4)
    """

    rank = 3
