"""Small models that are trained for a few epochs, by what is special about them.

Inputs and targets are made by a formula; the seed is 11. A row is a function that gives a compiled model, and the shape
of its inputs, the kind of its targets and how often they are shown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import numpy as np

from kcore import Input, Model, Sequential, layers, optimizers, regularizers
from kcore.conformance.layers.table import wave

SEED, ROWS, CLASSES = 11, 48, 3


class Run(NamedTuple):
    """A row.

    Attributes:
        make: gives the compiled model.
        shape: of one input.
        targets: `"classes"`, `"bits"` or `"numbers"`.
        words: inputs are integers below this; floating if 0.
        epochs: how many.
    """

    make: Callable[[], Any]
    shape: tuple[int, ...]
    targets: str = "classes"
    words: int = 0
    epochs: int = 4

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and targets."""
        x = wave((ROWS, *self.shape), 0.3)
        score = x.reshape(ROWS, -1) @ wave((int(np.prod(self.shape)), CLASSES), 1.0, 1.9)
        y = {"classes": score.argmax(1), "bits": (score[:, :1] > 0) * 1.0, "numbers": score}[self.targets]
        if self.words:
            x = (np.abs(x) * self.words).astype("int32") % self.words
        return x, y.astype("int32" if self.targets == "classes" else "float32")


def _compiled(model: Any, optimizer: Any, loss: str = "sparse_categorical_crossentropy") -> Any:
    model.compile(optimizer=optimizer, loss=loss)
    return model


def _mlp(optimizer: Any) -> Any:
    parts = [Input((6,)), layers.Dense(8, activation="tanh"), layers.Dense(CLASSES, activation="softmax")]
    return _compiled(Sequential(parts), optimizer)


def _dropout() -> Any:
    parts = [Input((6,)), layers.Dense(16, activation="relu"), layers.Dropout(0.3), layers.Dense(1, "sigmoid")]
    return _compiled(Sequential(parts), optimizers.Adam(0.01), "binary_crossentropy")


def _cnn() -> Any:
    parts = [
        Input((8, 8, 2)),
        layers.Conv2D(4, 3, padding="same", use_bias=False),
        layers.BatchNormalization(),
        layers.Activation("relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(6, 3, strides=2, activation="elu"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(CLASSES, activation="softmax"),
    ]
    return _compiled(Sequential(parts), optimizers.Adam(0.01))


def _lstm() -> Any:
    parts = [
        Input((5, 3)),
        layers.LSTM(6, kernel_regularizer=regularizers.L2(0.01)),
        layers.Dense(CLASSES, activation="softmax"),
    ]
    return _compiled(Sequential(parts), optimizers.RMSprop(0.01, clipnorm=1.0))


def _words() -> Any:
    parts = [
        Input((7,), dtype="int32"),
        layers.Embedding(9, 4, mask_zero=True),
        layers.Bidirectional(layers.GRU(3)),
        layers.Dense(CLASSES),
    ]
    return _compiled(Sequential(parts), optimizers.AdamW(0.01), "mse")


def _attention() -> Any:
    inputs = Input((5, 4))
    x = layers.LayerNormalization()(inputs)
    x = layers.Add()([inputs, layers.MultiHeadAttention(2, 3)(x, x)])
    x = layers.Dense(4, activation="gelu")(layers.LayerNormalization()(x))
    outputs = layers.Dense(CLASSES)(layers.GlobalAveragePooling1D()(x))
    return _compiled(Model(inputs, outputs), optimizers.Adam(0.01), "mse")


OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "SGD": lambda: optimizers.SGD(0.1),
    "SGD momentum": lambda: optimizers.SGD(0.1, momentum=0.9),
    "SGD Nesterov": lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "SGD decay": lambda: optimizers.SGD(cast(Any, optimizers.schedules.ExponentialDecay(0.2, 3, 0.8))),
    "RMSprop": lambda: optimizers.RMSprop(0.01, centered=True),
    "Adagrad": lambda: optimizers.Adagrad(0.1),
    "Adadelta": lambda: optimizers.Adadelta(1.0),
    "Adam": lambda: optimizers.Adam(0.02),
    "Adam amsgrad": lambda: optimizers.Adam(0.02, amsgrad=True, clipvalue=0.1),
    "Adamax": lambda: optimizers.Adamax(0.02),
    "Nadam": lambda: optimizers.Nadam(0.02),
    "Ftrl": lambda: optimizers.Ftrl(0.1),
    "Lion": lambda: optimizers.Lion(0.003),
}

RUNS: dict[str, Run] = {
    **{f"mlp, {name}": Run(lambda make=make: _mlp(make()), (6,), epochs=3) for name, make in OPTIMIZERS.items()},
    "dropout": Run(_dropout, (6,), "bits"),
    "convolution and batch normalization": Run(_cnn, (8, 8, 2)),
    "lstm, penalty and clipping": Run(_lstm, (5, 3)),
    "words, mask and both directions": Run(_words, (7,), "numbers", words=9),
    "attention": Run(_attention, (5, 4), "numbers"),
}
"""Every run, by name."""


def trained(name: str) -> tuple[Any, list[float]]:
    """Train the model of a row from the seed, on the active backend.

    Returns:
        The model, and its loss after each epoch.
    """
    from kcore.utils import set_random_seed

    run = RUNS[name]
    set_random_seed(SEED)
    model = run.make()
    return model, model.fit(*run.data(), batch_size=16, epochs=run.epochs, verbose=0).history["loss"]
