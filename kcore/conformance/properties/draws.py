"""What calls of each primitive look like: builders of samples, which draw shapes, dtypes and parameters.

Numbers are multiples of 1/8: sums and products of a few of them are exact in every dtype, and a quotient is either a
whole number or well away from one. Their order is fixed, so a call is described by its shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kcore.engine.primitives import TABLE, Primitive, Sample
from kcore.engine.spec import Spec
from kcore.errors import DtypeError

Shape = tuple[int, ...]

POSITIVE = {"log": (0.125, 4), "sqrt": (0.125, 4), "log1p": (-0.875, 3)}
DIVIDED = {"divide", "floor_divide", "remainder"}
SAMPLED = {"power", "prod", "cumsum", "shift_left", "shift_right"}
"""Rows that are asked in the dtypes of their samples alone."""
ADDED = {"scatter_add", "scatter_add_along_axis"}


class Draw:
    """Draws choices of one call.

    Args:
        draw: Hypothesis's function that draws from a strategy.
        strategies: its module of strategies.
    """

    def __init__(self, draw: Callable[[Any], Any], strategies: Any):
        self._draw, self._st, self._seed = draw, strategies, 0

    def integer(self, low: int, high: int) -> int:
        """An integer, both ends included."""
        return self._draw(self._st.integers(low, high))

    def one_of(self, choices: Sequence[Any]) -> Any:
        """One of these."""
        return self._draw(self._st.sampled_from(choices))

    def integers(self, count: int, low: int, high: int) -> Shape:
        """A tuple of integers."""
        return tuple(self.integer(low, high) for _ in range(count))

    def shape(self, least: int = 0, most: int = 4, low: int = 0) -> Shape:
        """A shape of `least` to `most` axes."""
        return self.integers(self.integer(least, most), low, 4)

    def order(self, count: int) -> Shape:
        """A permutation."""
        return tuple(self._draw(self._st.permutations(range(count))))

    def axes(self, rank: int) -> Shape:
        """Some of the axes, in order."""
        return tuple(axis for axis in range(rank) if self.one_of((False, True)))

    def part(self, shape: Shape) -> Shape:
        """A shape that broadcasts to this one."""
        kept = shape[self.integer(0, len(shape)) :]
        return tuple(self.one_of((size, 1)) for size in kept)

    def array(self, shape: Shape, dtype: str, low: float = -2, high: float = 2) -> np.ndarray:
        """Numbers in a fixed order: floating ones between `low` and `high`, integers between -9 and 9."""
        self._seed += 1
        random = np.random.default_rng(self._seed)
        if dtype == "bool":
            return random.integers(0, 2, shape).astype(bool)
        if dtype.startswith("float"):
            return (random.integers(int(8 * low), int(8 * high) + 1, shape) / 8).astype(dtype)
        return random.integers(0 if dtype.startswith("u") else -9, 10, shape).astype(dtype)

    def indices(self, shape: Shape, size: int) -> np.ndarray:
        """Indices into an axis."""
        self._seed += 1
        dtype = self.one_of(("int32", "int64"))
        return np.random.default_rng(self._seed).integers(0, max(size, 1), shape).astype(dtype)


Builder = Callable[[Draw, Primitive, str], Sample]


def dtypes_of(row: Primitive, known: Sequence[str]) -> list[str]:
    """Those of a backend's dtypes that a row is asked in."""
    sampled = {np.asarray(x).dtype.name for sample in row.samples() for x in sample.operands}
    known = [d for d in known if d != "bfloat16"]
    if row.name in SAMPLED or row.group in ("contraction", "window"):
        return [d for d in known if d in sampled and d != "bool"]
    if row.name in ADDED:
        return [d for d in known if d != "bool"]
    if row.group in ("movement", "indexing") or row.name in ("where", "cast"):
        return known
    return [d for d in known if _takes(row, d) and (d != "bool" or d in sampled)]


def _takes(row: Primitive, dtype: str) -> bool:
    try:
        row.spec(*(Spec((2,), dtype) for _ in row.operands), **{name: _PARAMS[name] for name in row.params})
    except DtypeError:
        return False
    return True


_PARAMS = {"axes": (0,), "axis": 0, "keepdims": False}


def sample(draw: Draw, row: Primitive, dtypes: Sequence[str]) -> Sample:
    """A call of a row: described by its name, which says shapes, dtypes and parameters."""
    made = BUILDERS.get(row.name, BUILDERS.get(row.group))(draw, row, draw.one_of(dtypes))  # type: ignore[misc]
    operands = ", ".join(f"{np.asarray(x).dtype.name}{list(np.shape(x))}" for x in made.operands)
    return Sample(f"{row.name}({operands}), {made.params}", made.operands, made.params)


