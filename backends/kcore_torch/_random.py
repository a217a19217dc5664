"""Threefry-2x32 with 13 rounds on int32, in place: torch has no uint32 arithmetic, but int32 wraps to the same bits.

A rotation by r is (x * 2**r) + (x >> (32 - r) without the copies of the sign): two calls and the mask, since torch adds
with a factor. Source and meaning: `kcore.engine.random.random_bits`.
"""

from __future__ import annotations

import math

import torch

BLOCK = 1 << 16
"""Counters worked on at a time on a CPU.

Three buffers of 256 KB stay in the cache, and a call still pays for two threads.
"""

ROUNDS = 13
ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
PARITY = 0x1BD11BDA


def random_bits(key, *, shape):
    """Uniform 32-bit words from a key: `((uint32 of shape,), None)`."""
    size = math.prod(shape)
    count = -(-size // 2)
    words = torch.empty((count, 2), dtype=torch.int32, device=key.device)
    seed, stream = key.view(torch.int32)
    additions = _schedule(seed)
    block = BLOCK if key.device.type == "cpu" else max(count, 1)
    for start in range(0, count, block):
        part = words[start : start + block]
        x0 = torch.arange(start, start + len(part), dtype=torch.int64, device=key.device).to(torch.int32).add_(seed)
        x1 = stream.expand(len(part)).clone()
        _encipher(x0, x1, additions)
        part[:, 0], part[:, 1] = x0, x1
    return (words.view(-1)[:size].view(torch.uint32).reshape(shape),), None


def _schedule(seed):
    """The key words to add after each four rounds, the number of the addition already in the second."""
    words = (seed, torch.zeros_like(seed), seed ^ PARITY)
    return [(words[i % 3], words[(i + 1) % 3] + i) for i in range(1, ROUNDS // 4 + 1)]


def _encipher(x0, x1, additions) -> None:
    spare = torch.empty_like(x1)
    for done in range(1, ROUNDS + 1):
        left = ROTATIONS[(done - 1) % 8]
        x0.add_(x1)
        torch.bitwise_right_shift(x1, 32 - left, out=spare).bitwise_and_((1 << left) - 1)
        torch.add(spare, x1, alpha=1 << left, out=x1).bitwise_xor_(x0)
        if done % 4 == 0:
            to_first, to_second = additions[done // 4 - 1]
            x0.add_(to_first)
            x1.add_(to_second)
