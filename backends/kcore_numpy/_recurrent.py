"""LSTM and GRU over a whole sequence, forward and backward, with the recurrent weights' gradient as one product at the end.

Notation: B samples, T steps, u units. Work arrays are time-major, so that a step is contiguous.

    z   (T, B, 4u) or (T, B, 3u)   gates before activation, overwritten by the gates
    h   (T + 1, B, u)              outputs; h[0] is the initial state, step t makes h[t + 1]
    c   (T + 1, B, u)              the LSTM's cell
    dz                             cotangent of z; the inputs' projection gets it as it is
"""

from __future__ import annotations

import numpy as np

_HALF = 0.5


def lstm(x_proj, h0, c0, recurrent_kernel, *, activation, recurrent_activation, reverse):
    """A long short-term memory layer, after the inputs' projection.

    Args:
        x_proj: `(B, T, 4u)`, inputs @ kernel + bias, gates in the order input, forget, cell, output.
        h0, c0: `(B, u)`.
        recurrent_kernel: `(u, 4u)`.
        activation: `"tanh"`.
        recurrent_activation: `"sigmoid"`.
        reverse: run from the last step to the first. `ys` stays in the order of x_proj.

    Returns:
        `((ys (B, T, u), h_last (B, u), c_last (B, u)), residuals)`.
    """
    z = _time_major(x_proj, reverse)
    steps, batch, units = z.shape[0], z.shape[1], h0.shape[1]
    h, c, squashed = (np.empty((steps + n, batch, units), z.dtype) for n in (1, 1, 0))
    h[0], c[0] = h0, c0
    scale, weights = _gate_scale(units, z.dtype), None
    weights = recurrent_kernel * scale
    z *= scale
    product, kept = np.empty((batch, 4 * units), z.dtype), np.empty((batch, units), z.dtype)
    for t in range(steps):
        gates = z[t]
        np.add(gates, np.matmul(h[t], weights, product), gates)
        np.tanh(gates, gates)
        _to_sigmoid(gates[:, : 2 * units])
        _to_sigmoid(gates[:, 3 * units :])
        i, f, g, o = (gates[:, k * units : (k + 1) * units] for k in range(4))
        np.multiply(f, c[t], kept)
        np.multiply(i, g, c[t + 1])
        np.add(c[t + 1], kept, c[t + 1])
        np.tanh(c[t + 1], squashed[t])
        np.multiply(o, squashed[t], h[t + 1])
    return (_batch_major(h[1:], reverse), h[-1].copy(), c[-1].copy()), (z, h, c, squashed)


def lstm_grad(residuals, cotangents, x_proj, h0, c0, recurrent_kernel, *, activation, recurrent_activation, reverse):
    """The gradient: cotangents of `(x_proj, h0, c0, recurrent_kernel)`; a cotangent of the outputs may be None."""
    z, h, c, squashed = residuals
    steps, batch, units = squashed.shape
    gates = z.reshape(steps, batch, 4, units)
    factors, through = _lstm_factors(gates, c, squashed)
    g_ys, g_h, g_c = cotangents
    dz, dh, dc = factors, _state(g_h, h0), _state(g_c, c0)
    flowing = None if g_ys is None else _time_major(g_ys, reverse)
    back, product = np.ascontiguousarray(recurrent_kernel.T), np.empty((batch, units), z.dtype)
    for t in range(steps - 1, -1, -1):
        if flowing is not None:
            np.add(dh, flowing[t], dh)
        np.add(dc, np.multiply(dh, through[t], product), dc)
        step = dz[t]
        np.multiply(step[:, :3], dc[:, None], step[:, :3])
        np.multiply(step[:, 3], dh, step[:, 3])
        np.multiply(dc, gates[t, :, 1], dc)
        np.matmul(step.reshape(batch, -1), back, dh)
    flat = dz.reshape(steps * batch, 4 * units)
    kernel_grad = np.matmul(h[:-1].reshape(-1, units).T, flat)
    return _batch_major(dz.reshape(steps, batch, -1), reverse), dh, dc, kernel_grad


