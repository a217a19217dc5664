"""Randomness: the same bits on every backend.

The generator is Threefry-2x32 with 13 rounds (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1,
2, 3", SC11; 13 is the fewest that pass BigCrush there): a function of a key and a counter, made of 32-bit additions,
rotations and exclusive ors, which every engine has. What this module calls a *key* is a uint32 tensor `[seed,
stream]` of shape (2,): block i of its numbers is the counter (i, stream) enciphered under (seed, 0). The next key of
a generator is the next stream, so drawing one costs an addition.

Numbers of a distribution are made from bits by steps that are exact in floating point, so that they agree bit for bit
as well: a uniform number is 24 bits times 2**-24, and a normal one is read from a table of the inverse distribution
function and interpolated with factors short enough that their product is exact (so it doesn't matter whether an
engine fuses multiply and add).
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
import os
import threading
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from kcore.errors import InvalidArgumentError

from . import active, tracing
from . import primitives as P
from .fused import fused_op
from .variable import Variable

ROUNDS = 13
ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
PARITY = 0x1BD11BDA
CELL_BITS = 12
CELLS = 1 << CELL_BITS
_NEXT_STREAM = np.array([0, 1], np.uint32)


def _rotate(x, by: int):
    return P.bitwise_or(P.shift_left(x, by), P.shift_right(x, 32 - by))


def _words(key):
    return [P.reshape(P.slice(key, start=(i,), stop=(i + 1,), step=(1,)), shape=()) for i in range(2)]


class Arithmetic(NamedTuple):
    """What the cipher is made of, on words of 32 bits: tensors, or integers."""

    add: Callable
    xor: Callable
    rotate: Callable


TENSORS = Arithmetic(P.add, P.bitwise_xor, _rotate)
INTEGERS = Arithmetic(
    lambda x, y: (x + y) & 0xFFFFFFFF, operator.xor, lambda x, by: (x << by | x >> (32 - by)) & 0xFFFFFFFF
)


def threefry2x32(k0, k1, x0, x1, on: Arithmetic = TENSORS):
    """Encipher counters.

    Args:
        k0, k1: the words of the cipher's key: uint32 scalars.
        x0, x1: uint32 tensors of one shape, the two words of each counter.
        on: what the words are; with `INTEGERS`, all four are integers.

    Returns:
        Two words like x0 and x1.
    """
    words = [k0, k1, on.xor(on.xor(k0, k1), PARITY)]
    x0, x1 = on.add(x0, k0), on.add(x1, k1)
    for done in range(1, ROUNDS + 1):
        x0 = on.add(x0, x1)
        x1 = on.xor(on.rotate(x1, ROTATIONS[(done - 1) % 8]), x0)
        if done % 4 == 0:
            x0 = on.add(x0, words[done // 4 % 3])
            x1 = on.add(x1, on.add(words[(done // 4 + 1) % 3], done // 4))
    return x0, x1


@fused_op("random_bits")
def random_bits(key, *, shape):
    """Random 32-bit numbers.

    Args:
        key: uint32 of shape `(2,)`.
        shape: the shape to make, of fewer than 2**33 elements.

    Returns:
        uint32 of that shape: words of consecutive blocks, in order.
    """
    count = math.prod(shape)
    blocks = -(-count // 2)
    seed, stream = _words(key)
    x0, x1 = threefry2x32(
        seed, _uint32(0), P.iota(size=blocks, dtype="uint32"), P.broadcast_to(stream, shape=(blocks,))
    )
    pairs = P.concat(P.reshape(x0, shape=(blocks, 1)), P.reshape(x1, shape=(blocks, 1)), axis=1)
    flat = P.slice(P.reshape(pairs, shape=(2 * blocks,)), start=(0,), stop=(count,), step=(1,))
    return P.reshape(flat, shape=tuple(shape))


def _uint32(value):
    return active.current().scalar(int(value), "uint32")


def fold_in(key, data: int):
    """A key for a purpose: the counter (data, stream) enciphered under a key that numbers are never drawn from."""
    seed, stream = _words(key)
    x0, x1 = threefry2x32(seed, _uint32(PARITY), _uint32(data & 0xFFFFFFFF), stream)
    return P.concat(P.reshape(x0, shape=(1,)), P.reshape(x1, shape=(1,)), axis=0)


def split(key, count: int = 2):
    """Keys for several purposes, as a list."""
    return [fold_in(key, i) for i in range(count)]


def uniform(key, *, shape, dtype: str = "float32"):
    """Uniform numbers in [0, 1), multiples of 2**-24 (2**-11 for float16, 2**-8 for bfloat16)."""
    bits = {"float16": 11, "bfloat16": 8}.get(dtype, 24)
    whole = P.shift_right(random_bits(key, shape=tuple(shape)), 32 - bits)
    return P.multiply(P.cast(whole, dtype=dtype), 2.0**-bits)


@functools.cache
def _normal_table() -> tuple[np.ndarray, np.ndarray]:
    """Starts and steps of the inverse normal distribution function.

    Cells of the body, then of the lower and of the upper tail.
    """
    from statistics import NormalDist

    quantile = NormalDist().inv_cdf
    body = [quantile(i / CELLS) for i in range(1, CELLS)]
    tail = [quantile(i / CELLS**2) for i in range(1, CELLS + 1)]
    lowest = quantile(0.5 / CELLS**2)
    lower = np.array([lowest, *tail])
    edges = np.array([tail[-1], *body, -tail[-1]])
    return _cells(edges, lower, -lower[::-1])


@functools.cache
def _truncated_table() -> tuple[np.ndarray, np.ndarray]:
    """The same for the normal distribution within two standard deviations; it has no tails."""
    from statistics import NormalDist

    normal = NormalDist()
    low = normal.cdf(-2.0)
    edges = np.array([normal.inv_cdf(low + (1 - 2 * low) * i / CELLS) for i in range(CELLS + 1)])
    edges[0], edges[-1] = -2.0, 2.0
    return _cells(edges)


def _cells(*edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Starts, and widths in units of half an interpolation step, rounded to 11 bits so that width * odd step is
    exact."""
    starts = np.concatenate([e[:-1] for e in edges])
    widths = np.concatenate([np.diff(e) for e in edges]) / (2 * CELLS)
    mantissa, exponent = np.frexp(widths)
    return starts.astype(np.float32), np.ldexp(np.round(mantissa * 2**11) / 2**11, exponent).astype(np.float32)


