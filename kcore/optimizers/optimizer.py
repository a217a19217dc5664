"""The base of all optimizers: everything about a step but the update rule.

A step, in this order: gradients are divided by the loss scale; variables marked `overwrite_with_gradient` take
    theirs; gradients are
accumulated, if asked for; clipped; weights decay; the rule moves each group; averages follow; constraints project;
the step is counted.

The state is made of `Variable`s only, and a step does nothing but read and assign them. So it can be captured into a
training step once, and a callback that assigns `learning_rate` or `iterations` is obeyed without capturing again.
Everything else (`weight_decay`, `beta_1`, ...) is a constant of the captured step: to change it, compile again.
"""

from __future__ import annotations

import warnings

from kcore import registry
from kcore.engine import backend, tracing
from kcore.engine import primitives as P
from kcore.engine.variable import Variable
from kcore.errors import InvalidArgumentError, ShapeError

from . import _gradients as G
from . import schedules
from ._arguments import check_arguments
from ._groups import Group
from ._keeping import Kept, restore, snapshot
from ._state import OptimizerState


class Optimizer(OptimizerState):
    """Base class of optimizers.

    A subclass makes its state in `build` and writes its rule in `update_step`. By default the rule is called for each
    variable, as in Keras. A rule that treats every number alike (no norms, no shapes) can set `elementwise = True` in
    its class: it is then called once for all variables of a dtype, on one flat vector, which is much faster, and is
    written the same way otherwise. A subclass that overrides `update_step` starts from `elementwise = False`,
    whatever its base says.

    Args:
        learning_rate: a float, a `LearningRateSchedule`, or a callable from the iteration to a rate.
        weight_decay: decoupled weight decay: before the rule, each variable loses `learning_rate * weight_decay` of
            itself.
        clipnorm: the largest L2 norm of one variable's gradient.
        clipvalue: the largest absolute value of a number in a gradient.
        global_clipnorm: the largest L2 norm of all gradients together. At most one of these three may be given.
        use_ema: keep an exponential moving average of the variables; `finalize_variable_values` puts it in their place.
        ema_momentum: weight of the past in the average, in [0, 1].
        ema_overwrite_frequency: put the average in place of the variables every so many iterations.
        loss_scale_factor: the loss is multiplied by it (`scale_loss`), and gradients are divided by it.
        gradient_accumulation_steps: update only every so many steps (2 or more), with the mean of their gradients.
        name: name of the optimizer; made from the class name by default.
        **kwargs: Keras 2's `lr` and `decay` (the rate at iteration `i` is `learning_rate / (1 + decay * i)`).

    Example:

    >>> import kcore as keras
    >>> class Plain(keras.optimizers.Optimizer):
    ...     elementwise = True
    ...     def update_step(self, gradient, variable, learning_rate):
    ...         self.assign_sub(variable, keras.ops.multiply(learning_rate, gradient))
    >>> x = keras.Variable([1.0, 2.0])
    >>> Plain(learning_rate=0.5).apply([keras.ops.ones(2)], [x])
    >>> x.numpy().tolist()
    [0.5, 1.5]
    """

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "update_step" in cls.__dict__ and "elementwise" not in cls.__dict__:
            cls.elementwise = False

    def __init__(
        self,
        learning_rate=None,
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
        learning_rate = kwargs.pop("lr", learning_rate)
        self.decay = float(kwargs.pop("decay", None) or 0.0)
        self.name = name or registry.snake_case(type(self).__name__)
        self.weight_decay = weight_decay
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.global_clipnorm = global_clipnorm
        self.use_ema = use_ema
        self.ema_momentum = ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency if use_ema else None
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        check_arguments(self, kwargs)
        self._init_state(learning_rate)
        self._has_stepped = False
        self._has_warned = False

    # ---- the rule

    def update_step(self, gradient, variable, learning_rate):
        """The update rule: moves one variable (or, with `elementwise = True`, the flat vector of all variables of a
        dtype).

        Args:
            gradient: tensor of the variable's shape and dtype.
            variable: what to move; read `variable.value`, write with `assign`, `assign_add` or `assign_sub`.
            learning_rate: tensor of shape `()`, of the variable's dtype.
        """
        raise NotImplementedError(
            f"{type(self).__name__} must define `update_step(self, gradient, variable, learning_rate)`."
        )

    def assign(self, variable, value) -> None:
        """Set a variable, in a rule."""
        variable.assign(value)

    def assign_add(self, variable, value) -> None:
        """Add to a variable, in a rule."""
        variable.assign_add(value)

    def assign_sub(self, variable, value) -> None:
        """Subtract from a variable, in a rule."""
        variable.assign_sub(value)

    def _slot(self, name: str, variable) -> Variable:
        """The slot `name` that goes with the variable of a rule."""
        group = next(group for group in self._groups if group.variable is variable)
        return group.slots[name]

    # ---- one step

    def apply_gradients(self, grads_and_vars) -> None:
        """Make one step.

        Args:
            grads_and_vars: pairs of a gradient and its variable.
        """
        pairs = list(grads_and_vars)
        if not pairs:
            raise InvalidArgumentError("`grads_and_vars` must hold at least one pair. Received: grads_and_vars=[]")
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])

    def apply(self, grads, trainable_variables=None) -> None:
        """Make one step.

        Args:
            grads: a gradient for each variable, of its shape; `None` where there is none: that variable and its slots
                stay as they are.
            trainable_variables: the variables: some or all of those the optimizer was built with; all by default. The
                first call builds.

        Raises:
            InvalidArgumentError: no gradient at all, a wrong number of them, or an unknown variable.
            ShapeError: a gradient's shape isn't its variable's.
        """
        grads = list(grads)
        if not grads:
            return
        variables = self._variables_for(grads, trainable_variables)
        with tracing.stop_recording(), tracing.layer_path("optimizer"):
            gradients = self._present(grads, variables)
            self._has_stepped = True
            self._overwrite(variables, gradients)
            if gradients:
                self._step(gradients)
            for variable in variables:
                if variable.constraint is not None:
                    variable.assign(variable.constraint(variable.value))
            self._iterations.assign(P.add(self._iterations.value, 1))

    def _variables_for(self, grads: list, variables) -> list[Variable]:
        if variables is None and not self.built:
            raise InvalidArgumentError(
                "`trainable_variables` must be given until the optimizer is built. Received: trainable_variables=None"
            )
        variables = self._trainable if variables is None else list(variables)
        if len(grads) != len(variables):
            raise InvalidArgumentError(
                f"`grads` must hold one gradient for each of the {len(variables)} trainable variables. "
                f"Received: {len(grads)} gradients"
            )
        if not self.built:
            self.build(variables)
        known = {id(v) for v in self._trainable}
        for variable in variables:
            if id(variable) not in known:
                self._get_variable_index(variable)
        return variables

    def _present(self, grads: list, variables: list[Variable]) -> dict:
        """The gradients that are there, unscaled, by the id of their variable."""
        missing = [v.path or v.name for g, v in zip(grads, variables, strict=True) if g is None]
        if len(missing) == len(variables):
            raise InvalidArgumentError(
                f"`grads` must hold at least one gradient that isn't None. Received: None for {missing}"
            )
        if missing and not self._has_warned:
            self._has_warned = True
            warnings.warn(
                f"There is no gradient of the loss for these variables, so they aren't trained: {missing}", stacklevel=4
            )
        return {id(v): self._prepared(g, v) for g, v in zip(grads, variables, strict=True) if g is not None}

    def _prepared(self, gradient, variable: Variable):
        gradient = G.as_tensor(gradient)
        if tuple(gradient.shape) != tuple(variable.shape):
            raise ShapeError(
                f"A gradient must have its variable's shape. Received: a gradient of shape {tuple(gradient.shape)} for "
                f"variable '{variable.path or variable.name}' of shape {tuple(variable.shape)}"
            )
        gradient = G.cast(gradient, variable.dtype)
        if self.loss_scale_factor is None or variable.overwrite_with_gradient:
            return gradient
        return P.multiply(gradient, 1.0 / self.loss_scale_factor)

    def _overwrite(self, variables: list[Variable], gradients: dict) -> None:
        for variable in variables:
            if variable.overwrite_with_gradient and id(variable) in gradients:
                variable.assign(gradients.pop(id(variable)))

    def _step(self, gradients: dict) -> None:
        groups = [g for g in self._groups if any(id(member) in gradients for member in g.members)]
        for group in groups:
            group.load()
        vectors = [group.gather(gradients) for group in groups]
        if self.gradient_accumulation_steps:
            self._accumulate(groups, vectors, gradients)
        else:
            self._update(groups, vectors, gradients)
        if self.use_ema:
            self._follow(groups)
        for group in groups:
            group.store()

    def _update(self, groups: list[Group], vectors: list, gradients: dict, chosen=None) -> None:
        """Clip, decay, and call the rule; where `chosen` (a boolean tensor of shape `()`) is false, nothing changes."""
        rate = self._current_learning_rate()
        with Kept(self._shared, None, chosen):
            self._before_update()
            for group, vector in zip(groups, self._clip(groups, vectors), strict=True):
                present = {id(member) for member in group.members} & set(gradients)
                flags = group.flags(present) if len(present) < len(group.members) else None
                with Kept([group.variable, *group.slots.values()], flags, chosen):
                    self._decay_weights(group, rate)
                    self.update_step(vector, group.variable, G.cast(rate, group.dtype))

    def _before_update(self) -> None:
        """Called once a step before the rule: for state that all groups share."""

    def _clip(self, groups: list[Group], vectors: list) -> list:
        if self.clipnorm is not None:
            return [G.clip_by_norm(group, vector, self.clipnorm) for group, vector in zip(groups, vectors, strict=True)]
        if self.global_clipnorm is not None:
            return G.clip_by_global_norm(vectors, self.global_clipnorm)
        if self.clipvalue is not None:
            return [G.clip_by_value(vector, self.clipvalue) for vector in vectors]
        return vectors

    def _decay_weights(self, group: Group, rate) -> None:
        decayed = {id(v) for v in group.members if self._use_weight_decay(v)} if self.weight_decay else set()
        if not decayed:
            return
        value = group.variable.value
        shrunk = P.multiply(value, P.subtract(1.0, P.multiply(G.cast(rate, group.dtype), self.weight_decay)))
        if len(decayed) < len(group.members):
            shrunk = P.where(G.as_tensor(group.flags(decayed)), shrunk, value)
        group.variable.assign(shrunk)

    def _accumulate(self, groups: list[Group], vectors: list, gradients: dict) -> None:
        steps = self.gradient_accumulation_steps or 1
        slots = [group.slots["gradient_accumulator"] for group in groups]
        totals = [P.add(slot.value, vector) for slot, vector in zip(slots, vectors, strict=True)]
        is_update = P.equal(P.remainder(P.add(self._iterations.value, 1), steps), 0)
        captured = tracing.is_capturing()
        if captured or bool(backend.current().to_numpy(is_update)):
            means = [P.divide(total, float(steps)) for total in totals]
            self._update(groups, means, gradients, chosen=is_update if captured else None)
        for slot, total in zip(slots, totals, strict=True):
            slot.assign(P.where(is_update, P.subtract(slot.value, slot.value), total))

    def _follow(self, groups: list[Group]) -> None:
        """Move the averages, and put them in the variables' place when it is time. The first is the variable itself."""
        iterations = G.as_tensor(self.iterations)
        for group in groups:
            value, average = group.variable.value, group.slots["average"]
            past = P.multiply(P.cast(P.less(0, iterations), dtype=group.dtype), self.ema_momentum)
            average.assign(P.add(P.multiply(average.value, past), P.multiply(value, P.subtract(1.0, past))))
            if self.ema_overwrite_frequency:
                is_time = P.equal(P.remainder(P.add(iterations, 1), self.ema_overwrite_frequency), 0)
                group.variable.assign(P.where(is_time, average.value, value))

    # ---- around the step

    def scale_loss(self, loss):
        """The loss to differentiate: `loss * loss_scale_factor`."""
        return loss if self.loss_scale_factor is None else P.multiply(loss, float(self.loss_scale_factor))

    def finalize_variable_values(self, var_list) -> None:
        """Put the averages in place of the variables, when `use_ema` is on: what `fit` does at its end.

        Args:
            var_list: the variables.
        """
        if not self.use_ema:
            return
        for variable in var_list:
            group = next((g for g in self._groups if variable in g), None)
            if group is not None:
                variable.assign(group.part(variable, "average").value)

    def stateless_apply(self, optimizer_variables, grads, trainable_variables):
        """A step as a function: nothing is changed.

        Args:
            optimizer_variables: values of `variables`, in their order.
            grads: a gradient for each trainable variable.
            trainable_variables: values of the trainable variables that the optimizer was built with, in their order.

        Returns:
            `(trainable_variables, optimizer_variables)`: the values after the step.
        """
        if not self.built:
            raise InvalidArgumentError(
                "`stateless_apply()` needs a built optimizer: call `build(trainable_variables)` first."
            )
        holders = [*self._trainable, *self.variables]
        values = [*trainable_variables, *optimizer_variables]
        if len(holders) != len(values):
            raise InvalidArgumentError(
                f"`stateless_apply()` needs {len(holders)} values in all. Received: {len(values)}"
            )
        before = snapshot(holders)
        try:
            restore(holders, values)
            self.apply(grads)
            after = snapshot(holders)
        finally:
            restore(holders, before)
        return after[: len(self._trainable)], after[len(self._trainable) :]

    def get_config(self) -> dict:
        """The constructor arguments, as JSON-serializable values. `decay` stands there only when it is used."""
        names = (
            "name",
            "weight_decay",
            "clipnorm",
            "global_clipnorm",
            "clipvalue",
            "use_ema",
            "ema_momentum",
            "ema_overwrite_frequency",
        )
        config = {name: getattr(self, name) for name in (*names, "loss_scale_factor", "gradient_accumulation_steps")}
        rate = schedules.serialize(self._schedule) if self._schedule else float(self.learning_rate.numpy())
        return {"learning_rate": rate, **config, **({"decay": self.decay} if self.decay else {})}

    @classmethod
    def from_config(cls, config: dict, custom_objects=None):
        """Make an optimizer from the result of `get_config`, of Keras 3's or of Keras 2's.

        Args:
            config: constructor arguments.
            custom_objects: name -> class or function, for a schedule of the user's own.
        """
        config = dict(config)
        if isinstance(config.get("learning_rate"), dict):
            config["learning_rate"] = registry.deserialize_keras_object(
                config["learning_rate"], custom_objects=custom_objects
            )
        return cls(**config)
