"""The LSTM and the GRU over a whole sequence, as fused ops: a backend may have a loop of its own for each.

Notation: B samples, T steps, u units, `s` the logistic function, `*` the product value by value.

    x_proj             (B, T, gates * u)   inputs @ kernel + bias, one large product made before
    h                  (B, u)              the output, which is fed back
    c                  (B, u)              the LSTM's cell
    recurrent_kernel   (u, gates * u)      U_i, U_f, ... side by side, in the order of the gates

    LSTM   i, f, o = s(x + h @ U)    g = tanh(x + h @ U_c)        c' = f * c + i * g        h' = o * tanh(c')
    GRU    z, r = s(x + p)           g = tanh(x + r * p_h)        h' = z * h + (1 - z) * g      where p = h @ U + b

Sources: Hochreiter and Schmidhuber, "Long short-term memory" (1997), with the forget gate of Gers, Schmidhuber and
Cummins (2000); Cho et al., "Learning phrase representations using RNN encoder-decoder" (2014).
"""

from __future__ import annotations

from typing import Any

from kcore import activations, ops
from kcore.engine import control
from kcore.engine.fused import fused_op
from kcore.layers._parts import project


@fused_op("lstm")
def lstm(
    x_proj: Any, h0: Any, c0: Any, recurrent_kernel: Any, *, activation: str, recurrent_activation: str, reverse: bool
) -> tuple[Any, Any, Any]:
    """The long short-term memory, after the projection of its inputs.

    Args:
        x_proj: `(B, T, 4u)`, the gates in the order input, forget, cell, output.
        h0: `(B, u)`, the first output to be fed back.
        c0: `(B, u)`, the first cell.
        recurrent_kernel: `(u, 4u)`.
        activation: name of the function of candidate and cell, `"tanh"`.
        recurrent_activation: name of the function of the gates, `"sigmoid"`.
        reverse: whether it runs from the last step to the first.

    Returns: `(ys, h, c)`: the outputs `(B, T, u)` in the order of `x_proj` whatever the direction, the last output and
        the last cell, both `(B, u)`.
    """
    squash, gate = activations.get(activation), activations.get(recurrent_activation)

    def step(carry, x):
        h, c = lstm_step(ops.add(x, ops.matmul(carry[0], recurrent_kernel)), carry[1], squash, gate)
        return (h, c), h

    (h, c), ys = control.scan(step, (h0, c0), swap_time(x_proj), reverse=reverse)
    return swap_time(ys), h, c


@fused_op("gru")
def gru(
    x_proj: Any,
    h0: Any,
    recurrent_kernel: Any,
    recurrent_bias: Any,
    *,
    activation: str,
    recurrent_activation: str,
    reverse: bool,
) -> tuple[Any, Any]:
    """The gated recurrent unit whose reset gate acts after the matrix product, after the projection of its inputs.

    Args:
        x_proj: `(B, T, 3u)`, the gates in the order update, reset, candidate, the input's bias included.
        h0: `(B, u)`, the first output to be fed back.
        recurrent_kernel: `(u, 3u)`.
        recurrent_bias: `(3u,)`.
        activation: name of the function of the candidate, `"tanh"`.
        recurrent_activation: name of the function of the gates, `"sigmoid"`.
        reverse: whether it runs from the last step to the first.

    Returns: `(ys, h)`: the outputs `(B, T, u)` in the order of `x_proj` whatever the direction, and the last one.
    """
    squash, gate = activations.get(activation), activations.get(recurrent_activation)

    def step(h, x):
        h = gru_step(x, ops.add(ops.matmul(h, recurrent_kernel), recurrent_bias), h, squash, gate)
        return h, h

    h, ys = control.scan(step, h0, swap_time(x_proj), reverse=reverse)
    return swap_time(ys), h


@fused_op("lstm_layer")
def lstm_layer(
    x: Any, h0: Any, c0: Any, kernel: Any, recurrent_kernel: Any, bias: Any, **options: Any
) -> tuple[Any, Any, Any]:
    """`lstm` with the projection of its inputs, which an engine's own kernels do as well.

    Args:
        x: `(B, T, n)`.
        h0, c0, recurrent_kernel: as for `lstm`.
        kernel: `(n, 4u)`.
        bias: `(4u,)`.
        **options: `activation`, `recurrent_activation` and `reverse`, as for `lstm`.

    Returns: what `lstm` returns.
    """
    return lstm(project(x, kernel, bias), h0, c0, recurrent_kernel, **options)


@fused_op("gru_layer")
def gru_layer(x: Any, h0: Any, kernel: Any, recurrent_kernel: Any, bias: Any, **options: Any) -> tuple[Any, Any]:
    """`gru` with the projection of its inputs.

    Args:
        x: `(B, T, n)`.
        h0, recurrent_kernel: as for `gru`.
        kernel: `(n, 3u)`.
        bias: `(2, 3u)`: the input's and the state's.
        **options: `activation`, `recurrent_activation` and `reverse`, as for `gru`.

    Returns: what `gru` returns.
    """
    return gru(project(x, kernel, bias[0]), h0, recurrent_kernel, bias[1], **options)


def lstm_step(z: Any, c: Any, squash: Any, gate: Any) -> tuple[Any, Any]:
    """One step from the gates' sums `z` `(B, 4u)` and the cell `c` `(B, u)`: the new `(h, c)`."""
    i, f, g, o = ops.split(z, 4, axis=-1)
    c = ops.add(ops.multiply(gate(f), c), ops.multiply(gate(i), squash(g)))
    return ops.multiply(gate(o), squash(c)), c


def gru_step(x: Any, p: Any, h: Any, squash: Any, gate: Any) -> Any:
    """One step from the projections `x` of the input and `p` of the state, both `(B, 3u)`: the new `h`."""
    x_update, x_reset, x_new = ops.split(x, 3, axis=-1)
    p_update, p_reset, p_new = ops.split(p, 3, axis=-1)
    candidate = squash(ops.add(x_new, ops.multiply(gate(ops.add(x_reset, p_reset)), p_new)))
    return mixed(gate(ops.add(x_update, p_update)), h, candidate)


def mixed(z: Any, h: Any, candidate: Any) -> Any:
    """`z * h + (1 - z) * candidate`."""
    return ops.add(candidate, ops.multiply(z, ops.subtract(h, candidate)))


def swap_time(x: Any) -> Any:
    """From `(batch, steps, ...)` to `(steps, batch, ...)`, or back."""
    return ops.transpose(x, (1, 0, *range(2, len(x.shape))))
