"""Threefry-2x32 with 13 rounds on int32, in place: torch has no uint32 arithmetic, but int32 wraps to the same bits.

A rotation by r is x * 2**r plus x >> (32 - r) without the copies of the sign. Source: `kcore.engine.random`.
"""

import math

import torch

BLOCK = 1 << 16
"""Counters worked on at a time on a CPU: three buffers stay in the cache, and a call is worth two threads."""

ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)


def random_bits(key, *, shape):
    """Uniform 32-bit words from a key: `((uint32 of shape,), None)`."""
    size = math.prod(shape)
    words = torch.empty((-(-size // 2), 2), dtype=torch.int32, device=key.device)
    seed, stream = key.view(torch.int32)
    schedule = seed, torch.zeros_like(seed), seed ^ 0x1BD11BDA
    block = BLOCK if key.device.type == "cpu" else max(len(words), 1)
    for start in range(0, len(words), block):
        part = words[start : start + block]
        x0 = torch.arange(start, start + len(part), device=key.device).to(torch.int32).add_(seed)
        x1 = stream.expand(len(part)).clone()
        _encipher(x0, x1, schedule)
        part[:, 0], part[:, 1] = x0, x1
    return (words.view(-1)[:size].view(torch.uint32).reshape(shape),), None


def _encipher(x0, x1, schedule) -> None:
    spare = torch.empty_like(x1)
    for done in range(1, 14):
        left = ROTATIONS[(done - 1) % 8]
        x0.add_(x1)
        torch.bitwise_right_shift(x1, 32 - left, out=spare).bitwise_and_((1 << left) - 1)
        torch.add(spare, x1, alpha=1 << left, out=x1).bitwise_xor_(x0)
        if done % 4 == 0:
            x0.add_(schedule[done // 4 % 3])
            x1.add_(schedule[(done // 4 + 1) % 3] + done // 4)
