"""The LSTM on JAX with its input's projection before the loop and within it (`docs/decisions/0009`)."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks import seconds

from kcore_jax import _programs, _recurrence

STEPS, FEATURES, UNITS = 64, 32, 128
BATCHES = (1, 4, 32, 128)
ROUNDS = 40
WAY = {"activation": "tanh", "recurrent_activation": "sigmoid", "reverse": False}


def before(x, h, c, kernel, recurrent, bias):
    """The last output, the product of all steps first."""
    projected = (x.reshape(-1, FEATURES) @ kernel).reshape(*x.shape[:2], -1) + bias
    return _recurrence.lstm(projected, h, c, recurrent, **WAY)[0][1]


def within(*operands):
    """The same, a product a step."""
    return _recurrence.lstm_layer(*operands, **WAY)[0][1]


def before_with_gradient(x, h, c, kernel, recurrent, bias):
    """Three gradients besides."""
    projected = (x.reshape(-1, FEATURES) @ kernel).reshape(*x.shape[:2], -1) + bias
    (ys, last, _), kept = _recurrence.lstm(projected, h, c, recurrent, **WAY)
    flow = jnp.zeros_like(ys), jnp.ones_like(last), jnp.zeros_like(last)
    gz, *_, gu = _recurrence.lstm_pullback(kept, flow, projected, h, c, recurrent, **WAY)
    return last, _recurrence._kernel_grad(x, gz), gu, gz.sum((0, 1))


def within_with_gradient(*operands):
    """The same."""
    (ys, last, _), kept = _recurrence.lstm_layer(*operands, **WAY)
    flow = jnp.zeros_like(ys), jnp.ones_like(last), jnp.zeros_like(last)
    return last, *_recurrence.lstm_layer_pullback(kept, flow, *operands, **WAY)[3:]


def main() -> None:
    """Milliseconds of each program, taking turns, for each batch."""
    rng = np.random.default_rng(0)
    for batch in BATCHES:
        kernels = (FEATURES, 4 * UNITS), (UNITS, 4 * UNITS), (4 * UNITS,)
        shapes = (batch, STEPS, FEATURES), (batch, UNITS), (batch, UNITS), *kernels
        operands = [jnp.asarray(rng.normal(size=shape).astype("float32") / 10) for shape in shapes]
        runs = {}
        for form in (before, within, before_with_gradient, within_with_gradient):
            program = jax.jit(form, compiler_options=_programs.WELL)
            runs[form.__name__] = lambda program=program: jax.block_until_ready(program(*operands))  # noqa: B023
            runs[form.__name__]()
        turns = [[seconds(run) * 1e3 for run in runs.values()] for _ in range(ROUNDS)]
        times = dict(zip(runs, map(statistics.median, zip(*turns, strict=True)), strict=True))
        print(f"batch {batch}: " + ", ".join(f"{name} {t:.2f} ms" for name, t in times.items()))


if __name__ == "__main__":
    main()
