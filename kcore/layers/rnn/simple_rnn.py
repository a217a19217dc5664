"""The recurrent layer whose output is fed back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kcore import ops, registry
from kcore.layers.rnn._cell import RecurrentCell, State, matmul_masked
from kcore.layers.rnn._layer import CellLayer, shows_cell


@registry.builtin("layers")
class SimpleRNNCell(RecurrentCell):
    """A step of `SimpleRNN`: `h' = activation(x @ kernel + bias + h @ recurrent_kernel)`.

    Args:
        units: length of the output.
        activation: a function or its name.
        use_bias: whether there is a bias.
        kernel_initializer: what fills `kernel`, of shape `(features, units)`.
        recurrent_initializer: what fills `recurrent_kernel`, of shape `(units, units)`.
        bias_initializer: what fills `bias`, of shape `(units,)`.
        kernel_regularizer: a penalty on the kernel.
        recurrent_regularizer: a penalty on the recurrent kernel.
        bias_regularizer: a penalty on the bias.
        kernel_constraint: what is applied to the kernel after each update.
        recurrent_constraint: what is applied to the recurrent kernel after each update.
        bias_constraint: what is applied to the bias after each update.
        dropout: the fraction of inputs that is dropped in training.
        recurrent_dropout: the fraction of states that is dropped in training.
        seed: an integer, for dropout masks of its own.
        **kwargs: options of every layer.

    Call arguments:
        sequence: `(batch, features)`, one step.
        states: a list of `(batch, units)`.

    Returns: the output `(batch, units)`, and a list of it as the new state.

    >>> import numpy as np
    >>> output, states = SimpleRNNCell(3)(np.ones((2, 4), "float32"), [np.zeros((2, 3), "float32")])
    >>> output.shape, len(states)
    ((2, 3), 1)
    """

    def advance(self, projected: Any, states: Sequence[Any], recurrent_mask: Any = None) -> tuple[Any, State]:
        h = self.activation(ops.add(projected, matmul_masked(states[0], recurrent_mask, self.recurrent_kernel)))
        return h, [h]


@registry.builtin("layers")
class SimpleRNN(CellLayer):
    """A fully connected recurrent layer: `h' = activation(x @ kernel + bias + h @ recurrent_kernel)` at each step.

    Args:
        units: length of the output.
        activation: a function or its name.
        use_bias: whether there is a bias.
        kernel_initializer: what fills `kernel`, of shape `(features, units)`.
        recurrent_initializer: what fills `recurrent_kernel`, of shape `(units, units)`.
        bias_initializer: what fills `bias`, of shape `(units,)`.
        kernel_regularizer: a penalty on the kernel.
        recurrent_regularizer: a penalty on the recurrent kernel.
        bias_regularizer: a penalty on the bias.
        activity_regularizer: a penalty on the output.
        kernel_constraint: what is applied to the kernel after each update.
        recurrent_constraint: what is applied to the recurrent kernel after each update.
        bias_constraint: what is applied to the bias after each update.
        dropout: the fraction of inputs that is dropped in training, the same at all steps.
        recurrent_dropout: the fraction of states that is dropped in training, the same at all steps.
        return_sequences: whether all outputs are returned, and not the last only.
        return_state: whether the last state follows the output.
        go_backwards: whether the sequence is read from its end.
        stateful: whether the state of a batch is the first state of the next.
        unroll: whether the loop is written out step by step.
        seed: an integer, for dropout masks of its own.
        **kwargs: options of every layer, and `zero_output_for_mask`.

    Call arguments:
        sequences: `(batch, steps, features)`.
        initial_state: a list of `(batch, units)`.
        mask: `(batch, steps)`, booleans.
        training: whether dropout is on.

    Returns: `(batch, units)` or `(batch, steps, units)`, followed by the state if it is returned.

    >>> import numpy as np
    >>> SimpleRNN(3)(np.ones((2, 5, 4), "float32")).shape
    (2, 3)
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(SimpleRNNCell, locals())


shows_cell(SimpleRNN, SimpleRNNCell)
