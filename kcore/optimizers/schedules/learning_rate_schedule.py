"""The base of learning rate schedules."""

from __future__ import annotations

from kcore import config, registry
from kcore.engine import backend, tracing
from kcore.engine import primitives as P
from kcore.engine.variable import Variable
from kcore.errors import InvalidArgumentError


class LearningRateSchedule:
    """A learning rate that depends on the iteration. A subclass defines `__call__` and `get_config`.

    A schedule is part of the captured training step, so `__call__` computes with `kcore.ops` on a tensor and doesn't
    branch on its value.

    Example:

    >>> import kcore as keras
    >>> class Halved(keras.optimizers.schedules.LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 1.0 / (2.0 + keras.ops.cast(step, "float32"))
    >>> keras.optimizers.SGD(Halved()).learning_rate.item()
    0.5
    """

    def __call__(self, step):
        """The learning rate at an iteration.

        Args:
            step: an integer, or an integer tensor of shape `()`.

        Returns:
            A tensor of shape `()`.
        """
        raise NotImplementedError(f"{type(self).__name__} must define `__call__(self, step)`.")

    def get_config(self) -> dict:
        """The constructor arguments, as JSON-serializable values."""
        raise NotImplementedError(f"{type(self).__name__} must define `get_config(self)`.")

    @classmethod
    def from_config(cls, config: dict):
        """Make a schedule from the result of `get_config`."""
        return cls(**config)


class _BuiltinSchedule(LearningRateSchedule):
    """A schedule whose configuration is its constructor arguments, kept as attributes of the same names."""

    _arguments: tuple[str, ...] = ()

    def get_config(self) -> dict:
        """The constructor arguments, as JSON-serializable values."""
        return {name: getattr(self, name) for name in self._arguments}


def as_step(step):
    """An iteration as a float tensor of shape `()` (dtype `floatx`)."""
    step = tracing.value_of(step.value if isinstance(step, Variable) else step)
    if isinstance(step, tracing.Tracer) or backend.current().is_tensor(step):
        return P.cast(step, dtype=config.floatx())
    return backend.current().asarray(float(step), dtype=config.floatx())


def check_positive(name: str, value) -> None:
    """Check that a number of steps is positive.

    Raises:
        InvalidArgumentError: it isn't.
    """
    if not value > 0:
        raise InvalidArgumentError(f"`{name}` must be positive. Received: {name}={value!r}")


def builtin(cls):
    """Class decorator: register a schedule of kcore's own under its Keras name."""
    return registry.builtin("optimizers")(cls)
