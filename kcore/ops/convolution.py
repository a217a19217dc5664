"""Convolutions of any rank, stride, dilation and number of groups.

Data is `(batch, *spatial, channels)` or, with `data_format="channels_first"`, `(batch, channels, *spatial)`. Padding
`"same"` makes `ceil(size / stride)` outputs; what doesn't split evenly goes to the end.
"""

from __future__ import annotations

from kcore import config
from kcore.engine import primitives as P
from kcore.errors import InvalidArgumentError, ShapeError

from ._common import is_unknown, pair, promote_float, shape_of
from .operation import op


def resolve_data_format(data_format) -> str:
    """`None` is the configured one.

    Raises:
        InvalidArgumentError: neither `"channels_last"` nor `"channels_first"`.
    """
    data_format = config.image_data_format() if data_format is None else data_format
    if data_format not in ("channels_last", "channels_first"):
        raise InvalidArgumentError(
            f"`data_format` must be 'channels_last' or 'channels_first'. Received: data_format={data_format!r}"
        )
    return data_format


def to_channels_last(x, data_format: str):
    """Data with its channels last."""
    rank = len(shape_of(x))
    return x if data_format == "channels_last" else P.permute_dims(x, axes=(0, *range(2, rank), 1))


def from_channels_last(x, data_format: str):
    """Data with its channels where the format wants them."""
    rank = len(shape_of(x))
    return x if data_format == "channels_last" else P.permute_dims(x, axes=(0, rank - 1, *range(1, rank - 1)))


def pad_pairs(padding, size, extent, strides) -> tuple[tuple[int, int], ...]:
    """`"valid"` or `"same"` as explicit pairs, for windows of this extent (dilation included).

    Raises:
        InvalidArgumentError: neither of the two.
        ShapeError: a valid window is larger than what it slides over.
    """
    name = padding.lower() if isinstance(padding, str) else padding
    if name == "valid":
        if any(not is_unknown(n) and 0 < n < k for n, k in zip(size, extent, strict=True)):
            raise ShapeError(
                f"`inputs` must hold a whole window along each spatial axis. "
                f"Received: spatial sizes {tuple(size)}, windows of {tuple(extent)}, padding='valid'"
            )
        return ((0, 0),) * len(size)
    if name != "same":
        raise InvalidArgumentError(f"`padding` must be 'valid' or 'same'. Received: padding={padding!r}")
    return tuple(_same_pair(n, k, s) for n, k, s in zip(size, extent, strides, strict=True))


