"""The layer that runs any cell over a sequence."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from kcore import ops, registry, tree
from kcore.engine import control
from kcore.engine.spec import UnknownDim
from kcore.engine.variable import Variable
from kcore.errors import InvalidArgumentError, ShapeError
from kcore.layers._parts import describe, drop
from kcore.layers.input_spec import InputSpec
from kcore.layers.layer import Layer
from kcore.layers.rnn._cell import RecurrentCell, held_masks
from kcore.layers.rnn._recurrence import swap_time
from kcore.layers.rnn.stacked_rnn_cells import StackedRNNCells


@registry.builtin("layers")
class RNN(Layer):
    """Runs a cell over the steps of a sequence.

    A cell is a layer with `state_size` (an integer, or a list of one for each state), optionally `output_size`, and
    `call(inputs, states) -> (output, new_states)`; `get_initial_state(batch_size)` may give other first states than
    zeros. A list of cells is stacked.

    A step that is masked leaves the states as they are and repeats the output before it (zeros at the beginning).

    Args:
        cell: the cell, or a list of cells.
        return_sequences: whether all outputs are returned, and not the last only.
        return_state: whether the last states follow the output.
        go_backwards: whether the sequence is read from its end; outputs are in the order they are made.
        stateful: whether the states of a batch are the first states of the next. The batch size is fixed then.
        unroll: whether the loop is written out step by step, which needs a known number of steps.
        zero_output_for_mask: whether the output of a masked step is 0.
        **kwargs: options of every layer.

    Call arguments:
        sequences: `(batch, steps, ...)`, or a list of it and the first states.
        initial_state: the first states, a list; zeros if `None`, or those of the batch before if stateful.
        mask: `(batch, steps)`, booleans.
        training: whether the cell's dropout is on.

    Returns: `(batch, units)` or `(batch, steps, units)`, followed by the states if they are returned.

    Raises:
        InvalidArgumentError: if the cell has no `call` or no `state_size`, or `unroll` meets an unknown number of
            steps.
        ShapeError: if a stateful layer gets another batch size.

    >>> import numpy as np
    >>> from kcore.layers.rnn.simple_rnn import SimpleRNNCell
    >>> RNN(SimpleRNNCell(4), return_sequences=True)(np.ones((2, 3, 5), "float32")).shape
    (2, 3, 4)
    """

    _untracked = Layer._untracked | {"states"}

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        drop(kwargs, "implementation", "time_major", "input_length")
        super().__init__(**kwargs)
        self.cell = StackedRNNCells(cell) if isinstance(cell, (list, tuple)) else cell
        if not callable(getattr(self.cell, "call", None)) or not hasattr(self.cell, "state_size"):
            raise InvalidArgumentError(f"`cell` must have `call` and `state_size`. Received: cell={cell!r}")
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.zero_output_for_mask = zero_output_for_mask
        self.supports_masking = True
        self.input_spec = InputSpec(min_ndim=2)
        self.states: Any = None

    @property
    def state_sizes(self) -> list[Any]:
        """The sizes of the cell's states, a list."""
        sizes = self.cell.state_size
        return list(sizes) if isinstance(sizes, (list, tuple)) else [sizes]

    @property
    def output_shape_of_step(self) -> tuple[int, ...]:
        """The shape of one output of one sample."""
        size = getattr(self.cell, "output_size", None)
        return _as_shape(tree.flatten(self.state_sizes)[0] if size is None else size)

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        if isinstance(self.cell, Layer) and not self.cell.built:
            self.cell.build((sequences_shape[0], *sequences_shape[2:]))
            self.cell.built = True
        if self.stateful:
            self._make_states(sequences_shape[0])

    def _make_states(self, batch_size: int | None) -> None:
        if batch_size is None:
            raise InvalidArgumentError(
                f"Layer '{self.name}' is stateful and needs to know the batch size: give `batch_size` or "
                "`batch_input_shape` to the first layer, or `batch_shape` to `Input`"
            )
        first = self.get_initial_state(batch_size)
        self.states = tree.map_structure(lambda value: Variable(value, trainable=False, name="rnn_state"), first)

    def __call__(self, sequences: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(sequences, (list, tuple)):
            sequences, *states = sequences
            if states:
                kwargs["initial_state"] = states
        return super().__call__(sequences, *args, **kwargs)

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool | None = False) -> Any:
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        steps = sequences.shape[1]
        if self.unroll and isinstance(steps, UnknownDim):
            raise InvalidArgumentError(f"`unroll` of layer '{self.name}' needs a known number of steps")
        states = self._first_states(sequences, initial_state)
        last, outputs, states = self.inner_loop(sequences, states, mask, training)
        if self.stateful:
            tree.map_structure(lambda variable, value: variable.assign(value), self.states, states)
        result = outputs if self.return_sequences else last
        return (result, *states) if self.return_state else result

    def _first_states(self, sequences: Any, given: Any) -> list[Any]:
        batch = sequences.shape[0]
        if given is not None:
            template, flat = self.get_initial_state(batch), tree.flatten(given)
            if len(flat) != len(tree.flatten(template)):
                raise InvalidArgumentError(
                    f"`initial_state` of layer '{self.name}' must hold {len(tree.flatten(template))} tensors. "
                    f"Received: {len(flat)}"
                )
            return tree.pack_sequence_as(template, [ops.cast(x, self.compute_dtype) for x in flat])
        if not self.stateful:
            return self.get_initial_state(batch)
        kept = tree.flatten(self.states)[0].shape[0]
        if batch.__class__ is int and batch != kept:
            raise ShapeError(f"Layer '{self.name}' is stateful and was built for batches of {kept}. Received: {batch}")
        return tree.map_structure(lambda variable: variable.value, self.states)

    def get_initial_state(self, batch_size: Any) -> list[Any]:
        """The first states of a batch: what the cell's `get_initial_state` gives, or zeros."""
        if hasattr(self.cell, "get_initial_state"):
            states = self.cell.get_initial_state(batch_size=batch_size)
            return list(states) if isinstance(states, (list, tuple)) else [states]
        return tree.map_structure(
            lambda size: ops.zeros((batch_size, *_as_shape(size)), dtype=self.compute_dtype), self.state_sizes
        )

    def inner_loop(
        self, sequences: Any, initial_state: Any, mask: Any, training: bool | None = False
    ) -> tuple[Any, Any, Any]:
        """The loop over the steps.

        Args:
            sequences: `(batch, steps, ...)`.
            initial_state: the first states, a list.
            mask: `(batch, steps)`, booleans, or `None`.
            training: whether the cell's dropout is on.

        Returns: the last output, all outputs `(batch, steps, ...)` (or `None` where they aren't returned), the last
            states.
        """
        with held_masks(self.cell, sequences.shape[0], training):
            inputs, advance = self._stepper(sequences, training)
            first = ops.zeros((sequences.shape[0], *self.output_shape_of_step), dtype=self.compute_dtype)
            xs = [swap_time(inputs)] if mask is None else [swap_time(inputs), swap_time(mask)]
            step = self._step(advance)
            run = _unrolled if self.unroll else control.scan
            (last, states), outputs = run(step, (first, initial_state), xs, reverse=self.go_backwards)
        if outputs is not None:
            outputs = swap_time(ops.flip(outputs, axis=0) if self.go_backwards else outputs)
        return last, outputs, states

    def _stepper(self, sequences: Any, training: Any) -> tuple[Any, Callable[..., Any]]:
        """What is read step by step, and the function of it and the states. The input is projected for all steps at
        once
        where the cell is one of kcore's."""
        cell = self.cell
        if isinstance(cell, RecurrentCell) and type(cell).call is RecurrentCell.call:
            input_mask, recurrent_mask = cell.masks(sequences.shape[0], training)
            if input_mask is not None:
                sequences = ops.multiply(sequences, ops.expand_dims(input_mask, 1))
            return cell.project(sequences), lambda x, states: cell.advance(x, states, recurrent_mask)
        options = {"training": training} if "training" in _call_parameters(cell) else {}
        return sequences, lambda x, states: cell(x, states, **options)

    def _step(self, advance: Callable[..., Any]) -> Callable[..., Any]:
        def step(carry, x):
            before, states = carry
            output, new_states = advance(x[0], states)
            new_states = tree.pack_sequence_as(states, tree.flatten(new_states))
            if len(x) > 1:
                kept = ops.zeros_like(output) if self.zero_output_for_mask else before
                output = _where(x[1], output, kept)
                new_states = tree.map_structure(lambda new, old: _where(x[1], new, old), new_states, states)
                carried = _where(x[1], output, before) if self.zero_output_for_mask else output
                return (carried, new_states), output if self.return_sequences else None
            return (output, new_states), output if self.return_sequences else None

        return step

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        batch, steps = sequences_shape[0], sequences_shape[1]
        one = self.output_shape_of_step
        result = (batch, steps, *one) if self.return_sequences else (batch, *one)
        if not self.return_state:
            return result
        states = tree.map_structure(lambda size: (batch, *_as_shape(size)), self.state_sizes)
        return (result, *states)

    def compute_mask(self, _: Any, mask: Any = None) -> Any:
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        output = mask if self.return_sequences else None
        return [output, *(None for _ in tree.flatten(self.state_sizes))] if self.return_state else output

    def reset_states(self, states: Any = None) -> None:
        """Sets the states of a stateful layer to zero, or to given values.

        Args:
            states: an array, or a list of one for each state; zeros if `None`.

        Raises:
            InvalidArgumentError: if the layer isn't stateful.
        """
        if not self.stateful:
            raise InvalidArgumentError(f"Layer '{self.name}' has no states to reset: it isn't stateful")
        if self.states is None:
            return
        variables = tree.flatten(self.states)
        values = [0.0] * len(variables) if states is None else tree.flatten(states)
        if len(values) != len(variables):
            raise InvalidArgumentError(f"`states` must hold {len(variables)} arrays. Received: {len(values)}")
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)

    def reset_state(self) -> None:
        """The same as `reset_states()`."""
        self.reset_states()

    def get_config(self) -> dict[str, Any]:
        options = describe(
            self, "return_sequences", "return_state", "go_backwards", "stateful", "unroll", "zero_output_for_mask"
        )
        return super().get_config() | options | {"cell": registry.serialize_keras_object(self.cell)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        config = dict(config)
        if "cell" in config:
            config["cell"] = registry.deserialize_keras_object(config["cell"], custom_objects=custom_objects)
        return super().from_config(config)


def _as_shape(size: Any) -> tuple[int, ...]:
    return tuple(size) if isinstance(size, (list, tuple)) else (size,)


def _call_parameters(cell: Any) -> tuple[str, ...]:
    return tuple(inspect.signature(cell.call).parameters)


def _where(mask: Any, new: Any, old: Any) -> Any:
    """`new` for the samples that aren't masked, and `old` for the others; `mask` is `(batch,)` or has more axes."""
    return ops.where(ops.reshape(mask, (*mask.shape, *(1,) * (len(new.shape) - len(mask.shape)))), new, old)


def _unrolled(f: Callable[..., Any], carry: Any, xs: list[Any], reverse: bool = False) -> tuple[Any, Any]:
    """As `control.scan`, written out step by step."""
    count, rows = xs[0].shape[0], []
    for t in range(count - 1, -1, -1) if reverse else range(count):
        carry, row = f(carry, [x[t] for x in xs])
        rows.append(row)
    if not rows or rows[0] is None:
        return carry, None
    return carry, ops.stack(rows[::-1] if reverse else rows, axis=0)
