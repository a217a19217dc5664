"""Operators of `mx.array` that leave a foreign operand to that operand.

`x * variable` asks `x` first. An array that doesn't know `variable` has to answer `NotImplemented`, so that Python asks
`variable`; MLX raises a ValueError, answers False to `==`, and makes a complex number of whatever has `__float__`.
Without this, layers whose `call` says `x * self.kernel` would fail outside a captured function.
"""

from __future__ import annotations

import functools

import mlx.core as mx
import numpy as np

KNOWN = (mx.array, bool, int, float, complex, np.ndarray, np.generic)
BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift", "rshift")
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")


def _deferring(original):
    @functools.wraps(original)
    def operator(self, other):
        return original(self, other) if isinstance(other, KNOWN) else NotImplemented

    operator.defers = True
    return operator


def install() -> None:
    """Let the operators of `mx.array` defer; a second call changes nothing."""
    for name in (*COMPARISONS, *BINARY, *(f"i{name}" for name in BINARY)):
        original = getattr(mx.array, f"__{name}__", None)
        if original is not None and not hasattr(original, "defers"):
            setattr(mx.array, f"__{name}__", _deferring(original))
