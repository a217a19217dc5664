"""Images looked up at other places: interpolation between pixels, and transforms made of it.

What lies beyond the border, for pixels a b c d (SciPy's names of the modes; `wrap` and `constant` are what it calls
`grid-wrap` and `grid-constant`):

    constant   k k k k | a b c d | k k k k
    nearest    a a a a | a b c d | d d d d
    wrap       a b c d | a b c d | a b c d
    mirror     d c b   | a b c d | c b a
    reflect    d c b a | a b c d | d c b a
"""

from __future__ import annotations

import itertools

from kcore.engine import primitives as P
from kcore.errors import InvalidArgumentError, ShapeError

from ._common import cast, convert, dtype_of, product, scalar, shape_of
from .operation import op
from .pixels import blurred
from .resizing import as_batch, computed

FILL_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")
INTERPOLATIONS = ("nearest", "bilinear")


def _inside(places, size: int, mode: str):
    """Indices in range for any indices along an axis."""
    last = max(int(size) - 1, 0)
    if mode == "wrap":
        return P.remainder(places, int(size))
    if mode == "mirror" and last:
        places = P.remainder(places, 2 * last)
        return P.where(P.less(last, places), P.subtract(2 * last, places), places)
    if mode == "reflect":
        places = P.remainder(places, 2 * int(size))
        return P.where(P.less(last, places), P.subtract(2 * last + 1, places), places)
    return P.minimum(P.maximum(places, 0), last)


def _corners(coordinate, order: int):
    """The pixels that a coordinate lies between, with their weights; `None` is a weight of 1."""
    if order == 0:
        return [(P.cast(P.floor(P.add(coordinate, 0.5)), dtype="int32"), None)]
    below = P.floor(coordinate)
    ahead = P.subtract(coordinate, below)
    first = P.cast(below, dtype="int32")
    return [(first, P.subtract(1, ahead)), (P.add(first, 1), ahead)]


def interpolate(rows, sizes, coordinates, *, base, order: int, mode: str, fill):
    """Weighted means of the pixels around places.

    Args:
        rows: the pixels, `(count, channels)`, in rows.
        sizes: the size of each axis that there are coordinates for.
        coordinates: a tensor of places an axis, all of one shape.
        base: the number of the first pixel of each place's image, or 0.
        order: 0 for the nearest pixel, 1 for linear interpolation.
        mode: what is beyond the border.
        fill: a tensor of shape `()`: the constant.

    Returns:
        A tensor `(*places, channels)`.
    """
    total = None
    for corner in itertools.product(*(_corners(c, order) for c in coordinates)):
        number, weight, valid = base, None, None
        for (places, part), size in zip(corner, sizes, strict=True):
            number = P.add(P.multiply(number, int(size)), _inside(places, size, mode))
            weight = part if weight is None else P.multiply(weight, part)
            if mode == "constant":
                here = P.bitwise_and(P.less_equal(0, places), P.less(places, int(size)))
                valid = here if valid is None else P.bitwise_and(valid, here)
        values = P.take(rows, number, axis=0)
        shape = (*shape_of(values)[:-1], 1)
        if valid is not None:
            values = P.where(P.reshape(valid, shape=shape), values, fill)
        if weight is not None:
            values = P.multiply(values, P.reshape(weight, shape=shape))
        total = values if total is None else P.add(total, values)
    return total


def _checked_mode(mode: str) -> str:
    if mode not in FILL_MODES:
        raise InvalidArgumentError(f"`fill_mode` must be one of {FILL_MODES}. Received: fill_mode={mode!r}")
    return mode


def _order_of(interpolation: str) -> int:
    if interpolation not in INTERPOLATIONS:
        raise InvalidArgumentError(f"`interpolation` must be one of {INTERPOLATIONS}. Received: {interpolation!r}")
    return INTERPOLATIONS.index(interpolation)


@op
def map_coordinates(inputs, coordinates, order, fill_mode="constant", fill_value: float = 0):
    """The values of a tensor at any places, between its elements.

    Args:
        inputs: a tensor of rank n.
        coordinates: a tensor `(n, *places)`: the index along each axis, in floating numbers.
        order: 0 for the nearest element (of two equally near ones the later), 1 for linear interpolation.
        fill_mode: what is beyond the border: `"constant"` (interpolated with as well), `"nearest"`, `"wrap"`,
            `"mirror"` (about the outermost elements), or `"reflect"` (about the border).
        fill_value: the constant.

    Returns:
        A tensor of shape `places` and `inputs`' dtype. The gradient flows into both.

    Raises:
        InvalidArgumentError: another order or mode.
        ShapeError: not one coordinate an axis.

    Example:
        >>> ops.image.map_coordinates([0.0, 10.0], [[0.25, 1.0, 1.5]], 1, fill_mode="nearest").tolist()
        [2.5, 10.0, 10.0]
    """
    if order not in (0, 1):
        raise InvalidArgumentError(f"`order` must be 0 or 1. Received: order={order!r}")
    x, finish = computed(convert(inputs))
    sizes, dtype = shape_of(x), dtype_of(x)
    places = cast(convert(coordinates), dtype)
    count, *shape = shape_of(places)
    if count != len(sizes):
        raise ShapeError(f"`coordinates` must have {len(sizes)} rows, one an axis. Received: {shape_of(places)}")
    rows = P.reshape(x, shape=(product(sizes), 1))
    each = [P.reshape(_row(places, i), shape=tuple(shape)) for i in range(count)]
    fill = scalar(float(fill_value), dtype)
    out = interpolate(rows, sizes, each, base=0, order=order, mode=_checked_mode(fill_mode), fill=fill)
    return finish(P.reshape(out, shape=tuple(shape)))