def _call(*operands: Any, **params: Any) -> Sample:
    return Sample("", operands, params)


# ---- elementwise


def _elementwise(draw: Draw, row: Primitive, dtype: str) -> Sample:
    shape = draw.shape()
    arrays = [draw.array(draw.part(shape), dtype, *POSITIVE.get(row.name, (-2, 2))) for _ in row.operands]
    if row.name in DIVIDED and dtype.startswith("float"):
        arrays[1] = np.abs(arrays[1]) + np.asarray(0.5, dtype)
    if row.name == "power" and dtype.startswith("float"):
        arrays[0] = np.abs(arrays[0]) + np.asarray(0.5, dtype)
    if row.name.startswith("shift"):
        arrays[1] = np.abs(arrays[1]) * np.asarray(5, dtype)
    return _call(*arrays)


def _where(draw: Draw, row: Primitive, dtype: str) -> Sample:
    shape = draw.shape()
    return _call(*(draw.array(draw.part(shape), d) for d in ("bool", dtype, dtype)))


def _cast(draw: Draw, row: Primitive, dtype: str) -> Sample:
    return _call(draw.array(draw.shape(), dtype), dtype=draw.one_of(("bool", "uint8", "int32", "float32")))


# ---- movement


def _reshape(draw: Draw, row: Primitive, dtype: str) -> Sample:
    shape = draw.shape()
    size = int(np.prod(shape))
    choices = [(size,), (1, *shape), (*shape, 1), shape[::-1], (size, 1, 1)]
    return _call(draw.array(shape, dtype), shape=draw.one_of(choices))


def _permute_dims(draw: Draw, row: Primitive, dtype: str) -> Sample:
    shape = draw.shape()
    return _call(draw.array(shape, dtype), axes=draw.order(len(shape)))


def _broadcast_to(draw: Draw, row: Primitive, dtype: str) -> Sample:
    shape = draw.shape()
    return _call(draw.array(draw.part(shape), dtype), shape=shape)


def _pad(draw: Draw, row: Primitive, dtype: str) -> Sample:
    shape = draw.shape()
    widths = tuple(draw.integers(2, 0, 3) for _ in shape)
    return _call(draw.array(shape, dtype), draw.array((), dtype), widths=widths)


def _slice(draw: Draw, row: Primitive, dtype: str) -> Sample:
    shape = draw.shape()
    start = tuple(draw.integer(0, size) for size in shape)
    stop = tuple(draw.integer(a, size) for a, size in zip(start, shape, strict=True))
    return _call(draw.array(shape, dtype), start=start, stop=stop, step=draw.integers(len(shape), 1, 3))


def _flip(draw: Draw, row: Primitive, dtype: str) -> Sample:
    shape = draw.shape()
    return _call(draw.array(shape, dtype), axes=draw.axes(len(shape)))


def _concat(draw: Draw, row: Primitive, dtype: str) -> Sample:
    shape = draw.shape(1)
    axis = draw.integer(0, len(shape) - 1)
    sizes = draw.integers(draw.integer(1, 4), 0, 3)
    return _call(*(draw.array((*shape[:axis], n, *shape[axis + 1 :]), dtype) for n in sizes), axis=axis)


def _iota(draw: Draw, row: Primitive, dtype: str) -> Sample:
    return _call(size=draw.integer(0, 20), dtype=draw.one_of(("int32", "uint32", "float32")))


# ---- indexing


def _take(draw: Draw, row: Primitive, dtype: str) -> Sample:
    x, axis = _with_axis(draw, dtype, low=1)
    return _call(x, draw.indices(draw.shape(0, 2), x.shape[axis]), axis=axis)


def _scatter(draw: Draw, row: Primitive, dtype: str) -> Sample:
    read = _take(draw, row, dtype)
    x, indices, axis = *read.operands, read.params["axis"]
    updates = draw.array((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]), dtype)
    return _call(x, indices, updates, axis=axis)


def _take_along_axis(draw: Draw, row: Primitive, dtype: str) -> Sample:
    x, axis = _with_axis(draw, dtype, low=1)
    shape = (*x.shape[:axis], draw.integer(0, 4), *x.shape[axis + 1 :])
    return _call(x, draw.indices(shape, x.shape[axis]), axis=axis)


