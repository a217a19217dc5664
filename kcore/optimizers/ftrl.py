"""FTRL: follow the regularized leader."""

from __future__ import annotations

from kcore import registry
from kcore.engine import primitives as P
from kcore.errors import InvalidArgumentError

from .optimizer import Optimizer


@registry.builtin("optimizers")
class Ftrl(Optimizer):
    """FTRL-Proximal, whose L1 penalty makes variables exactly zero; for large, sparse linear models.

    With `n` the sum of squared gradients (and `n'` that after this step), `z` the linear term, `p` minus
    `learning_rate_power`, `l1`, `l2` and `s` the strengths of the penalties:

        z = z + g + 2 * s * x - (n' ** p - n ** p) / lr * x
        x = (clip(z, -l1, l1) - z) / ((n' ** p + beta) / lr + 2 * l2)

    Source: McMahan et al., "Ad Click Prediction: a View from the Trenches", 2013.

    Args:
        learning_rate: the rate, a schedule, or a callable.
        learning_rate_power: `-p`, not positive; 0 for a rate that stays.
        initial_accumulator_value: what `n` starts from, not negative.
        l1_regularization_strength: `l1`, not negative.
        l2_regularization_strength: `l2`, not negative.
        l2_shrinkage_regularization_strength: `s`, not negative: an L2 penalty on the gradient's side.
        beta: added to the denominator.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
        loss_scale_factor,
            gradient_accumulation_steps, name, **kwargs: as in `Optimizer`.

    Raises:
        InvalidArgumentError: a strength or the accumulator's start is negative, or the power is positive.
    """

    elementwise = True
    _own = (
        "learning_rate_power",
        "initial_accumulator_value",
        "l1_regularization_strength",
        "l2_regularization_strength",
        "l2_shrinkage_regularization_strength",
        "beta",
    )

    def __init__(
        self,
        learning_rate=0.001,
        learning_rate_power=-0.5,
        initial_accumulator_value=0.1,
        l1_regularization_strength=0.0,
        l2_regularization_strength=0.0,
        l2_shrinkage_regularization_strength=0.0,
        beta=0.0,
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
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta
        if learning_rate_power > 0:
            raise InvalidArgumentError(f"`learning_rate_power` must not be positive. Received: {learning_rate_power!r}")
        for strength in self._own[1:5]:
            if getattr(self, strength) < 0:
                raise InvalidArgumentError(
                    f"`{strength}` must not be negative. Received: {strength}={getattr(self, strength)!r}"
                )

    def build(self, variables) -> None:
        """Make the accumulators and the linear terms."""
        if self.built:
            return
        super().build(variables)
        self._add_slots(["accumulator", "linear"], starts=[self.initial_accumulator_value, 0.0])

    def update_step(self, gradient, variable, learning_rate) -> None:
        """Apply the rule."""
        squares, linear = self._slot("accumulator", variable), self._slot("linear", variable)
        value, before = variable.value, self._power(squares.value)
        squares.assign(P.add(squares.value, P.multiply(gradient, gradient)))
        after = self._power(squares.value)
        if self.l2_shrinkage_regularization_strength:
            gradient = P.add(gradient, P.multiply(value, 2.0 * self.l2_shrinkage_regularization_strength))
        pull = P.multiply(P.divide(P.subtract(after, before), learning_rate), value)
        linear.assign(P.add(linear.value, P.subtract(gradient, pull)))
        size = P.add(P.divide(P.add(after, self.beta), learning_rate), 2.0 * self.l2_regularization_strength)
        limit = float(self.l1_regularization_strength)
        clipped = P.maximum(P.minimum(linear.value, limit), -limit)
        variable.assign(P.divide(P.subtract(clipped, linear.value), size))

    def _power(self, squares):
        if self.learning_rate_power == -0.5:
            return P.sqrt(squares)
        return P.power(squares, -float(self.learning_rate_power))

    def get_config(self) -> dict:
        """The constructor arguments, as JSON-serializable values."""
        return {**super().get_config(), **{name: getattr(self, name) for name in self._own}}