def _row(x, i: int):
    shape = shape_of(x)
    rest = (0,) * (len(shape) - 1)
    return P.slice(x, start=(i, *rest), stop=(i + 1, *shape[1:]), step=(1,) * len(shape))


def _grid(height: int, width: int, dtype: str):
    """Columns `(1, 1, width)` and rows `(1, height, 1)` of pixels."""
    x = P.reshape(P.iota(size=width, dtype=dtype), shape=(1, 1, width))
    return x, P.reshape(P.iota(size=height, dtype=dtype), shape=(1, height, 1))


def _look_up(x, rows, columns, *, order: int, mode: str, fill_value):
    """Images `(batch, height, width, channels)` at places `(batch, height, width)`."""
    batch, height, width, channels = shape_of(x)
    base = P.reshape(P.iota(size=batch, dtype="int32"), shape=(batch, 1, 1))
    shape = (batch, height, width)
    rows, columns = P.broadcast_to(rows, shape=shape), P.broadcast_to(columns, shape=shape)
    pixels = P.reshape(x, shape=(batch * height * width, channels))
    fill = scalar(float(fill_value), dtype_of(x))
    return interpolate(pixels, (height, width), (rows, columns), base=base, order=order, mode=mode, fill=fill)


def _transformed(images, parts, *, data_format, **options):
    """Images whose pixel (x, y) is that at ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k), k = c0 x + c1 y + 1.

    `parts(dtype)` gives the eight numbers as tensors `(batch or 1, 1, 1)`.
    """
    x, back = as_batch(images, data_format)
    x, finish = computed(x)
    a0, a1, a2, b0, b1, b2, c0, c1 = parts(dtype_of(x))
    _, height, width, _ = shape_of(x)
    columns, rows = _grid(height, width, dtype_of(x))

    def plane(p, q, r):
        return P.add(P.add(P.multiply(p, columns), P.multiply(q, rows)), r)

    depth = plane(c0, c1, scalar(1.0, dtype_of(x)))
    at_x, at_y = P.divide(plane(a0, a1, a2), depth), P.divide(plane(b0, b1, b2), depth)
    return back(finish(_look_up(x, at_y, at_x, **options)))


def _numbers(transform):
    """The columns of `(batch, 8)`, each `(batch, 1, 1)`."""
    batch = shape_of(transform)[0]
    turned = P.permute_dims(transform, axes=(1, 0))
    return [P.reshape(_row(turned, i), shape=(batch, 1, 1)) for i in range(8)]


@op
def affine_transform(
    images,
    transform,
    interpolation="bilinear",
    fill_mode="constant",
    fill_value: float = 0,
    data_format=None,
):
    """Images turned, stretched, sheared, moved.

    Args:
        images: a tensor `(batch, height, width, channels)` or `(height, width, channels)`, or with channels first.
        transform: `(a0, a1, a2, b0, b1, b2, c0, c1)`, or a row of them an image: the new pixel (x, y) is the old one
            at `((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k)` with `k = c0 x + c1 y + 1`.
        interpolation: `"nearest"` or `"bilinear"`.
        fill_mode: what is beyond the border; see `map_coordinates`.
        fill_value: the constant.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.

    Returns:
        A tensor of the images' shape and dtype. The gradient flows into both.

    Raises:
        InvalidArgumentError: another interpolation or mode.
        ShapeError: not eight numbers, or not as many rows as images.

    Example:
        >>> x = ops.reshape([1.0, 2.0, 3.0], (1, 3, 1))
        >>> ops.image.affine_transform(x, [1, 0, 1, 0, 1, 0, 0, 0], data_format="channels_last")[0, :, 0].tolist()
        [2.0, 3.0, 0.0]
    """
    numbers = convert(transform)
    if len(shape_of(numbers)) not in (1, 2) or shape_of(numbers)[-1] != 8:
        raise ShapeError(f"`transform` must be (8,) or (batch, 8). Received: transform.shape={shape_of(numbers)}")
    if len(shape_of(numbers)) == 1:
        numbers = P.reshape(numbers, shape=(1, 8))
    options = {"order": _order_of(interpolation), "mode": _checked_mode(fill_mode), "fill_value": fill_value}
    return _transformed(images, lambda d: _numbers(cast(numbers, d)), data_format=data_format, **options)


