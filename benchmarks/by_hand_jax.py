"""The workloads as loops written by hand in JAX: one jitted step with Adam, loss and accuracy."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from workloads import Workload

_rng = np.random.default_rng(0)


def _dense(inputs: int, outputs: int) -> list[Any]:
    return [jnp.asarray(_rng.normal(size=(inputs, outputs)) * (2 / inputs) ** 0.5, "float32"), jnp.zeros(outputs)]


def _apply(layer: list[Any], x: Any) -> Any:
    return x @ layer[0] + layer[1]


def _mlp(sizes: list[int]) -> tuple[Any, Callable[..., Any]]:
    def forward(params: Any, x: Any) -> Any:
        for layer in params[:-1]:
            x = jax.nn.relu(_apply(layer, x))
        return _apply(params[-1], x)

    return [_dense(a, b) for a, b in pairwise(sizes)], forward


def _cnn() -> tuple[Any, Callable[..., Any]]:
    kernels = [jnp.asarray(_rng.normal(size=shape) * 0.1, "float32") for shape in ((3, 3, 1, 32), (3, 3, 32, 64))]
    params = [kernels, [jnp.zeros(32), jnp.zeros(64)], _dense(9216, 128), _dense(128, 10)]

    def forward(params: Any, x: Any) -> Any:
        for kernel, bias in zip(params[0], params[1], strict=True):
            x = jax.lax.conv_general_dilated(x, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
            x = jax.nn.relu(x + bias)
        x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        return _apply(params[3], jax.nn.relu(_apply(params[2], x.reshape(len(x), -1))))

    return params, forward


def _lstm(mean: bool) -> tuple[Any, Callable[..., Any]]:
    params = [_dense(32, 512), _dense(128, 512), _dense(128, 10)]

    def forward(params: Any, x: Any) -> Any:
        def step(carry: Any, projected: Any) -> Any:
            h, c = carry
            i, f, g, o = jnp.split(projected + h @ params[1][0], 4, axis=-1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        start = jnp.zeros((x.shape[0], 128))
        (h, _), outputs = jax.lax.scan(step, (start, start), jnp.swapaxes(_apply(params[0], x), 0, 1))
        return _apply(params[2], outputs.mean(0) if mean else h)

    return params, forward


def _transformer() -> tuple[Any, Callable[..., Any]]:
    layers = [[_dense(128, 384), _dense(128, 128), _dense(128, 512), _dense(512, 128)] for _ in range(2)]

    def norm(x: Any) -> Any:
        return (x - x.mean(-1, keepdims=True)) * jax.lax.rsqrt(x.var(-1, keepdims=True) + 1e-5)

    def forward(params: Any, x: Any) -> Any:
        x = params[2][x]
        for qkv, out, up, down in params[0]:
            q, k, v = jnp.moveaxis(_apply(qkv, x).reshape(*x.shape[:2], 3, 4, 32), 2, 0)
            scores = jax.nn.softmax(jnp.einsum("bqhd,bkhd->bhqk", q, k) * 32**-0.5)
            x = norm(x + _apply(out, jnp.einsum("bhqk,bkhd->bqhd", scores, v).reshape(x.shape)))
            x = norm(x + _apply(down, jax.nn.relu(_apply(up, x))))
        return _apply(params[1], x.mean(1))

    return [layers, _dense(128, 10), jnp.asarray(_rng.normal(size=(1000, 128)) * 0.05, "float32")], forward


MODELS: dict[str, Callable[[Workload], tuple[Any, Callable[..., Any]]]] = {
    "dense": lambda work: _mlp([work.shape[0], *work.widths, work.classes]),
    "cnn": lambda work: _cnn(),
    "lstm": lambda work: _lstm(mean=False),
    "lstm_mean": lambda work: _lstm(mean=True),
    "transformer": lambda work: _transformer(),
}


def predictor(work: Workload) -> Callable[[np.ndarray], np.ndarray]:
    """A function from inputs to shares, arrays of the host."""
    params, forward = MODELS[work.family](work)
    run = jax.jit(lambda params, x: jax.nn.softmax(forward(params, x)))
    return lambda x: np.asarray(run(params, x))


def trainer(work: Workload, x: np.ndarray, y: np.ndarray) -> Callable[[int], None]:
    """A function that trains for a number of steps."""
    params, forward = MODELS[work.family](work)

    def loss(params: Any, x: Any, y: Any) -> Any:
        logs = jax.nn.log_softmax(forward(params, x))
        return -jnp.take_along_axis(logs, y[:, None], 1).mean(), (logs.argmax(1) == y).sum()

    @jax.jit
    def step(state: Any, x: Any, y: Any) -> Any:
        params, m, v, t, total, right = state
        (value, hits), g = jax.value_and_grad(loss, has_aux=True)(params, x, y)
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        rate = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        params = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-7), params, m, v)
        return params, m, v, t, total + value * len(y), right + hits

    zeros = jax.tree.map(jnp.zeros_like, params)
    state = [(params, zeros, zeros, 0, 0.0, 0)]

    def run(steps: int) -> None:
        order = np.random.permutation(steps * work.batch)
        for start in range(0, len(order), work.batch):
            index = order[start : start + work.batch]
            state[0] = step(state[0], x[index], y[index])
        jax.block_until_ready(state[0])

    return run
