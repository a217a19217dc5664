"""Small pieces that several update rules share, in as few primitives as they take."""

from __future__ import annotations

import math

from kcore import config
from kcore.engine import primitives as P


def moving_average(average, value, decay: float):
    """`average + (value - average) * (1 - decay)`: three nodes."""
    return P.add(average, P.multiply(P.subtract(value, average), 1.0 - decay))


def one_minus_power(base: float, exponent):
    """`1 - base ** exponent` for `0 <= base < 1`, without the cancellation that this has for a base near 1.

    In float32, `1 - 0.999 ** 1` computed as it is written is off by 5e-5 of its value; `expm1` keeps full precision.

    Args:
        base: a number in [0, 1).
        exponent: tensor of shape `()`, positive.
    """
    return P.negative(P.expm1(P.multiply(exponent, math.log(base) if base > 0 else -math.inf)))


def epsilon_or_default(epsilon) -> float:
    """The given epsilon; Keras 2's `None` stands for `keras.config.epsilon()`."""
    return config.epsilon() if epsilon is None else epsilon
