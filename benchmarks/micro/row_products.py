"""What the products of `predict` of one row take by themselves, without layers, activations and the call of `predict`.

One program of XLA, with its YNNPACK for products as kcore's programs are compiled, and with its Eigen; and single calls
of PyTorch. What rests on it: `docs/performance.md`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import torch

from kcore_jax import _programs

ROUNDS = 300
LIBRARIES = {
    "XLA's YNNPACK": _programs.WELL,
    "XLA's Eigen": _programs.WELL | {"xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_REDUCE"},
}
"""XLA's options for either library."""
PRODUCTS = {
    "cnn": [((576, 288), (288, 64)), ((1, 9216), (9216, 128))],
    "lstm": [((64, 32), (32, 512)), *[((1, 128), (128, 512))] * 64],
    "transformer": 2
    * [
        *[((64, 128), (128, 128))] * 4,
        ((4, 64, 32), (4, 32, 64)),
        ((4, 64, 64), (4, 64, 32)),
        ((64, 128), (128, 512)),
        ((64, 512), (512, 128)),
    ],
}
"""The operands of all products. The CNN's second convolution is its patches by its kernel; the first is left out."""


def convolved(image, kernel):
    """The CNN's second convolution, which XLA does without patches."""
    return jax.lax.conv_general_dilated(image, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def in_xla(name: str, made: Callable, options: dict) -> Callable[[], object]:
    """One program with all products; of the LSTM's, each is of the one before."""
    products = PRODUCTS[name]
    if name == "lstm":
        first, later = (tuple(map(made, shapes)) for shapes in products[:2])

        def run(x, kernel, h, recurrent):
            step = lambda h, z: ((z + h @ recurrent)[:, :128], None)  # noqa: E731
            return jax.lax.scan(step, h, (x @ kernel)[:, None])[0]

        operands = (*first, *later)
    elif name == "cnn":
        run = lambda image, kernel, x, y: (convolved(image, kernel), x @ y)  # noqa: E731
        operands = (made((1, 26, 26, 32)), made((3, 3, 32, 64)), *map(made, products[1]))
    else:
        run = lambda *xs: [x @ y for x, y in zip(xs[::2], xs[1::2], strict=True)]  # noqa: E731
        operands = tuple(made(shape) for pair in products for shape in pair)
    program = jax.jit(run, compiler_options=options)
    operands = tuple(map(jnp.asarray, operands))
    return lambda: jax.block_until_ready(program(*operands))


def in_torch(name: str, made: Callable) -> Callable[[], object]:
    """A call for each product; equal shapes share their operands."""
    operands = {pair: tuple(torch.from_numpy(made(shape)) for shape in pair) for pair in PRODUCTS[name]}
    calls = [(torch.bmm if len(pair[0]) == 3 else torch.mm, *operands[pair]) for pair in PRODUCTS[name]]
    return lambda: [function(x, y) for function, x, y in calls]


def main() -> None:
    """Print milliseconds, medians of many calls."""
    rng = np.random.default_rng(0)
    made = lambda shape: rng.normal(size=shape).astype("float32") / 10  # noqa: E731
    for name in PRODUCTS:
        runs = {library: in_xla(name, made, options) for library, options in LIBRARIES.items()}
        for engine, run in {**runs, "PyTorch": in_torch(name, made)}.items():
            times = []
            for _ in range(ROUNDS + 20):
                start = time.perf_counter()
                run()
                times.append(time.perf_counter() - start)
            print(f"{name}, products alone, {engine}: {statistics.median(times[20:]) * 1e3:.3f} ms")


if __name__ == "__main__":
    main()
