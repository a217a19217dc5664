"""Threefry-2x32 with 20 rounds, in place in a few buffers.

Source: Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3 (SC 2011).
"""

from __future__ import annotations

import math

import numpy as np

from ._blocks import flat_blocks

BLOCK = 32768
"""Counters worked on at a time: calls cost little, and buffers fit a second-level cache. It divides 2**32, so that all
counters of a block have the same upper word."""

_PARITY = 0x1BD11BDA
_WORD = 0xFFFFFFFF


def _word(value: int):
    """A uint32 in an array without axes: a ufunc takes it faster than a NumPy scalar."""
    return np.array(value & _WORD, np.uint32)


_ROTATIONS = tuple(tuple((_word(r), _word(32 - r)) for r in row) for row in ((13, 15, 26, 6), (17, 29, 16, 24)))


def random_bits(key, *, shape):
    """Uniform 32-bit words from a key.

    Args:
        key: uint32, shape `(2,)`.
        shape: shape of the result.

    Returns:
        uint32 of `shape`. In row-major order, words 2i and 2i + 1 are the block of counter (i mod 2**32, i div 2**32).
    """
    size = math.prod(shape)
    words = np.empty(size + size % 2, np.uint32)
    schedule = _schedule(int(key[0]), int(key[1]))
    count = words.size // 2
    buffers = np.empty((3, min(count, BLOCK)), np.uint32)
    for block in flat_blocks(count, BLOCK):
        n = block.stop - block.start
        _encrypt(schedule, block.start, buffers[:, :n], words[2 * block.start : 2 * block.stop])
    return words[:size].reshape(shape)


def _schedule(first: int, second: int):
    """The key words to add after each four rounds, the number of the addition already in the second."""
    keys = (first, second, first ^ second ^ _PARITY)
    return keys, [(_word(keys[i % 3]), _word(keys[(i + 1) % 3] + i)) for i in range(1, 6)]


def _encrypt(schedule, start: int, buffers, words) -> None:
    x0, x1, shifted = buffers
    (first, second, _), additions = schedule
    x0[:] = np.arange(len(x0), dtype=np.uint32)
    np.add(x0, _word(start + first), x0)
    x1.fill((second + (start >> 32)) & _WORD)
    for group in range(5):
        for left, right in _ROTATIONS[group % 2]:
            np.add(x0, x1, x0)
            np.left_shift(x1, left, shifted)
            np.right_shift(x1, right, x1)
            np.bitwise_or(x1, shifted, x1)
            np.bitwise_xor(x1, x0, x1)
        to_first, to_second = additions[group]
        last = group == 4
        np.add(x0, to_first, words[0::2] if last else x0)
        np.add(x1, to_second, words[1::2] if last else x1)
