"""LSTM and GRU over a whole sequence, forward and backward, the recurrent weights' gradient as one product at the end.

Notation: B samples, T steps, u units, G gates a step (4, or 3).

    z, gates   (T, G, B, u)   gates, each contiguous: twice as fast to work on as slices of (B, G * u)
    h          (B, u)         output of the step at hand; `ys` (B, T, u) keeps all of them
    c          (T + 1, B, u)  the LSTM's cell before the first step and after each one
    dz         (B, T, G, u)   cotangent of the gates before activation, in the layout that the inputs' projection gets

A sigmoid is taken as tanh(x / 2) / 2 + 1 / 2, so that one call of tanh serves all gates of an LSTM.
"""

from __future__ import annotations

import numpy as np


def lstm(x_proj, h0, c0, recurrent_kernel, *, activation, recurrent_activation, reverse):
    """A long short-term memory layer, after the inputs' projection.

    Args:
        x_proj: `(B, T, 4u)`, inputs @ kernel + bias, gates in the order input, forget, cell, output.
        h0, c0: `(B, u)`.
        recurrent_kernel: `(u, 4u)`.
        activation: `"tanh"`.
        recurrent_activation: `"sigmoid"`.
        reverse: run from the last step to the first; `ys` stays in the order of x_proj.

    Returns:
        `((ys (B, T, u), h_last (B, u), c_last (B, u)), residuals)`.
    """
    batch, steps, units = x_proj.shape[0], x_proj.shape[1], h0.shape[1]
    ys, c, squashed, gates = _room(x_proj, (batch, steps), (steps + 1, batch), (steps, batch), (steps, 4, batch), units)
    product, forgotten = np.empty((batch, 4, units), ys.dtype), np.empty((batch, units), ys.dtype)
    inputs, by_gate = x_proj.reshape(batch, steps, 4, units), product.transpose(1, 0, 2)
    h, c[0] = np.array(h0), c0
    for k, t in enumerate(_order(steps, reverse)):
        z = gates[t]
        np.matmul(h, recurrent_kernel, product.reshape(batch, -1))
        np.add(by_gate, inputs[:, t].transpose(1, 0, 2), z)
        _activate_lstm(z)
        i, f, g, o = z
        following = np.multiply(i, g, c[k + 1])
        np.add(following, np.multiply(f, c[k], forgotten), following)
        np.tanh(following, squashed[t])
        np.multiply(o, squashed[t], h)
        ys[:, t] = h
    return (ys, h, c[-1].copy()), (gates, ys, c, squashed)


def _activate_lstm(z):
    """Sigmoid of gates 0, 1 and 3, tanh of gate 2."""
    first, last = z[:2], z[3]
    np.multiply(first, _HALF, first)
    np.multiply(last, _HALF, last)
    np.tanh(z, z)
    _finish_sigmoid(first)
    _finish_sigmoid(last)


def lstm_grad(residuals, cotangents, x_proj, h0, c0, recurrent_kernel, *, activation, recurrent_activation, reverse):
    """The gradient: cotangents of `(x_proj, h0, c0, recurrent_kernel)`."""
    gates, ys, c, squashed = residuals
    batch, steps, units = ys.shape
    g_ys, dh, dc = cotangents[0], np.array(cotangents[1]), np.array(cotangents[2])
    dz = np.empty((batch, steps, 4, units), ys.dtype)
    back = np.ascontiguousarray(recurrent_kernel.T)
    slopes, scratch = np.empty_like(gates[0]), np.empty_like(dh)
    for k, t in reversed(list(enumerate(_order(steps, reverse)))):
        _, f, _, o = gates[t]
        np.add(dh, g_ys[:, t], dh)
        np.multiply(_one_minus_square(squashed[t], scratch), o, scratch)
        np.add(dc, np.multiply(scratch, dh, scratch), dc)
        _lstm_slopes(gates[t], c[k], squashed[t], slopes)
        np.multiply(slopes[:3], dc, slopes[:3])
        np.multiply(slopes[3], dh, slopes[3])
        step = dz[:, t]
        step[...] = slopes.transpose(1, 0, 2)
        np.multiply(dc, f, dc)
        np.matmul(step.reshape(batch, -1), back, dh)
    kernel_grad = _kernel_grad(h0, ys, dz, reverse)
    return dz.reshape(batch, steps, -1), dh, dc, kernel_grad


def _lstm_slopes(gates, before, squashed, out):
    """What times the cell's cotangent (for gate 3: the output's) is that of each gate before activation."""
    i, _, g, _ = gates
    np.subtract(1, gates, out)
    np.multiply(out, gates, out)
    np.multiply(out[0], g, out[0])
    np.multiply(out[1], before, out[1])
    np.multiply(_one_minus_square(g, out[2]), i, out[2])
    np.multiply(out[3], squashed, out[3])


