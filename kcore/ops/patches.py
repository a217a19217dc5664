"""Blocks and patches of images and sequences: space to depth, unfolding, adaptive pooling."""

from __future__ import annotations

from kcore.engine import primitives as P
from kcore.errors import InvalidArgumentError, ShapeError

from ._common import convert, dtype_of, is_unknown, pair, product, scalar, shape_of, to_float
from .convolution import from_channels_last, resolve_data_format, to_channels_last
from .operation import op
from .shaping import slice_axis


@op
def depth_to_space(x, block_size, data_format="channels_last"):
    """Channels spread into blocks of pixels.

    Args:
        x: a tensor of shape `(batch, height, width, channels)`, or with channels first.
        block_size: the side of a block; its square divides the channels.
        data_format: `"channels_last"` or `"channels_first"`.

    Returns:
        A tensor of shape `(batch, height * block, width * block, channels / block**2)`, or with channels first. With
        channels last a pixel's channels are (row in block, column in block, channel), with channels first
        (channel, row in block, column in block), as in Keras.

    Raises:
        ShapeError: the channels aren't a multiple.

    Example:
        >>> ops.depth_to_space(ops.ones((1, 2, 2, 4)), 2).shape
        (1, 4, 4, 1)
    """
    data_format = resolve_data_format(data_format)
    x = to_channels_last(convert(x), data_format)
    batch, height, width, channels = shape_of(x)
    if channels % block_size**2:
        raise ShapeError(
            f"`x` must have a multiple of block_size**2 channels. "
            f"Received: {channels} channels, block_size={block_size}"
        )
    depth = channels // block_size**2
    if data_format == "channels_last":
        blocks = P.reshape(x, shape=(batch, height, width, block_size, block_size, depth))
        blocks = P.permute_dims(blocks, axes=(0, 1, 3, 2, 4, 5))
    else:
        blocks = P.reshape(x, shape=(batch, height, width, depth, block_size, block_size))
        blocks = P.permute_dims(blocks, axes=(0, 1, 4, 2, 5, 3))
    image = P.reshape(blocks, shape=(batch, height * block_size, width * block_size, depth))
    return from_channels_last(image, data_format)


@op
def space_to_depth(x, block_size, data_format="channels_last"):
    """Blocks of pixels gathered into channels.

    Args:
        x: a tensor of shape `(batch, height, width, channels)`, or with channels first.
        block_size: the side of a block, which divides height and width.
        data_format: `"channels_last"` or `"channels_first"`.

    Returns:
        A tensor of shape `(batch, height / block, width / block, channels * block**2)`, or with channels first.

    Raises:
        ShapeError: height or width aren't a multiple.

    Example:
        >>> ops.space_to_depth(ops.ones((1, 4, 4, 1)), 2).shape
        (1, 2, 2, 4)
    """
    data_format = resolve_data_format(data_format)
    x = to_channels_last(convert(x), data_format)
    batch, height, width, channels = shape_of(x)
    if any(n % block_size and not is_unknown(n) for n in (height, width)):
        raise ShapeError(
            f"`block_size` must divide height and width. Received: {height} x {width}, block_size={block_size}"
        )
    rows, columns = height // block_size, width // block_size
    blocks = P.reshape(x, shape=(batch, rows, block_size, columns, block_size, channels))
    order = (0, 1, 3, 2, 4, 5) if data_format == "channels_last" else (0, 1, 3, 5, 2, 4)
    gathered = P.permute_dims(blocks, axes=order)
    gathered = P.reshape(gathered, shape=(batch, rows, columns, block_size**2 * channels))
    return from_channels_last(gathered, data_format)


@op
def extract_sequences(x, sequence_length, sequence_stride):
    """Overlapping stretches of the last axis.

    Args:
        x: a tensor of shape `(..., n)`.
        sequence_length: how long each is.
        sequence_stride: how far each starts from the one before.

    Returns:
        A tensor of shape `(..., count, sequence_length)`.

    Example:
        >>> ops.extract_sequences([1, 2, 3, 4], 2, 2).tolist()
        [[1, 2], [3, 4]]
    """
    x = convert(x)
    *lead, size = shape_of(x)
    count = (size - sequence_length) // sequence_stride + 1
    starts = P.multiply(P.reshape(P.iota(size=count, dtype="int32"), shape=(count, 1)), int(sequence_stride))
    places = P.add(starts, P.reshape(P.iota(size=sequence_length, dtype="int32"), shape=(1, sequence_length)))
    return P.take(x, places, axis=len(lead))


