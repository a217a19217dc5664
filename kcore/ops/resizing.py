"""Images in other sizes: each new pixel is a weighted mean of old ones.

Pixels are areas, their centres at half integers: the centre of new pixel i lies at `(i + 0.5) * old / new - 0.5` among
the old ones. The weights are a matrix an axis, made on the host; those of pixels beyond the border are left out, and
the rest are scaled to a sum of 1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kcore import dtypes
from kcore.engine import active
from kcore.engine import primitives as P
from kcore.errors import InvalidArgumentError, ShapeError

from ._common import cast, concrete, convert, dtype_of, filled, is_unknown, pair, product, scalar, shape_of, wide_float
from .convolution import from_channels_last, resolve_data_format, to_channels_last
from .operation import op
from .shaping import slice_axis


def _triangle(x):
    return np.maximum(0, 1 - np.abs(x))


def _cubic(x):
    """Keys's kernel with a = -0.5 (1981)."""
    x = np.abs(x)
    near = ((1.5 * x - 2.5) * x) * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def _lanczos(radius: int):
    return lambda x: np.where(np.abs(x) < radius, np.sinc(x) * np.sinc(x / radius), 0)


KERNELS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "bilinear": _triangle,
    "bicubic": _cubic,
    "lanczos3": _lanczos(3),
    "lanczos5": _lanczos(5),
}
LONG_NAMES = {"linear": "bilinear", "trilinear": "bilinear", "triangle": "bilinear", "cubic": "bicubic"}
INTERPOLATIONS = ("nearest", *KERNELS, "area")


def kernel_weights(old: int, new: int, *, scale: float, shift: float, kernel: str, antialias: bool) -> np.ndarray:
    """The weights `(new, old)` of old pixels in new ones; new pixel i is old place `(i + 0.5 - shift) / scale - 0.5`.

    With `antialias` the kernel is as wide as a new pixel, if that is wider than an old one.
    """
    centres = (np.arange(new) + 0.5 - shift) / scale - 0.5
    width = max(1 / scale, 1.0) if antialias else 1.0
    weights = KERNELS[kernel]((centres[:, None] - np.arange(old)) / width)
    total = weights.sum(1, keepdims=True)
    inside = (centres >= -0.5) & (centres <= old - 0.5)
    fine = (np.abs(total) > 1e-6) & inside[:, None]
    return np.where(fine, weights / np.where(fine, total, 1), 0)


def _area_weights(old: int, new: int) -> np.ndarray:
    """How much of each new pixel each old one covers."""
    edges = np.arange(new + 1) * (old / new)
    below = np.clip(edges[:, None] - np.arange(old), 0, 1)
    return (below[1:] - below[:-1]) * (new / old)


def along(x, axis: int, weights: np.ndarray | None, new: int):
    """The product of a weight matrix with one axis of `x`; `None` stands for a matrix of unknown size."""
    shape, dtype = shape_of(x), dtype_of(x)
    if weights is None:
        matrix = filled(0.0, (shape[axis], new), dtype)
    else:
        matrix = active.current().asarray(np.ascontiguousarray(weights.T), dtype)
    order = (*(i for i in range(len(shape)) if i != axis), axis)
    lead = tuple(shape[i] for i in order[:-1])
    rows = P.reshape(P.permute_dims(x, axes=order), shape=(product(lead), shape[axis]))
    out = P.reshape(P.matmul(rows, matrix), shape=(*lead, new))
    return P.permute_dims(out, axes=tuple(np.argsort(order).tolist()))


def resize_axis(x, axis: int, new: int, interpolation: str, antialias: bool):
    """`x` with `new` elements along an axis."""
    old = shape_of(x)[axis]
    unknown = is_unknown(old) or is_unknown(new)
    if interpolation == "nearest":
        numbers = np.zeros(new, np.int32) if unknown else (2 * np.arange(new) + 1) * old // (2 * new)
        places = P.iota(size=new, dtype="int32") if unknown else active.current().asarray(numbers, "int32")
        return P.take(x, places, axis=axis)
    if unknown:
        return along(x, axis, None, new)
    if interpolation == "area":
        return along(x, axis, _area_weights(old, new), new)
    return along(
        x, axis, kernel_weights(old, new, scale=new / old, shift=0.0, kernel=interpolation, antialias=antialias), new
    )


def as_batch(images, data_format):
    """Images `(batch, height, width, channels)`, and the function that brings a result into the form that they had."""
    data_format = resolve_data_format(data_format)
    x = convert(images)
    single = len(shape_of(x)) == 3
    if len(shape_of(x)) not in (3, 4):
        raise ShapeError(f"`images` must have rank 3 or 4. Received: images.shape={shape_of(x)}")
    if single:
        x = P.reshape(x, shape=(1, *shape_of(x)))

    def back(out):
        out = from_channels_last(out, data_format)
        return P.reshape(out, shape=shape_of(out)[1:]) if single else out

    return to_channels_last(x, data_format), back


def computed(x):
    """`x` in a dtype that means are formed in, and the function that brings a result into the dtype it had."""
    dtype = dtype_of(x)
    if dtypes.is_float(dtype):
        return cast(x, wide_float(dtype)), lambda out: cast(out, dtype)
    return cast(x, "float32"), lambda out: P.cast(P.round(out), dtype=dtype)