def _scatter_add_along_axis(draw: Draw, row: Primitive, dtype: str) -> Sample:
    read = _take_along_axis(draw, row, dtype)
    return _call(*read.operands, draw.array(read.operands[1].shape, dtype), **read.params)


def _with_axis(draw: Draw, dtype: str, low: int = 0) -> tuple[np.ndarray, int]:
    """An array of one axis at least, and one of its axes."""
    shape = draw.shape(1, 4, low)
    return draw.array(shape, dtype), draw.integer(0, len(shape) - 1)


# ---- reduction


def _reduction(draw: Draw, row: Primitive, dtype: str) -> Sample:
    shape = draw.shape(low=1 if row.name in ("max", "min") else 0)
    return _call(draw.array(shape, dtype), axes=draw.axes(len(shape)), keepdims=draw.one_of((False, True)))


def _along(draw: Draw, row: Primitive, dtype: str) -> Sample:
    x, axis = _with_axis(draw, dtype, low=1 if row.name.startswith("arg") else 0)
    return _call(x, axis=axis)


# ---- contraction and window


def _matmul(draw: Draw, row: Primitive, dtype: str) -> Sample:
    batch, (m, k, n) = draw.shape(0, 2), draw.integers(3, 0, 5)
    return _call(draw.array((*batch, m, k), dtype), draw.array((*batch, k, n), dtype))


def _strided(draw: Draw) -> tuple[Shape, Shape, dict[str, Any]]:
    """Spatial shapes of an image and of a kernel that fits in it, strides and dilation."""
    rank = draw.integer(1, 3)
    kernel, strides, dilation = (draw.integers(rank, 1, high) for high in (3, 3, 2))
    room = draw.integers(rank, 0, 4)
    size = tuple((k - 1) * d + 1 + r for k, d, r in zip(kernel, dilation, room, strict=True))
    return size, kernel, {"strides": strides, "dilation": dilation}


def _conv(draw: Draw, row: Primitive, dtype: str) -> Sample:
    size, kernel, steps = _strided(draw)
    groups, channels, features = draw.integer(1, 3), draw.integer(1, 2), draw.integer(1, 2)
    x = draw.array((draw.integer(0, 2), *size, groups * channels), dtype)
    weights = draw.array((*kernel, channels, groups * features), dtype)
    return _call(x, weights, padding=tuple(draw.integers(2, 0, 2) for _ in size), groups=groups, **steps)


def _conv_adjoint(draw: Draw, row: Primitive, dtype: str) -> Sample:
    forward = _conv(draw, row, dtype)
    x, kernel = forward.operands
    y = draw.array(TABLE["conv"].spec(Spec(x.shape, dtype), Spec(kernel.shape, dtype), **forward.params).shape, dtype)
    if row.name == "conv_transpose":
        return _call(y, kernel, size=x.shape[1:-1], **forward.params)
    return _call(x, y, size=kernel.shape[:-2], **forward.params)


def _windows(draw: Draw, row: Primitive, dtype: str) -> Sample:
    shape, size, steps = _strided(draw)
    return _call(draw.array((draw.integer(0, 2), *shape, draw.integer(1, 3)), dtype), size=size, **steps)


def _fold(draw: Draw, row: Primitive, dtype: str) -> Sample:
    forward = _windows(draw, row, dtype)
    x, size = forward.operands[0], forward.params.pop("size")
    y = TABLE["windows"].spec(Spec(x.shape, dtype), size=size, **forward.params)
    return _call(draw.array(y.shape, dtype), shape=x.shape[1:-1], **forward.params)


BUILDERS: dict[str, Builder] = {
    "elementwise": _elementwise,
    "where": _where,
    "cast": _cast,
    "reshape": _reshape,
    "permute_dims": _permute_dims,
    "broadcast_to": _broadcast_to,
    "pad": _pad,
    "slice": _slice,
    "flip": _flip,
    "concat": _concat,
    "iota": _iota,
    "take": _take,
    "scatter": _scatter,
    "scatter_add": _scatter,
    "take_along_axis": _take_along_axis,
    "scatter_add_along_axis": _scatter_add_along_axis,
    **dict.fromkeys(("sum", "prod", "max", "min"), _reduction),
    **dict.fromkeys(("argmax", "argmin", "argsort", "cumsum"), _along),
    "matmul": _matmul,
    "conv": _conv,
    **dict.fromkeys(("conv_transpose", "conv_kernel_grad"), _conv_adjoint),
    "windows": _windows,
    "fold": _fold,
}
"""Builders by row, or by group."""
