"""A layer's variables: making them, listing them in Keras's order, reading and setting them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kcore import constraints, dtypes, initializers, regularizers
from kcore.engine import tracing
from kcore.engine.random import SeedGenerator
from kcore.engine.variable import Variable
from kcore.errors import InvalidArgumentError, InvalidTypeError, ShapeError

from . import _call_context, _tracking

_KERAS3_ORDER = ("shape", "initializer", "dtype", "trainable", "autocast", "regularizer", "constraint", "aggregation")
_KERAS2_ORDER = ("name", "shape", "dtype", "initializer", "regularizer", "trainable", "constraint")


class Weights:
    """The part of `Layer` that has to do with variables. It relies on `self._own_weights` and `self._sublayers()`."""

    name: str
    path: str
    built: bool
    variable_dtype: str
    _trainable: bool
    _untracked: frozenset[str]
    _own_weights: list[Variable]
    _frozen_weights: list[Variable]
    losses: Any

    def _sublayers(self) -> list[Any]:
        raise NotImplementedError

    def add_weight(
        self,
        *args: Any,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Variable:
        """Make a variable of this layer, in `__init__`, `build` or `call`.

        Args:
            *args: in Keras 3's order (shape, initializer, ...), or in Keras 2's (name, shape, dtype, initializer, ...)
                when the first is a string.
            shape: its shape; a scalar if not given.
            initializer: an initializer, its name, or a function of shape and dtype; Glorot uniform for a floating dtype
                and zeros for others if `None`.
            dtype: its dtype; the layer's if `None`.
            trainable: whether training changes it.
            autocast: whether it is read in the layer's compute dtype.
            regularizer: a regularizer or its name; its penalty is among the layer's `losses`.
            constraint: a constraint or its name; applied after each update.
            aggregation: how replicas combine it (`"none"`, `"mean"`, `"sum"`, `"only_first_replica"`).
            overwrite_with_gradient: whether an update replaces the value by the gradient.
            name: its name; the last part of its path.

        Returns:
            The variable.

        Raises:
            InvalidArgumentError: the shape has an unknown dimension.

        Example:
            >>> layer = Layer(name="scale")
            >>> layer.add_weight(shape=(3,), initializer="ones", name="gamma").path
            'scale/gamma'
        """
        given = self._named_arguments(args)
        shape = self._checked_shape(given.get("shape", shape))
        dtype = dtypes.standardize_dtype(given.get("dtype", dtype) or self.variable_dtype)
        initializer = given.get("initializer", initializer) or ("glorot_uniform" if dtypes.is_float(dtype) else "zeros")
        with tracing.eager(), _call_context.scope(self):
            variable = Variable(
                initializers.get(initializer),
                shape=shape,
                dtype=dtype,
                trainable=given.get("trainable", trainable),
                autocast=given.get("autocast", autocast),
                aggregation=given.get("aggregation", aggregation),
                name=given.get("name", name),
            )
        variable.regularizer = regularizers.get(given.get("regularizer", regularizer))
        variable.constraint = constraints.get(given.get("constraint", constraint))
        variable.overwrite_with_gradient = overwrite_with_gradient
        self._own_weights.append(variable)
        return variable

    def add_variable(self, *args: Any, **kwargs: Any) -> Variable:
        """The same as `add_weight`."""
        return self.add_weight(*args, **kwargs)

    def _named_arguments(self, args: tuple) -> dict[str, Any]:
        keras2 = bool(args) and (isinstance(args[0], str) or (args[0] is None and len(args) > 1))
        order = _KERAS2_ORDER if keras2 else _KERAS3_ORDER
        if len(args) > len(order):
            raise InvalidTypeError(
                f"`add_weight` takes at most {len(order)} positional arguments. Received: args={args}"
            )
        return {name: value for name, value in zip(order, args, strict=False) if value is not None}

    def _checked_shape(self, shape: Any) -> tuple[int, ...]:
        shape = () if shape is None else (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
        if any(dim is None for dim in shape):
            raise InvalidArgumentError(
                f"A weight of layer '{_call_context.path_of(self)}' ({type(self).__name__}) needs a fully known "
                "shape; an input dimension "
                f"it depends on isn't known. Received: shape={shape}"
            )
        return tuple(int(dim) for dim in shape)

    def _variables_here(self) -> list[Variable]:
        """The variables this layer holds itself: those of `add_weight`, then those found in attributes."""
        attached = _tracking.find(self, Variable, self._untracked)
        return list({id(v): v for v in (*self._own_weights, *attached)}.values())

    def _seed_states_here(self) -> list[Variable]:
        return [generator.state for generator in _tracking.find(self, SeedGenerator, self._untracked)]

    def _originally_trainable(self, variable: Variable) -> bool:
        return variable.trainable or any(variable is frozen for frozen in self._frozen_weights)

    def _gather(self, seeds: bool = False) -> list[Variable]:
        """For each layer: its own trainable variables, its own others, its seed states if asked for; then its
        sublayers'."""
        found: list[Variable] = []
        for layer in self._flatten_layers():
            found += sorted(layer._variables_here(), key=lambda v: not layer._originally_trainable(v))
            found += layer._seed_states_here() if seeds else []
        return list({id(v): v for v in found}.values())

    def _flatten_layers(self) -> list[Any]:
        """This layer and all layers in it, each once, depth first."""
        return [layer for layer, _ in self._walk_layers()]

    def _walk_layers(self) -> list[tuple[Any, bool]]:
        """Like `_flatten_layers`, with whether the layer and all those it was reached through are trainable."""
        found: dict[int, tuple[Any, bool]] = {}
        pending: list[tuple[Any, bool]] = [(self, True)]
        while pending:
            layer, inherited = pending.pop()
            if id(layer) not in found:
                found[id(layer)] = (layer, inherited and layer._trainable)
                pending += [(sublayer, inherited and layer._trainable) for sublayer in reversed(layer._sublayers())]
        return list(found.values())

    @property
    def variables(self) -> list[Variable]:
        """All variables: the weights and the states of random generators."""
        return self._gather(seeds=True)

    @property
    def weights(self) -> list[Variable]:
        """The variables without the states of random generators: per layer the trainable ones, then the others."""
        return self._gather()

    @property
    def trainable_variables(self) -> list[Variable]:
        """The variables that training changes: none where `trainable` is false."""
        trainable = {
            id(v) for layer, flag in self._walk_layers() if flag for v in layer._variables_here() if v.trainable
        }
        return [v for v in self._gather() if id(v) in trainable]

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The variables that training leaves alone or that layers update themselves; random generators' states
        included."""
        trainable = {id(v) for v in self.trainable_variables}
        return [v for v in self.variables if id(v) not in trainable]

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that training changes."""
        return self.trainable_variables

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that training leaves alone."""
        trainable = {id(v) for v in self.trainable_variables}
        return [v for v in self.weights if id(v) not in trainable]

    @property
    def trainable(self) -> bool:
        """Whether training changes this layer. Setting it sets it for all layers inside; a compiled model notices at
        `compile`."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        if value:
            for variable in self._frozen_weights:
                variable.trainable = True
            self._frozen_weights = []
        else:
            newly = [v for v in self._variables_here() if v.trainable]
            self._frozen_weights = [*self._frozen_weights, *newly]
            for variable in newly:
                variable.trainable = False
        for sublayer in self._sublayers():
            sublayer.trainable = value

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the weights as NumPy arrays, in the order of `weights`."""
        return [np.asarray(v.numpy()) for v in self.weights]

    def set_weights(self, weights: Any) -> None:
        """Set all weights; none is changed if one doesn't fit.

        Args:
            weights: arrays in the order of `weights`, with their shapes.

        Raises:
            InvalidArgumentError: the number of arrays isn't the number of weights.
            ShapeError: a shape differs.
        """
        variables, weights = self.weights, list(weights)
        if len(variables) != len(weights):
            hint = "" if self.built else " The layer isn't built: call it on data, or `build` it, first."
            raise InvalidArgumentError(
                f"`weights` of layer '{self.path}' must be {len(variables)} arrays. Received: {len(weights)} "
                f"arrays.{hint}"
            )
        for variable, value in zip(variables, weights, strict=True):
            if tuple(np.shape(value)) != tuple(variable.shape):
                raise ShapeError(
                    f"`weights` of layer '{self.path}': weight '{variable.path}' has shape {tuple(variable.shape)}. "
                    f"Received: shape={tuple(np.shape(value))}"
                )
        for variable, value in zip(variables, weights, strict=True):
            variable.assign(value)

    def count_params(self) -> int:
        """The number of scalars in the weights.

        Raises:
            InvalidArgumentError: the layer isn't built, so nobody can know.
        """
        if not self.built:
            raise InvalidArgumentError(
                f"`count_params` needs layer '{self.path}' ({type(self).__name__}) to be built: call it on data, or "
                "`build` it, first."
            )
        return sum(math.prod(v.shape) for v in self.weights)

    def save_own_variables(self, store: Any) -> None:
        """Write the layer's own variables, without those of the layers inside, into a dictionary by their index."""
        for index, variable in enumerate(self._own_in_order()):
            store[str(index)] = np.asarray(variable.numpy())

    def load_own_variables(self, store: Any) -> None:
        """Read what `save_own_variables` wrote.

        Raises:
            InvalidArgumentError: the number of variables differs.
            ShapeError: a shape differs.
        """
        variables = self._own_in_order()
        if len(store.keys()) != len(variables):
            hint = "" if self.built else " The layer isn't built."
            raise InvalidArgumentError(
                f"Layer '{self.path}' has {len(variables)} variables of its own. Received: {len(store.keys())} saved "
                f"ones.{hint}"
            )
        for index, variable in enumerate(variables):
            value = np.asarray(store[str(index)])
            if value.shape != tuple(variable.shape):
                raise ShapeError(
                    f"Variable '{variable.path}' has shape {tuple(variable.shape)}. Received: saved shape={value.shape}"
                )
            variable.assign(value)

    def _own_in_order(self) -> list[Variable]:
        weights = sorted(self._variables_here(), key=lambda v: not self._originally_trainable(v))
        return [*weights, *self._seed_states_here()]

    def stateless_call(self, trainable_variables, non_trainable_variables, *args, return_losses=False, **kwargs):
        """Call the layer with other values in its variables, and leave the variables as they are.

        Args:
            trainable_variables: values in the order of `self.trainable_variables`.
            non_trainable_variables: values in the order of `self.non_trainable_variables`.
            *args: the call's arguments.
            return_losses: whether to return `losses` too.
            **kwargs: the call's keyword arguments.

        Returns:
            The outputs, the new values of the non-trainable variables, and the losses if asked for.

        Raises:
            InvalidArgumentError: the numbers of values and variables differ, or the layer isn't built.
        """
        own, others = self.trainable_variables, self.non_trainable_variables
        if not self.built or (len(own), len(others)) != (len(trainable_variables), len(non_trainable_variables)):
            received = f"{len(trainable_variables)} and {len(non_trainable_variables)} values, built={self.built}"
            raise InvalidArgumentError(
                f"`stateless_call` of layer '{self.path}' needs a built layer, {len(own)} trainable and "
                f"{len(others)} other values. Received: {received}"
            )
        variables = [*own, *others]
        before = [v.value for v in variables]
        try:
            for variable, value in zip(variables, [*trainable_variables, *non_trainable_variables], strict=True):
                variable.assign(value)
            outputs = self(*args, **kwargs)  # type: ignore[operator]
            result = (outputs, [v.value for v in others])
            return (*result, self.losses) if return_losses else result
        finally:
            for variable, value in zip(variables, before, strict=True):
                variable.assign(value)