def _homography(start, end):
    """The eight numbers of the projection that takes each point of `end` to that of `start`; `(batch, 4, 2)` both."""
    batch = shape_of(start)[0]
    column = (batch, 4, 1)

    def part(points, i):
        return P.slice(points, start=(0, 0, i), stop=(batch, 4, i + 1), step=(1, 1, 1))

    x, y = part(end, 0), part(end, 1)
    one, zero = (P.broadcast_to(scalar(value, dtype_of(x)), shape=column) for value in (1.0, 0.0))

    def rows(target, first):
        own, other = (x, y, one), (zero, zero, zero)
        tail = (P.negative(P.multiply(target, x)), P.negative(P.multiply(target, y)))
        return P.concat(*(own + other if first else other + own), *tail, axis=2)

    u, v = part(start, 0), part(start, 1)
    matrix = P.concat(rows(u, True), rows(v, False), axis=1)
    return P.reshape(P.solve(matrix, P.concat(u, v, axis=1)), shape=(batch, 8))


@op
def perspective_transform(
    images,
    start_points,
    end_points,
    interpolation="bilinear",
    fill_value: float = 0,
    data_format=None,
):
    """Images seen from another side: four points of each are moved to four others.

    Args:
        images: a tensor `(batch, height, width, channels)` or `(height, width, channels)`, or with channels first.
        start_points: `(4, 2)` or `(batch, 4, 2)`: four points (x, y), no three of them on a line.
        end_points: the places that they come to, likewise.
        interpolation: `"nearest"` or `"bilinear"`.
        fill_value: what is beyond the border.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.

    Returns:
        A tensor of the images' shape and dtype.

    Raises:
        ShapeError: not four points.

    Example:
        >>> x = ops.reshape([0.0, 1.0, 2.0, 3.0], (2, 2, 1))
        >>> corners, mirrored = [[0, 0], [1, 0], [0, 1], [1, 1]], [[1, 0], [0, 0], [1, 1], [0, 1]]
        >>> ops.image.perspective_transform(x, corners, mirrored, data_format="channels_last")[..., 0].tolist()
        [[1.0, 0.0], [3.0, 2.0]]
    """
    points = [convert(start_points), convert(end_points)]
    for i, p in enumerate(points):
        if shape_of(p)[-2:] != (4, 2) or len(shape_of(p)) not in (2, 3):
            raise ShapeError(f"Points must be (4, 2) or (batch, 4, 2). Received: {[shape_of(p) for p in points]}")
        points[i] = P.reshape(p, shape=(1, 4, 2)) if len(shape_of(p)) == 2 else p
    batch = max(shape_of(p)[0] for p in points)
    points = [P.broadcast_to(p, shape=(batch, 4, 2)) for p in points]

    def parts(dtype):
        return _numbers(_homography(*(cast(p, dtype) for p in points)))

    options = {"order": _order_of(interpolation), "mode": "constant", "fill_value": fill_value}
    return _transformed(images, parts, data_format=data_format, **options)


@op
def elastic_transform(
    images,
    alpha=20.0,
    sigma=5.0,
    interpolation="bilinear",
    fill_mode="reflect",
    fill_value=0.0,
    seed=None,
    data_format=None,
):
    """Images whose pixels are moved about smoothly at random (Simard et al., 2003).

    Args:
        images: a tensor `(batch, height, width, channels)` or `(height, width, channels)`, or with channels first.
        alpha: how far: what the blurred noise is multiplied by, in pixels.
        sigma: the standard deviation of the blur.
        interpolation: `"nearest"` or `"bilinear"`.
        fill_mode: what is beyond the border; see `map_coordinates`.
        fill_value: the constant.
        seed: an integer or a `SeedGenerator`.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.

    Returns:
        A tensor of the images' shape and dtype, the same on every backend for a seed.

    Example:
        >>> ops.image.elastic_transform(ops.ones((1, 4, 4, 3)), seed=1, data_format="channels_last").shape
        (1, 4, 4, 3)
    """
    from kcore import random

    x, back = as_batch(images, data_format)
    x, finish = computed(x)
    batch, height, width, _ = shape_of(x)
    dtype = dtype_of(x)
    size = 2 * int(3 * sigma) + 1
    noise = cast(random.normal((batch, height, width, 2), seed=seed), dtype)
    moves = P.multiply(blurred(noise, (size, size), (float(sigma), float(sigma))), float(alpha))
    columns, rows = _grid(height, width, dtype)
    step = [P.reshape(_channel(moves, i), shape=(batch, height, width)) for i in range(2)]
    options = {"order": _order_of(interpolation), "mode": _checked_mode(fill_mode), "fill_value": fill_value}
    return back(finish(_look_up(x, P.add(rows, step[0]), P.add(columns, step[1]), **options)))


def _channel(x, i: int):
    shape = shape_of(x)
    return P.slice(x, start=(0, 0, 0, i), stop=(*shape[:-1], i + 1), step=(1,) * 4)
