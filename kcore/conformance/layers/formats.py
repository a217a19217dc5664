"""Both data formats give the same numbers, masks are respected, and inference is quiet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

import numpy as np

from kcore import layers, ops
from kcore.conformance.case import Case, case, family

from . import table

FORMATS = {
    "Conv1D": {"filters": 3, "kernel_size": 3, "padding": "same"},
    "Conv2D": {"filters": 3, "kernel_size": (2, 3), "strides": 2},
    "Conv3D": {"filters": 2, "kernel_size": 2, "padding": "same"},
    "Conv1DTranspose": {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"},
    "Conv2DTranspose": {"filters": 3, "kernel_size": 3, "strides": (2, 1), "padding": "same"},
    "Conv3DTranspose": {"filters": 2, "kernel_size": 2, "strides": 2},
    "DepthwiseConv1D": {"kernel_size": 2, "depth_multiplier": 2},
    "DepthwiseConv2D": {"kernel_size": 3, "padding": "same"},
    "SeparableConv1D": {"filters": 3, "kernel_size": 3},
    "SeparableConv2D": {"filters": 3, "kernel_size": 2, "dilation_rate": 2},
    "MaxPooling1D": {"pool_size": 2},
    "MaxPooling2D": {"pool_size": (2, 3), "padding": "same"},
    "MaxPooling3D": {"pool_size": 2},
    "AveragePooling1D": {"pool_size": 2, "strides": 1, "padding": "same"},
    "AveragePooling2D": {"pool_size": 3, "strides": 2, "padding": "same"},
    "AveragePooling3D": {"pool_size": 2},
    "GlobalMaxPooling2D": {"keepdims": True},
    "GlobalAveragePooling2D": {"keepdims": True},
    "GlobalAveragePooling1D": {"keepdims": True},
    "UpSampling2D": {"size": (2, 3)},
    "ZeroPadding2D": {"padding": ((1, 0), (2, 1))},
    "Cropping2D": {"cropping": ((1, 2), (0, 1))},
}
"""Each layer that takes `data_format`, with its other arguments; the rank stands in its name."""


def _formats(name: str, arguments: dict, backend, check) -> None:
    rank = int(re.findall(r"(\d)D", name)[0])
    x = table.wave((2, *(6, 7, 5)[:rank], 4))
    last = getattr(layers, name)(**arguments, data_format="channels_last")
    first = getattr(layers, name)(**arguments, data_format="channels_first")
    y = last(backend.asarray(x))
    swapped = np.ascontiguousarray(np.moveaxis(x, -1, 1))
    first(backend.asarray(swapped))
    table.fill(last)
    table.fill(first)
    y, z = last(backend.asarray(x)), first(backend.asarray(swapped))
    check.close(z, np.moveaxis(check.numpy(y), -1, 1), op="layer", dtype="float32")


@family
def both_formats() -> Iterator[Case]:
    """The two data formats, against each other."""
    for name, arguments in FORMATS.items():
        yield Case(
            f"layer format/{name}",
            partial(_formats, name, arguments),
            level="inference",
            group="layers",
            op=name,
            answer="channels_first gives the numbers of channels_last, moved.",
            quick="2D" in name,
        )


LENGTHS = (5, 2, 3)


def _masked(kind: str, backend, check) -> None:
    x = table.wave((3, 5, 3)) * 2
    mask = np.arange(5) < np.array(LENGTHS)[:, None]
    layer = getattr(layers, kind)(2)
    layer(backend.asarray(x))
    table.fill(layer)
    got = check.numpy(layer(backend.asarray(x), mask=backend.asarray(mask)))
    for row, length in enumerate(LENGTHS):
        alone = check.numpy(layer(backend.asarray(np.ascontiguousarray(x[row : row + 1, :length]))))
        check.close(got[row : row + 1], alone, op="layer", dtype="float32")


def _pooled(kind: str, backend, check) -> None:
    x = table.wave((3, 5, 3)) * 2
    mask = np.arange(5) < np.array(LENGTHS)[:, None]
    got = getattr(layers, kind)()(backend.asarray(x), mask=backend.asarray(mask))
    expected = np.stack([x[row, :length].mean(0, np.float64) for row, length in enumerate(LENGTHS)])
    check.close(got, expected, op="layer", dtype="float32")


@family
def masks() -> Iterator[Case]:
    """A masked end of a sequence is as if it weren't there."""
    for kind in ("SimpleRNN", "LSTM", "GRU", "GlobalAveragePooling1D"):
        run = partial(_pooled if "Pooling" in kind else _masked, kind)
        yield Case(
            f"mask/{kind} ends where the mask does",
            run,
            level="inference",
            group="masks",
            op=kind,
            answer="The output of the sequence without its masked end.",
            quick=kind == "GlobalAveragePooling1D",
        )


