"""Ways to convolve in JAX on a CPU, side by side: `python benchmarks/micro/jax_convolution.py [batch]`.

The layers are the two of the MNIST example, 28x28x1 to 26x26x32 and 26x26x32 to 24x24x64, kernel 3x3, and others like
those of larger models. Milliseconds, of all threads together, then by the clock; first as XLA compiles on its own, then
with the options of kcore's backend. What rests on it:
`docs/decisions/0009-jax-compiling.md`.
"""

from __future__ import annotations

import itertools
import sys
import time
from typing import NamedTuple

import jax
import numpy as np
from jax import lax

from kcore_jax._programs import compiled

REPEATS = 8


class Layer(NamedTuple):
    """Images `(size, size, channels)`, a square kernel with no padding, features."""

    size: int
    channels: int
    kernel: int
    features: int
    stride: int = 1
    groups: int = 1

    @property
    def out(self) -> int:
        """How many positions there are along an axis."""
        return (self.size - self.kernel) // self.stride + 1


LAYERS = (
    Layer(28, 1, 3, 32),
    Layer(26, 32, 3, 64),
    Layer(34, 64, 3, 64),
    Layer(31, 3, 7, 64, 2),
    Layer(16, 128, 1, 256),
    Layer(18, 64, 3, 64, 1, 64),
    Layer(18, 64, 3, 128, 2, 4),
)


def xla(layer: Layer, x, kernel):
    """XLA's convolution."""
    strides, order = (layer.stride,) * 2, ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(
        x, kernel, strides, "VALID", dimension_numbers=order, feature_group_count=layer.groups
    )


def taps(layer: Layer):
    """Each position in the kernel."""
    return itertools.product(range(layer.kernel), repeat=2)


def met(layer: Layer, x, tap):
    """What a tap meets: `(N, out, out, C)`."""
    span = (layer.out - 1) * layer.stride + 1
    (a, b), s = tap, layer.stride
    return lax.slice(x, (0, a, b, 0), (x.shape[0], a + span, b + span, x.shape[3]), (1, s, s, 1))


def patches(layer: Layer, x):
    """All windows, `(N * out * out, K * K * C)`."""
    return lax.concatenate([met(layer, x, tap) for tap in taps(layer)], 3).reshape(-1, layer.kernel**2 * x.shape[3])


def forward_patches(layer: Layer, x, kernel):
    y = patches(layer, x) @ kernel.reshape(-1, layer.features)
    return y.reshape(x.shape[0], layer.out, layer.out, layer.features)


def forward_taps(layer: Layer, x, kernel):
    return sum(met(layer, x, (a, b)) @ kernel[a, b] for a, b in taps(layer))


