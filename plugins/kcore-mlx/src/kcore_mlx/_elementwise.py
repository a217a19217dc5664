"""Elementwise primitives that are more than one call of MLX.

On the host: MLX 0.32 computes `exp`, `sin`, `cos`, `sigmoid` and `erf` of float64 to the precision of float32, which is
1e-7 where 1e-16 is meant. For that dtype, which exists on the CPU only, these five go through NumPy.
"""

from __future__ import annotations

import math

import mlx.core as mx
import numpy as np

WIDTHS = {
    mx.uint8: 8,
    mx.int8: 8,
    mx.uint16: 16,
    mx.int16: 16,
    mx.uint32: 32,
    mx.int32: 32,
    mx.uint64: 64,
    mx.int64: 64,
}
SIGNED = (mx.int8, mx.int16, mx.int32, mx.int64)


def _on_host(function, x):
    """A function of NumPy arrays, on a float64 tensor of MLX."""
    with np.errstate(all="ignore"):
        return mx.array(np.asarray(function(np.array(x, copy=None)), np.float64), dtype=mx.float64)


def exp(x):
    return _on_host(np.exp, x) if x.dtype == mx.float64 else mx.exp(x)


def sin(x):
    return _on_host(np.sin, x) if x.dtype == mx.float64 else mx.sin(x)


def cos(x):
    return _on_host(np.cos, x) if x.dtype == mx.float64 else mx.cos(x)


def sigmoid(x):
    return _on_host(lambda x: 1 / (1 + np.exp(-x)), x) if x.dtype == mx.float64 else mx.sigmoid(x)


_host_erf = np.vectorize(math.erf, otypes=[np.float64])
SERIES = [2 / math.sqrt(math.pi) * (-1) ** n / (math.factorial(n) * (2 * n + 1)) for n in range(8)]
"""The Maclaurin series of erf(x) / x in x**2. Below 0.5 its error is 1e-10; MLX's own erf loses all digits near 0."""


def erf(x):
    if x.dtype == mx.float64:
        return _on_host(_host_erf, x)
    if x.dtype != mx.float32:
        return erf(x.astype(mx.float32)).astype(x.dtype)
    square = x * x
    series = mx.array(SERIES[-1], dtype=mx.float32)
    for coefficient in SERIES[-2::-1]:
        series = series * square + coefficient
    return mx.where(mx.abs(x) < 0.5, x * series, mx.erf(x))


def sign(x):
    """NaN stays NaN."""
    return mx.where(mx.isnan(x), x, mx.sign(x)) if mx.issubdtype(x.dtype, mx.floating) else mx.sign(x)


def floor_divide(x, y):
    if mx.issubdtype(x.dtype, mx.floating):
        return _float_floor_divide(x, y)
    quotient = mx.floor_divide(x, _safe_divisor(y))
    if y.dtype in SIGNED:
        quotient = mx.where(y == -1, -x, quotient)
    return mx.where(y == 0, 0, quotient)


def remainder(x, y):
    if mx.issubdtype(x.dtype, mx.floating):
        return mx.remainder(x, y)
    return mx.where(y == 0, 0, mx.remainder(x, _safe_divisor(y)))


def _safe_divisor(y):
    """1 for the divisors that stop the process: 0, and -1, for which the lowest integer has no quotient."""
    return mx.where((y == 0) | (y == -1), 1, y) if y.dtype in SIGNED else mx.maximum(y, 1)


def _float_floor_divide(x, y):
    """By the remainder, which is exact, and not by x / y, which may round up to the next integer."""
    quotient = mx.round((x - mx.remainder(x, y)) / y)
    below = mx.where((x != 0) & ((x < 0) != (y < 0)), -1, 0).astype(x.dtype)
    quotient = mx.where(mx.isinf(y) & mx.isfinite(x), below, quotient)
    return mx.where(y == 0, x / y, quotient)


def power(x, y):
    """An integer to a negative power is truncated: 0, but for the bases 1 and -1."""
    if x.dtype not in SIGNED:
        return mx.power(x, y)
    odd = mx.bitwise_and(y, 1)
    inverse = mx.where(x == 1, 1, mx.where(x == -1, 1 - 2 * odd, 0)).astype(x.dtype)
    return mx.where(y < 0, inverse, mx.power(x, mx.maximum(y, 0)))


def shift_left(x, y):
    """A processor takes the shift modulo the width; the primitive doesn't."""
    width = WIDTHS[x.dtype]
    return mx.where(y < width, mx.left_shift(x, mx.minimum(y, width - 1)), 0)


def shift_right(x, y):
    width = WIDTHS[x.dtype]
    shifted = mx.right_shift(x, mx.minimum(y, width - 1))
    return shifted if x.dtype in SIGNED else mx.where(y < width, shifted, 0)


def cast(x, dtype):
    """x as an `mx.Dtype`. Float to integer saturates, and takes NaN to 0."""
    if dtype not in WIDTHS or not mx.issubdtype(x.dtype, mx.floating):
        return x.astype(dtype)
    if x.dtype in (mx.float16, mx.bfloat16):
        x = x.astype(mx.float32)
    kind = np.float64 if x.dtype == mx.float64 else np.float32
    info = mx.iinfo(dtype)
    top = kind(info.max + 1)
    inside = mx.clip(mx.where(mx.isnan(x), 0, x), float(info.min), float(np.nextafter(top, kind(0))))
    return mx.where(x >= float(top), mx.array(info.max, dtype=dtype), inside.astype(dtype))
