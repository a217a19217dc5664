"""Padding: constant, and the modes that repeat the tensor's own elements."""

from __future__ import annotations

import operator

import numpy as np

from kcore.engine import primitives as P
from kcore.errors import InvalidArgumentError, ShapeError

from ._common import convert, dtype_of, is_unknown, scalar, shape_of
from .operation import op

_MODES = ("constant", "edge", "reflect", "symmetric", "wrap")


@op
def pad(x, pad_width, mode="constant", constant_values=None):
    """Wider along axes.

    Args:
        x: a tensor.
        pad_width: how many elements before and after along each axis: a pair an axis, one pair for all, or one
            integer for all.
        mode: `"constant"`, `"edge"` (the last element), `"reflect"` (mirrored, the last element not repeated),
            `"symmetric"` (mirrored, the last element repeated) or `"wrap"` (from the other end). Mirrors and wraps go
            on as often as it takes.
        constant_values: the value for `"constant"`; 0 by default.

    Returns:
        A tensor of `x`'s dtype.

    Raises:
        InvalidArgumentError: an unknown mode, or `constant_values` with another mode than `"constant"`.
        ShapeError: nothing is there to repeat.

    Example:
        >>> ops.pad([1, 2, 3], ((2, 1),), mode="reflect").tolist()
        [3, 2, 1, 2, 3, 2]
    """
    x = convert(x)
    widths = _widths(pad_width, len(shape_of(x)))
    if mode not in _MODES:
        raise InvalidArgumentError(f"`mode` must be one of {', '.join(_MODES)}. Received: mode={mode!r}")
    if mode == "constant":
        value = scalar(0, dtype_of(x)) if constant_values is None else convert(constant_values, dtype_of(x))
        return P.pad(x, P.reshape(value, shape=()), widths=widths)
    if constant_values is not None:
        raise InvalidArgumentError(f"`constant_values` goes with mode='constant' only. Received: mode={mode!r}")
    for axis, width in enumerate(widths):
        x = _pad_by_index(x, axis, width, mode) if width != (0, 0) else x
    return x


def _widths(pad_width, rank: int) -> tuple[tuple[int, int], ...]:
    try:
        if not hasattr(pad_width, "__len__"):
            pad_width = ((pad_width, pad_width),) * rank
        elif len(pad_width) and not hasattr(pad_width[0], "__len__"):
            pad_width = (tuple(pad_width) if len(pad_width) == 2 else tuple(pad_width) * 2,) * rank
        elif len(pad_width) == 1:
            pad_width = tuple(pad_width) * rank
        widths = tuple((operator.index(lo), operator.index(hi)) for lo, hi in pad_width)
    except (TypeError, ValueError):
        widths = ()
    if len(widths) != rank or any(n < 0 for width in widths for n in width):
        raise InvalidArgumentError(
            f"`pad_width` must be a pair of non-negative integers for each of {rank} axes. "
            f"Received: pad_width={pad_width}"
        )
    return widths


def _pad_by_index(x, axis: int, width: tuple[int, int], mode: str):
    size = shape_of(x)[axis]
    if is_unknown(size):
        widths = tuple(width if i == axis else (0, 0) for i in range(len(shape_of(x))))
        return P.pad(x, scalar(0, dtype_of(x)), widths=widths)
    if size == 0:
        raise ShapeError(
            f"`x` must have elements along each padded axis. "
            f"Received: x.shape={shape_of(x)}, axis={axis}, mode={mode!r}"
        )
    indices = np.pad(np.arange(size, dtype="int32"), width, mode=mode)  # type: ignore[call-overload]
    return P.take(x, convert(indices), axis=axis)
