"""A model as plain data, which JSON can hold; and what it does when it is trained.

    {"seed": 7, "rows": 8, "epochs": 2, "optimizer": "SGD",
     "inputs": [{"shape": [6], "words": 0}],
     "nodes": [{"layer": "Dense", "config": {"units": 3}, "of": [0]}, {"layer": "Add", "config": {}, "of": [0, 1]}]}

Values have numbers: those of the inputs come first, then those of the nodes; the last one is the output. An input of
`words` above 0 has integers below that.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kcore import Input, Model, layers, optimizers
from kcore.utils import set_random_seed

Description = dict[str, Any]

OPTIMIZERS = {
    "SGD": lambda: optimizers.SGD(0.05, momentum=0.9),
    "Adam": lambda: optimizers.Adam(0.01, epsilon=1e-2),
    "RMSprop": lambda: optimizers.RMSprop(0.01, epsilon=1e-2),
}
"""By name. Adam and RMSprop with a large epsilon: else a gradient of 0 and one of 1e-10 would make steps apart."""


def values(description: Description) -> list[Any]:
    """The symbolic value of each input and of each node."""
    known = [Input(tuple(entry["shape"]), dtype="int32" if entry["words"] else None) for entry in description["inputs"]]
    for node in description["nodes"]:
        known.append(applied(node, [known[i] for i in node["of"]]))
    return known


def applied(node: dict[str, Any], sources: list[Any]) -> Any:
    """A node's layer on the values that it takes."""
    layer = getattr(layers, node["layer"])(**node["config"])
    if node["layer"] == "MultiHeadAttention":
        return layer(*sources)
    return layer(sources if len(sources) > 1 else sources[0])


def data(description: Description, output: Any) -> tuple[list[np.ndarray], np.ndarray]:
    """Inputs, and targets of the output's shape: from the seed."""
    random, rows = np.random.default_rng(description["seed"]), description["rows"]
    inputs = [
        random.integers(0, entry["words"], (rows, *entry["shape"])).astype("int32")
        if entry["words"]
        else random.normal(size=(rows, *entry["shape"])).astype("float32")
        for entry in description["inputs"]
    ]
    return inputs, random.uniform(-1, 1, (rows, *output.shape[1:])).astype("float32")


def trained(description: Description, *, eagerly: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Build the model on the active backend, train it, and let it predict.

    Returns:
        The loss of each epoch, and what the trained model predicts for its inputs.
    """
    set_random_seed(description["seed"])
    known = values(description)
    model = Model(known[: len(description["inputs"])], known[-1])
    x, y = data(description, known[-1])
    model.compile(OPTIMIZERS[description["optimizer"]](), "mse", run_eagerly=eagerly)
    size = max(1, description["rows"] // 2)
    history = model.fit(x, y, batch_size=size, epochs=description["epochs"], verbose=0).history
    return np.asarray(history["loss"]), np.asarray(model.predict(x, verbose=0))


def shown(description: Description) -> str:
    """A description in words: `0: Input(6); 1: Dense(units=3) of 0; trained with SGD, ...`."""
    parts = []
    for entry in description["inputs"]:
        words = f" of words below {entry['words']}" if entry["words"] else ""
        parts.append(f"Input({', '.join(map(str, entry['shape']))}){words}")
    for node in description["nodes"]:
        options = ", ".join(f"{name}={value!r}" for name, value in node["config"].items())
        parts.append(f"{node['layer']}({options}) of {', '.join(map(str, node['of']))}")
    graph = "; ".join(f"{i}: {part}" for i, part in enumerate(parts))
    rest = f"{description['rows']} rows, {description['epochs']} epochs, seed {description['seed']}"
    return f"{graph}; trained with {description['optimizer']}, {rest}"