def kernel_transposed(layer: Layer, x, y):
    """The adjoint of XLA's convolution, as JAX writes it."""
    kernel = jax.ShapeDtypeStruct((layer.kernel,) * 2 + (layer.channels // layer.groups, layer.features), y.dtype)
    return jax.linear_transpose(lambda kernel: xla(layer, x, kernel), kernel)(y)[0]


def kernel_patches(layer: Layer, x, y):
    return (patches(layer, x).T @ y.reshape(-1, layer.features)).reshape(layer.kernel, layer.kernel, -1, layer.features)


def kernel_taps(layer: Layer, x, y):
    rows = [lax.dot_general(met(layer, x, tap), y, (((0, 1, 2), (0, 1, 2)), ((), ()))) for tap in taps(layer)]
    return lax.concatenate(rows, 0).reshape(layer.kernel, layer.kernel, -1, layer.features)


def kernel_taps_flat(layer: Layer, x, y):
    """As by taps, with rows made before the product."""
    y = y.reshape(-1, layer.features)
    rows = [met(layer, x, tap).reshape(-1, layer.channels).T @ y for tap in taps(layer)]
    return lax.concatenate(rows, 0).reshape(layer.kernel, layer.kernel, -1, layer.features)


def kernel_convolution(layer: Layer, x, y):
    """A convolution in which samples are the channels, and y the kernel."""
    out = lax.conv_general_dilated(
        x.transpose(3, 1, 2, 0),
        y.transpose(1, 2, 0, 3),
        (1, 1),
        "VALID",
        rhs_dilation=(layer.stride,) * 2,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )
    return out[:, : layer.kernel, : layer.kernel].transpose(1, 2, 0, 3)


def input_transposed(layer: Layer, y, kernel):
    """The adjoint of XLA's convolution, as JAX writes it."""
    x = jax.ShapeDtypeStruct((y.shape[0], layer.size, layer.size, layer.channels), y.dtype)
    return jax.linear_transpose(lambda x: xla(layer, x, kernel), x)(y)[0]


def input_convolution(layer: Layer, y, kernel):
    """A convolution of y, spread and padded, with the reversed kernel."""
    border, end = layer.kernel - 1, layer.size - (layer.out - 1) * layer.stride - 1
    width = (border, end, layer.stride - 1)
    spread = lax.pad(y, np.float32(0), ((0, 0, 0), width, width, (0, 0, 0)))
    turned = lax.rev(kernel, (0, 1)).transpose(0, 1, 3, 2)
    return lax.conv_general_dilated(spread, turned, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def _put_back(layer: Layer, part, tap):
    rows = [(a, layer.size - a - (layer.out - 1) * layer.stride - 1, layer.stride - 1) for a in tap]
    return lax.pad(part, np.float32(0), ((0, 0, 0), *rows, (0, 0, 0)))


def input_taps(layer: Layer, y, kernel):
    return sum(_put_back(layer, y @ kernel[tap].T, tap) for tap in taps(layer))


def input_patches(layer: Layer, y, kernel):
    """One product of all taps, each part put back and added up."""
    parts = y @ kernel.reshape(-1, layer.features).T
    c = layer.channels
    return sum(_put_back(layer, parts[..., i * c : i * c + c], tap) for i, tap in enumerate(taps(layer)))


WAYS = {
    "forward": (xla, forward_patches, forward_taps),
    "kernel": (kernel_transposed, kernel_patches, kernel_taps, kernel_taps_flat, kernel_convolution),
    "input": (input_transposed, input_convolution, input_taps, input_patches),
}


def operands(layer: Layer, batch: int) -> dict[str, tuple[np.ndarray, ...]]:
    """What each kind of product is given."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(batch, layer.size, layer.size, layer.channels)).astype("float32")
    kernel = rng.normal(size=(layer.kernel,) * 2 + (layer.channels // layer.groups, layer.features)).astype("float32")
    y = rng.normal(size=(batch, layer.out, layer.out, layer.features)).astype("float32")
    return {"forward": (x, kernel), "kernel": (x, y), "input": (y, kernel)}


def measured(run, arrays) -> tuple[float, float]:
    """The least of several runs: CPU time, time."""
    run(*arrays).block_until_ready()
    rows = []
    for _ in range(REPEATS):
        cpu, clock = time.process_time(), time.perf_counter()
        run(*arrays).block_until_ready()
        rows.append((time.process_time() - cpu, time.perf_counter() - clock))
    cpus, clocks = zip(*rows, strict=True)
    return 1e3 * min(cpus), 1e3 * min(clocks)


def main() -> None:
    """Print the table."""
    batch = int(sys.argv[1]) if len(sys.argv) > 1 else 64
    for layer in LAYERS:
        print(f"\n{layer}, batch {batch}")
        for kind, given in operands(layer, batch).items():
            arrays, reference = [jax.device_put(a) for a in given], None
            for way in WAYS[kind]:
                if layer.groups > 1 and way is not WAYS[kind][0]:
                    continue
                row = f"  {kind:8} {way.__name__:20}"
                for compile_ in (jax.jit, compiled):
                    run = compile_(lambda *xs, way=way, layer=layer: way(layer, *xs))
                    got = np.asarray(run(*arrays))
                    reference = got if reference is None else reference
                    np.testing.assert_allclose(got, reference, rtol=1e-2, atol=1e-2)
                    row += "  {:8.1f} {:8.1f}".format(*measured(run, arrays))
                print(row)


if __name__ == "__main__":
    main()
