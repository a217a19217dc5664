"""Training in float16: the loss is scaled so that its gradients neither vanish nor overflow."""

from __future__ import annotations

from typing import Any

import numpy as np

from kcore import registry
from kcore.engine import primitives as P
from kcore.engine import tracing
from kcore.engine.variable import Variable
from kcore.errors import InvalidArgumentError, InvalidTypeError

from . import _gradients as G
from ._keeping import Kept
from .optimizer import Optimizer

LARGEST_SCALE = 2.0**126
"""Where the scale stops growing: twice of it would not be finite in float32, and would never come down again."""


@registry.builtin("optimizers")
class LossScaleOptimizer(Optimizer):
    """An optimizer around another one, which it gives the gradients of a scaled loss.

    The scale moves on its own. Where a gradient isn't finite, the step is left out and the scale is halved; after
    `dynamic_growth_steps` steps in a row that were made, it is doubled. Nothing branches on a value, so all of it is
    captured with the training step.

    Args:
        inner_optimizer: the optimizer that makes the steps.
        initial_scale: the first scale.
        dynamic_growth_steps: after how many steps the scale is doubled.
        name: its name.
        **kwargs: no others are known.

    Attributes:
        dynamic_scale: the scale, a float32 variable of shape `()`, once built.
        step_counter: the steps since it last changed, an int32 variable of shape `()`, once built.

    What isn't found here is looked for on the inner optimizer.

    Raises:
        InvalidTypeError: `inner_optimizer` isn't an optimizer.
        InvalidArgumentError: it scales the loss itself, or a number is out of its range.

    Source: Micikevicius et al., "Mixed precision training" (2018).

    Example:

    >>> import kcore as keras
    >>> x = keras.Variable([1.0])
    >>> optimizer = LossScaleOptimizer(keras.optimizers.SGD(0.5), initial_scale=8.0)
    >>> optimizer.apply([keras.ops.convert_to_tensor([float("inf")])], [x])
    >>> x.numpy().tolist(), float(optimizer.dynamic_scale)
    ([1.0], 4.0)
    """

    step_counter: Variable
    dynamic_scale: Variable

    def __init__(
        self,
        inner_optimizer: Any,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
        **kwargs: Any,
    ):
        if not isinstance(inner_optimizer, Optimizer):
            raise InvalidTypeError(f"`inner_optimizer` must be an optimizer. Received: {inner_optimizer!r}")
        if inner_optimizer.loss_scale_factor is not None or isinstance(inner_optimizer, LossScaleOptimizer):
            raise InvalidArgumentError(
                "`inner_optimizer` must not scale the loss itself. Received: "
                f"inner_optimizer={inner_optimizer!r}, loss_scale_factor={inner_optimizer.loss_scale_factor}"
            )
        if kwargs or not initial_scale > 0 or not dynamic_growth_steps >= 1:
            raise InvalidArgumentError(
                "`initial_scale` must be positive, `dynamic_growth_steps` at least 1, and there are no other options. "
                f"Received: initial_scale={initial_scale}, dynamic_growth_steps={dynamic_growth_steps}, {kwargs}"
            )
        self.inner_optimizer = inner_optimizer
        self.initial_scale = float(initial_scale)
        self.dynamic_growth_steps = int(dynamic_growth_steps)
        super().__init__(learning_rate=0.0, name=name)

    def __getattr__(self, name: str) -> Any:
        inner = vars(self).get("inner_optimizer")
        if inner is None or name.startswith("_") or name in ("step_counter", "dynamic_scale"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(inner, name)

    def build(self, variables) -> None:
        """Make the state: this one's, and the inner optimizer's."""
        if self.built:
            return
        self._create_scalars()
        self.step_counter = self.add_variable((), dtype="int32", name="step_counter")
        self.dynamic_scale = self.add_variable((), np.float32(self.initial_scale), name="dynamic_scale")
        self.inner_optimizer.build(variables)
        self._trainable, self._groups = self.inner_optimizer._trainable, self.inner_optimizer._groups
        self.built = True

    # ---- one step

    def apply(self, grads, trainable_variables=None) -> None:
        """Make one step, unless a gradient isn't finite; move the scale.

        Args:
            grads: gradients of the scaled loss, one for each variable; `None` where there is none.
            trainable_variables: as in `Optimizer.apply`.

        Raises:
            InvalidArgumentError: as in `Optimizer.apply`.
        """
        grads = list(grads)
        if not grads:
            return
        variables = self._variables_for(grads, trainable_variables)
        with tracing.stop_recording():
            gradients = [None if g is None else G.as_tensor(g) for g in grads]
            scale, finite = self.dynamic_scale.value, self.check_finite(gradients)
            with Kept(self._homes(), None, finite):
                unscaled = [_unscaled(g, v, scale, finite) for g, v in zip(gradients, variables, strict=True)]
                self.inner_optimizer.apply(unscaled, variables)
            self._move_scale(scale, finite)

    def check_finite(self, grads) -> Any:
        """Whether all numbers of all gradients are finite: a boolean tensor of shape `()`."""
        checks = [_is_finite(g) for g in map(G.as_tensor, (g for g in grads if g is not None)) if 0 not in g.shape]
        finite = checks[0] if checks else P.equal(G.as_tensor(self.step_counter), G.as_tensor(self.step_counter))
        for check in checks[1:]:
            finite = P.bitwise_and(finite, check)
        return finite

    def _homes(self) -> list[Variable]:
        """All variables that a step may change, each once; those in a pack as the whole of it."""
        changed = [*self.inner_optimizer.variables, *self._trainable]
        homes = [v if v.pack is None else v.pack.flat for v in changed]
        return list({id(home): home for home in homes}.values())

    def _move_scale(self, scale, finite) -> None:
        made = P.add(self.step_counter.value, 1)
        is_time = P.bitwise_and(finite, P.equal(made, self.dynamic_growth_steps))
        grown = P.minimum(P.multiply(scale, 2.0), LARGEST_SCALE)
        moved = P.where(is_time, grown, scale)
        self.dynamic_scale.assign(P.where(finite, moved, P.multiply(scale, 0.5)))
        goes_on = P.bitwise_and(finite, P.bitwise_not(is_time))
        self.step_counter.assign(P.multiply(made, P.cast(goes_on, dtype="int32")))

    # ---- around the step

    def scale_loss(self, loss):
        """The loss to differentiate: `loss * scale`, in float32 at least."""
        loss = _widened(loss)
        scale = G.as_tensor(self.dynamic_scale) if self.built else self.initial_scale
        return P.multiply(loss, G.cast(scale, G.dtype_of(loss)) if self.built else scale)

    def finalize_variable_values(self, var_list) -> None:
        """What the inner optimizer does at the end of `fit`."""
        self.inner_optimizer.finalize_variable_values(var_list)

    def exclude_from_weight_decay(self, var_list=None, var_names=None) -> None:
        """As `Optimizer.exclude_from_weight_decay`, of the inner optimizer."""
        self.inner_optimizer.exclude_from_weight_decay(var_list, var_names)

    @property
    def variables(self) -> list[Variable]:
        """This one's state, then the inner optimizer's."""
        return [*super().variables, *self.inner_optimizer.variables]

    @property
    def iterations(self):
        """The inner optimizer's: steps that were left out don't count."""
        return self.inner_optimizer.iterations

    @property
    def learning_rate(self) -> Any:
        """The inner optimizer's."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value) -> None:
        self.inner_optimizer.learning_rate = value

    def get_config(self) -> dict:
        """The constructor arguments, as JSON-serializable values."""
        return {
            "name": self.name,
            "inner_optimizer": registry.serialize_keras_object(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
        }

    @classmethod
    def from_config(cls, config: dict, custom_objects=None):
        """Make one from the result of `get_config`.

        Args:
            config: constructor arguments.
            custom_objects: classes of the user's own by name.
        """
        inner = registry.deserialize_keras_object(
            config["inner_optimizer"], custom_objects=custom_objects, group="optimizers"
        )
        return cls(**{**config, "inner_optimizer": inner})


def _is_finite(gradient):
    """Whether the largest absolute value is below infinity: NaN isn't, and wins as a maximum."""
    axes = tuple(range(len(gradient.shape)))
    return P.less(P.max(P.absolute(gradient), axes=axes, keepdims=False), float("inf"))


def _widened(tensor):
    """A short float in float32, which scales up to `LARGEST_SCALE` fit into."""
    return G.cast(tensor, "float32") if G.dtype_of(tensor) in ("float16", "bfloat16") else tensor


def _unscaled(gradient, variable: Variable, scale, finite):
    """The gradient of the loss itself; zeros for a step that is left out, so that no engine warns of what it makes of
    infinity."""
    if gradient is None or variable.overwrite_with_gradient:
        return gradient
    gradient = _widened(gradient)
    return P.where(finite, P.divide(gradient, G.cast(scale, G.dtype_of(gradient))), 0.0)
