"""The fast paths of this backend for the core's fused ops."""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
from jax import lax

from kcore.extend import Fused

ROUNDS = 13
_ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
_PARITY = 0x1BD11BDA


@functools.partial(jax.jit, static_argnames="shape")
def random_bits(key, *, shape):
    """Uniform 32-bit words: Threefry-2x32 with 13 rounds, the bits of the core's composite, compiled once a shape.

    Args:
        key: uint32, shape `(2,)`: the seed, and the stream.
        shape: shape of the result.

    Returns:
        uint32 of `shape`. Words 2i and 2i + 1, row-major, are the counter (i, stream) enciphered under (seed, 0).
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


FUSED = {"random_bits": Fused(lambda specs, params: True, _random_bits)}
