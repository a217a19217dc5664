"""Elementwise primitives that are more than one ufunc. They run under `NumpyBackend.run_context`."""

from __future__ import annotations

import numpy as np

from ._blocks import ELEMENTS, flat_blocks

SELECT_FROM = 4096
"""Elements from which `where` selects by bits. `np.where` branches: 4.5 ns an element of a random condition, not 2."""

_INTEGERS = {n: np.dtype(f"int{8 * n}") for n in (1, 2, 4, 8)}


def sigmoid(x, out=None):
    """1 / (1 + exp(-x)): exact to rounding in both tails, down to where the result is subnormal, which gives 0."""
    if out is None:
        out = np.empty(x.shape, x.dtype)
    np.negative(x, out)
    np.exp(out, out)
    np.add(out, 1, out)
    return np.reciprocal(out, out)


def power(x, y, out=None):
    """x to the power of y; an integer to a negative power is truncated: 0, but for the bases 1 and -1."""
    if x.dtype.kind != "i" or not np.less(y, 0).any():
        return np.power(x, y, out)
    odd = np.bitwise_and(y, 1)
    inverse = np.where(x == 1, 1, np.where(x == -1, 1 - 2 * odd, 0)).astype(x.dtype)
    result = np.where(np.less(y, 0), inverse, np.power(x, np.maximum(y, 0)))
    return result if out is None else _put(out, result)


def where(condition, x, y, out=None):
    """x where the condition holds, else y. `out` may be one of x and y, or apart from both."""
    size = max(condition.size, x.size, y.size)
    if size >= SELECT_FROM and _selectable(condition, x, y, size, out):
        return _select_blocks(condition, x, y, out)
    result = np.where(condition, x, y)
    return result if out is None else _put(out, result)


def _put(out, result):
    np.copyto(out, result)
    return out


def _selectable(condition, x, y, size, out) -> bool:
    """Whether every array is contiguous and of the full size, or a scalar."""
    full = condition.size == size and condition.flags.c_contiguous
    shape = condition.shape
    same = all(a.size == 1 or (a.shape == shape and a.flags.c_contiguous) for a in (x, y))
    return full and same and max(x.ndim, y.ndim) <= len(shape) and (out is None or out.flags.c_contiguous)


def _select_blocks(condition, x, y, out):
    """Flip the bits in which y differs from x, where the condition holds: y ^ ((x ^ y) & mask), a block at a time."""
    if out is None:
        out = np.empty(condition.shape, x.dtype)
    bits = _INTEGERS[x.dtype.itemsize]
    mask, result = condition.reshape(-1).view(np.int8), out.reshape(-1).view(bits)
    xs, ys = (np.reshape(a, -1).view(bits) for a in (x, y))
    for block in flat_blocks(mask.size, ELEMENTS):
        held = bit_mask(mask[block], bits)
        x_part, y_part = (a if a.size == 1 else a[block] for a in (xs, ys))
        held &= x_part ^ y_part
        np.bitwise_xor(held, y_part, result[block])
    return out


def bit_mask(condition, bits):
    """All bits set where `condition` (a bool array, seen as int8) holds, as integers of dtype `bits`."""
    mask = condition.view(np.int8).astype(bits)
    return np.negative(mask, mask)


def integer_bits(dtype) -> np.dtype:
    """The signed integer dtype of the same width."""
    return _INTEGERS[np.dtype(dtype).itemsize]


def cast(x, *, dtype):
    """x in another dtype; x itself when it has it. Float to integer truncates, saturates, and takes NaN to 0."""
    dtype = np.dtype(dtype)
    if x.dtype == dtype:
        return x
    if dtype.kind == "V":
        raise TypeError(f"NumPy's backend has no dtype {dtype}, though a library has told NumPy of one")
    if x.dtype.kind != "f" or dtype.kind not in "iu":
        return x.astype(dtype)
    return _float_to_integer(np.asarray(x), dtype)


def cast_into(x, *, dtype, out):
    """`cast` into a buffer."""
    if x.dtype.kind == "f" and out.dtype.kind in "iu":
        x = _float_to_integer(np.asarray(x), out.dtype)
    np.copyto(out, x, casting="unsafe")
    return out


def _float_to_integer(x, dtype):
    info = np.iinfo(dtype)
    below, above = float(info.min) - 1.0, float(info.max) + 1.0
    result = x.astype(dtype)
    if x.size == 0 or (below < float(x.min()) and float(x.max()) < above):
        return result
    result = np.asarray(result)
    wide = x.astype(np.float64)
    np.copyto(result, info.max, where=wide >= above)
    np.copyto(result, info.min, where=wide <= below)
    np.copyto(result, 0, where=np.isnan(wide))
    return result
