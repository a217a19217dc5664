"""Schedules that only ever fall: exponential, inverse time, polynomial, piecewise constant.

Notation: `t` is the iteration as a float, `r` the initial rate, `d` `decay_steps`, `k` `decay_rate`.
"""

from __future__ import annotations

import itertools

from kcore.engine import primitives as P
from kcore.errors import InvalidArgumentError

from .learning_rate_schedule import _BuiltinSchedule, as_step, builtin, check_positive


class _RateDecay(_BuiltinSchedule):
    _arguments = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    def __init__(self, initial_learning_rate, decay_steps, decay_rate, staircase=False, name=None):
        check_positive("decay_steps", decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name or type(self).__name__

    def _progress(self, step):
        progress = P.divide(as_step(step), float(self.decay_steps))
        return P.floor(progress) if self.staircase else progress


@builtin
class ExponentialDecay(_RateDecay):
    """The rate `r * k ** (t / d)`.

    Args:
        initial_learning_rate: `r`.
        decay_steps: `d`, positive.
        decay_rate: `k`.
        staircase: round `t / d` down.
        name: name of the schedule.

    Example:

    >>> import kcore as keras
    >>> keras.optimizers.schedules.ExponentialDecay(0.5, decay_steps=10, decay_rate=0.5)(20).item()
    0.125
    """

    def __call__(self, step):
        """The learning rate at `step`, a tensor of shape `()`."""
        return P.multiply(P.power(float(self.decay_rate), self._progress(step)), float(self.initial_learning_rate))


@builtin
class InverseTimeDecay(_RateDecay):
    """The rate `r / (1 + k * t / d)`.

    Args:
        initial_learning_rate: `r`.
        decay_steps: `d`, positive.
        decay_rate: `k`.
        staircase: round `t / d` down.
        name: name of the schedule.
    """

    def __call__(self, step):
        """The learning rate at `step`, a tensor of shape `()`."""
        return P.divide(
            float(self.initial_learning_rate), P.add(P.multiply(self._progress(step), float(self.decay_rate)), 1.0)
        )


@builtin
class PolynomialDecay(_BuiltinSchedule):
    """The rate `(r - e) * (1 - t / d) ** p + e` until `t = d`, and `e` after.

    Args:
        initial_learning_rate: `r`.
        decay_steps: `d`, positive.
        end_learning_rate: `e`.
        power: `p`.
        cycle: after `d` steps go on with the smallest multiple of `d` that isn't below `t`, instead of staying at `e`.
        name: name of the schedule.
    """

    _arguments = ("initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle", "name")

    def __init__(
        self,
        initial_learning_rate,
        decay_steps,
        end_learning_rate=0.0001,
        power=1.0,
        cycle=False,
        name="PolynomialDecay",
    ):
        check_positive("decay_steps", decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def __call__(self, step):
        """The learning rate at `step`, a tensor of shape `()`."""
        progress = P.divide(as_step(step), float(self.decay_steps))
        if self.cycle:
            cycles = P.maximum(P.negative(P.floor(P.negative(progress))), 1.0)
            progress = P.divide(progress, cycles)
        else:
            progress = P.minimum(progress, 1.0)
        left = P.power(P.subtract(1.0, progress), float(self.power))
        return P.add(
            P.multiply(left, float(self.initial_learning_rate - self.end_learning_rate)), float(self.end_learning_rate)
        )


@builtin
class PiecewiseConstantDecay(_BuiltinSchedule):
    """A rate for each stretch of iterations: `values[i]` while `boundaries[i - 1] < t <= boundaries[i]`.

    Args:
        boundaries: increasing iterations.
        values: the rates, one more than there are boundaries.
        name: name of the schedule.

    Example:

    >>> import kcore as keras
    >>> rate = keras.optimizers.schedules.PiecewiseConstantDecay([10], [0.5, 0.25])
    >>> rate(10).item(), rate(11).item()
    (0.5, 0.25)
    """

    _arguments = ("boundaries", "values", "name")

    def __init__(self, boundaries, values, name="PiecewiseConstant"):
        if len(boundaries) + 1 != len(values):
            raise InvalidArgumentError(
                f"`values` must have one more entry than `boundaries`. "
                f"Received: boundaries={boundaries!r}, values={values!r}"
            )
        if any(later <= earlier for earlier, later in itertools.pairwise(boundaries)):
            raise InvalidArgumentError(f"`boundaries` must increase. Received: boundaries={boundaries!r}")
        self.boundaries = list(boundaries)
        self.values = list(values)
        self.name = name

    def __call__(self, step):
        """The learning rate at `step`, a tensor of shape `()`."""
        t = as_step(step)
        rate = P.add(P.multiply(t, 0.0), float(self.values[0]))
        for boundary, value in zip(self.boundaries, self.values[1:], strict=True):
            rate = P.where(P.less(float(boundary), t), P.add(P.multiply(t, 0.0), float(value)), rate)
        return rate