def _interpolated(table, cell, fraction, dtype: str):
    """start[cell] + width[cell] * (2 * fraction + 1), where fraction has 12 bits."""
    starts, widths = (active.current().asarray(column) for column in table)
    cell = P.cast(cell, dtype="int32")
    steps = P.cast(P.add(P.shift_left(fraction, 1), 1), dtype="float32")
    value = P.add(P.take(starts, cell, axis=0), P.multiply(P.take(widths, cell, axis=0), steps))
    return P.cast(value, dtype=dtype) if dtype != "float32" else value


def normal(key, *, shape, dtype: str = "float32"):
    """Standard normal numbers, by the inverse of the distribution function with 24 bits of resolution.

    At most 5.6 in size.
    """
    bits = random_bits(key, shape=tuple(shape))
    cell, rest = P.shift_right(bits, 32 - CELL_BITS), P.bitwise_and(bits, (1 << 20) - 1)
    lower, upper = P.equal(cell, 0), P.equal(cell, CELLS - 1)
    inner = P.shift_right(rest, 8)
    cell = P.where(lower, P.add(inner, CELLS), P.where(upper, P.add(inner, 2 * CELLS), cell))
    fine = P.shift_left(P.bitwise_and(rest, 255), 4)
    return _interpolated(_normal_table(), cell, P.where(P.bitwise_or(lower, upper), fine, inner), dtype)


def truncated_normal(key, *, shape, dtype: str = "float32"):
    """Standard normal numbers within two standard deviations."""
    bits = random_bits(key, shape=tuple(shape))
    cell, fraction = P.shift_right(bits, 32 - CELL_BITS), P.bitwise_and(P.shift_right(bits, 8), CELLS - 1)
    return _interpolated(_truncated_table(), cell, fraction, dtype)


def bernoulli(key, *, shape, p: float):
    """True with probability p (to 24 bits)."""
    threshold = min(max(round(p * 2**24), 0), 2**24)
    return P.less(P.shift_right(random_bits(key, shape=tuple(shape)), 8), threshold)


