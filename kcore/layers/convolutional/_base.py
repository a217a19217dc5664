"""What all convolutions share: checked options, the bias, and the sizes of outputs."""

from __future__ import annotations

from typing import Any

from kcore import activations, constraints, initializers, ops, regularizers
from kcore.errors import InvalidArgumentError, ShapeError
from kcore.layers._parts import check_choice, check_data_format, check_tuple, describe, known_dim, refuse
from kcore.layers.input_spec import InputSpec
from kcore.layers.layer import Layer


class ConvLayer(Layer):
    """A layer that moves a kernel over `rank` spatial axes. A subclass makes its kernels, and says how it convolves.

    Args:
        kernel_size: an integer, or one a spatial axis.
        strides: an integer, or one a spatial axis.
        padding: `"valid"`, `"same"`, and in one dimension `"causal"`.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        dilation_rate: an integer, or one a spatial axis.
        activation: a function or its name.
        use_bias: whether a bias is added.
        bias_initializer: what fills `bias`.
        bias_regularizer: a penalty on the bias.
        bias_constraint: what is applied to the bias after each update.
        **kwargs: options of every layer.
    """

    rank: int
    bias: Any
    paddings: tuple[str, ...] = ("valid", "same")

    def __init__(
        self,
        kernel_size: Any,
        *,
        strides: Any,
        padding: str,
        data_format: str | None,
        dilation_rate: Any,
        activation: Any,
        use_bias: bool,
        bias_initializer: Any,
        bias_regularizer: Any,
        bias_constraint: Any,
        **kwargs: Any,
    ) -> None:
        refuse(kwargs, "lora_rank", "lora_alpha", "quantization_config")
        super().__init__(**kwargs)
        self.kernel_size = check_tuple("kernel_size", kernel_size, self.rank)
        self.strides = check_tuple("strides", strides, self.rank)
        self.dilation_rate = check_tuple("dilation_rate", dilation_rate, self.rank)
        self.padding = check_choice("padding", padding, self.paddings)
        self.data_format = check_data_format(data_format)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.bias_initializer = initializers.get(bias_initializer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.bias_constraint = constraints.get(bias_constraint)
        self.input_spec = InputSpec(ndim=self.rank + 2)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise InvalidArgumentError(
                "`strides` and `dilation_rate` can't both be greater than 1. "
                f"Received: strides={self.strides}, dilation_rate={self.dilation_rate}"
            )

    @property
    def channel_axis(self) -> int:
        """The axis of the channels: 1 or -1."""
        return 1 if self.data_format == "channels_first" else -1

    @property
    def window(self) -> dict[str, Any]:
        """What the ops are told about the kernel's way over the input."""
        return {
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
        }

    def build_bias(self, input_shape: Any, filters: int) -> None:
        """Makes the bias of `filters` values, and fixes the number of the input's channels."""
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(filters,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        channels = known_dim(self, input_shape, self.channel_axis)
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={self.channel_axis: channels})
        self.built = True

    def convolve(self, inputs: Any) -> Any:
        """The convolution alone, without bias and activation."""
        raise NotImplementedError

    def call(self, inputs: Any) -> Any:
        self.check_sizes(inputs.shape)
        x = self.convolve(inputs)
        if self.bias is not None:
            shape = (-1, *(1,) * self.rank) if self.channel_axis == 1 else (-1,)
            x = ops.add(x, ops.reshape(self.bias, shape) if len(shape) > 1 else self.bias)
        return self.activation(x)

    def check_sizes(self, input_shape: Any) -> None:
        """Raises a `ShapeError` where an output would be empty though the input isn't."""
        sizes = self.spatial(input_shape)
        for size, out in zip(sizes, self.output_sizes(sizes), strict=True):
            if size is not None and size.__class__ is int and out is not None and out <= 0 < size:
                raise ShapeError(
                    f"Layer '{self.name}' has no output for an input of spatial sizes {tuple(sizes)}: its kernel of "
                    f"size {self.kernel_size} (dilation {self.dilation_rate}, padding '{self.padding}') doesn't fit"
                )

    def spatial(self, shape: Any) -> tuple[int | None, ...]:
        """The spatial sizes of an input's shape."""
        return tuple(shape[2:] if self.channel_axis == 1 else shape[1:-1])

    def output_sizes(self, sizes: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The spatial sizes of the output."""
        rows = zip(sizes, self.kernel_size, self.strides, self.dilation_rate, strict=True)
        return tuple(
            window_length(size, kernel, stride, self.padding, dilation) for size, kernel, stride, dilation in rows
        )

    def output_shape_with(self, input_shape: Any, filters: int) -> tuple[int | None, ...]:
        """The shape of the output with `filters` channels."""
        self.check_sizes(input_shape)
        sizes = self.output_sizes(self.spatial(input_shape))
        return (input_shape[0], filters, *sizes) if self.channel_axis == 1 else (input_shape[0], *sizes, filters)

    def pad_causally(self, inputs: Any) -> tuple[Any, dict[str, Any]]:
        """The input and the `window` for an op: for `"causal"`, zeros before the first step, and `"valid"`."""
        if self.padding != "causal":
            return inputs, self.window
        before = self.dilation_rate[0] * (self.kernel_size[0] - 1)
        widths = [(0, 0), (0, 0), (0, 0)]
        widths[2 if self.channel_axis == 1 else 1] = (before, 0)
        return ops.pad(inputs, tuple(widths)), {**self.window, "padding": "valid"}

    def get_config(self) -> dict[str, Any]:
        fields = (
            "kernel_size",
            "strides",
            "padding",
            "data_format",
            "dilation_rate",
            "activation",
            "use_bias",
            "bias_initializer",
        )
        return super().get_config() | describe(
            self, *fields, "bias_regularizer", "activity_regularizer", "bias_constraint"
        )


def window_length(size: int | None, kernel: int, stride: int, padding: str, dilation: int = 1) -> int | None:
    """The number of positions of a window along an axis of `size` values."""
    if size is None:
        return None
    if padding == "valid":
        return (size - dilation * (kernel - 1) - 1) // stride + 1
    return (size + stride - 1) // stride
