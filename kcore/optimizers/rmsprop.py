"""RMSprop."""

from __future__ import annotations

from kcore import registry
from kcore.engine import primitives as P

from ._rule_parts import epsilon_or_default, moving_average
from .optimizer import Optimizer


@registry.builtin("optimizers", "rmsprop")
class RMSprop(Optimizer):
    """RMSprop: gradients are divided by the root of their recent mean square.

    With `v` the moving average of `g ** 2`, `a` that of `g` (zero unless `centered`), `d` the momentum's state:

        v = rho * v + (1 - rho) * g ** 2;   a = rho * a + (1 - rho) * g
        step = lr * g / sqrt(v - a ** 2 + e)
        d = momentum * d + step
        x = x - d

    Source: Hinton, "Neural Networks for Machine Learning", lecture 6e, 2012.

    Args:
        learning_rate: the rate, a schedule, or a callable.
        rho: decay of the moving averages.
        momentum: decay of `d`; 0 for none.
        epsilon: `e`; `None` for `keras.config.epsilon()`.
        centered: divide by the deviation from the mean instead of the mean square.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
        loss_scale_factor,
            gradient_accumulation_steps, name, **kwargs: as in `Optimizer`.
    """

    elementwise = True

    def __init__(
        self,
        learning_rate=0.001,
        rho=0.9,
        momentum=0.0,
        epsilon=1e-7,
        centered=False,
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
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon_or_default(epsilon)
        self.centered = centered

    def build(self, variables) -> None:
        """Make the slots."""
        if self.built:
            return
        super().build(variables)
        self._add_slots(["velocity"])
        if self.momentum > 0:
            self._add_slots(["momentum"])
        if self.centered:
            self._add_slots(["average_gradient"])

    def update_step(self, gradient, variable, learning_rate) -> None:
        """Apply the rule."""
        velocity = self._slot("velocity", variable)
        velocity.assign(moving_average(velocity.value, P.multiply(gradient, gradient), self.rho))
        square = velocity.value
        if self.centered:
            mean = self._slot("average_gradient", variable)
            mean.assign(moving_average(mean.value, gradient, self.rho))
            square = P.subtract(square, P.multiply(mean.value, mean.value))
        step = P.divide(P.multiply(gradient, learning_rate), P.sqrt(P.add(square, self.epsilon)))
        if self.momentum > 0:
            slot = self._slot("momentum", variable)
            slot.assign(P.add(P.multiply(slot.value, self.momentum), step))
            step = slot.value
        variable.assign(P.subtract(variable.value, step))

    def get_config(self) -> dict:
        """The constructor arguments, as JSON-serializable values."""
        own = {"rho": self.rho, "momentum": self.momentum, "epsilon": self.epsilon, "centered": self.centered}
        return {**super().get_config(), **own}