def _cut(x, size):
    """The middle part of the target's aspect ratio."""
    (height, width), (rows, columns) = shape_of(x)[1:3], size
    kept = max(min(height, width * rows // columns), 1), max(min(width, height * columns // rows), 1)
    for axis, (old, new) in enumerate(zip((height, width), kept, strict=True), start=1):
        x = slice_axis(x, axis, (old - new) // 2, (old - new) // 2 + new)
    return x


def _filled_up(x, size, value):
    """The image in the middle of one of the target's aspect ratio."""
    (height, width), (rows, columns) = shape_of(x)[1:3], size
    wanted = max(height, width * rows // columns), max(width, height * columns // rows)
    widths = [
        ((new - old) // 2, new - old - (new - old) // 2) for old, new in zip((height, width), wanted, strict=True)
    ]
    return P.pad(x, scalar(value, dtype_of(x)), widths=((0, 0), *widths, (0, 0)))


@op
def resize(
    images,
    size,
    interpolation="bilinear",
    antialias=False,
    crop_to_aspect_ratio=False,
    pad_to_aspect_ratio=False,
    fill_mode="constant",
    fill_value=0.0,
    data_format=None,
):
    """Images in another size.

    Args:
        images: a tensor `(batch, height, width, channels)` or `(height, width, channels)`, or with channels first.
        size: the new height and width.
        interpolation: `"nearest"`; `"bilinear"`; `"bicubic"`, Keys's kernel with a = -0.5; `"lanczos3"`, `"lanczos5"`;
            or `"area"`, the mean of what a new pixel covers.
        antialias: whether a kernel is as wide as a new pixel when images get smaller.
        crop_to_aspect_ratio: whether the middle part of the new aspect ratio is cut out first.
        pad_to_aspect_ratio: whether images are put in the middle of ones of the new aspect ratio first.
        fill_mode: what is around them then: `"constant"`.
        fill_value: the constant.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.

    Returns:
        A tensor of the images' dtype; integers are rounded (halves to even) and held to their range.

    Raises:
        InvalidArgumentError: a size that isn't positive, an unknown interpolation, or both ways to keep the ratio.

    Example:
        >>> x = ops.reshape([0.0, 4.0], (1, 2, 1))
        >>> ops.image.resize(x, (1, 4), data_format="channels_last")[0, :, 0].tolist()
        [0.0, 1.0, 3.0, 4.0]
    """
    if interpolation not in INTERPOLATIONS:
        raise InvalidArgumentError(f"`interpolation` must be one of {INTERPOLATIONS}. Received: {interpolation!r}")
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise InvalidArgumentError("Only one of `crop_to_aspect_ratio` and `pad_to_aspect_ratio` can be true.")
    if fill_mode != "constant":
        raise InvalidArgumentError(f"`fill_mode` must be 'constant'. Received: fill_mode={fill_mode!r}")
    size = tuple(size) if isinstance(size, (list, tuple)) and any(map(is_unknown, size)) else pair(size, 2, "size")
    x, back = as_batch(images, data_format)
    if crop_to_aspect_ratio:
        x = _cut(x, size)
    if pad_to_aspect_ratio:
        x = _filled_up(x, size, fill_value)
    finish = lambda out: out  # noqa: E731
    if interpolation != "nearest":
        x, finish = computed(x)
    for axis, new in enumerate(size, start=1):
        x = resize_axis(x, axis, new, interpolation, antialias)
    return back(finish(x))


@op
def scale_and_translate(images, output_shape, scale, translation, spatial_dims, method, antialias=True):
    """Images stretched and moved.

    Args:
        images: a tensor of any rank.
        output_shape: the new shape.
        scale: by how much each of `spatial_dims` is stretched: numbers known beforehand.
        translation: by how many new pixels each is moved: numbers known beforehand.
        spatial_dims: the axes.
        method: `"linear"`, `"cubic"`, `"lanczos3"`, `"lanczos5"` (or `"bilinear"`, `"bicubic"`, ...).
        antialias: whether a kernel is as wide as a new pixel when images get smaller.

    Returns:
        A tensor of shape `output_shape` and the images' dtype; 0 where the images don't reach.

    Raises:
        InvalidArgumentError: an unknown method, or numbers that aren't known.

    Example:
        >>> ops.image.scale_and_translate(ops.array([2.0, 4.0]), (4,), [2.0], [0.0], (0,), "linear").tolist()
        [2.0, 2.5, 3.5, 4.0]
    """
    kernel = LONG_NAMES.get(method, "bicubic" if method == "tricubic" else method)
    if kernel not in KERNELS:
        raise InvalidArgumentError(f"`method` must be one of {(*KERNELS, *LONG_NAMES)}. Received: method={method!r}")
    x, finish = computed(convert(images))
    scales, shifts = concrete(convert(scale)), concrete(convert(translation))
    if scales is None or shifts is None:
        raise InvalidArgumentError("`scale` and `translation` must be numbers that are known beforehand.")
    for axis, factor, shift in zip(spatial_dims, scales.ravel().tolist(), shifts.ravel().tolist(), strict=True):
        old, new = shape_of(x)[axis], int(output_shape[axis])
        weights = kernel_weights(old, new, scale=factor, shift=shift, kernel=kernel, antialias=antialias)
        x = along(x, axis % len(shape_of(x)), None if is_unknown(old) else weights, new)
    if shape_of(x) != tuple(output_shape):
        raise ShapeError(f"`output_shape` must differ from that of the images along {spatial_dims} alone.")
    return finish(x)
