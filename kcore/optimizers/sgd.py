"""Stochastic gradient descent."""

from __future__ import annotations

from kcore import registry
from kcore.engine import primitives as P

from ._arguments import check_range
from .optimizer import Optimizer


@registry.builtin("optimizers")
class SGD(Optimizer):
    """Gradient descent, with optional momentum.

    With `x` a variable, `g` its gradient, `lr` the learning rate, `mu` the momentum:

        plain      x = x - lr * g
        momentum   v = mu * v - lr * g;  x = x + v
        nesterov   v = mu * v - lr * g;  x = x + mu * v - lr * g

    Args:
        learning_rate: the rate, a schedule, or a callable.
        momentum: `mu`, in [0, 1].
        nesterov: look ahead along the momentum.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
        loss_scale_factor,
            gradient_accumulation_steps, name, **kwargs: as in `Optimizer`.

    Raises:
        InvalidArgumentError: `momentum` is out of its range.

    Example:

    >>> import kcore as keras
    >>> x = keras.Variable([1.0])
    >>> optimizer = keras.optimizers.SGD(learning_rate=0.5, momentum=0.5)
    >>> for _ in range(2):
    ...     optimizer.apply([keras.ops.ones(1)], [x])
    >>> x.numpy().tolist()
    [-0.25]
    """

    elementwise = True

    def __init__(
        self,
        learning_rate=0.01,
        momentum=0.0,
        nesterov=False,
        weight_decay=None,
        clipnorm=None,
        clipvalue=None,
        global_clipnorm=None,
        use_ema=False,
        ema_momentum=0.99,
        ema_overwrite_frequency=None,
        loss_scale_factor=None,
        gradient_accumulation_steps=None,
        name=None,
        **kwargs,
    ):
        super().__init__(
            learning_rate,
            weight_decay,
            clipnorm,
            clipvalue,
            global_clipnorm,
            use_ema,
            ema_momentum,
            ema_overwrite_frequency,
            loss_scale_factor,
            gradient_accumulation_steps,
            name,
            **kwargs,
        )
        check_range("momentum", momentum, 0, 1)
        self.momentum = momentum
        self.nesterov = nesterov

    def build(self, variables) -> None:
        """Make the momentum slots."""
        if self.built:
            return
        super().build(variables)
        if self.momentum:
            self._add_slots(["momentum"])

    def update_step(self, gradient, variable, learning_rate) -> None:
        """Apply the rule."""
        step = P.multiply(gradient, learning_rate)
        value = variable.value
        if not self.momentum:
            variable.assign(P.subtract(value, step))
            return
        slot = self._slot("momentum", variable)
        momentum = P.subtract(P.multiply(slot.value, self.momentum), step)
        slot.assign(momentum)
        if self.nesterov:
            momentum = P.subtract(P.multiply(momentum, self.momentum), step)
        variable.assign(P.add(value, momentum))

    def get_config(self) -> dict:
        """The constructor arguments, as JSON-serializable values."""
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}
