"""The state of an optimizer: its variables in Keras's order, its learning rate, and how both are saved."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from kcore import config, registry
from kcore.engine import primitives as P
from kcore.engine import tracing
from kcore.engine.variable import Variable, name_scope
from kcore.errors import InvalidArgumentError, InvalidTypeError

from . import _gradients as G
from ._groups import Group, group_variables, slot_variable
from .schedules.learning_rate_schedule import LearningRateSchedule


class OptimizerState:
    """What an optimizer keeps. `Optimizer` adds the step to it."""

    elementwise = False
    name: str
    use_ema: bool
    gradient_accumulation_steps: int | None
    decay: float

    def _init_state(self, learning_rate) -> None:
        self.built = False
        self._schedule: Any = self._rate_function(learning_rate)
        self._initial_rate = None if self._schedule else learning_rate
        self._state: list[Variable] = []
        self._shared: list[Variable] = []
        self._groups: list[Group] = []
        self._trainable: list[Variable] = []
        self._not_decayed: set[int] = set()

    def __getstate__(self) -> dict[str, Any]:
        members = [(group, member) for group in self._groups for member in group.members]
        slots = [(member, name, group.part(member, name)) for group, member in members for name in group.slots]
        return {**vars(self), "_groups": [member for _, member in members], "_slots": slots}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Copied variables are in no pack: they are grouped again, as it suits the backend where they are now."""
        parts: dict[str, dict[int, Variable]] = {}
        for member, name, part in state.pop("_slots"):
            parts.setdefault(name, {})[id(member)] = part
        vars(self).update(state)
        self._groups = group_variables(state["_groups"], together=self.elementwise)
        for group in self._groups:
            for name, of in parts.items():
                if id(group.members[0]) in of:
                    group.take(name, [of[id(member)] for member in group.members])

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the state for these trainable variables. A subclass calls this first, then adds its own slots.

        Args:
            variables: the trainable variables, in the order in which `apply` gets their gradients.
        """
        if self.built:
            return
        self._create_scalars()
        self._trainable = list(variables)
        moved = [v for v in self._trainable if not v.overwrite_with_gradient]
        self._groups = group_variables(moved, together=self.elementwise)
        if self.use_ema:
            self._add_slots(["average"])
        if self.gradient_accumulation_steps:
            self._add_slots(["gradient_accumulator"])
        self.built = True

    def _create_scalars(self) -> None:
        """Make `iterations` and `learning_rate`, once they are needed: so they live on the backend that trains."""
        if self._state:
            return
        self._iterations = self.add_variable((), dtype="int32", name="iteration", aggregation="only_first_replica")
        if self._schedule is None:
            rate = np.asarray(self._initial_rate, dtype=config.floatx())
            self._learning_rate = self.add_variable((), rate, name="learning_rate", aggregation="only_first_replica")

    # ---- variables

    def add_variable(
        self, shape, initializer: Any = "zeros", dtype=None, aggregation="none", layout=None, name=None
    ) -> Variable:
        """Make a variable that belongs to the optimizer and not to one of the trained variables (a counter, a product).

        Args:
            shape: its shape.
            initializer: an initializer, its name, or an array.
            dtype: its dtype; `floatx` by default.
            aggregation: how replicas are combined.
            layout: has no effect.
            name: its name.
        """
        del layout
        with tracing.eager(), name_scope(self.name):
            made = Variable(initializer, shape=shape, dtype=dtype, trainable=False, aggregation=aggregation, name=name)
        self._state.append(made)
        self._shared.append(made)
        return made

    def add_variable_from_reference(self, reference_variable, name=None, initializer: Any = "zeros") -> Variable:
        """Make a slot for one trained variable: state of the same shape and dtype.

        Args:
            reference_variable: the trained variable.
            name: what the slot is called, such as `"momentum"`.
            initializer: an initializer or its name.

        Returns:
            The variable that the rule reads and writes. With `elementwise = True` it is the flat vector that holds
            this slot of all
            variables of the dtype: it is made at the first call, and returned again for each of them.
        """
        slot = name or "slot"
        group = next((g for g in self._groups if reference_variable in g), None)
        if group is None:
            part = whole = slot_variable(self.name, reference_variable, slot, initializer)
        else:
            whole, part = group.slot(reference_variable, slot, self.name, initializer)
        self._state.append(part)
        return whole

    def add_optimizer_variables(self, trainable_variables, name, initializer: Any = "zeros"):
        """Make a slot, or several, for each of the trained variables.

        Args:
            trainable_variables: the trained variables.
            name: a slot name, or a list of them.
            initializer: an initializer for all, or a list of one a name.

        Returns:
            A list with a variable for each trained variable; for a list of names, a tuple of such lists.
        """
        names = [name] if isinstance(name, str) else list(name)
        initializers = list(initializer) if isinstance(initializer, (list, tuple)) else [initializer] * len(names)
        lists: list[list[Variable]] = [[] for _ in names]
        for variable in trainable_variables:
            for made, slot, start in zip(lists, names, initializers, strict=True):
                made.append(self.add_variable_from_reference(variable, name=slot, initializer=start))
        return lists[0] if isinstance(name, str) else tuple(lists)

    def _add_slots(self, names: Sequence[str], starts: Sequence[float] = ()) -> None:
        """Make a rule's slots for all moved variables, for `_slot` to find. Several names go variable by variable."""
        moved = [v for v in self._trainable if not v.overwrite_with_gradient]
        initializers = [partial(_filled, start) for start in starts] or ["zeros"] * len(names)
        self.add_optimizer_variables(moved, list(names), initializers)

    def _get_variable_index(self, variable) -> int:
        """The position, in the lists of slots, of the variable that the rule was called with."""
        first = next((group.members[0] for group in self._groups if group.variable is variable), variable)
        for index, known in enumerate(self._trainable):
            if known is first:
                return index
        raise InvalidArgumentError(
            f"The optimizer {self.name!r} can only be called for the variables it was built with; make a new one for "
            f"others. Received: variable={variable!r}"
        )

    @property
    def variables(self) -> list[Variable]:
        """The state in Keras's order: iteration, learning rate (unless scheduled), slots of their variables' shapes."""
        self._create_scalars()
        return list(self._state)

    @property
    def iterations(self):
        """The number of updates so far: an int32 variable, or a tensor of shape `()` when gradients are accumulated."""
        self._create_scalars()
        if not self.gradient_accumulation_steps:
            return self._iterations
        return P.floor_divide(self._iterations.value, self.gradient_accumulation_steps)

    def exclude_from_weight_decay(self, var_list=None, var_names=None) -> None:
        """Say which variables weight decay leaves alone. To be called before the first step.

        Args:
            var_list: variables.
            var_names: regular expressions that are searched for in names and paths, such as `["bias"]`.
        """
        if getattr(self, "_has_stepped", False):
            raise InvalidArgumentError(
                "`exclude_from_weight_decay()` must be called before the optimizer's first step."
            )
        self._not_decayed.update(id(v) for v in var_list or ())
        self._names_not_decayed = [*getattr(self, "_names_not_decayed", ()), *(var_names or ())]

    def _use_weight_decay(self, variable: Variable) -> bool:
        if id(variable) in self._not_decayed:
            return False
        names = getattr(self, "_names_not_decayed", ())
        return not any(re.search(pattern, text) for pattern in names for text in (variable.name, variable.path or ""))

    # ---- learning rate

    @property
    def learning_rate(self) -> Any:
        """The learning rate: a variable that can be assigned; with a schedule, the rate of the current iteration."""
        self._create_scalars()
        if self._schedule is None:
            return self._learning_rate
        return self._schedule(G.as_tensor(self.iterations))

    @learning_rate.setter
    def learning_rate(self, value) -> None:
        schedule = self._rate_function(value)
        if schedule is None and self._schedule is not None:
            raise InvalidTypeError(
                f"The learning rate of optimizer {self.name!r} comes from a schedule and can't be set to a number. "
                f"Construct the optimizer with a number to be able to set it. Received: learning_rate={value!r}"
            )
        if schedule is not None:
            self._set_schedule(schedule)
        elif not self._state:
            self._initial_rate = value
        else:
            self._learning_rate.assign(value)

    @property
    def lr(self):
        """Keras 2's name of `learning_rate`."""
        return self.learning_rate

    @lr.setter
    def lr(self, value) -> None:
        self.learning_rate = value

    def _set_schedule(self, schedule) -> None:
        if self._schedule is None and self._state:
            self._state = [v for v in self._state if v is not self._learning_rate]
        self._schedule = schedule

    @staticmethod
    def _rate_function(learning_rate: Any) -> Any:
        """The schedule in `learning_rate`, or `None` where it is a number."""
        if isinstance(learning_rate, dict):
            learning_rate = registry.deserialize_keras_object(learning_rate)
        if isinstance(learning_rate, LearningRateSchedule):
            return learning_rate
        if callable(learning_rate) and not isinstance(learning_rate, Variable):
            return learning_rate
        try:
            float(learning_rate)
        except (TypeError, ValueError):
            raise InvalidArgumentError(
                "`learning_rate` must be a number, a `LearningRateSchedule`, or a callable from the iteration to a "
                f"rate. Received: learning_rate={learning_rate!r}"
            ) from None
        return None

    def _current_learning_rate(self):
        rate = G.as_tensor(self.learning_rate)
        if not self.decay:
            return rate
        step = P.cast(G.as_tensor(self.iterations), dtype=G.dtype_of(rate))
        return P.divide(rate, P.add(P.multiply(step, self.decay), 1.0))

    def _next_iteration(self, dtype: str):
        """The number of the update that is being made, counted from 1, as a tensor of shape `()`."""
        return P.add(P.cast(G.as_tensor(self.iterations), dtype=dtype), 1.0)

    # ---- saving

    def get_weights(self) -> list[np.ndarray]:
        """The state as NumPy arrays, in the order of `variables`."""
        return [variable.numpy() for variable in self.variables]

    def set_weights(self, weights) -> None:
        """Set the state.

        Args:
            weights: arrays as `get_weights` returns them.

        Raises:
            InvalidArgumentError: the optimizer isn't built, or the number or a shape doesn't fit. Nothing is changed
                then.
        """
        arrays = [np.asarray(weight) for weight in weights]
        if not self.built:
            raise InvalidArgumentError(
                "`set_weights()` needs a built optimizer: call `build(trainable_variables)` or train a step first."
            )
        variables = self.variables
        if len(arrays) != len(variables):
            raise InvalidArgumentError(
                f"Optimizer {self.name!r} has {len(variables)} variables. Received: {len(arrays)} weights"
            )
        for variable, array in zip(variables, arrays, strict=True):
            if tuple(variable.shape) != array.shape:
                raise InvalidArgumentError(
                    f"Optimizer variable '{variable.path}' has shape {tuple(variable.shape)}. "
                    f"Received: a weight of shape {array.shape}"
                )
        values = {id(variable): array for variable, array in zip(variables, arrays, strict=True)}
        for group in self._groups:
            group.take_slots(values)
        for variable in variables:
            if id(variable) in values:
                variable.assign(values[id(variable)])

    def save_own_variables(self, store) -> None:
        """Write the state into a mapping: `"0"`, `"1"`, ... in the order of `variables`."""
        for index, array in enumerate(self.get_weights()):
            store[str(index)] = array

    def load_own_variables(self, store) -> None:
        """Read the state from a mapping that `save_own_variables` has filled. Raises as `set_weights` does."""
        self.set_weights([np.asarray(store[str(index)]) for index in range(len(store.keys()))])


def _filled(start: float, shape, dtype):
    return np.full(shape, start, dtype)