def randint(key, *, shape, low: int, high: int, dtype: str = "int32"):
    """Integers in [low, high): 31 random bits modulo the span, for spans up to 2**31 (bias under span / 2**31)."""
    span = int(high) - int(low)
    if not 0 < span <= 2**31:
        raise InvalidArgumentError(f"`high` must exceed `low`, by 2**31 at most. Received: low={low}, high={high}")
    whole = P.cast(P.shift_right(random_bits(key, shape=tuple(shape)), 1), dtype="int32")
    value = P.remainder(whole, span) if span < 2**31 else whole
    return P.add(P.cast(value, dtype=dtype), int(low))


def permutation(key, *, size: int):
    """A random order of 0, 1, ..., size - 1, as int32: the order that sorts as many random numbers."""
    return P.argsort(random_bits(key, shape=(size,)), axis=0)


def make_key(seed: int) -> np.ndarray:
    """The key of an integer seed: `[seed, 0]`; a seed of more than 32 bits has its high word folded in.

    Raises:
        InvalidArgumentError: the seed isn't an integer in [0, 2**64).
    """
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or not 0 <= seed < 2**64:
        raise InvalidArgumentError(f"`seed` must be an integer of at least 0 and below 2**64. Received: seed={seed!r}")
    low, high = int(seed) & 0xFFFFFFFF, int(seed) >> 32
    key = np.array([low, 0], np.uint32)
    return np.array([host_fold_in(key, data=high)[0], 0], np.uint32) if high else key


def _on_host(function):
    @functools.wraps(function)
    def host(key, **params) -> np.ndarray:
        from .selection import get_backend

        with tracing.eager(), tracing.stop_recording(), active.activate(get_backend("numpy")):
            return np.asarray(function(np.asarray(key, np.uint32), **params))

    return host


host_bits = _on_host(random_bits)
host_uniform = _on_host(uniform)
host_normal = _on_host(normal)
host_truncated_normal = _on_host(truncated_normal)
host_randint = _on_host(randint)
host_permutation = _on_host(permutation)


def host_fold_in(key, *, data: int) -> np.ndarray:
    """`fold_in` of a NumPy key, by the host's integers: a key for each variable is drawn so."""
    seed, stream = map(int, key)
    return np.array(threefry2x32(seed, PARITY, data & 0xFFFFFFFF, stream, INTEGERS), np.uint32)


class _Global:
    """The process-wide stream that unseeded initializers and generators draw their keys from."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset(int.from_bytes(os.urandom(4), "little"))

    def reset(self, seed: int) -> None:
        self.key = make_key(seed)
        self._count = itertools.count()

    def draw(self) -> np.ndarray:
        with self._lock:
            return host_fold_in(self.key, data=next(self._count))


_global = _Global()


def set_seed(seed: int) -> None:
    """Start the process-wide stream of keys anew."""
    _global.reset(seed)


def global_key() -> np.ndarray:
    """The key that the process-wide stream starts from: another object after each `set_seed`."""
    return _global.key


def draw_key() -> np.ndarray:
    """The next key of the process-wide stream, as a NumPy array."""
    return _global.draw()


class SeedGenerator:
    """A stream of keys with its state in a variable, so that it goes on across captured steps and saved files.

    Args:
        seed: an integer for a stream of its own, or `None` to take one from the process-wide stream.
        name: the state's name.

    Attributes:
        state: uint32 variable of shape `(2,)`: the next key, `[seed, number of keys drawn]`.

    Example:
        >>> first, second = SeedGenerator(1).next(), SeedGenerator(1).next()
        >>> bool((first == second).all())
        True
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs):
        if kwargs:
            raise InvalidArgumentError(f"`SeedGenerator` doesn't take these arguments. Received: {', '.join(kwargs)}")
        self.seed = seed
        self.name = name or "seed_generator"
        key = draw_key() if seed is None else make_key(seed)
        self.state = Variable(key, trainable=False, autocast=False, name=f"{self.name}_state")

    def next(self, ordered: bool = True):
        """The next key: uint32 of shape `(2,)`."""
        key = self.state.value
        self.state.assign(P.add(key, active.current().asarray(_NEXT_STREAM)))
        return key

    def get_config(self) -> dict:
        """The arguments to make it again."""
        return {"seed": self.seed}

    @classmethod
    def from_config(cls, config: dict) -> SeedGenerator:
        """Make one from `get_config`'s result."""
        return cls(**config)
