"""Ways to pool in JAX on a CPU, side by side: windows of 2x2 of the CNN's 24x24x64, batch 64.

Forward alone, with the gradient, and within the whole network's forward pass. What rests on it:
`docs/decisions/0009-jax-compiling.md`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from kcore_jax._fused import max_pool, max_pool_pullback
from kcore_jax._programs import compiled

ROUNDS = 15
WINDOW: dict[str, Any] = {"size": (2, 2), "strides": (2, 2), "padding": ((0, 0), (0, 0))}


def largest_of_windows(x):
    """As the core's composite: all windows, and the first of the largest."""
    n, h, w, c = x.shape
    windows = x.reshape(n, h // 2, 2, w // 2, 2, c).transpose(0, 1, 3, 2, 4, 5).reshape(n, h // 2, w // 2, 4, c)
    where = jnp.argmax(windows, 3, keepdims=True)
    return jnp.take_along_axis(windows, where, 3)[:, :, :, 0]


def reduce_window(x):
    """XLA's reduction; its gradient is `select_and_scatter`."""
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def slices(x):
    """Tap by tap, a strided slice each; JAX writes the gradient."""
    rows = lax.max(x[:, ::2], x[:, 1::2])
    return lax.max(rows[:, :, ::2], rows[:, :, 1::2])


@jax.custom_vjp
def kcore(x):
    """The backend's own: forward with `reduce_window`, backward tap by tap."""
    return max_pool(x, **WINDOW)[1]


kcore.defvjp(
    lambda x: (kcore(x), (kcore(x), x)),
    lambda kept, g: max_pool_pullback(kept[0], (g,), kept[1], **WINDOW),
)


def network(pool: Callable, image, weights):
    """The CNN's forward pass, up to its first dense layer."""
    x = image
    for kernel in weights[:2]:
        x = lax.conv_general_dilated(x, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        x = jax.nn.relu(x + kernel[0, 0, 0])
    return jax.nn.relu(pool(x).reshape(len(x), -1) @ weights[2])


def programs(pool: Callable) -> dict[str, Callable]:
    """What is measured of a way to pool."""
    return {
        "forward": compiled(lambda x, image, weights: pool(x)),
        "with its gradient": compiled(lambda x, image, weights: jax.vjp(pool, x)[1](pool(x))),
        "in the network": compiled(lambda x, image, weights: network(pool, image, weights)),
    }


def main() -> None:
    """Print milliseconds, medians of several turns."""
    rng = np.random.default_rng(0)
    shapes = (64, 24, 24, 64), (64, 28, 28, 1), (3, 3, 1, 32), (3, 3, 32, 64), (9216, 128)
    x, image, *weights = (jax.device_put(rng.normal(size=shape).astype("float32") / 10) for shape in shapes)
    ways = {way.__name__: programs(way) for way in (largest_of_windows, reduce_window, slices)}
    ways["kcore"] = programs(kcore)
    for what in ways["kcore"]:
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS + 2):
            for name, runs in ways.items():
                start = time.perf_counter()
                jax.block_until_ready(runs[what](x, image, weights))
                times[name].append(time.perf_counter() - start)
        row = ", ".join(f"{name} {statistics.median(each[2:]) * 1e3:.1f}" for name, each in times.items())
        print(f"{what}: {row} ms")


if __name__ == "__main__":
    main()