def gru(x_proj, h0, recurrent_kernel, recurrent_bias, *, activation, recurrent_activation, reverse):
    """A gated recurrent unit layer with its reset after the product, after the inputs' projection.

    Args:
        x_proj: `(B, T, 3u)`, inputs @ kernel + input bias, gates in the order update, reset, candidate.
        h0: `(B, u)`.
        recurrent_kernel: `(u, 3u)`.
        recurrent_bias: `(3u,)`.
        activation, recurrent_activation, reverse: as for `lstm`.

    Returns:
        `((ys (B, T, u), h_last (B, u)), residuals)`.
    """
    batch, steps, units = x_proj.shape[0], x_proj.shape[1], h0.shape[1]
    ys, inner, gates = _room(x_proj, (batch, steps), (steps, batch), (steps, 3, batch), units)
    product = np.empty((batch, 3, units), ys.dtype)
    inputs, by_gate = x_proj.reshape(batch, steps, 3, units), product.transpose(1, 0, 2)
    h = np.array(h0)
    for t in _order(steps, reverse):
        flat = np.matmul(h, recurrent_kernel, product.reshape(batch, -1))
        np.add(flat, recurrent_bias, flat)
        pair, candidate = gates[t, :2], gates[t, 2]
        np.add(by_gate[:2], inputs[:, t, :2].transpose(1, 0, 2), pair)
        np.multiply(pair, _HALF, pair)
        _finish_sigmoid(np.tanh(pair, pair))
        inner[t] = product[:, 2]
        np.add(np.multiply(pair[1], inner[t], candidate), inputs[:, t, 2], candidate)
        np.tanh(candidate, candidate)
        np.subtract(h, candidate, h)
        np.add(np.multiply(h, pair[0], h), candidate, h)
        ys[:, t] = h
    return (ys, h), (gates, ys, inner)


def gru_grad(
    residuals, cotangents, x_proj, h0, recurrent_kernel, recurrent_bias, *, activation, recurrent_activation, reverse
):
    """The gradient: cotangents of `(x_proj, h0, recurrent_kernel, recurrent_bias)`."""
    gates, ys, inner = residuals
    batch, steps, units = ys.shape
    g_ys, dh = cotangents[0], np.array(cotangents[1])
    dz, dp = (np.empty((batch, steps, 3, units), ys.dtype) for _ in range(2))
    back = np.ascontiguousarray(recurrent_kernel.T)
    slopes, (scratch, through) = np.empty_like(gates[0]), np.empty((2, batch, units), ys.dtype)
    order = list(_order(steps, reverse))
    for k in range(steps - 1, -1, -1):
        t = order[k]
        z, r, candidate = gates[t]
        before = ys[:, order[k - 1]] if k else h0
        np.add(dh, g_ys[:, t], dh)
        np.subtract(1, gates[t], slopes)
        np.multiply(dh, slopes[0], through)
        np.multiply(slopes, gates[t], slopes)
        step, recurrent = dz[:, t], dp[:, t]
        _chain(dh, np.subtract(before, candidate, scratch), slopes[0], scratch, step[:, 0])
        np.multiply(through, _one_minus_square(candidate, slopes[2]), through)
        step[:, 2] = through
        _chain(through, inner[t], slopes[1], scratch, step[:, 1])
        recurrent[:, :2] = step[:, :2]
        np.multiply(through, r, recurrent[:, 2])
        np.multiply(dh, z, dh)
        np.add(dh, np.matmul(recurrent.reshape(batch, -1), back, scratch), dh)
    bias_grad = np.ones(batch * steps, ys.dtype) @ dp.reshape(batch * steps, -1)
    return dz.reshape(batch, steps, -1), dh, _kernel_grad(h0, ys, dp, reverse), bias_grad


_HALF = 0.5


def _order(steps: int, reverse: bool) -> range:
    return range(steps - 1, -1, -1) if reverse else range(steps)


def _room(like, *shapes_and_units):
    """Uninitialised arrays of these leading shapes, each with an axis of the units at the end."""
    *shapes, units = shapes_and_units
    return [np.empty((*shape, units), like.dtype) for shape in shapes]


def _finish_sigmoid(tanh_of_half):
    np.multiply(tanh_of_half, _HALF, tanh_of_half)
    np.add(tanh_of_half, _HALF, tanh_of_half)


def _one_minus_square(x, out):
    np.multiply(x, x, out)
    return np.subtract(1, out, out)


def _chain(g, factor, slope, scratch, out):
    """`out = g * factor * slope`, the last product written where it belongs."""
    np.multiply(np.multiply(g, factor, scratch), slope, out)


def _kernel_grad(h0, ys, dz, reverse: bool):
    """The outputs before each step, transposed, times the cotangents of all steps."""
    before = np.empty_like(ys)
    if reverse:
        before[:, -1], before[:, :-1] = h0, ys[:, 1:]
    else:
        before[:, 0], before[:, 1:] = h0, ys[:, :-1]
    rows = ys.shape[0] * ys.shape[1]
    return np.matmul(before.reshape(rows, -1).T, dz.reshape(rows, -1))
