"""Adam, and its variants Adamax, Nadam and AdamW.

Notation, for a variable `x` with gradient `g` at update `t` (from 1): `m` and `v` are the moving averages of `g` and
`g ** 2` (for Adamax, `u` is a moving maximum of `|g|`), `b1` and `b2` their decays, `lr` the learning rate, `e`
epsilon.
"""

from __future__ import annotations

from typing import Any

from kcore import registry
from kcore.engine import primitives as P
from kcore.engine.fused import fused_op
from kcore.engine.tracing import spec_of

from . import _gradients as G
from ._arguments import check_range
from ._rule_parts import epsilon_or_default, moving_average, one_minus_power
from .optimizer import Optimizer


def _step_size(iterations, learning_rate, beta_1: float, beta_2: float):
    """The learning rate with both bias corrections: `lr * sqrt(1 - b2 ** t) / (1 - b1 ** t)`, where t counts from 1."""
    t = P.add(P.cast(iterations, dtype=spec_of(learning_rate).dtype), 1)
    root = P.sqrt(one_minus_power(beta_2, t))
    return P.divide(P.multiply(learning_rate, root), one_minus_power(beta_1, t))


@fused_op("adam")
def adam_update(gradient, value, momentum, velocity, iterations, learning_rate, *, beta_1, beta_2, epsilon):
    """One update of Adam on one tensor. A backend may have a fast path for it.

    Args:
        gradient, value, momentum, velocity: tensors of one shape and dtype.
        iterations: how many updates there were, an integer tensor of shape `()`.
        learning_rate: tensor of shape `()`; both bias corrections are made to it.
        beta_1, beta_2: decays of the moving averages.
        epsilon: added to the root of the velocity.

    Returns:
        The new value, momentum and velocity. No gradient is meant to flow through it.
    """
    momentum = moving_average(momentum, gradient, beta_1)
    velocity = moving_average(velocity, P.multiply(gradient, gradient), beta_2)
    step_size = _step_size(iterations, learning_rate, beta_1, beta_2)
    return P.subtract(value, _adam_step(momentum, velocity, step_size, epsilon)), momentum, velocity


def _adam_step(momentum, velocity, step_size, epsilon: float):
    return P.divide(P.multiply(momentum, step_size), P.add(P.sqrt(velocity), epsilon))


class _Betas(Optimizer):
    """What the family shares: two decays and an epsilon."""

    _slot_names: tuple[str, ...] = ("momentum", "velocity")

    def __init__(
        self,
        learning_rate=0.001,
        beta_1=0.9,
        beta_2=0.999,
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
        check_range("beta_1", beta_1, 0, 1, open_end=True)
        check_range("beta_2", beta_2, 0, 1, open_end=True)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon_or_default(epsilon)

    def build(self, variables) -> None:
        """Make the slots."""
        if self.built:
            return
        super().build(variables)
        self._add_slots(self._slot_names)

    def get_config(self) -> dict:
        """The constructor arguments, as JSON-serializable values."""
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}


