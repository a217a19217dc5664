"""Images: borders, patches, blur, colours."""

from __future__ import annotations

import numpy as np

from kcore import dtypes
from kcore.engine import active
from kcore.engine import primitives as P
from kcore.errors import DtypeError, InvalidArgumentError, ShapeError

from ._common import cast, convert, dtype_of, pair, product, scalar, shape_of
from .convolution import from_channels_last, resolve_data_format, to_channels_last
from .operation import op
from .resizing import as_batch, computed
from .shaping import slice_axis


def _sides(before, after, old: int, target, names: tuple[str, str, str]) -> tuple[int, int]:
    """What is added (or cut off, with signs turned) on both sides of an axis: two of three arguments say it."""
    if (before is None) + (after is None) + (target is None) != 1:
        given = f"{names[0]}={before}, {names[1]}={after}, {names[2]}={target}"
        raise InvalidArgumentError(f"Give exactly two of {', '.join(names)}. Received: {given}")
    if before is None:
        before = target - old - after
    if after is None:
        after = target - old - before
    return int(before), int(after)


@op
def pad_images(
    images,
    top_padding=None,
    left_padding=None,
    bottom_padding=None,
    right_padding=None,
    target_height=None,
    target_width=None,
    data_format=None,
):
    """Images with zeros around them.

    Args:
        images: a tensor `(batch, height, width, channels)` or `(height, width, channels)`, or with channels first.
        top_padding, bottom_padding, target_height: rows to add above and below, and the height that comes of it: two
            of the three.
        left_padding, right_padding, target_width: likewise for columns.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.

    Returns:
        A larger tensor of the images' dtype.

    Raises:
        InvalidArgumentError: not two of three are given, or there is less than nothing to add.

    Example:
        >>> ops.image.pad_images(ops.ones((2, 3, 1)), 1, 0, 0, 2, data_format="channels_last").shape
        (3, 5, 1)
    """
    x, back = as_batch(images, data_format)
    height, width = shape_of(x)[1:3]
    names = ("top_padding", "bottom_padding", "target_height"), ("left_padding", "right_padding", "target_width")
    rows = _sides(top_padding, bottom_padding, height, target_height, names[0])
    columns = _sides(left_padding, right_padding, width, target_width, names[1])
    if min(*rows, *columns) < 0:
        raise InvalidArgumentError(f"Padding can't be negative. Received: rows {rows}, columns {columns}")
    return back(P.pad(x, scalar(0, dtype_of(x)), widths=((0, 0), rows, columns, (0, 0))))


@op
def crop_images(
    images,
    top_cropping=None,
    left_cropping=None,
    bottom_cropping=None,
    right_cropping=None,
    target_height=None,
    target_width=None,
    data_format=None,
):
    """Parts of images.

    Args:
        images: a tensor `(batch, height, width, channels)` or `(height, width, channels)`, or with channels first.
        top_cropping, bottom_cropping, target_height: rows to cut off above and below, and the height that is left: two
            of the three.
        left_cropping, right_cropping, target_width: likewise for columns.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.

    Returns:
        A smaller tensor of the images' dtype.

    Raises:
        InvalidArgumentError: not two of three are given, or more is cut off than there is.

    Example:
        >>> ops.image.crop_images(ops.ones((4, 4, 1)), 1, 0, 1, target_width=3, data_format="channels_last").shape
        (2, 3, 1)
    """
    x, back = as_batch(images, data_format)
    given = (
        ((top_cropping, bottom_cropping, target_height), ("top_cropping", "bottom_cropping", "target_height")),
        ((left_cropping, right_cropping, target_width), ("left_cropping", "right_cropping", "target_width")),
    )
    for axis, ((before, after, target), names) in enumerate(given, start=1):
        old = shape_of(x)[axis]
        top, bottom = (None if cut is None else -cut for cut in (before, after))
        first, last = (-side for side in _sides(top, bottom, old, target, names))
        if min(first, last) < 0 or first + last > old:
            raise InvalidArgumentError(f"Can't cut {first} and {last} off {old} pixels.")
        x = slice_axis(x, axis, first, old - last)
    return back(x)


