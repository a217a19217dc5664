"""What the benchmarks train: data, and models in the Keras API, for kcore and for Keras alike."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Workload(NamedTuple):
    """A model and its data.

    Attributes:
        family: which kind of network: a key of `FEATURES`.
        shape: of one sample.
        classes: how many labels there are.
        batch: samples in a step.
        steps: steps in an epoch.
        epochs: timed epochs in a round.
        widths: of the hidden layers of a dense network.
        vocabulary: how many tokens there are, for samples of tokens; 0 for samples of numbers.
    """

    family: str
    shape: tuple[int, ...]
    classes: int
    batch: int
    steps: int
    epochs: int
    widths: tuple[int, ...] = ()
    vocabulary: int = 0


STEPS = {
    "tiny": Workload("dense", (8,), 2, 32, 200, 5, widths=(16, 16)),
    "mlp": Workload("dense", (784,), 10, 128, 40, 5, widths=(512, 512)),
    "cnn": Workload("cnn", (28, 28, 1), 10, 64, 10, 3),
    "lstm": Workload("lstm", (64, 32), 10, 32, 20, 4),
    "transformer": Workload("transformer", (64,), 10, 32, 8, 3, vocabulary=1000),
}
WORKLOADS = STEPS | {"resnet50": Workload("resnet50", (64, 64, 3), 10, 2, 2, 1)}


def data(work: Workload) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and labels of an epoch."""
    rng = np.random.default_rng(0)
    samples = work.batch * work.steps
    if work.vocabulary:
        x = rng.integers(0, work.vocabulary, size=(samples, *work.shape), dtype="int32")
    else:
        x = rng.standard_normal(size=(samples, *work.shape), dtype="float32")
    return x, rng.integers(0, work.classes, size=samples, dtype="int32")


def model(keras: Any, work: Workload) -> Any:
    """The model in the Keras API that `keras` offers, compiled."""
    inputs = keras.Input(work.shape, dtype="int32" if work.vocabulary else "float32")
    outputs = keras.layers.Dense(work.classes, activation="softmax")(FEATURES[work.family](keras, inputs, work))
    made = keras.Model(inputs, outputs)
    made.compile(keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy(), metrics=["accuracy"])
    return made


def _dense(keras: Any, x: Any, work: Workload) -> Any:
    """Hidden layers whose weights keep the variance: else gradients through 200 of them are denormal, thus slow."""
    for width in work.widths:
        x = keras.layers.Dense(width, activation="relu", kernel_initializer="he_normal")(x)
    return x


def _cnn(keras: Any, x: Any, work: Workload) -> Any:
    x = keras.layers.Conv2D(32, 3, activation="relu")(x)
    x = keras.layers.Conv2D(64, 3, activation="relu")(x)
    x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.Flatten()(x)
    return keras.layers.Dense(128, activation="relu")(x)


def _lstm(keras: Any, x: Any, work: Workload) -> Any:
    return keras.layers.LSTM(128)(x)


def _lstm_mean(keras: Any, x: Any, work: Workload) -> Any:
    """Every step has a part in the loss: else gradients a few hundred steps back are denormal, thus slow."""
    return keras.layers.GlobalAveragePooling1D()(keras.layers.LSTM(128, return_sequences=True)(x))


def _transformer(keras: Any, x: Any, work: Workload) -> Any:
    x = keras.layers.Embedding(work.vocabulary, 128)(x)
    for _ in range(2):
        attended = keras.layers.MultiHeadAttention(4, 32)(x, x)
        x = keras.layers.LayerNormalization(epsilon=1e-5)(x + attended)
        hidden = keras.layers.Dense(512, activation="relu")(x)
        x = keras.layers.LayerNormalization(epsilon=1e-5)(x + keras.layers.Dense(128)(hidden))
    return keras.layers.GlobalAveragePooling1D()(x)


def _resnet50(keras: Any, x: Any, work: Workload) -> Any:
    """The 53 convolutions of ResNet50, version 1 (He et al. 2015), with strides in the blocks' first convolutions."""
    layers = keras.layers

    def conv(x: Any, filters: int, size: int, strides: int = 1) -> Any:
        x = layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False)(x)
        return layers.BatchNormalization()(x)

    x = layers.MaxPooling2D(3, strides=2, padding="same")(layers.ReLU()(conv(x, 64, 7, 2)))
    for stage, blocks in enumerate((3, 4, 6, 3)):
        filters = 64 * 2**stage
        for block in range(blocks):
            strides = 2 if stage and not block else 1
            shortcut = x if block else conv(x, 4 * filters, 1, strides)
            inner = layers.ReLU()(conv(x, filters, 1, strides))
            inner = layers.ReLU()(conv(inner, filters, 3))
            x = layers.ReLU()(layers.Add()([conv(inner, 4 * filters, 1), shortcut]))
    return layers.GlobalAveragePooling2D()(x)


FEATURES = {
    "dense": _dense,
    "cnn": _cnn,
    "lstm": _lstm,
    "lstm_mean": _lstm_mean,
    "transformer": _transformer,
    "resnet50": _resnet50,
}
