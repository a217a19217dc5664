"""Cutting work into pieces that stay in the processor's cache, and laying one array over another."""

from __future__ import annotations

from collections.abc import Iterator

ELEMENTS = 16384
"""Elements of an elementwise block: a few arrays of that many stay in a second-level cache."""

PATCH_BYTES = 1 << 20
"""Bytes of a block of convolution patches. Measured in `benchmarks/micro/numpy_convolution.py`."""


def flat_blocks(size: int, step: int = ELEMENTS) -> Iterator[slice]:
    """Slices that cover `range(size)`, `step` elements each."""
    return (slice(start, min(start + step, size)) for start in range(0, size, step))


def image_blocks(batch: int, rows: int, sample_bytes: int, budget: int = PATCH_BYTES) -> Iterator[tuple[slice, slice]]:
    """Slices of the batch and of the first spatial axis: several whole samples, or some rows of one sample, at a time.

    Args:
        batch: samples.
        rows: size of the first spatial axis.
        sample_bytes: what one sample takes in the buffer that is to stay in the cache.
        budget: bytes of that buffer.
    """
    if sample_bytes <= budget:
        everything = slice(0, rows)
        for samples in flat_blocks(batch, max(1, budget // max(1, sample_bytes))):
            yield samples, everything
        return
    step = max(1, rows * budget // sample_bytes)
    for sample in range(batch):
        for part in flat_blocks(rows, step):
            yield slice(sample, sample + 1), part


def strided(xp, x, shape: tuple[int, ...], strides: tuple[int, ...]):
    """A view of x with this shape and these strides (in bytes), which nobody may write to."""
    if xp.__name__ == "numpy":
        return xp.lib.stride_tricks.as_strided(x, shape, strides, writeable=False)
    return xp.lib.stride_tricks.as_strided(x, shape, strides)
