"""The fast paths of this backend for the core's fused ops."""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
from jax import lax

from kcore.extend import Fused, is_float, window_positions

from . import _recurrence
from ._window import met, spread, taps

ROUNDS = 13
_ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
_PARITY = 0x1BD11BDA


@functools.partial(jax.jit, static_argnames="shape")
def random_bits(key, *, shape):
    """Threefry-2x32 with 13 rounds, the bits of the core's composite, as one program also in an eager call.

    `key` is uint32 `(2,)`: the seed, and the stream. Words 2i and 2i + 1 of the result, which is uint32 of `shape`, are
    the counter (i, stream) enciphered under (seed, 0).
    """
    size = math.prod(shape)
    words = (key[0], jnp.uint32(0), key[0] ^ jnp.uint32(_PARITY))
    x0 = lax.iota("uint32", -(-size // 2)) + words[0]
    x1 = jnp.broadcast_to(key[1], x0.shape)
    for done in range(1, ROUNDS + 1):
        by = _ROTATIONS[(done - 1) % 8]
        x0 += x1
        x1 = (x1 << by | x1 >> (32 - by)) ^ x0
        if done % 4 == 0:
            x0 += words[done // 4 % 3]
            x1 += words[(done // 4 + 1) % 3] + jnp.uint32(done // 4)
    return jnp.stack([x0, x1], 1).reshape(-1)[:size].reshape(shape)


def _random_bits(key, *, shape):
    return (random_bits(key, shape=tuple(shape)),), None


MOST_TAPS = 16
"""The largest window that a pool goes through tap by tap."""
_pool = functools.partial(jax.jit, static_argnames=("size", "strides", "padding"))


def _parts(x, size, strides, padding):
    """What each tap meets, in x padded with `-inf`; and where the taps are, and the padded shape."""
    x = lax.pad(x, jnp.array(-jnp.inf, x.dtype), [(0, 0, 0), *((*ends, 0) for ends in padding), (0, 0, 0)])
    dense = (1,) * len(size)
    shape, places = x.shape[1:-1], list(taps(size, dense))
    out = window_positions(shape, size, strides, dense)
    return [met(x, tap, out, strides) for tap in places], places, shape


@_pool
def max_pool(x, *, size, strides, padding):
    """The core's `max_pool`; the residual is its result."""
    everywhere = [(0, 0), *padding, (0, 0)]
    y = lax.reduce_window(x, -jnp.inf, lax.max, (1, *size, 1), (1, *strides, 1), everywhere)
    return (y,), y


@_pool
def max_pool_pullback(y, cotangents, x, *, size, strides, padding):
    """To the first of equal ones, NaN included, tap by tap: `docs/decisions/0009-jax-compiling.md` has the times."""
    parts, places, shape = _parts(x, size, strides, padding)
    free, zero = jnp.ones(y.shape, bool), jnp.zeros((), x.dtype)
    total = jnp.zeros((x.shape[0], *shape, x.shape[-1]), x.dtype)
    for part, tap in zip(parts, places, strict=True):
        hit = ((part == y) | jnp.isnan(part)) & free
        free &= ~hit
        total += spread(jnp.where(hit, cotangents[0], zero), tap, shape, strides)
    return (lax.pad(total, zero, [(0, 0, 0), *((-lo, -hi, 0) for lo, hi in padding), (0, 0, 0)]),)


def _pools(specs, params) -> bool:
    axes = zip(specs[0].shape[1:-1], params["size"], params["padding"], strict=True)
    fits = all(n + lo + hi >= k for n, k, (lo, hi) in axes)
    return fits and is_float(specs[0].dtype) and math.prod(params["size"]) <= MOST_TAPS


FUSED = {
    "random_bits": Fused(lambda specs, params: True, _random_bits),
    "max_pool": Fused(_pools, max_pool, max_pool_pullback),
    "lstm": Fused(_recurrence.standard, _recurrence.lstm, _recurrence.lstm_pullback),
    "lstm_layer": Fused(_recurrence.several, _recurrence.lstm_layer, _recurrence.lstm_layer_pullback),
    "gru": Fused(_recurrence.standard, _recurrence.gru, _recurrence.gru_pullback),
}