def _patches(x, size, strides, dilation_rate, padding: str, rank: int):
    """Patches of `(batch, *spatial, channels)`, flattened into channels."""
    size = pair(size, rank, "size")
    strides = size if strides is None else pair(strides, rank, "strides")
    dilation = pair(dilation_rate, rank, "dilation_rate")
    if padding not in ("valid", "same"):
        raise InvalidArgumentError(f"`padding` must be 'valid' or 'same'. Received: padding={padding!r}")
    if padding == "same":
        sides = zip(shape_of(x)[1:-1], size, strides, dilation, strict=True)
        extra = [max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0) for n, k, s, d in sides]
        x = P.pad(x, scalar(0, dtype_of(x)), widths=((0, 0), *((e // 2, e - e // 2) for e in extra), (0, 0)))
    windows = P.windows(x, size=size, strides=strides, dilation=dilation)
    batch, *shape = shape_of(windows)
    return P.reshape(windows, shape=(batch, *shape[:rank], product(shape[rank:])))


@op
def extract_patches(images, size, strides=None, dilation_rate=1, padding="valid", data_format=None):
    """Rectangular patches of images.

    Args:
        images: a tensor `(batch, height, width, channels)` or `(height, width, channels)`, or with channels first.
        size: the patches' height and width, or one integer for both.
        strides: how far a patch is from the next, likewise; the patches' size by default.
        dilation_rate: how far a patch's pixels are from one another.
        padding: `"valid"`, or `"same"` for zeros around the images, as in convolutions.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.

    Returns:
        A tensor `(batch, rows, columns, patch height * patch width * channels)`, or with channels first; a patch's
        numbers are in the order (row, column, channel).

    Example:
        >>> ops.image.extract_patches(ops.ones((1, 6, 6, 3)), 2, data_format="channels_last").shape
        (1, 3, 3, 12)
    """
    x, back = as_batch(images, data_format)
    return back(_patches(x, size, strides, dilation_rate, padding, 2))


@op
def extract_patches_3d(volumes, size, strides=None, dilation_rate=1, padding="valid", data_format=None):
    """Box-shaped patches of volumes.

    Args:
        volumes: a tensor `(batch, *three sizes, channels)` or without the batch, or with channels first.
        size: the patches' three sizes, or one integer for all.
        strides: how far a patch is from the next, likewise; the patches' size by default.
        dilation_rate: how far a patch's voxels are from one another.
        padding: `"valid"`, or `"same"` for zeros around the volumes, as in convolutions.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.

    Returns:
        A tensor `(batch, *three counts, patch voxels * channels)`, or with channels first.

    Raises:
        ShapeError: `volumes` has another rank.

    Example:
        >>> ops.image.extract_patches_3d(ops.ones((1, 4, 4, 4, 2)), 2, data_format="channels_last").shape
        (1, 2, 2, 2, 16)
    """
    data_format = resolve_data_format(data_format)
    x = convert(volumes)
    shape = shape_of(x)
    if len(shape) not in (4, 5):
        raise ShapeError(f"`volumes` must have rank 4 or 5. Received: volumes.shape={shape}")
    batch = to_channels_last(x if len(shape) == 5 else P.reshape(x, shape=(1, *shape)), data_format)
    out = from_channels_last(_patches(batch, size, strides, dilation_rate, padding, 3), data_format)
    return out if len(shape) == 5 else P.reshape(out, shape=shape_of(out)[1:])


def _bell(size: int, sigma: float) -> np.ndarray:
    x = np.arange(size) - (size - 1) / 2
    weights = np.exp(-0.5 * (x / sigma) ** 2)
    return weights / weights.sum()


def blurred(x, size, sigma):
    """Images `(batch, height, width, channels)`, convolved with a bell along each axis, zeros around them."""
    channels = shape_of(x)[-1]
    for axis, (count, width) in enumerate(zip(size, sigma, strict=True)):
        shape = (count, 1, 1, 1) if axis == 0 else (1, count, 1, 1)
        kernel = active.current().asarray(_bell(count, width).reshape(shape), dtype_of(x))
        sides = [(0, 0), (0, 0)]
        sides[axis] = ((count - 1) // 2, count // 2)
        x = P.conv(
            x,
            P.broadcast_to(kernel, shape=(*shape[:3], channels)),
            strides=(1, 1),
            padding=tuple(sides),
            dilation=(1, 1),
            groups=int(channels),
        )
    return x


@op
def gaussian_blur(images, kernel_size=(3, 3), sigma=(1.0, 1.0), data_format=None):
    """Images convolved with a Gaussian bell.

    Args:
        images: a tensor `(batch, height, width, channels)` or `(height, width, channels)`, or with channels first.
        kernel_size: the kernel's height and width; an even one reaches one pixel further down or to the right.
        sigma: the standard deviations along height and width.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.

    Returns:
        A tensor of the images' shape and dtype; zeros are taken to be around the images.

    Raises:
        InvalidArgumentError: a size or a deviation that isn't positive.

    Example:
        >>> x = ops.reshape([0.0, 4.0, 0.0], (3, 1, 1))
        >>> ops.image.gaussian_blur(x, (3, 1), (1e9, 1.0), data_format="channels_last")[:, 0, 0].tolist()
        [1.3333334, 1.3333334, 1.3333334]
    """
    size = pair(kernel_size, 2, "kernel_size")
    widths = (float(sigma),) * 2 if isinstance(sigma, (int, float)) else tuple(map(float, sigma))
    if len(widths) != 2 or min(widths) <= 0:
        raise InvalidArgumentError(f"`sigma` must be two positive numbers. Received: sigma={sigma}")
    x, back = as_batch(images, data_format)
    x, finish = computed(x)
    return back(finish(blurred(x, size, widths)))


def _colours(images, data_format):
    x, back = as_batch(images, data_format)
    if shape_of(x)[-1] != 3:
        raise ShapeError(f"`images` must have 3 channels. Received: {shape_of(x)[-1]}")
    return x, [slice_axis(x, 3, i, i + 1) for i in range(3)], back


@op
def rgb_to_grayscale(images, data_format=None):
    """The brightness of colours, 0.2989 R + 0.587 G + 0.114 B (ITU-R BT.601).

    Args:
        images: a tensor `(batch, height, width, 3)` or `(height, width, 3)`, or with channels first.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.

    Returns:
        A tensor of one channel and the images' dtype; integers lose their fraction.

    Example:
        >>> ops.image.rgb_to_grayscale(ops.ones((1, 1, 3)), data_format="channels_last").shape
        (1, 1, 1)
    """
    x, _, back = _colours(images, data_format)
    dtype = dtype_of(x)
    wide, _ = computed(x)
    weights = active.current().asarray(np.array([0.2989, 0.587, 0.114]), dtype_of(wide))
    return back(cast(P.sum(P.multiply(wide, weights), axes=(3,), keepdims=True), dtype))


def _require_float(x) -> None:
    if not dtypes.is_float(dtype_of(x)):
        raise DtypeError(f"`images` must have a floating dtype. Received: images.dtype={dtype_of(x)}")


@op
def rgb_to_hsv(images, data_format=None):
    """Hue, saturation and value of colours.

    Args:
        images: a floating tensor `(batch, height, width, 3)` or `(height, width, 3)`, or with channels first, of
            numbers in [0, 1].
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.

    Returns:
        A tensor of the images' shape. The hue of a grey is 0, and so is the saturation of black.

    Raises:
        DtypeError: the images are integers.

    Example:
        >>> ops.image.rgb_to_hsv([[[0.0, 1.0, 0.0]]], data_format="channels_last")[0, 0, 1:].tolist()
        [1.0, 1.0]
    """
    x, (r, g, b), back = _colours(images, data_format)
    _require_float(x)
    value = P.max(x, axes=(3,), keepdims=True)
    spread = P.subtract(value, P.min(x, axes=(3,), keepdims=True))
    grey, black = P.equal(spread, 0), P.equal(value, 0)
    divisor = P.where(grey, 1, spread)

    def sector(p, q, start: float):
        return P.add(P.divide(P.subtract(p, q), divisor), start)

    hue = P.where(
        P.equal(value, r), sector(g, b, 0.0), P.where(P.equal(value, g), sector(b, r, 2.0), sector(r, g, 4.0))
    )
    hue = P.where(grey, 0, P.remainder(P.divide(hue, 6.0), 1.0))
    saturation = P.where(black, 0, P.divide(spread, P.where(black, 1, value)))
    return back(P.concat(hue, saturation, value, axis=3))


@op
def hsv_to_rgb(images, data_format=None):
    """Colours from hue, saturation and value.

    Args:
        images: a floating tensor `(batch, height, width, 3)` or `(height, width, 3)`, or with channels first, of
            numbers in [0, 1].
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.

    Returns:
        A tensor of the images' shape: red, green and blue.

    Raises:
        DtypeError: the images are integers.

    Example:
        >>> ops.image.hsv_to_rgb([[[0.5, 1.0, 1.0]]], data_format="channels_last").tolist()
        [[[0.0, 1.0, 1.0]]]
    """
    x, (hue, saturation, value), back = _colours(images, data_format)
    _require_float(x)
    turn = P.multiply(hue, 6.0)

    def channel(peak: float):
        """`peak` is the sector in which the channel is at its least; it rises and falls three sectors away."""
        away = P.absolute(P.subtract(P.remainder(P.add(turn, 6.0 - peak), 6.0), 3.0))
        level = P.minimum(P.maximum(P.subtract(2.0, away), 0.0), 1.0)
        return P.multiply(value, P.subtract(1.0, P.multiply(saturation, P.subtract(1.0, level))))

    return back(P.concat(channel(3.0), channel(5.0), channel(1.0), axis=3))
