"""The workloads of the step benchmark: data, and models in the Keras API, for kcore and for Keras alike."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Workload(NamedTuple):
    """What is trained.

    Attributes:
        shape: of one sample.
        vocabulary: how many tokens there are, for samples of tokens; 0 for samples of numbers.
        classes: how many labels there are.
        batch: samples in a step.
        steps: steps in an epoch.
        epochs: timed epochs in a round.
    """

    shape: tuple[int, ...]
    classes: int
    batch: int
    steps: int
    epochs: int
    vocabulary: int = 0


WORKLOADS = {
    "tiny": Workload((8,), 2, 32, 200, 5),
    "mlp": Workload((784,), 10, 128, 40, 5),
    "cnn": Workload((28, 28, 1), 10, 64, 10, 3),
    "lstm": Workload((64, 32), 10, 32, 20, 4),
    "transformer": Workload((64,), 10, 32, 8, 3, vocabulary=1000),
}


def data(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and labels of an epoch."""
    work = WORKLOADS[name]
    rng = np.random.default_rng(0)
    samples = work.batch * work.steps
    if work.vocabulary:
        x = rng.integers(0, work.vocabulary, size=(samples, *work.shape)).astype("int32")
    else:
        x = rng.normal(size=(samples, *work.shape)).astype("float32")
    return x, rng.integers(0, work.classes, size=samples).astype("int32")


def model(keras: Any, name: str) -> Any:
    """The model in the Keras API that `keras` offers."""
    work = WORKLOADS[name]
    inputs = keras.Input(work.shape, dtype="int32" if work.vocabulary else "float32")
    features = {"tiny": _tiny, "mlp": _mlp, "cnn": _cnn, "lstm": _lstm, "transformer": _transformer}[name](
        keras, inputs
    )
    outputs = keras.layers.Dense(work.classes, activation="softmax")(features)
    return keras.Model(inputs, outputs)


def _tiny(keras: Any, x: Any) -> Any:
    x = keras.layers.Dense(16, activation="relu")(x)
    return keras.layers.Dense(16, activation="relu")(x)


def _mlp(keras: Any, x: Any) -> Any:
    x = keras.layers.Dense(512, activation="relu")(x)
    return keras.layers.Dense(512, activation="relu")(x)


def _cnn(keras: Any, x: Any) -> Any:
    x = keras.layers.Conv2D(32, 3, activation="relu")(x)
    x = keras.layers.Conv2D(64, 3, activation="relu")(x)
    x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.Flatten()(x)
    return keras.layers.Dense(128, activation="relu")(x)


def _lstm(keras: Any, x: Any) -> Any:
    return keras.layers.LSTM(128)(x)


def _transformer(keras: Any, x: Any) -> Any:
    x = keras.layers.Embedding(1000, 128)(x)
    for _ in range(2):
        attended = keras.layers.MultiHeadAttention(4, 32)(x, x)
        x = keras.layers.LayerNormalization(epsilon=1e-5)(x + attended)
        hidden = keras.layers.Dense(512, activation="relu")(x)
        x = keras.layers.LayerNormalization(epsilon=1e-5)(x + keras.layers.Dense(128)(hidden))
    return keras.layers.GlobalAveragePooling1D()(x)
