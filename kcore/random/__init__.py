"""Random numbers. The same seed gives the same numbers on every backend.

    >>> from kcore import random
    >>> bool((random.uniform((3,), seed=1) == random.uniform((3,), seed=1)).all())
    True

Everywhere `seed` is an integer (the same numbers at every call), a `SeedGenerator` (its next numbers), or `None` (the
next numbers of the process-wide stream, which `keras.utils.set_random_seed` starts).
"""

from __future__ import annotations

from kcore.engine.random import SeedGenerator
from kcore.random.distributions import (
    categorical,
    dropout,
    normal,
    randint,
    shuffle,
    truncated_normal,
    uniform,
)
from kcore.random.rejection import beta, binomial, gamma

__all__ = [
    "SeedGenerator",
    "beta",
    "binomial",
    "categorical",
    "dropout",
    "gamma",
    "normal",
    "randint",
    "shuffle",
    "truncated_normal",
    "uniform",
]
