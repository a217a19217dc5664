"""The long short-term memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kcore import activations, ops, registry
from kcore.layers.rnn._cell import RecurrentCell, State, matmul_masked
from kcore.layers.rnn._layer import CellLayer, shows_cell
from kcore.layers.rnn._recurrence import lstm_layer, lstm_step


@registry.builtin("layers")
class LSTMCell(RecurrentCell):
    """A step of `LSTM`.

    Args:
        units: length of the output.
        activation: the function of candidate and cell.
        recurrent_activation: the function of the gates.
        use_bias: whether there is a bias.
        kernel_initializer: what fills `kernel`, of shape `(features, 4 * units)`: input, forget, cell and output gate.
        recurrent_initializer: what fills `recurrent_kernel`, of shape `(units, 4 * units)`.
        bias_initializer: what fills `bias`, of shape `(4 * units,)`.
        unit_forget_bias: whether the forget gate's bias begins with 1, so that a new layer remembers.
        kernel_regularizer: a penalty on the kernel.
        recurrent_regularizer: a penalty on the recurrent kernel.
        bias_regularizer: a penalty on the bias.
        kernel_constraint: what is applied to the kernel after each update.
        recurrent_constraint: what is applied to the recurrent kernel after each update.
        bias_constraint: what is applied to the bias after each update.
        dropout: the fraction of inputs that is dropped in training.
        recurrent_dropout: the fraction of outputs that is dropped in training, where they are fed back.
        seed: an integer, for dropout masks of its own.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, features)`, one step.
        states: a list of output and cell, both `(batch, units)`.

    Returns: the output `(batch, units)`, and the list of the new output and cell.

    >>> import numpy as np
    >>> zeros = np.zeros((2, 3), "float32")
    >>> output, states = LSTMCell(3)(np.ones((2, 4), "float32"), [zeros, zeros])
    >>> output.shape, len(states)
    ((2, 3), 2)
    """

    gates = 4
    CONFIG = (*RecurrentCell.CONFIG, "recurrent_activation", "unit_forget_bias")

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            units, activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer, **kwargs
        )
        self.recurrent_activation = activations.get(recurrent_activation)
        self.unit_forget_bias = unit_forget_bias
        self.state_size = [self.units, self.units]

    def fill_bias(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        if not self.unit_forget_bias:
            return self.bias_initializer(shape, dtype=dtype)
        u = self.units
        parts = [self.bias_initializer((u,), dtype=dtype), ops.ones((u,), dtype=dtype)]
        return ops.concatenate([*parts, self.bias_initializer((2 * u,), dtype=dtype)], axis=0)

    def advance(self, projected: Any, states: Sequence[Any], recurrent_mask: Any = None) -> tuple[Any, State]:
        h, c = states
        z = ops.add(projected, matmul_masked(h, recurrent_mask, self.recurrent_kernel))
        h, c = lstm_step(z, c, self.activation, self.recurrent_activation)
        return h, [h, c]


@registry.builtin("layers")
class LSTM(CellLayer):
    """The long short-term memory layer.

    Without a mask, recurrent dropout and other activations than the default ones, the whole sequence is one fused op.

    Args:
        units: length of the output.
        activation: the function of candidate and cell.
        recurrent_activation: the function of the gates.
        use_bias: whether there is a bias.
        kernel_initializer: what fills `kernel`, of shape `(features, 4 * units)`: input, forget, cell and output gate.
        recurrent_initializer: what fills `recurrent_kernel`, of shape `(units, 4 * units)`.
        bias_initializer: what fills `bias`, of shape `(4 * units,)`.
        unit_forget_bias: whether the forget gate's bias begins with 1.
        kernel_regularizer: a penalty on the kernel.
        recurrent_regularizer: a penalty on the recurrent kernel.
        bias_regularizer: a penalty on the bias.
        activity_regularizer: a penalty on the output.
        kernel_constraint: what is applied to the kernel after each update.
        recurrent_constraint: what is applied to the recurrent kernel after each update.
        bias_constraint: what is applied to the bias after each update.
        dropout: the fraction of inputs that is dropped in training, the same at all steps.
        recurrent_dropout: the fraction of outputs that is dropped in training where they are fed back, the same at
            all steps.
        seed: an integer, for dropout masks of its own.
        return_sequences: whether all outputs are returned, and not the last only.
        return_state: whether the last output and cell follow the output.
        go_backwards: whether the sequence is read from its end.
        stateful: whether the states of a batch are the first states of the next.
        unroll: whether the loop is written out step by step.
        **kwargs: options of every layer, and `zero_output_for_mask`; `use_cudnn` and `implementation` change nothing.

    Call arguments:
        sequences: `(batch, steps, features)`.
        initial_state: a list of output and cell, both `(batch, units)`.
        mask: `(batch, steps)`, booleans.
        training: whether dropout is on.

    Returns: `(batch, units)` or `(batch, steps, units)`, followed by the states if they are returned.

    Source: Hochreiter and Schmidhuber, "Long short-term memory" (1997).

    >>> import numpy as np
    >>> LSTM(3, return_sequences=True)(np.ones((2, 5, 4), "float32")).shape
    (2, 5, 3)
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(LSTMCell, locals())

    def inner_loop(
        self, sequences: Any, initial_state: Any, mask: Any, training: bool | None = False
    ) -> tuple[Any, Any, Any]:
        inputs = self.inputs_if_fusible(sequences, mask, training)
        if inputs is None:
            return super().inner_loop(sequences, initial_state, mask, training)
        h, c = initial_state
        ys, h, c = lstm_layer(inputs, h, c, *self.fused_weights(), **self.fused_options)
        return h, self.in_order_of_making(ys), [h, c]


shows_cell(LSTM, LSTMCell)