def _same_pair(size: int, extent: int, stride: int) -> tuple[int, int]:
    total = max((-(-size // stride) - 1) * stride + extent - size, 0)
    return total // 2, total - total // 2


def _operands(inputs, kernel, data_format):
    """Input with channels last, kernel, data format, spatial rank."""
    x, kernel = promote_float(inputs, kernel)
    rank = len(shape_of(x)) - 2
    if rank < 1 or len(shape_of(kernel)) != rank + 2:
        raise ShapeError(
            f"`inputs` must be (batch, spatial..., channels) and `kernel` of the same rank. "
            f"Received: inputs.shape={shape_of(x)}, kernel.shape={shape_of(kernel)}"
        )
    data_format = resolve_data_format(data_format)
    return to_channels_last(x, data_format), kernel, data_format, rank


@op
def conv(inputs, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """Convolution (without turning the kernel round): each output is a sum of products of a window with the kernel.

    Args:
        inputs: a tensor of shape `(batch, *spatial, channels)`, or with channels first.
        kernel: a tensor of shape `(*window, channels / groups, features)`; the number of groups follows from it.
        strides: an integer, or one a spatial axis.
        padding: `"valid"` or `"same"`.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        dilation_rate: distance of the window's elements, an integer or one a spatial axis.

    Returns:
        A tensor of shape `(batch, *spatial, features)`, or with channels first.

    Raises:
        ShapeError: ranks or channels don't fit, or a window is larger than the input.

    Example:
        >>> ops.conv(ops.ones((1, 3, 1)), ops.ones((2, 1, 1)))[0, :, 0].tolist()
        [2.0, 2.0]
    """
    x, kernel, data_format, rank = _operands(inputs, kernel, data_format)
    channels, depth, features = shape_of(x)[-1], *shape_of(kernel)[-2:]
    if depth == 0 or channels % depth or features % (channels // depth):
        raise ShapeError(
            f"The channels of `inputs` must be a multiple of those of `kernel`, and the features a multiple of "
            f"the groups. "
            f"Received: inputs.shape={shape_of(from_channels_last(x, data_format))}, kernel.shape={shape_of(kernel)}"
        )
    return from_channels_last(_conv(x, kernel, strides, padding, dilation_rate, channels // depth, rank), data_format)


def _conv(x, kernel, strides, padding, dilation_rate, groups: int, rank: int):
    strides, dilation = pair(strides, rank, "strides"), pair(dilation_rate, rank, "dilation_rate")
    extent = [(k - 1) * d + 1 for k, d in zip(shape_of(kernel)[:rank], dilation, strict=True)]
    pairs = pad_pairs(padding, shape_of(x)[1:-1], extent, strides)
    return P.conv(x, kernel, strides=strides, padding=pairs, dilation=dilation, groups=groups)


@op
def depthwise_conv(inputs, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """Convolution of each channel on its own.

    Args:
        inputs: a tensor of shape `(batch, *spatial, channels)`, or with channels first.
        kernel: a tensor of shape `(*window, channels, multiplier)`.
        strides: an integer, or one a spatial axis.
        padding: `"valid"` or `"same"`.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        dilation_rate: distance of the window's elements, an integer or one a spatial axis.

    Returns:
        A tensor of shape `(batch, *spatial, channels * multiplier)`, or with channels first.

    Raises:
        ShapeError: ranks or channels don't fit, or a window is larger than the input.
    """
    x, kernel, data_format, rank = _operands(inputs, kernel, data_format)
    *window, channels, multiplier = shape_of(kernel)
    if channels != shape_of(x)[-1]:
        raise ShapeError(
            f"`kernel` must have the channels of `inputs`. "
            f"Received: {shape_of(x)[-1]} channels, kernel.shape={shape_of(kernel)}"
        )
    grouped = P.reshape(kernel, shape=(*window, 1, channels * multiplier))
    return from_channels_last(_conv(x, grouped, strides, padding, dilation_rate, channels, rank), data_format)


@op
def separable_conv(
    inputs, depthwise_kernel, pointwise_kernel, strides=1, padding="valid", data_format=None, dilation_rate=1
):
    """A depthwise convolution, then one with a window of 1 that mixes the channels.

    Args:
        inputs: a tensor of shape `(batch, *spatial, channels)`, or with channels first.
        depthwise_kernel: a tensor of shape `(*window, channels, multiplier)`.
        pointwise_kernel: a tensor of shape `(*ones, channels * multiplier, features)`.
        strides: an integer, or one a spatial axis.
        padding: `"valid"` or `"same"`.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        dilation_rate: distance of the window's elements, an integer or one a spatial axis.

    Returns:
        A tensor of shape `(batch, *spatial, features)`, or with channels first.
    """
    data_format = resolve_data_format(data_format)
    mixed = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(mixed, pointwise_kernel, 1, "valid", data_format)


@op
def conv_transpose(inputs, kernel, strides=1, padding="valid", output_padding=None, data_format=None, dilation_rate=1):
    """The transpose of a convolution: what takes its outputs back to the shape of its inputs.

    Args:
        inputs: a tensor of shape `(batch, *spatial, channels)`, or with channels first.
        kernel: a tensor of shape `(*window, features, channels)`.
        strides: an integer, or one a spatial axis.
        padding: `"valid"` or `"same"`.
        output_padding: an integer, or one a spatial axis, below the stride: added to the smallest size that the
            output can have. `None`: `"same"` gives `size * stride`, `"valid"` gives `size * stride + max(window -
            stride, 0)`.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        dilation_rate: distance of the window's elements, an integer or one a spatial axis.

    Returns:
        A tensor of shape `(batch, *spatial, features)`, or with channels first.

    Raises:
        ShapeError: ranks or channels don't fit, or a window is larger than the input.
        InvalidArgumentError: `output_padding` isn't below the stride.
    """
    x, kernel, data_format, rank = _operands(inputs, kernel, data_format)
    if shape_of(kernel)[-1] != shape_of(x)[-1]:
        raise ShapeError(
            f"The last axis of `kernel` must be the channels of `inputs`. "
            f"Received: {shape_of(x)[-1]} channels, kernel.shape={shape_of(kernel)}"
        )
    strides, dilation = pair(strides, rank, "strides"), pair(dilation_rate, rank, "dilation_rate")
    extent = [(k - 1) * d + 1 for k, d in zip(shape_of(kernel)[:rank], dilation, strict=True)]
    extra = _output_padding(output_padding, strides)
    rows = zip(shape_of(x)[1:-1], extent, strides, extra, strict=True)
    geometry = [_transposed(n, k, s, e, padding) for n, k, s, e in rows]
    out = P.conv_transpose(
        x, kernel, size=tuple(size for size, _ in geometry), strides=strides, padding=tuple(p for _, p in geometry),
        dilation=dilation, groups=1,
    )  # fmt: skip
    return from_channels_last(out, data_format)


def _output_padding(output_padding, strides) -> tuple[int | None, ...]:
    if output_padding is None:
        return (None,) * len(strides)
    given = (output_padding,) * len(strides) if isinstance(output_padding, int) else tuple(output_padding)
    if len(given) != len(strides) or any(not 0 <= e < s for e, s in zip(given, strides, strict=True)):
        raise InvalidArgumentError(
            f"`output_padding` must be at least 0 and below the stride. "
            f"Received: output_padding={output_padding}, strides={strides}"
        )
    return given


def _transposed(size: int, extent: int, stride: int, extra: int | None, padding) -> tuple[int, tuple[int, int]]:
    """The output's size along an axis, and the padding of the convolution that it is the transpose of."""
    pad_pairs(padding, (), (), ())
    same = padding.lower() == "same"
    if extra is None:
        out = size * stride + (0 if same else max(extent - stride, 0))
        return out, _same_pair(out, extent, stride) if same else (0, 0)
    if not same:
        return (size - 1) * stride + extent + extra, (0, 0)
    cut = max(2 * (extent // 2) - extra, 0)  # an odd one is cut off at the end, as the forward convolution pads
    return (size - 1) * stride + extent - 2 * (extent // 2) + extra, (cut // 2, cut - cut // 2)
