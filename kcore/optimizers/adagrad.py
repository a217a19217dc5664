"""Adagrad and Adadelta: rates that follow the gradients of the past."""

from __future__ import annotations

from kcore import registry
from kcore.engine import primitives as P
from kcore.errors import InvalidArgumentError

from ._rule_parts import epsilon_or_default, moving_average
from .optimizer import Optimizer


@registry.builtin("optimizers")
class Adagrad(Optimizer):
    """Adagrad: gradients are divided by the root of the sum of all their squares.

        a = a + g ** 2
        x = x - lr * g / sqrt(a + e)

    Source: Duchi et al., "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization", 2011.

    Args:
        learning_rate: the rate, a schedule, or a callable.
        initial_accumulator_value: what `a` starts from, not negative.
        epsilon: `e`; `None` for `keras.config.epsilon()`.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
        loss_scale_factor,
            gradient_accumulation_steps, name, **kwargs: as in `Optimizer`.
    """

    elementwise = True

    def __init__(
        self,
        learning_rate=0.001,
        initial_accumulator_value=0.1,
        epsilon=1e-7,
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
        if initial_accumulator_value < 0:
            raise InvalidArgumentError(
                f"`initial_accumulator_value` must not be negative. "
                f"Received: initial_accumulator_value={initial_accumulator_value!r}"
            )
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon_or_default(epsilon)

    def build(self, variables) -> None:
        """Make the accumulators."""
        if self.built:
            return
        super().build(variables)
        self._add_slots(["accumulator"], starts=[self.initial_accumulator_value])

    def update_step(self, gradient, variable, learning_rate) -> None:
        """Apply the rule."""
        squares = self._slot("accumulator", variable)
        squares.assign(P.add(squares.value, P.multiply(gradient, gradient)))
        step = P.divide(P.multiply(gradient, learning_rate), P.sqrt(P.add(squares.value, self.epsilon)))
        variable.assign(P.subtract(variable.value, step))

    def get_config(self) -> dict:
        """The constructor arguments, as JSON-serializable values."""
        return {
            **super().get_config(),
            "initial_accumulator_value": self.initial_accumulator_value,
            "epsilon": self.epsilon,
        }


@registry.builtin("optimizers")
class Adadelta(Optimizer):
    """Adadelta: steps have the recent size of steps, in the direction of gradients divided by their recent size.

    With `a` the moving average of `g ** 2` and `s` that of the squared steps:

        a = rho * a + (1 - rho) * g ** 2
        d = sqrt(s + e) / sqrt(a + e) * g
        s = rho * s + (1 - rho) * d ** 2
        x = x - lr * d

    Source: Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012, where `lr` is 1.

    Args:
        learning_rate: the rate, a schedule, or a callable.
        rho: decay of the moving averages.
        epsilon: `e`; `None` for `keras.config.epsilon()`.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
        loss_scale_factor,
            gradient_accumulation_steps, name, **kwargs: as in `Optimizer`.
    """

    elementwise = True

    def __init__(
        self,
        learning_rate=0.001,
        rho=0.95,
        epsilon=1e-7,
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
        self.epsilon = epsilon_or_default(epsilon)

    def build(self, variables) -> None:
        """Make the accumulators."""
        if self.built:
            return
        super().build(variables)
        self._add_slots(["accumulated_grad", "accumulated_delta_var"])

    def update_step(self, gradient, variable, learning_rate) -> None:
        """Apply the rule."""
        squares, steps = self._slot("accumulated_grad", variable), self._slot("accumulated_delta_var", variable)
        squares.assign(moving_average(squares.value, P.multiply(gradient, gradient), self.rho))
        size = P.sqrt(P.divide(P.add(steps.value, self.epsilon), P.add(squares.value, self.epsilon)))
        step = P.multiply(gradient, size)
        steps.assign(moving_average(steps.value, P.multiply(step, step), self.rho))
        variable.assign(P.subtract(variable.value, P.multiply(step, learning_rate)))

    def get_config(self) -> dict:
        """The constructor arguments, as JSON-serializable values."""
        return {**super().get_config(), "rho": self.rho, "epsilon": self.epsilon}
