"""The workloads of the step benchmark: data, and models in the Keras API, for kcore and for Keras alike."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Workload(NamedTuple):
    """What is trained.

    Attributes:
        shape: of one sample.
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


WORKLOADS = {
    "tiny": Workload((8,), 2, 32, 200, 5),
    "mlp": Workload((784,), 10, 128, 40, 5),
    "cnn": Workload((28, 28, 1), 10, 64, 10, 3),
    "lstm": Workload((64, 32), 10, 32, 20, 4),
    "transformer": Workload((64, 128), 10, 32, 8, 3),
}


def data(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and labels of an epoch."""
    work = WORKLOADS[name]
    rng = np.random.default_rng(0)
    samples = work.batch * work.steps
    x = rng.normal(size=(samples, *work.shape)).astype("float32")
    return x, rng.integers(0, work.classes, size=samples).astype("int32")


def model(keras: Any, name: str) -> Any:
    """The model in the Keras API that `keras` offers."""
    work = WORKLOADS[name]
    inputs = keras.Input(work.shape)
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
    x = keras.layers.Dropout(0.25)(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dense(128, activation="relu")(x)
    return keras.layers.Dropout(0.5)(x)


def _lstm(keras: Any, x: Any) -> Any:
    return keras.layers.LSTM(128)(x)


def _transformer(keras: Any, x: Any) -> Any:
    for _ in range(2):
        x = keras.layers.LayerNormalization(epsilon=1e-5)(x + _attention(keras, x, heads=4, size=32))
        hidden = keras.layers.Dense(512, activation="relu")(x)
        x = keras.layers.LayerNormalization(epsilon=1e-5)(x + keras.layers.Dense(128)(hidden))
    return keras.layers.GlobalAveragePooling1D()(x)


def _attention(keras: Any, x: Any, heads: int, size: int) -> Any:
    """Self-attention from dense layers and ops, since not each of the two has the layer."""
    ops, length, width = keras.ops, x.shape[1], heads * size

    def split(x: Any) -> Any:
        return ops.transpose(ops.reshape(x, (-1, length, heads, size)), (0, 2, 1, 3))

    q, k, v = (split(keras.layers.Dense(width)(x)) for _ in range(3))
    scores = ops.softmax(ops.matmul(q, ops.transpose(k, (0, 1, 3, 2))) * size**-0.5)
    joined = ops.reshape(ops.transpose(ops.matmul(scores, v), (0, 2, 1, 3)), (-1, length, width))
    return keras.layers.Dense(width)(joined)
