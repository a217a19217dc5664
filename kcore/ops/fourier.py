"""Fourier transforms. Complex numbers are pairs of tensors, real and imaginary parts.

Forward transforms don't divide, inverse ones divide by the length. They are computed in float32 or float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kcore.engine import active
from kcore.engine import primitives as P
from kcore.engine.primitives.fourier import halves
from kcore.errors import InvalidArgumentError, ShapeError

from ._common import cast, convert, dtype_of, filled, promote_float, scalar, shape_of, to_float, wide_float
from .operation import op
from .patches import extract_sequences
from .shaping import slice_axis


def _pair(x):
    """Real and imaginary part, in a dtype that can be computed in, and the dtype of the result."""
    if not isinstance(x, (list, tuple)) or len(x) != 2:
        raise InvalidArgumentError("`x` must be a pair of tensors, the real and the imaginary part.")
    re, im = promote_float(*x)
    if shape_of(re) != shape_of(im) or not shape_of(re):
        raise ShapeError(f"Both parts must be of one shape. Received: {shape_of(re)}, {shape_of(im)}")
    dtype = dtype_of(re)
    return cast(re, wide_float(dtype)), cast(im, wide_float(dtype)), dtype


def _transform(re, im, *, inverse: bool):
    """The transform over the last axis; the inverse divides."""
    parts = halves(P.fft(re, im, inverse=inverse))
    if not inverse:
        return parts
    count = float(max(shape_of(re)[-1], 1))
    return [P.divide(x, count) for x in parts]


def _turned(x):
    """The last two axes exchanged."""
    rank = len(shape_of(x))
    return P.permute_dims(x, axes=(*range(rank - 2), rank - 1, rank - 2))


def _two_axes(x, *, inverse: bool):
    re, im, dtype = _pair(x)
    if len(shape_of(re)) < 2:
        raise ShapeError(f"Both parts must have rank 2 or more. Received: shape={shape_of(re)}")
    parts = _transform(*map(_turned, _transform(re, im, inverse=inverse)), inverse=inverse)
    return tuple(cast(_turned(part), dtype) for part in parts)


@op
def fft(x):
    """The discrete Fourier transform over the last axis.

    Args:
        x: a pair of tensors `(..., n)`, the real and the imaginary part.

    Returns:
        Such a pair.

    Example:
        >>> re, im = ops.fft(([0.0, 1.0], [0.0, 0.0]))
        >>> re.tolist(), im.tolist()
        ([1.0, -1.0], [0.0, 0.0])
    """
    re, im, dtype = _pair(x)
    return tuple(cast(part, dtype) for part in _transform(re, im, inverse=False))


@op
def fft2(x):
    """The discrete Fourier transform over the last two axes.

    Args:
        x: a pair of tensors `(..., m, n)`, the real and the imaginary part.

    Returns:
        Such a pair.

    Example:
        >>> re, im = ops.fft2((ops.ones((2, 2)), ops.zeros((2, 2))))
        >>> re.tolist()
        [[4.0, 0.0], [0.0, 0.0]]
    """
    return _two_axes(x, inverse=False)


@op
def ifft2(x):
    """The inverse of `fft2`.

    Args:
        x: a pair of tensors `(..., m, n)`, the real and the imaginary part.

    Returns:
        Such a pair.

    Example:
        >>> re, im = ops.ifft2(([[4.0, 0.0], [0.0, 0.0]], ops.zeros((2, 2))))
        >>> re.tolist()
        [[1.0, 1.0], [1.0, 1.0]]
    """
    return _two_axes(x, inverse=True)


def _of_length(x, length: int):
    """The last axis cut off, or filled up with zeros."""
    *lead, size = shape_of(x)
    if length <= size:
        return slice_axis(x, len(lead), 0, length)
    return P.pad(x, scalar(0, dtype_of(x)), widths=(*((0, 0),) * len(lead), (0, length - size)))


@op
def rfft(x, fft_length=None):
    """The half of the Fourier transform of real numbers that says it all, over the last axis.

    Args:
        x: a tensor `(..., n)`.
        fft_length: the length that the last axis is cut or filled up with zeros to; n by default.

    Returns:
        A pair of tensors `(..., fft_length // 2 + 1)`, the real and the imaginary part.

    Example:
        >>> re, im = ops.rfft([1.0, 2.0, 3.0])
        >>> re.tolist()
        [6.0, -1.5]
    """
    x = to_float(x)
    dtype = dtype_of(x)
    if fft_length is not None:
        x = _of_length(x, int(fft_length))
    x = cast(x, wide_float(dtype))
    *lead, size = shape_of(x)
    parts = _transform(x, P.multiply(P.stop_gradient(x), 0), inverse=False)
    return tuple(cast(slice_axis(part, len(lead), 0, size // 2 + 1), dtype) for part in parts)


@op
def irfft(x, fft_length=None):
    """Real numbers from the half of their Fourier transform: the inverse of `rfft`.

    Args:
        x: a pair of tensors `(..., n)`, the real and the imaginary part. The imaginary parts of the first number, and
            of the last for an even length, don't count.
        fft_length: the length of the result; `2 * (n - 1)` by default.

    Returns:
        A tensor `(..., fft_length)`.

    Example:
        >>> ops.irfft(([6.0, -1.5], [0.0, 0.8660254]), 3).tolist()
        [1.0, 2.0, 3.0]
    """
    re, im, dtype = _pair(x)
    length = 2 * (shape_of(re)[-1] - 1) if fft_length is None else int(fft_length)
    if length < 1:
        raise InvalidArgumentError(f"`fft_length` must be positive. Received: {length}")
    re, im = (_of_length(part, length // 2 + 1) for part in (re, im))
    axis = len(shape_of(re)) - 1
    twin = slice(1, (length + 1) // 2)
    mirror = [P.flip(slice_axis(part, axis, twin.start, twin.stop), axes=(axis,)) for part in (re, im)]
    full_re = P.concat(re, mirror[0], axis=axis)
    odd = np.ones(length // 2 + 1)
    odd[0] = 0
    if length % 2 == 0:
        odd[-1] = 0
    im = P.multiply(im, active.current().asarray(odd, dtype_of(im)))
    full_im = P.concat(im, P.negative(mirror[1]), axis=axis)
    return cast(_transform(full_re, full_im, inverse=True)[0], dtype)


def _window(window, length: int, fft_length: int, dtype: str):
    """A window in the middle of `fft_length` zeros."""
    before = (fft_length - length) // 2
    if window is None:
        numbers = np.ones(length)
    elif isinstance(window, str):
        if window not in ("hann", "hamming"):
            raise InvalidArgumentError(f"`window` must be 'hann', 'hamming', a tensor or None. Received: {window!r}")
        a = 0.5 if window == "hann" else 0.54
        numbers = a - (1 - a) * np.cos(2 * np.pi * np.arange(length) / length)
    else:
        given = cast(convert(window), dtype)
        if shape_of(given) != (length,):
            raise ShapeError(f"`window` must be ({length},). Received: window.shape={shape_of(given)}")
        return P.pad(given, scalar(0, dtype), widths=((before, fft_length - length - before),))
    return active.current().asarray(np.pad(numbers, (before, fft_length - length - before)), dtype)


def _check_lengths(sequence_length: int, sequence_stride: int, fft_length: int) -> None:
    if not sequence_stride > 0 or not 0 < sequence_length <= fft_length:
        raise InvalidArgumentError(
            "`sequence_stride` must be positive, and `sequence_length` positive and at most `fft_length`. Received: "
            f"sequence_length={sequence_length}, sequence_stride={sequence_stride}, fft_length={fft_length}"
        )


@op
def stft(x, sequence_length, sequence_stride, fft_length, window: Any = "hann", center=True):
    """The Fourier transforms of overlapping stretches of the last axis.

    Args:
        x: a tensor `(..., n)`.
        sequence_length: how long the window is.
        sequence_stride: how far a stretch starts from the one before.
        fft_length: how long a stretch is; the window stands in its middle.
        window: `"hann"` or `"hamming"` (of period `sequence_length`), a tensor `(sequence_length,)`, or `None`.
        center: whether stretch i has its middle at `i * sequence_stride`, `x` being mirrored at both ends.

    Returns:
        A pair of tensors `(..., count, fft_length // 2 + 1)`, the real and the imaginary part.

    Raises:
        InvalidArgumentError: a length or a window that isn't possible.

    Example:
        >>> re, im = ops.stft(ops.ones((10,)), 4, 2, 4)
        >>> re.shape
        (6, 3)
    """
    _check_lengths(sequence_length, sequence_stride, fft_length)
    x = to_float(x)
    dtype = dtype_of(x)
    x = cast(x, wide_float(dtype))
    weights = _window(window, sequence_length, fft_length, dtype_of(x))
    if center:
        x = _mirrored(x, fft_length // 2)
    stretches = P.multiply(extract_sequences(x, fft_length, sequence_stride), weights)
    return tuple(cast(part, dtype) for part in rfft(stretches))


def _mirrored(x, count: int):
    """The last axis with `count` elements more at both ends, mirrored about the outermost ones."""
    axis, size = len(shape_of(x)) - 1, shape_of(x)[-1]
    if count >= size:
        raise ShapeError(f"`x` must be longer than half of `fft_length` to be centred. Received: length {size}")
    before = P.flip(slice_axis(x, axis, 1, count + 1), axes=(axis,))
    after = P.flip(slice_axis(x, axis, size - count - 1, size - 1), axes=(axis,))
    return P.concat(before, x, after, axis=axis)


def _overlapped(frames, stride: int):
    """The sum of stretches `(..., count, length)`, each `stride` further along than the one before."""
    *lead, count, length = shape_of(frames)
    total = (count - 1) * stride + length
    places = P.add(
        P.multiply(P.reshape(P.iota(size=count, dtype="int32"), shape=(count, 1)), stride),
        P.reshape(P.iota(size=length, dtype="int32"), shape=(1, length)),
    )
    return P.scatter_add(filled(0, (*lead, total), dtype_of(frames)), places, frames, axis=len(lead))


@op
def istft(x, sequence_length, sequence_stride, fft_length, length=None, window: Any = "hann", center=True):
    """The sequence that `stft` made these transforms of, in the sense of least squares (Griffin and Lim, 1984).

    Args:
        x: a pair of tensors `(..., count, fft_length // 2 + 1)`, the real and the imaginary part.
        sequence_length: how long the window is.
        sequence_stride: how far a stretch starts from the one before.
        fft_length: how long a stretch is.
        length: how long the result is, filled up with zeros if need be; all that there is by default.
        window: as for `stft`.
        center: whether stretches have their middles at multiples of `sequence_stride`.

    Returns:
        A tensor `(..., length)`, 0 where all windows are 0. By default the length is `(count - 1) * sequence_stride`
        plus, if it isn't centred, `fft_length`; for an odd `fft_length` 1 more if it is.

    Raises:
        InvalidArgumentError: a length or a window that isn't possible.

    Example:
        >>> x = ops.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
        >>> [round(n, 3) for n in ops.istft(ops.stft(x, 4, 2, 4), 4, 2, 4).tolist()]
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    """
    _check_lengths(sequence_length, sequence_stride, fft_length)
    re, im, dtype = _pair(x)
    weights = _window(window, sequence_length, fft_length, dtype_of(re))
    frames = irfft((re, im), fft_length)
    total = _overlapped(P.multiply(frames, weights), sequence_stride)
    count = shape_of(frames)[-2]
    squares = P.broadcast_to(P.multiply(weights, weights), shape=(count, fft_length))
    scale = _overlapped(squares, sequence_stride)
    none = P.less_equal(scale, 1e-10)
    out = P.where(none, 0, P.divide(total, P.where(none, 1, scale)))
    axis, size = len(shape_of(out)) - 1, shape_of(out)[-1]
    start = fft_length // 2 if center else 0
    stop = size - start if length is None else min(start + int(length), size)
    out = slice_axis(out, axis, start, stop)
    return cast(out if length is None else _of_length(out, int(length)), dtype)