@case(
    "mask/of an embedding reaches the recurrent layer",
    level="inference",
    group="masks",
    op="Embedding",
    answer="Zeros at the end of a row change nothing with mask_zero.",
)
def embedding_mask(backend, check):
    """The mask of an embedding travels through a layer that keeps it."""
    from kcore import Sequential

    model = Sequential(
        [layers.Input((None,)), layers.Embedding(9, 3, mask_zero=True), layers.Dropout(0.5), layers.GRU(2)]
    )
    long, short = np.array([[3, 1, 4, 0, 0]], np.int32), np.array([[3, 1, 4]], np.int32)
    model(backend.asarray(short))
    check.close(model(backend.asarray(long)), check.numpy(model(backend.asarray(short))), op="layer")


QUIET = {
    "Dropout": {"rate": 0.5},
    "SpatialDropout1D": {"rate": 0.5},
    "GaussianDropout": {"rate": 0.5},
    "GaussianNoise": {"stddev": 1.0},
    "AlphaDropout": {"rate": 0.5},
}


def _quiet(name: str, arguments: dict, backend, check) -> None:
    x = table.wave((2, 5, 3))
    layer = getattr(layers, name)(**arguments, seed=3)
    for run in (layer(backend.asarray(x)), layer(backend.asarray(x), training=False)):
        check.equal(run, x)
    loud = check.numpy(layer(backend.asarray(x), training=True))
    check.true(not np.array_equal(loud, x), "nothing changes in training")


@family
def inference_is_quiet() -> Iterator[Case]:
    """Layers of noise do nothing outside training."""
    for name, arguments in QUIET.items():
        yield Case(
            f"inference/{name} does nothing",
            partial(_quiet, name, arguments),
            level="inference",
            group="layers",
            op=name,
            sources=("K#22761",),
            answer="The input, bit for bit, unless training.",
        )


EMPTY = {
    "Dense": ({"units": 3}, (0, 4), (0, 3)),
    "Conv2D": ({"filters": 3, "kernel_size": 3}, (0, 6, 7, 4), (0, 4, 5, 3)),
    "MaxPooling2D": ({"pool_size": 2}, (0, 6, 7, 4), (0, 3, 3, 4)),
    "LayerNormalization": ({}, (0, 5, 3), (0, 5, 3)),
    "LSTM": ({"units": 2}, (0, 5, 3), (0, 2)),
    "Flatten": ({}, (0, 5, 3), (0, 15)),
}


def _empty(name: str, arguments: dict, shape: tuple, expected: tuple, backend, check) -> None:
    got = getattr(layers, name)(**arguments)(backend.asarray(np.zeros(shape, np.float32)))
    check.spec(got, expected, "float32")


@family
def empty_batches() -> Iterator[Case]:
    """A batch of no samples has outputs of no samples."""
    for name, (arguments, shape, expected) in EMPTY.items():
        yield Case(
            f"empty batch/{name}",
            partial(_empty, name, arguments, shape, expected),
            level="inference",
            group="layers",
            op=name,
            answer="No samples in, no samples out, no error.",
        )


@case("layer/batch normalization learns in training alone", level="inference", group="layers", op="BatchNormalization")
def moving_statistics(backend, check):
    """The moving statistics move in training, by the closed form, and at no other time."""
    x = table.wave((8, 3)) * 2 + 1
    layer = layers.BatchNormalization(momentum=0.9)
    layer(backend.asarray(x), training=False)
    check.equal(layer.moving_mean, np.zeros(3, np.float32))
    layer(backend.asarray(x), training=True)
    check.close(layer.moving_mean, 0.1 * x.mean(0, np.float64), op="layer")
    check.close(layer.moving_variance, 0.9 + 0.1 * x.var(0, dtype=np.float64), op="layer")


@case("layer/softmax of large numbers", level="inference", group="layers", op="Softmax")
def softmax_of_large_numbers(backend, check):
    """Softmax doesn't overflow."""
    x = np.array([[1000.0, 1000.0, -1000.0]], np.float32)
    check.close(ops.softmax(backend.asarray(x)), np.array([[0.5, 0.5, 0.0]]), op="layer")
