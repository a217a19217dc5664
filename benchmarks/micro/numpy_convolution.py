"""Ways to convolve in NumPy, side by side: `python benchmarks/micro/numpy_convolution.py [batch]`.

The layer is the second of the MNIST example: 26x26x32 to 24x24x64, kernel 3x3, float32. What rests on it:
`docs/decisions/0003-numpy-convolution.md`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
from numpy.lib.stride_tricks import as_strided

SIZE, OUT, KERNEL, CHANNELS, FEATURES = 26, 24, 3, 32, 64
DEPTH = KERNEL * KERNEL * CHANNELS
POSITIONS = OUT * OUT
REPEATS = 12


def windows(x: np.ndarray) -> np.ndarray:
    """All windows of the images, as a view `(N, OUT, OUT, KERNEL, KERNEL, CHANNELS)`."""
    n, h, w, c = x.strides
    return as_strided(x, (len(x), OUT, OUT, KERNEL, KERNEL, x.shape[-1]), (n, h, w, h, w, c), writeable=False)


def taps() -> Iterator[tuple[int, int, tuple]]:
    """Each position in the kernel, and the slices of an image that it meets."""
    for a in range(KERNEL):
        for b in range(KERNEL):
            yield a, b, (slice(None), slice(a, a + OUT), slice(b, b + OUT))


def forward_whole(x, kernel, y):
    """All patches at once, then one product."""
    return lambda: np.matmul(windows(x).reshape(-1, DEPTH), kernel.reshape(DEPTH, -1), y.reshape(-1, FEATURES))


def forward_blocks(step: int):
    """Patches of some samples, their product, the next."""

    def make(x, kernel, y):
        patches = np.empty((step, OUT, OUT, KERNEL, KERNEL, CHANNELS), x.dtype)
        weights = kernel.reshape(DEPTH, -1)

        def run():
            for i in range(0, len(x), step):
                np.copyto(patches, windows(x[i : i + step]))
                np.matmul(patches.reshape(-1, DEPTH), weights, y[i : i + step].reshape(-1, FEATURES))

        return run

    return make


def forward_transposed(x, kernel, y):
    """As blocks of two samples, with patches built as (taps, positions)."""
    patches = np.empty((KERNEL, KERNEL, CHANNELS, 2, OUT, OUT), x.dtype)

    def run():
        for i in range(0, len(x), 2):
            np.copyto(patches, windows(x[i : i + 2]).transpose(3, 4, 5, 0, 1, 2))
            np.matmul(patches.reshape(DEPTH, -1).T, kernel.reshape(DEPTH, -1), y[i : i + 2].reshape(-1, FEATURES))

    return run


def forward_rows(x, kernel, y):
    """Patches along the first axis only, two samples at a time.

    Those of neighbours overlap along the second axis: every third row of the product is read with a stride of three
    patches, so that three products make one block. Two columns in 26 are computed in vain.
    """
    depth, rows = KERNEL * CHANNELS, 2 * OUT * SIZE
    memory, product = np.zeros((rows + KERNEL) * depth, x.dtype), np.empty((rows, FEATURES), x.dtype)
    columns = memory[: rows * depth].reshape(2, OUT, SIZE, KERNEL, CHANNELS)
    weights = np.ascontiguousarray(kernel.transpose(1, 0, 2, 3)).reshape(DEPTH, FEATURES)

    def run():
        for i in range(0, len(x), 2):
            n, h, w, c = x.strides
            np.copyto(columns, as_strided(x[i : i + 2], columns.shape, (n, h, w, h, c), writeable=False))
            for first in range(KERNEL):
                count = -(-(rows - first) // KERNEL)
                patches = memory[first * depth :][: count * DEPTH].reshape(count, DEPTH)
                np.matmul(patches, weights, product[first::KERNEL])
            np.copyto(y[i : i + 2], product.reshape(2, OUT, SIZE, FEATURES)[:, :, :OUT])

    return run


def forward_taps(x, kernel, y):
    """A product a tap, added up, two samples at a time."""
    product = np.empty((2, OUT, OUT, FEATURES), x.dtype)

    def run():
        for i in range(0, len(x), 2):
            total = y[i : i + 2]
            total.fill(0)
            for a, b, met in taps():
                total += np.matmul(x[i : i + 2][met], kernel[a, b], product)

    return run


def adjoint_fold(x, kernel, y):
    """The adjoint in x: one product of all taps, then folded, a sample at a time."""
    product = np.empty((OUT, OUT, KERNEL, KERNEL, CHANNELS), x.dtype)

    def run():
        x.fill(0)
        for i in range(len(x)):
            np.matmul(y[i].reshape(-1, FEATURES), kernel.reshape(DEPTH, -1).T, product.reshape(-1, DEPTH))
            for a, b, met in taps():
                x[i][met[1:]] += product[:, :, a, b]

    return run


def adjoint_taps(step: int):
    """The adjoint in x: a product a tap, added where the tap met the image."""

    def make(x, kernel, y):
        product = np.empty((step * POSITIONS, CHANNELS), x.dtype)

        def run():
            x.fill(0)
            for i in range(0, len(x), step):
                rows, part = y[i : i + step].reshape(-1, FEATURES), x[i : i + step]
                for a, b, met in taps():
                    part[met] += np.matmul(rows, kernel[a, b].T, product).reshape(step, OUT, OUT, CHANNELS)

        return run

    return make


def adjoint_convolution(x, kernel, y):
    """The adjoint in x as a convolution of the padded cotangent with the reversed kernel, a sample at a time."""
    border = KERNEL - 1
    padded = np.zeros((1, SIZE + border, SIZE + border, FEATURES), x.dtype)
    _, h, w, c = padded.strides
    seen = as_strided(padded, (SIZE, SIZE, KERNEL, KERNEL, FEATURES), (h, w, h, w, c), writeable=False)
    patches = np.empty(seen.shape, x.dtype)
    reversed_kernel = np.ascontiguousarray(kernel[::-1, ::-1].transpose(0, 1, 3, 2)).reshape(-1, CHANNELS)

    def run():
        for i in range(len(x)):
            padded[0, border : border + OUT, border : border + OUT] = y[i]
            np.copyto(patches, seen)
            np.matmul(patches.reshape(SIZE * SIZE, -1), reversed_kernel, x[i].reshape(-1, CHANNELS))

    return run


def adjoint_rows(step: int):
    """The adjoint in x: patches along the last axis, times all rows of the kernel; a row's share is added where it met.

    What `kcore_numpy` does for convolutions without strides.
    """

    def make(x, kernel, y):
        border = KERNEL - 1
        wide = np.zeros((step, OUT, SIZE + border, FEATURES), x.dtype)
        n, h, w, c = wide.strides
        seen = as_strided(wide, (step, OUT, SIZE, KERNEL, FEATURES), (n, h, w, w, c), writeable=False)
        patches = np.empty(seen.shape, x.dtype)
        shares = np.empty((step, OUT, SIZE, KERNEL, CHANNELS), x.dtype)
        weights = np.ascontiguousarray(kernel[:, ::-1].transpose(1, 3, 0, 2)).reshape(KERNEL * FEATURES, -1)

        def run():
            for i in range(0, len(x), step):
                wide[:, :, border : border + OUT] = y[i : i + step]
                np.copyto(patches, seen)
                np.matmul(patches.reshape(-1, len(weights)), weights, out=shares.reshape(-1, weights.shape[1]))
                image = x[i : i + step]
                image.fill(0)
                for row in range(KERNEL):
                    image[:, row : row + OUT] += shares[:, :, :, row]

        return run

    return make


def kernel_grad_blocks(step: int):
    """The adjoint in the kernel: patches of some samples, their product, added up."""

    def make(x, kernel, y):
        patches = np.empty((step, OUT, OUT, KERNEL, KERNEL, CHANNELS), x.dtype)

        def run():
            total = np.zeros((DEPTH, FEATURES), x.dtype)
            for i in range(0, len(x), step):
                np.copyto(patches, windows(x[i : i + step]))
                total += patches.reshape(-1, DEPTH).T @ y[i : i + step].reshape(-1, FEATURES)

        return run

    return make


def kernel_grad_rows(x, kernel, y):
    """The adjoint in the kernel: patches along the last axis of a sample, in which each row of the kernel met a part.

    What `kcore_numpy` does for convolutions without strides and large samples.
    """
    patches = np.empty((SIZE, OUT, KERNEL * CHANNELS), x.dtype)
    line, position, item = patches.strides
    met = as_strided(patches, (KERNEL, KERNEL * CHANNELS, POSITIONS), (line, item, position), writeable=False)
    n, h, w, c = x.strides
    seen = as_strided(x, (len(x), *patches.shape), (n, h, w, c), writeable=False)

    def run():
        total = np.zeros((KERNEL, KERNEL * CHANNELS, FEATURES), x.dtype)
        product = np.empty_like(total)
        for i in range(len(x)):
            np.copyto(patches, seen[i])
            total += np.matmul(met, y[i].reshape(-1, FEATURES), out=product)

    return run


def product_alone(x, kernel, y):
    """For comparison: the product of patches that are there already."""
    patches = np.ones((len(x) * POSITIONS, DEPTH), x.dtype)
    return lambda: np.matmul(patches, kernel.reshape(DEPTH, -1), y.reshape(-1, FEATURES))


WAYS: dict[str, Callable] = {
    "product alone": product_alone,
    "forward, all patches at once": forward_whole,
    **{f"forward, patches of {n} samples": forward_blocks(n) for n in (1, 2, 4, 8)},
    "forward, patches transposed": forward_transposed,
    "forward, patches along one axis": forward_rows,
    "forward, tap by tap": forward_taps,
    **{f"kernel gradient, patches of {n} samples": kernel_grad_blocks(n) for n in (1, 2, 4, 8)},
    "kernel gradient, row by row": kernel_grad_rows,
    "adjoint, one product and fold": adjoint_fold,
    **{f"adjoint, tap by tap, {n} samples": adjoint_taps(n) for n in (1, 2, 4, 8)},
    "adjoint, as a convolution": adjoint_convolution,
    **{f"adjoint, row by row, {n} samples": adjoint_rows(n) for n in (1, 2, 4)},
}


def main(batch: int) -> None:
    """Time each way, interleaved, and print the best of its runs."""
    generator = np.random.default_rng(0)
    shapes = ((batch, SIZE, SIZE, CHANNELS), (KERNEL, KERNEL, CHANNELS, FEATURES), (batch, OUT, OUT, FEATURES))
    runs = {}
    for name, make in WAYS.items():
        runs[name] = make(*(generator.standard_normal(s, dtype=np.float32) for s in shapes))
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(REPEATS):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            best[name] = min(best[name], time.perf_counter() - start)
    for name, seconds in best.items():
        print(f"{name:42s} {seconds * 1e3:7.1f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 64)
