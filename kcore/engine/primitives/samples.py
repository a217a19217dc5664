"""The edge cases on which every primitive is tried, by name. Rows pick the builders that fit them."""

from __future__ import annotations

from functools import cache

import numpy as np

from .row import Sample

INT_EXTREMES = np.array([-(2**31), -(2**31) + 1, -7, -1, 0, 1, 7, 2**31 - 1], np.int32)
SPECIALS = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0], np.float32)


@cache
def _generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def floats(*shape: int, low: float = -2.0, high: float = 2.0, dtype: str = "float32") -> np.ndarray:
    """Numbers spread evenly over (low, high), in a fixed mixed order: no two are equal, none is 0."""
    count = int(np.prod(shape))
    order = np.random.default_rng(count).permutation(count)
    return (low + (high - low) * (order + 0.37) / max(count, 1)).reshape(shape).astype(dtype)


def ints(*shape: int, low: int = -9, high: int = 9, dtype: str = "int32") -> np.ndarray:
    return np.random.default_rng(7).integers(low, high, shape).astype(dtype)


def unary(low: float = -2.0, high: float = 2.0, *, integers: bool = False, kinks: tuple[float, ...] = ()):
    """Samples of a unary row on the open interval (low, high)."""

    def build():
        yield Sample("matrix", (floats(3, 4, low=low, high=high),))
        yield Sample("scalar", (np.float32((low + 2 * high) / 3),))
        yield Sample("zero size", (np.zeros((0, 3), np.float32),))
        yield Sample("float64", (floats(5, low=low, high=high, dtype="float64"),))
        yield Sample("float16", (floats(5, low=low, high=high, dtype="float16"),), grad=False)
        yield Sample("specials", (SPECIALS,), grad=False)
        for kink in kinks:
            yield Sample(f"kink at {kink}", (np.array([kink], np.float32),), grad=False)
        if integers:
            yield Sample("integers", (ints(3, 4),), grad=False)
            yield Sample("integer extremes", (INT_EXTREMES,), grad=False)

    return build


def binary(
    x: tuple = (-2.0, 2.0),
    y: tuple = (-2.0, 2.0),
    *,
    is_float: bool = True,
    integers: bool = False,
    bools: bool = False,
):
    """Samples of a binary row: broadcasting, ties, specials; integers with zero divisors and extremes."""

    def build():
        if is_float:
            yield from _float_pairs(x, y)
        if integers:
            yield Sample("integers", (ints(3, 4), ints(3, 4)[::-1].copy()), grad=False)
            yield Sample("integer extremes", (INT_EXTREMES, np.array([-1, 1, 2, 0, 0, 3, -3, 1], np.int32)), grad=False)
            yield Sample("uint8", (np.array([0, 1, 254, 255], np.uint8), np.array([3, 0, 1, 2], np.uint8)), grad=False)
            yield Sample("int64", (np.array([2**40, -5], np.int64), np.array([3, 2], np.int64)), grad=False)
        if bools:
            yield Sample("bools", (np.array([True, True, False]), np.array([True, False, False])), grad=False)

    return build


def _float_pairs(x, y):
    left, right = floats(3, 4, low=x[0], high=x[1]), floats(3, 4, low=y[0] + 0.11, high=y[1])[::-1].copy()
    yield Sample("matrices", (left, right))
    yield Sample("row broadcast", (left, right[0]))
    yield Sample("both broadcast", (left[:, :1], right[:1]))
    yield Sample("scalar operand", (left, right[0, 0]))
    yield Sample("zero size", (np.zeros((0, 3), np.float32), np.ones((1, 3), np.float32)))
    yield Sample("float64", (left.astype("float64"), right.astype("float64")))
    yield Sample("ties", (right, right), grad=False)
    yield Sample("specials", (SPECIALS[:, None], SPECIALS[None]), grad=False)


def predicates():
    yield Sample("bools", (np.array([True, False]),), grad=False)
    yield Sample("integers", (INT_EXTREMES,), grad=False)
    yield Sample("uint8", (np.array([0, 1, 255], np.uint8),), grad=False)


def reductions(low: float = -2.0, high: float = 2.0, *, floating: bool = True, bools: bool = False, empty: bool = True):
    """Samples of a row with `axes` and `keepdims`."""

    def build():
        x = floats(2, 3, 4, low=low, high=high)
        for axes in ((), (0,), (1, 2), (0, 1, 2)):
            yield Sample(f"axes {axes}", (x,), {"axes": axes, "keepdims": False})
        yield Sample("keepdims", (x,), {"axes": (1,), "keepdims": True})
        yield Sample("scalar", (np.float32(1.5),), {"axes": (), "keepdims": False})
        yield Sample("ties", (np.array([[1.0, 1.0, 0.0]], np.float32),), {"axes": (1,), "keepdims": False}, grad=False)
        yield Sample("specials", (np.stack([SPECIALS, SPECIALS[::-1]]),), {"axes": (1,), "keepdims": False}, grad=False)
        yield Sample("integers", (ints(3, 4),), {"axes": (0,), "keepdims": False}, grad=False)
        if empty:
            yield Sample("empty axis", (np.zeros((2, 0), np.float32),), {"axes": (1,), "keepdims": False}, grad=False)
        yield Sample("zero size result", (np.zeros((0, 2), np.float32),), {"axes": (1,), "keepdims": False}, grad=False)
        if bools:
            yield Sample(
                "bools", (np.array([[True, False], [False, False]]),), {"axes": (1,), "keepdims": False}, grad=False
            )

    return build


def along_axis(*, ties: bool = True):
    """Samples of a row with one `axis`."""

    def build():
        x = floats(2, 3, 4)
        for axis in range(3):
            yield Sample(f"axis {axis}", (x,), {"axis": axis})
        yield Sample("integers", (ints(3, 4),), {"axis": 1}, grad=False)
        yield Sample("specials", (np.stack([SPECIALS, SPECIALS[::-1]]),), {"axis": 1}, grad=False)
        if ties:
            yield Sample("ties", (np.array([3.0, 1.0, 3.0, 1.0, -0.0, 0.0], np.float32),), {"axis": 0}, grad=False)

    return build
