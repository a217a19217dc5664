"""The gated recurrent unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kcore import activations, ops, registry
from kcore.layers.rnn._cell import RecurrentCell, State, matmul_masked
from kcore.layers.rnn._layer import CellLayer, shows_cell
from kcore.layers.rnn._recurrence import gru_layer, gru_step, mixed


@registry.builtin("layers")
class GRUCell(RecurrentCell):
    """A step of `GRU`.

    Args:
        units: length of the output.
        activation: the function of the candidate.
        recurrent_activation: the function of the gates.
        use_bias: whether there is a bias.
        kernel_initializer: what fills `kernel`, of shape `(features, 3 * units)`: update gate, reset gate, candidate.
        recurrent_initializer: what fills `recurrent_kernel`, of shape `(units, 3 * units)`.
        bias_initializer: what fills `bias`: `(2, 3 * units)`, for input and state, or `(3 * units,)` with the reset
            before.
        kernel_regularizer: a penalty on the kernel.
        recurrent_regularizer: a penalty on the recurrent kernel.
        bias_regularizer: a penalty on the bias.
        kernel_constraint: what is applied to the kernel after each update.
        recurrent_constraint: what is applied to the recurrent kernel after each update.
        bias_constraint: what is applied to the bias after each update.
        dropout: the fraction of inputs that is dropped in training.
        recurrent_dropout: the fraction of states that is dropped in training, where they meet the recurrent kernel.
        reset_after: whether the reset gate acts after the product with the recurrent kernel, and not before.
        seed: an integer, for dropout masks of its own.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, features)`, one step.
        states: a list of `(batch, units)`.

    Returns: the output `(batch, units)`, and a list of it as the new state.

    >>> import numpy as np
    >>> output, states = GRUCell(3)(np.ones((2, 4), "float32"), [np.zeros((2, 3), "float32")])
    >>> output.shape, len(states)
    ((2, 3), 1)
    """

    gates = 3
    CONFIG = (*RecurrentCell.CONFIG, "recurrent_activation", "reset_after")

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        *,
        reset_after: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            units, activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer, **kwargs
        )
        self.recurrent_activation = activations.get(recurrent_activation)
        self.reset_after = reset_after

    @property
    def bias_shape(self) -> tuple[int, ...]:
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    @property
    def input_bias(self) -> Any:
        return self.bias[0] if self.reset_after and self.bias is not None else self.bias

    def advance(self, projected: Any, states: Sequence[Any], recurrent_mask: Any = None) -> tuple[Any, State]:
        h = states[0]
        if self.reset_after:
            p = matmul_masked(h, recurrent_mask, self.recurrent_kernel)
            p = p if self.bias is None else ops.add(p, self.bias[1])
            h = gru_step(projected, p, h, self.activation, self.recurrent_activation)
        else:
            h = self._reset_before(projected, h, recurrent_mask)
        return h, [h]

    def _reset_before(self, projected: Any, h: Any, recurrent_mask: Any) -> Any:
        """`g = tanh(x + (r * h) @ U)` in place of `g = tanh(x + r * (h @ U + b))`."""
        u, kernel = self.units, ops.convert_to_tensor(self.recurrent_kernel)
        p = matmul_masked(h, recurrent_mask, kernel[:, : 2 * u])
        z = self.recurrent_activation(ops.add(projected[:, :u], p[:, :u]))
        r = self.recurrent_activation(ops.add(projected[:, u : 2 * u], p[:, u:]))
        inner = matmul_masked(ops.multiply(r, h), recurrent_mask, kernel[:, 2 * u :])
        return mixed(z, h, self.activation(ops.add(projected[:, 2 * u :], inner)))


@registry.builtin("layers")
class GRU(CellLayer):
    """The gated recurrent unit layer.

    Without a mask, recurrent dropout and other options than the default ones of activations and `reset_after`, the
    whole
    sequence is one fused op.

    Args:
        units: length of the output.
        activation: the function of the candidate.
        recurrent_activation: the function of the gates.
        use_bias: whether there is a bias.
        kernel_initializer: what fills `kernel`, of shape `(features, 3 * units)`: update gate, reset gate, candidate.
        recurrent_initializer: what fills `recurrent_kernel`, of shape `(units, 3 * units)`.
        bias_initializer: what fills `bias`: `(2, 3 * units)`, for input and state, or `(3 * units,)` with the reset
            before.
        kernel_regularizer: a penalty on the kernel.
        recurrent_regularizer: a penalty on the recurrent kernel.
        bias_regularizer: a penalty on the bias.
        activity_regularizer: a penalty on the output.
        kernel_constraint: what is applied to the kernel after each update.
        recurrent_constraint: what is applied to the recurrent kernel after each update.
        bias_constraint: what is applied to the bias after each update.
        dropout: the fraction of inputs that is dropped in training, the same at all steps.
        recurrent_dropout: the fraction of states that is dropped in training, the same at all steps.
        seed: an integer, for dropout masks of its own.
        return_sequences: whether all outputs are returned, and not the last only.
        return_state: whether the last state follows the output.
        go_backwards: whether the sequence is read from its end.
        stateful: whether the state of a batch is the first state of the next.
        unroll: whether the loop is written out step by step.
        reset_after: whether the reset gate acts after the product with the recurrent kernel, and not before.
        **kwargs: options of every layer, and `zero_output_for_mask`; `use_cudnn` and `implementation` change nothing.

    Call arguments:
        sequences: `(batch, steps, features)`.
        initial_state: a list of `(batch, units)`.
        mask: `(batch, steps)`, booleans.
        training: whether dropout is on.

    Returns: `(batch, units)` or `(batch, steps, units)`, followed by the state if it is returned.

    Source: Cho et al., "Learning phrase representations using RNN encoder-decoder" (2014).

    >>> import numpy as np
    >>> GRU(3)(np.ones((2, 5, 4), "float32")).shape
    (2, 3)
    """

    cell: GRUCell

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
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
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(GRUCell, locals())

    def inner_loop(
        self, sequences: Any, initial_state: Any, mask: Any, training: bool | None = False
    ) -> tuple[Any, Any, Any]:
        inputs = self.inputs_if_fusible(sequences, mask, training) if self.cell.reset_after else None
        if inputs is None:
            return super().inner_loop(sequences, initial_state, mask, training)
        ys, h = gru_layer(inputs, initial_state[0], *self.fused_weights(), **self.fused_options)
        return h, self.in_order_of_making(ys), [h]


shows_cell(GRU, GRUCell)