@op
def unfold(x, kernel_size, dilation=1, padding=0, stride=1):
    """Patches of images as columns.

    Args:
        x: a tensor of shape `(batch, channels, height, width)`.
        kernel_size, dilation, padding, stride: an integer, or one for height and one for width.

    Returns:
        A tensor of shape `(batch, channels * window elements, positions)`.

    Example:
        >>> ops.unfold(ops.ones((1, 2, 3, 3)), 2).shape
        (1, 8, 4)
    """
    x = convert(x)
    batch, channels = shape_of(x)[:2]
    size, steps = pair(kernel_size, 2, "kernel_size"), pair(stride, 2, "stride")
    x = P.pad(x, scalar(0, dtype_of(x)), widths=((0, 0), (0, 0), *_both_sides(padding)))
    windows = P.windows(
        P.permute_dims(x, axes=(0, 2, 3, 1)), size=size, strides=steps, dilation=pair(dilation, 2, "dilation")
    )
    rows, columns = shape_of(windows)[1:3]
    ordered = P.permute_dims(windows, axes=(0, 5, 3, 4, 1, 2))
    return P.reshape(ordered, shape=(batch, channels * product(size), rows * columns))


def _both_sides(padding) -> list[tuple[int, int]]:
    widths = (padding, padding) if isinstance(padding, int) else tuple(padding)
    return [(n, n) for n in widths]


@op
def fold(x, output_size, kernel_size, dilation=1, padding=0, stride=1):
    """Images from columns of patches: what overlaps adds up. The transpose of `unfold`.

    Args:
        x: a tensor of shape `(batch, channels * window elements, positions)`.
        output_size: height and width of the images.
        kernel_size, dilation, padding, stride: an integer, or one for height and one for width.

    Returns:
        A tensor of shape `(batch, channels, height, width)`.

    Raises:
        ShapeError: the columns don't fit.

    Example:
        >>> ops.fold(ops.ones((1, 4, 4)), (3, 3), 2)[0, 0].tolist()
        [[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]
    """
    x = convert(x)
    batch, depth, positions = shape_of(x)
    size, steps, spread = pair(kernel_size, 2, "kernel_size"), pair(stride, 2, "stride"), pair(dilation, 2, "dilation")
    edges = _both_sides(padding)
    whole = tuple(n + lo + hi for n, (lo, hi) in zip(pair(output_size, 2, "output_size"), edges, strict=True))
    grid = tuple((n - (k - 1) * d - 1) // s + 1 for n, k, d, s in zip(whole, size, spread, steps, strict=True))
    if depth % product(size) or product(grid) != positions:
        raise ShapeError(
            f"`x` must be (batch, channels * {product(size)}, {product(grid)}). Received: x.shape={shape_of(x)}"
        )
    channels = depth // product(size)
    windows = P.permute_dims(P.reshape(x, shape=(batch, channels, *size, *grid)), axes=(0, 4, 5, 2, 3, 1))
    image = P.permute_dims(P.fold(windows, shape=whole, strides=steps, dilation=spread), axes=(0, 3, 1, 2))
    for axis, ((lo, hi), n) in enumerate(zip(edges, whole, strict=True), start=2):
        image = slice_axis(image, axis, lo, n - hi)
    return image


def _adaptive(x, output_size, data_format, reduce):
    """Each spatial axis cut into `output_size` stretches that cover it and may share an element, each reduced."""
    data_format = resolve_data_format(data_format)
    rank = len(shape_of(x)) - 2
    x = to_channels_last(x, data_format)
    for axis, count in enumerate(pair(output_size, rank, "output_size"), start=1):
        size = shape_of(x)[axis]
        if is_unknown(size):
            raise InvalidArgumentError(
                f"`inputs` must have a known size along each spatial axis. Received: axis {axis}"
            )
        edges = [(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]
        x = P.concat(*(reduce(slice_axis(x, axis, a, b), axis) for a, b in edges), axis=axis)
    return from_channels_last(x, data_format)


@op
def adaptive_average_pool(inputs, output_size, data_format=None):
    """Means of windows chosen so that the output has a given size.

    Args:
        inputs: a tensor of shape `(batch, *spatial, channels)`, or with channels first.
        output_size: an integer, or one a spatial axis.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.

    Returns:
        A floating tensor of shape `(batch, *output_size, channels)`, or with channels first.

    Example:
        >>> ops.adaptive_average_pool(ops.reshape([1.0, 2.0, 3.0], (1, 3, 1)), 2)[0, :, 0].tolist()
        [1.5, 2.5]
    """

    def mean(x, axis):
        return P.divide(P.sum(x, axes=(axis,), keepdims=True), float(shape_of(x)[axis]))

    return _adaptive(to_float(inputs), output_size, data_format, mean)


@op
def adaptive_max_pool(inputs, output_size, data_format=None):
    """Largest elements of windows chosen so that the output has a given size.

    Args:
        inputs: a tensor of shape `(batch, *spatial, channels)`, or with channels first.
        output_size: an integer, or one a spatial axis.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.

    Returns:
        A tensor of shape `(batch, *output_size, channels)`, or with channels first.

    Example:
        >>> ops.adaptive_max_pool(ops.reshape([1.0, 2.0, 3.0], (1, 3, 1)), 2)[0, :, 0].tolist()
        [2.0, 3.0]
    """
    return _adaptive(convert(inputs), output_size, data_format, lambda x, axis: P.max(x, axes=(axis,), keepdims=True))