def _lstm_factors(gates, c, squashed):
    """By what dc (gates i, f, g) or dh (gate o) is multiplied to give dz, `(T, B, 4, u)`; and dh, to go through tanh(c)."""
    i, f, g, o = (gates[:, :, k] for k in range(4))
    factors = np.subtract(1, gates)
    np.multiply(factors, gates, factors)
    np.multiply(factors[:, :, 0], g, factors[:, :, 0])
    np.multiply(factors[:, :, 1], c[:-1], factors[:, :, 1])
    cell = factors[:, :, 2]
    _one_minus_square(g, cell)
    np.multiply(cell, i, cell)
    np.multiply(factors[:, :, 3], squashed, factors[:, :, 3])
    through = _one_minus_square(squashed, np.empty_like(squashed))
    return factors, np.multiply(through, o, through)


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
    z = _time_major(x_proj, reverse)
    steps, batch, units = z.shape[0], z.shape[1], h0.shape[1]
    h, inner = np.empty((steps + 1, batch, units), z.dtype), np.empty((steps, batch, units), z.dtype)
    h[0] = h0
    product, gate_pair = np.empty((batch, 3 * units), z.dtype), slice(0, 2 * units)
    for t in range(steps):
        np.add(np.matmul(h[t], recurrent_kernel, product), recurrent_bias, product)
        gates, candidate = z[t][:, gate_pair], z[t][:, 2 * units :]
        np.add(gates, product[:, gate_pair], gates)
        np.multiply(gates, _HALF, gates)
        np.tanh(gates, gates)
        _to_sigmoid(gates)
        inner[t] = product[:, 2 * units :]
        np.add(candidate, gates[:, units:] * inner[t], candidate)
        np.tanh(candidate, candidate)
        following = np.subtract(h[t], candidate, h[t + 1])
        np.multiply(following, gates[:, :units], following)
        np.add(following, candidate, following)
    return (_batch_major(h[1:], reverse), h[-1].copy()), (z, h, inner)


def gru_grad(residuals, cotangents, x_proj, h0, recurrent_kernel, recurrent_bias, *, activation, recurrent_activation, reverse):
    """The gradient: cotangents of `(x_proj, h0, recurrent_kernel, recurrent_bias)`; a cotangent of the outputs may be None."""
    z, h, inner = residuals
    steps, batch, units = inner.shape
    gates = z.reshape(steps, batch, 3, units)
    dz, reset = _gru_factors(gates, h, inner), gates[:, :, 1]
    dp = np.empty_like(dz)
    g_ys, g_h = cotangents
    dh = _state(g_h, h0)
    flowing = None if g_ys is None else _time_major(g_ys, reverse)
    back, product = np.ascontiguousarray(recurrent_kernel.T), np.empty((batch, units), z.dtype)
    for t in range(steps - 1, -1, -1):
        if flowing is not None:
            np.add(dh, flowing[t], dh)
        step, through = dz[t], dp[t]
        np.multiply(step[:, 0::2], dh[:, None], step[:, 0::2])
        np.multiply(step[:, 1], step[:, 2], step[:, 1])
        through[:, :2] = step[:, :2]
        np.multiply(step[:, 2], reset[t], through[:, 2])
        np.multiply(dh, gates[t, :, 0], dh)
        np.add(dh, np.matmul(through.reshape(batch, -1), back, product), dh)
    flat = dp.reshape(steps * batch, 3 * units)
    kernel_grad = np.matmul(h[:-1].reshape(-1, units).T, flat)
    return _batch_major(dz.reshape(steps, batch, -1), reverse), dh, kernel_grad, np.ones(len(flat), flat.dtype) @ flat


def _gru_factors(gates, h, inner):
    """By what dh (update and candidate), and then the candidate's dz (reset), are multiplied to give dz: `(T, B, 3, u)`."""
    update, reset, candidate = (gates[:, :, k] for k in range(3))
    factors = np.subtract(1, gates)
    kept = factors[:, :, 0].copy()
    np.multiply(factors, gates, factors)
    np.multiply(factors[:, :, 0], h[:-1] - candidate, factors[:, :, 0])
    np.multiply(factors[:, :, 1], inner, factors[:, :, 1])
    last = _one_minus_square(candidate, factors[:, :, 2])
    np.multiply(last, kept, last)
    return factors


def _gate_scale(units: int, dtype):
    """A half for the three sigmoid gates: sigmoid(x) = tanh(x / 2) / 2 + 1 / 2, so that one tanh serves all four gates."""
    scale = np.full(4 * units, _HALF, dtype)
    scale[2 * units : 3 * units] = 1
    return scale


def _to_sigmoid(tanh_of_half):
    np.multiply(tanh_of_half, _HALF, tanh_of_half)
    np.add(tanh_of_half, _HALF, tanh_of_half)


def _one_minus_square(x, out):
    np.multiply(x, x, out)
    return np.subtract(1, out, out)


def _state(cotangent, like):
    return np.zeros_like(like) if cotangent is None else np.array(cotangent)


def _time_major(x, reverse: bool):
    """A copy of `(B, T, n)` as `(T, B, n)`, in the order in which the steps are made."""
    steps = x.transpose(1, 0, 2)
    return np.array(steps[::-1] if reverse else steps, order="C")


def _batch_major(x, reverse: bool):
    return np.ascontiguousarray((x[::-1] if reverse else x).transpose(1, 0, 2))
