"""Makes descriptions up: a walk that adds a layer to the last value, and now and then a branch that merges."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from .description import OPTIMIZERS, Description, applied, values

ACTIVATIONS = ("tanh", "sigmoid", "relu", "elu", "gelu", "softplus", "swish", "linear")
MERGES = ("Add", "Multiply", "Average", "Maximum", "Minimum", "Subtract", "Concatenate")
LARGEST = 300
"""How many numbers a value of one row may hold."""

Shape = tuple[int, ...]
Maker = Callable[[random.Random, Shape], dict[str, Any]]


def _nothing(r: random.Random, shape: Shape) -> dict[str, Any]:
    return {}


def _activation(r: random.Random, shape: Shape) -> dict[str, Any]:
    return {"activation": r.choice(ACTIVATIONS)}


def _rate(r: random.Random, shape: Shape) -> dict[str, Any]:
    return {"rate": r.choice((0.25, 0.5))}


def _dense(r: random.Random, shape: Shape) -> dict[str, Any]:
    return {"units": r.randint(2, 6), "activation": r.choice(ACTIVATIONS), "use_bias": r.random() < 0.8}


def _conv(r: random.Random, shape: Shape) -> dict[str, Any]:
    steps = r.choice(({"strides": 1}, {"strides": 2}, {"dilation_rate": 2}))
    padding = r.choice(("same", "valid")) if min(shape[:-1]) >= 5 else "same"
    options = {"filters": r.randint(1, 4), "kernel_size": r.randint(1, 3), "padding": padding}
    return {**options, **steps, "activation": r.choice(ACTIVATIONS)}


def _spread(r: random.Random, shape: Shape) -> dict[str, Any]:
    return {"filters": r.randint(1, 3), "kernel_size": r.randint(1, 3), "strides": r.randint(1, 2), "padding": "same"}


def _depthwise(r: random.Random, shape: Shape) -> dict[str, Any]:
    return {"kernel_size": r.randint(1, 3), "padding": "same", "depth_multiplier": r.randint(1, 2)}


def _pool(r: random.Random, shape: Shape) -> dict[str, Any]:
    return {"pool_size": r.randint(2, 3), "strides": r.randint(1, 2), "padding": "same"}


def _recurrent(r: random.Random, shape: Shape) -> dict[str, Any]:
    return {"units": r.randint(1, 4), "return_sequences": r.random() < 0.5, "go_backwards": r.random() < 0.3}


def _attention(r: random.Random, shape: Shape) -> dict[str, Any]:
    return {"num_heads": r.randint(1, 2), "key_dim": r.randint(1, 3)}


def _to_sequence(r: random.Random, shape: Shape) -> dict[str, Any]:
    return {"target_shape": [shape[0], -1]}


ANYWHERE: tuple[tuple[str, Maker], ...] = (
    ("Dense", _dense),
    ("Activation", _activation),
    ("BatchNormalization", _nothing),
    ("LayerNormalization", _nothing),
    ("Dropout", _rate),
    ("PReLU", _nothing),
    ("LeakyReLU", _nothing),
)
MENU: dict[int, tuple[tuple[str, Maker], ...]] = {
    1: (("Dense", _dense), ("RepeatVector", lambda r, s: {"n": r.randint(2, 4)}), ("Reshape", _to_sequence)),
    2: (
        *(("Conv1D", _conv),) * 2,
        ("SeparableConv1D", _spread),
        ("Conv1DTranspose", _spread),
        ("MaxPooling1D", _pool),
        ("AveragePooling1D", _pool),
        *((name, _recurrent) for name in ("LSTM", "GRU", "SimpleRNN")),
        ("MultiHeadAttention", _attention),
        *((name, _nothing) for name in ("GlobalAveragePooling1D", "GlobalMaxPooling1D", "Flatten", "ZeroPadding1D")),
        ("SpatialDropout1D", _rate),
        ("Permute", lambda r, s: {"dims": [2, 1]}),
        ("UpSampling1D", lambda r, s: {"size": 2}),
    ),
    3: (
        *(("Conv2D", _conv),) * 3,
        ("DepthwiseConv2D", _depthwise),
        ("SeparableConv2D", _spread),
        ("Conv2DTranspose", _spread),
        ("MaxPooling2D", _pool),
        ("AveragePooling2D", _pool),
        *((name, _nothing) for name in ("GlobalAveragePooling2D", "GlobalMaxPooling2D", "Flatten", "ZeroPadding2D")),
        ("SpatialDropout2D", _rate),
        ("Reshape", _to_sequence),
        ("UpSampling2D", lambda r, s: {"size": 2}),
    ),
}
"""Layers that take one rank alone, by the rank of one row; each with what makes its config up."""
INPUTS: tuple[Callable[[random.Random], dict[str, Any]], ...] = (
    lambda r: {"shape": [r.randint(3, 8)], "words": 0},
    lambda r: {"shape": [r.randint(4, 6)], "words": 7},
    lambda r: {"shape": [r.randint(4, 7), r.randint(1, 4)], "words": 0},
    lambda r: {"shape": [r.randint(4, 7), r.randint(4, 7), r.randint(1, 3)], "words": 0},
)


def generate(seed: int) -> Description:
    """The model of a seed: valid, with one input, and a dense layer at its end."""
    walk = _Walk(seed)
    if walk.description["inputs"][0]["words"]:
        walk.add("Embedding", {"input_dim": 7, "output_dim": walk.random.randint(2, 4)}, walk.last)
    for _ in range(walk.random.randint(2, 6)):
        walk.branch() if walk.random.random() < 0.3 else walk.step(walk.last)
    if len(walk.shape(walk.last)) > 1:
        walk.add("Flatten", {}, walk.last)
    walk.add("Dense", {"units": 2, "activation": walk.random.choice(("linear", "sigmoid", "softmax"))}, walk.last)
    return walk.description


class _Walk:
    """A description that grows, with the symbolic values that tell its shapes."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        entry = self.random.choice(INPUTS)(self.random)
        optimizer = self.random.choice(sorted(OPTIMIZERS))
        self.description: Description = {
            "seed": seed, "rows": 8, "epochs": 2, "optimizer": optimizer, "inputs": [entry], "nodes": [],
        }  # fmt: skip
        self._values = values(self.description)

    @property
    def last(self) -> int:
        return len(self._values) - 1

    def shape(self, value: int) -> Shape:
        return tuple(self._values[value].shape[1:])

    def add(self, layer: str, config: dict[str, Any], *of: int) -> None:
        node = {"layer": layer, "config": config, "of": list(of)}
        self._values.append(applied(node, [self._values[i] for i in of]))
        self.description["nodes"].append(node)

    def step(self, value: int) -> None:
        """A layer on a value, which isn't too large for it."""
        menu = ANYWHERE if self.random.random() < 0.3 else MENU[len(self.shape(value))]
        name, make = self.random.choice(menu)
        if name.startswith(("UpSampling", "RepeatVector", "ZeroPadding")) and self._size(value) > LARGEST // 4:
            name, make = "Activation", _activation
        config = make(self.random, self.shape(value))
        self.add(name, config, *([value, value] if name == "MultiHeadAttention" else [value]))

    def branch(self) -> None:
        """Two layers on the last value that keep its shape, and one that merges them."""
        root, ends = self.last, []
        for _ in range(2):
            self._same_shape(root)
            ends.append(self.last)
        merge = self.random.choice(MERGES)
        if merge == "Concatenate" and self._size(root) > LARGEST // 2:
            merge = "Add"
        self.add(merge, {}, *ends)

    def _same_shape(self, value: int) -> None:
        name, make = self.random.choice(ANYWHERE)
        config = make(self.random, self.shape(value))
        if name == "Dense":
            config["units"] = self.shape(value)[-1]
        self.add(name, config, value)

    def _size(self, value: int) -> int:
        size = 1
        for n in self.shape(value):
            size *= n
        return size