@registry.builtin("optimizers")
class Adam(_Betas):
    """Adam: steps along the mean gradient, divided by its recent size.

        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g ** 2
        x = x - lr * sqrt(1 - b2 ** t) / (1 - b1 ** t) * m / (sqrt(v) + e)

    Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2014, in the form at the end of its section 2;
    Reddi et al., "On the Convergence of Adam and Beyond", 2018, for `amsgrad`.

    Args:
        learning_rate: the rate, a schedule, or a callable.
        beta_1: `b1`, in [0, 1).
        beta_2: `b2`, in [0, 1).
        epsilon: `e`; `None` for `keras.config.epsilon()`.
        amsgrad: divide by the largest `v` so far.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
        loss_scale_factor,
            gradient_accumulation_steps, name, **kwargs: as in `Optimizer`.

    Example:

    >>> import kcore as keras
    >>> x = keras.Variable([1.0])
    >>> keras.optimizers.Adam(learning_rate=0.5).apply([keras.ops.ones(1)], [x])
    >>> x.numpy().round(5).tolist()
    [0.5]
    """

    elementwise = True

    def __init__(
        self,
        learning_rate=0.001,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-7,
        amsgrad=False,
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
            beta_1,
            beta_2,
            epsilon,
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
        self.amsgrad = amsgrad

    def build(self, variables) -> None:
        """Make the slots."""
        if self.built:
            return
        super().build(variables)
        if self.amsgrad:
            self._add_slots(["velocity_hat"])

    def update_step(self, gradient, variable, learning_rate) -> None:
        """Apply the rule."""
        iterations = G.as_tensor(self.iterations)
        if self.amsgrad:
            self._amsgrad_step(gradient, variable, _step_size(iterations, learning_rate, self.beta_1, self.beta_2))
            return
        m, v = self._slot("momentum", variable), self._slot("velocity", variable)
        decays = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        updated: Any = adam_update(gradient, variable.value, m.value, v.value, iterations, learning_rate, **decays)
        for state, value in zip((variable, m, v), updated, strict=True):
            state.assign(value)

    def _amsgrad_step(self, gradient, variable, step_size) -> None:
        m, v, highest = (self._slot(name, variable) for name in ("momentum", "velocity", "velocity_hat"))
        m.assign(moving_average(m.value, gradient, self.beta_1))
        v.assign(moving_average(v.value, P.multiply(gradient, gradient), self.beta_2))
        highest.assign(P.maximum(highest.value, v.value))
        variable.assign(P.subtract(variable.value, _adam_step(m.value, highest.value, step_size, self.epsilon)))

    def get_config(self) -> dict:
        """The constructor arguments, as JSON-serializable values."""
        return {**super().get_config(), "amsgrad": self.amsgrad}


@registry.builtin("optimizers")
class Adamax(_Betas):
    """Adamax: Adam with the largest recent gradient in place of the mean square.

        m = b1 * m + (1 - b1) * g
        u = max(b2 * u, |g|)
        x = x - lr / (1 - b1 ** t) * m / (u + e)

    Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2014, section 7.1.

    Args:
        learning_rate: the rate, a schedule, or a callable.
        beta_1: `b1`, in [0, 1).
        beta_2: `b2`, in [0, 1).
        epsilon: `e`; `None` for `keras.config.epsilon()`.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
        loss_scale_factor,
            gradient_accumulation_steps, name, **kwargs: as in `Optimizer`.
    """

    elementwise = True
    _slot_names = ("momentum", "norm")

    def update_step(self, gradient, variable, learning_rate) -> None:
        """Apply the rule."""
        m, u = self._slot("momentum", variable), self._slot("norm", variable)
        m.assign(moving_average(m.value, gradient, self.beta_1))
        u.assign(P.maximum(P.multiply(u.value, self.beta_2), P.absolute(gradient)))
        step_size = P.divide(learning_rate, one_minus_power(self.beta_1, self._next_iteration(variable.dtype)))
        step = P.divide(P.multiply(m.value, step_size), P.add(u.value, self.epsilon))
        variable.assign(P.subtract(variable.value, step))


@registry.builtin("optimizers")
class Nadam(_Betas):
    """Nadam: Adam with Nesterov momentum, whose decay grows from `b1 / 2` to `b1`.

        c(t) = b1 * (1 - 0.5 * 0.96 ** t);  p = p * c(t)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g ** 2
        m' = c(t + 1) * m / (1 - p * c(t + 1)) + (1 - c(t)) * g / (1 - p)
        x = x - lr * m' / (sqrt(v / (1 - b2 ** t)) + e)

    Source: Dozat, "Incorporating Nesterov Momentum into Adam", 2016.

    Args:
        learning_rate: the rate, a schedule, or a callable.
        beta_1: `b1`, in [0, 1).
        beta_2: `b2`, in [0, 1).
        epsilon: `e`; `None` for `keras.config.epsilon()`.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
        loss_scale_factor,
            gradient_accumulation_steps, name, **kwargs: as in `Optimizer`.
    """

    elementwise = True

    def build(self, variables) -> None:
        """Make the slots and the running product of the decays."""
        if self.built:
            return
        super().build(variables)
        self._product = self.add_variable((), "ones", name="variable")

    def _decay_at(self, t):
        return P.multiply(P.subtract(1.0, P.multiply(P.power(0.96, t), 0.5)), self.beta_1)

    def _before_update(self) -> None:
        t = self._next_iteration(self._product.dtype)
        self._product.assign(P.multiply(self._product.value, self._decay_at(t)))

    def update_step(self, gradient, variable, learning_rate) -> None:
        """Apply the rule."""
        m, v = self._slot("momentum", variable), self._slot("velocity", variable)
        t = self._next_iteration(variable.dtype)
        now, later = self._decay_at(t), self._decay_at(P.add(t, 1.0))
        product = P.cast(self._product.value, dtype=variable.dtype)
        m.assign(moving_average(m.value, gradient, self.beta_1))
        v.assign(moving_average(v.value, P.multiply(gradient, gradient), self.beta_2))
        of_mean = P.multiply(learning_rate, P.divide(later, P.subtract(1.0, P.multiply(product, later))))
        of_gradient = P.multiply(learning_rate, P.divide(P.subtract(1.0, now), P.subtract(1.0, product)))
        direction = P.add(P.multiply(m.value, of_mean), P.multiply(gradient, of_gradient))
        size = P.sqrt(P.divide(v.value, one_minus_power(self.beta_2, t)))
        variable.assign(P.subtract(variable.value, P.divide(direction, P.add(size, self.epsilon))))
