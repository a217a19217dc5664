"""The LSTM and the GRU over a sequence, and the way back: loops that XLA runs fast on a CPU.

XLA computes the same activation again for each of its readers unless they are kept apart, so a step has all its gates
in one array, behind a barrier. The way back reads what the way forward kept; all that doesn't depend on the loop is one
large product or elementwise program around it. The kernels' gradients are single products after it.

Notation: B samples, T steps, u units; `hs`, `cs` are the states before each step `(T, B, u)`.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
from jax import lax

from kcore.extend import is_float

_layer = functools.partial(jax.jit, static_argnames=("activation", "recurrent_activation", "reverse"))


def standard(specs, params) -> bool:
    """The usual activations, in floats."""
    usual = params["activation"] == "tanh" and params["recurrent_activation"] == "sigmoid"
    return usual and is_float(specs[0].dtype)


def several(specs, params) -> bool:
    """The same, of more than a few samples: of those a projection within the loop is faster than one that is kept."""
    return specs[0].shape[0] >= 4 and standard(specs, params)


def _kernel_grad(states, cotangents):
    """The sum over steps and samples of the products of each state with its cotangent."""
    return lax.dot_general(states, cotangents, (((0, 1), (0, 1)), ((), ())))


def _thrice(x):
    """x, three times side by side; `jnp.tile` is slower within a loop."""
    return jnp.concatenate([x, x, x], axis=1)


def _lstm_steps(xs, states, project, reverse):
    """All steps, `project` giving their z: the core's results, and what the way back reads."""
    units = states[0].shape[1]

    def step(state, x):
        h, c = state
        z = project(x, h)
        s, g = lax.optimization_barrier((lax.logistic(z), jnp.tanh(z[:, 2 * units : 3 * units])))
        i, f, _, o = jnp.split(s, 4, axis=1)
        new = f * c + i * g
        squashed = jnp.tanh(new)
        return (o * squashed, new), (o * squashed, h, c, s, g, squashed)

    (h, c), (ys, *kept) = lax.scan(step, states, jnp.swapaxes(xs, 0, 1), reverse=reverse)
    return (jnp.swapaxes(ys, 0, 1), h, c), kept


def _lstm_back(kept, cotangents, recurrent_kernel, reverse):
    """The cotangents of z in all steps `(T, B, 4u)`, and of the first states."""
    _, cs, s, g, squashed = kept
    i, f, _, o = jnp.split(s, 4, axis=2)
    slope = s * (1 - s)
    si, sf, _, so = jnp.split(slope, 4, axis=2)
    into_c = o * (1 - squashed * squashed)
    from_c = jnp.concatenate([g * si, cs * sf, i * (1 - g * g)], axis=2)
    from_h = squashed * so
    transposed = recurrent_kernel.T

    def step(state, row):
        gh, gc = state
        gy, into_c, from_c, from_h, f = row
        gh = gh + gy
        gc = gc + gh * into_c
        gz = jnp.concatenate([from_c * _thrice(gc), gh * from_h], axis=1)
        return (gz @ transposed, gc * f), gz

    gys, gh, gc = cotangents
    rows = (jnp.swapaxes(gys, 0, 1), into_c, from_c, from_h, f)
    (gh, gc), gz = lax.scan(step, (gh, gc), rows, reverse=not reverse)
    return gz, gh, gc


@_layer
def lstm(x_proj, h0, c0, recurrent_kernel, *, reverse, **activations):
    """The core's `lstm`; it keeps the states before each step, the gates, and the new cell's tanh."""
    return _lstm_steps(x_proj, (h0, c0), lambda x, h: x + h @ recurrent_kernel, reverse)


@_layer
def lstm_pullback(kept, cotangents, x_proj, h0, c0, recurrent_kernel, *, reverse, **activations):
    """Cotangents of the four operands."""
    gz, gh, gc = _lstm_back(kept, cotangents, recurrent_kernel, reverse)
    return jnp.swapaxes(gz, 0, 1), gh, gc, _kernel_grad(kept[0], gz)


@_layer
def lstm_layer(x, h0, c0, kernel, recurrent_kernel, bias, *, reverse, **activations):
    """The core's `lstm_layer`: a step's input and state go through one product."""
    kernels = jnp.concatenate([kernel, recurrent_kernel])
    return _lstm_steps(x, (h0, c0), lambda x, h: jnp.concatenate([x, h], axis=1) @ kernels + bias, reverse)


@_layer
def lstm_layer_pullback(kept, cotangents, x, h0, c0, kernel, recurrent_kernel, bias, *, reverse, **activations):
    """Cotangents of the six operands."""
    gz, gh, gc = _lstm_back(kept, cotangents, recurrent_kernel, reverse)
    kernels = _kernel_grad(jnp.concatenate([jnp.swapaxes(x, 0, 1), kept[0]], axis=2), gz)
    gx = jnp.swapaxes(gz @ kernel.T, 0, 1)
    return gx, gh, gc, *jnp.split(kernels, [len(kernel)]), gz.sum((0, 1))


@_layer
def gru(x_proj, h0, recurrent_kernel, recurrent_bias, *, reverse, **activations):
    """The core's `gru`; it keeps the states before each step, both gates, the candidate, and its projection."""
    units = h0.shape[1]

    def step(h, x):
        p = h @ recurrent_kernel + recurrent_bias
        s = lax.optimization_barrier(lax.logistic((x + p)[:, : 2 * units]))
        z, r = jnp.split(s, 2, axis=1)
        projected = p[:, 2 * units :]
        g = lax.optimization_barrier(jnp.tanh(x[:, 2 * units :] + r * projected))
        new = g + z * (h - g)
        return new, (new, h, s, g, projected)

    h, (ys, *kept) = lax.scan(step, h0, jnp.swapaxes(x_proj, 0, 1), reverse=reverse)
    return (jnp.swapaxes(ys, 0, 1), h), kept


@_layer
def gru_pullback(kept, cotangents, x_proj, h0, recurrent_kernel, recurrent_bias, *, reverse, **activations):
    """Cotangents of the four operands."""
    hs, s, g, projected = kept
    z, r = jnp.split(s, 2, axis=2)
    into_g = (1 - z) * (1 - g * g)
    into_z = (hs - g) * z * (1 - z)
    into_r = into_g * projected * r * (1 - r)
    to_x = jnp.concatenate([into_z, into_r, into_g], axis=2)
    to_p = jnp.concatenate([into_z, into_r, into_g * r], axis=2)
    transposed = recurrent_kernel.T

    def step(gh, row):
        gy, to_p, z = row
        gh = gh + gy
        gp = to_p * _thrice(gh)
        return gp @ transposed + gh * z, (gh, gp)

    gys, gh = cotangents
    gh, (ghs, gp) = lax.scan(step, gh, (jnp.swapaxes(gys, 0, 1), to_p, z), reverse=not reverse)
    gx = to_x * jnp.tile(ghs, 3)
    return jnp.swapaxes(gx, 0, 1), gh, _kernel_grad(hs, gp), gp.sum((0, 1))
