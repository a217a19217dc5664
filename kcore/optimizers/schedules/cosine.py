"""Schedules along a cosine: one half wave, with an optional warmup, or one after another.

Source: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2016.
"""

from __future__ import annotations

import math

from kcore.engine import primitives as P
from kcore.errors import InvalidArgumentError

from .learning_rate_schedule import _BuiltinSchedule, as_step, builtin, check_positive


def _half_wave(progress, height, alpha: float):
    """Half a cosine wave of height `height * (1 - alpha)` that stands on `alpha`: its top at `progress = 0`."""
    wave = P.multiply(P.add(P.cos(P.multiply(progress, math.pi)), 1.0), 0.5 * (1.0 - alpha))
    return P.add(P.multiply(wave, height), float(alpha))


@builtin
class CosineDecay(_BuiltinSchedule):
    """The rate falls along half a cosine wave, from the initial rate to `alpha` times it, in `decay_steps`; it may
    first rise in a line.

    Args:
        initial_learning_rate: the rate at the start.
        decay_steps: length of the fall, positive.
        alpha: the lowest rate, as a part of the highest.
        name: name of the schedule.
        warmup_target: the rate that the warmup rises to, and the fall begins at; `None` for no warmup.
        warmup_steps: length of the warmup.

    Example:

    >>> import kcore as keras
    >>> rate = keras.optimizers.schedules.CosineDecay(0.0, decay_steps=10, warmup_target=0.5, warmup_steps=4)
    >>> [round(rate(t).item(), 3) for t in (0, 2, 4, 9, 14)]
    [0.0, 0.25, 0.5, 0.25, 0.0]
    """

    _arguments = ("initial_learning_rate", "decay_steps", "alpha", "name", "warmup_target", "warmup_steps")

    def __init__(
        self, initial_learning_rate, decay_steps, alpha=0.0, name="CosineDecay", warmup_target=None, warmup_steps=0
    ):
        check_positive("decay_steps", decay_steps)
        if warmup_steps < 0:
            raise InvalidArgumentError(f"`warmup_steps` must not be negative. Received: warmup_steps={warmup_steps!r}")
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    def __call__(self, step):
        """The learning rate at `step`, a tensor of shape `()`."""
        t = as_step(step)
        if self.warmup_target is None:
            return self._fall(t, self.initial_learning_rate)
        after = self._fall(P.subtract(t, float(self.warmup_steps)), self.warmup_target)
        if not self.warmup_steps:
            return after
        slope = (self.warmup_target - self.initial_learning_rate) / self.warmup_steps
        rise = P.add(P.multiply(t, slope), float(self.initial_learning_rate))
        return P.where(P.less(t, float(self.warmup_steps)), rise, after)

    def _fall(self, t, highest):
        progress = P.minimum(P.maximum(P.divide(t, float(self.decay_steps)), 0.0), 1.0)
        return P.multiply(_half_wave(progress, 1.0, self.alpha), float(highest))


@builtin
class CosineDecayRestarts(_BuiltinSchedule):
    """Falls along half a cosine wave, again and again: each fall is `t_mul` times as long, and starts `m_mul` times
    as high, as the one before.

    Args:
        initial_learning_rate: the rate at the start.
        first_decay_steps: length of the first fall, positive.
        t_mul: what the length is multiplied by from fall to fall, at least 1.
        m_mul: what the height is multiplied by from fall to fall.
        alpha: the lowest rate, as a part of the initial one; `m_mul` doesn't shrink it.
        name: name of the schedule.
    """

    _arguments = ("initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha", "name")

    def __init__(self, initial_learning_rate, first_decay_steps, t_mul=2.0, m_mul=1.0, alpha=0.0, name="SGDRDecay"):
        check_positive("first_decay_steps", first_decay_steps)
        if not t_mul >= 1:
            raise InvalidArgumentError(f"`t_mul` must be at least 1. Received: t_mul={t_mul!r}")
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = first_decay_steps
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def __call__(self, step):
        """The learning rate at `step`, a tensor of shape `()`."""
        done = P.divide(as_step(step), float(self.first_decay_steps))
        fall, progress = self._equal_falls(done) if self.t_mul == 1 else self._growing_falls(done)
        height = P.power(float(self.m_mul), fall)
        return P.multiply(_half_wave(progress, height, self.alpha), float(self.initial_learning_rate))

    def _equal_falls(self, done):
        fall = P.floor(done)
        return fall, P.subtract(done, fall)

    def _growing_falls(self, done):
        """`n` falls take `(q ** n - 1) / (q - 1)` first lengths, with `q = t_mul`: solve for the last whole `n`."""
        q = float(self.t_mul)
        whole = P.floor(P.divide(P.log(P.add(P.multiply(done, q - 1.0), 1.0)), math.log(q)))
        length = P.power(q, whole)
        before = P.divide(P.subtract(length, 1.0), q - 1.0)
        return whole, P.divide(P.subtract(done, before), length)
