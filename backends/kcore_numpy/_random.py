"""Threefry-2x32 with 13 rounds, in place in a few buffers.

Source: Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3 (SC 2011). The bits are those of
`kcore.engine.random.random_bits`.
"""

from __future__ import annotations

import math

import numpy as np

from ._blocks import flat_blocks

BLOCK = 32768
"""Counters worked on at a time: calls cost little, and the buffers fit a second-level cache."""

ROUNDS = 13
_PARITY = 0x1BD11BDA
_WORD = 0xFFFFFFFF


def _word(value: int):
    """A uint32 in an array without axes: a ufunc takes it faster than a NumPy scalar."""
    return np.array(value & _WORD, np.uint32)


_ROTATIONS = tuple((_word(r), _word(32 - r)) for r in (13, 15, 26, 6, 17, 29, 16, 24))


def random_bits(key, *, shape):
    """Uniform 32-bit words from a key.

    Args:
        key: uint32, shape `(2,)`: the seed, and the stream.
        shape: shape of the result.

    Returns:
        uint32 of `shape`. Words 2i and 2i + 1, row-major, are the counter (i, stream) enciphered under (seed, 0).
    """
    size = math.prod(shape)
    words = np.empty(size + size % 2, np.uint32)
    seed, stream = int(key[0]), int(key[1])
    additions = _schedule(seed)
    count = words.size // 2
    buffers = np.empty((3, min(count, BLOCK)), np.uint32)
    for block in flat_blocks(count, BLOCK):
        x0, x1, spare = buffers[:, : block.stop - block.start]
        x0[:] = np.arange(block.start, block.stop, dtype=np.uint32)
        np.add(x0, _word(seed), x0)
        x1.fill(stream)
        _encrypt(additions, x0, x1, spare)
        words[2 * block.start : 2 * block.stop : 2] = x0
        words[2 * block.start + 1 : 2 * block.stop : 2] = x1
    return words[:size].reshape(shape)


def _schedule(seed: int):
    """The key words to add after each four rounds, the number of the addition already in the second."""
    keys = (seed, 0, seed ^ _PARITY)
    return [(_word(keys[i % 3]), _word(keys[(i + 1) % 3] + i)) for i in range(1, ROUNDS // 4 + 1)]


def _encrypt(additions, x0, x1, spare) -> None:
    for done in range(1, ROUNDS + 1):
        left, right = _ROTATIONS[(done - 1) % 8]
        np.add(x0, x1, x0)
        np.left_shift(x1, left, spare)
        np.right_shift(x1, right, x1)
        np.bitwise_or(x1, spare, x1)
        np.bitwise_xor(x1, x0, x1)
        if done % 4 == 0:
            to_first, to_second = additions[done // 4 - 1]
            np.add(x0, to_first, x0)
            np.add(x1, to_second, x1)
