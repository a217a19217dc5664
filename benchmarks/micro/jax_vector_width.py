"""What XLA's loops on a CPU take with vectors of 256 bits, its default, and of 512.

What rests on it: `docs/decisions/0009-jax-compiling.md`.
"""

from __future__ import annotations

import statistics
import time

import jax
import jax.numpy as jnp
import numpy as np

from kcore_jax import _programs, _recurrence

ROUNDS = 25
USUAL = {"activation": "tanh", "recurrent_activation": "sigmoid", "reverse": False}


def lstm(x, h, c, kernel):
    """The last output of an LSTM."""
    return _recurrence.lstm(x, h, c, kernel, **USUAL)[0][1]


def lstm_with_gradient(x, h, c, kernel):
    """An LSTM and the cotangents of its operands, the cotangents of its results all ones."""
    results, kept = _recurrence.lstm(x, h, c, kernel, **USUAL)
    return _recurrence.lstm_pullback(kept, jax.tree.map(jnp.ones_like, results), x, h, c, kernel, **USUAL)


def convolution(x, kernel):
    """A convolution without padding."""
    return jax.lax.conv_general_dilated(x, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def recurrent(batch: int) -> list[tuple[int, ...]]:
    """The shapes of an LSTM's operands: 128 units, 64 steps."""
    return [(batch, 64, 512), (batch, 128), (batch, 128), (128, 512)]


CASES = {
    "LSTM(128), 64 steps, one row": (lstm, recurrent(1)),
    "LSTM(128), 64 steps, batch 32": (lstm, recurrent(32)),
    "the same with its gradient": (lstm_with_gradient, recurrent(32)),
    "product (1, 9216) by (9216, 128)": (jnp.matmul, [(1, 9216), (9216, 128)]),
    "product (128, 784) by (784, 512)": (jnp.matmul, [(128, 784), (784, 512)]),
    "convolution 26x26x32 to 24x24x64, one row": (convolution, [(1, 26, 26, 32), (3, 3, 32, 64)]),
    "softmax (8192, 64)": (jax.nn.softmax, [(8192, 64)]),
    "exp(x) * x + x, 4 million": (lambda x: jnp.exp(x) * x + x, [(2048, 2048)]),
}


def main() -> None:
    """Print milliseconds, medians of several turns."""
    rng = np.random.default_rng(0)
    for name, (function, shapes) in CASES.items():
        operands = [jax.device_put(rng.normal(size=shape).astype("float32") / 10) for shape in shapes]
        programs = {
            width: jax.jit(
                lambda *operands, function=function: function(*operands),
                compiler_options=_programs.WELL | {"xla_cpu_prefer_vector_width": width},
            )
            for width in (256, 512)
        }
        times: dict[int, list[float]] = {width: [] for width in programs}
        for _ in range(ROUNDS + 3):
            for width, program in programs.items():
                start = time.perf_counter()
                jax.block_until_ready(program(*operands))
                times[width].append(time.perf_counter() - start)
        row = ", ".join(f"{width} bits {statistics.median(each[3:]) * 1e3:.2f}" for width, each in times.items())
        print(f"{name}: {row} ms")


if __name__ == "__main__":
    main()
