"""Lion."""

from __future__ import annotations

from kcore import registry
from kcore.engine import primitives as P

from ._arguments import check_range
from ._rule_parts import moving_average
from .optimizer import Optimizer


@registry.builtin("optimizers")
class Lion(Optimizer):
    """Lion: every number moves by the learning rate, in the direction of a momentum.

        x = x - lr * sign(b1 * m + (1 - b1) * g)
        m = b2 * m + (1 - b2) * g

    Source: Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023.

    Args:
        learning_rate: the rate, a schedule, or a callable.
        beta_1: `b1`, in (0, 1].
        beta_2: `b2`.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
        loss_scale_factor,
            gradient_accumulation_steps, name, **kwargs: as in `Optimizer`.
    """

    elementwise = True

    def __init__(
        self,
        learning_rate=0.001,
        beta_1=0.9,
        beta_2=0.99,
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
        check_range("beta_1", beta_1, 0, 1)
        check_range("beta_2", beta_2, 0, 1)
        self.beta_1 = beta_1
        self.beta_2 = beta_2

    def build(self, variables) -> None:
        """Make the momentum slots."""
        if self.built:
            return
        super().build(variables)
        self._add_slots(["momentum"])

    def update_step(self, gradient, variable, learning_rate) -> None:
        """Apply the rule."""
        m = self._slot("momentum", variable)
        direction = P.sign(moving_average(m.value, gradient, self.beta_1))
        variable.assign(P.subtract(variable.value, P.multiply(direction, learning_rate)))
        m.assign(moving_average(m.value, gradient, self.beta_2))

    def get_config(self) -> dict:
        """The constructor arguments, as JSON-serializable values."""
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2}
