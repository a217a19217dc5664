"""Stores what Keras computes for the layers of conformance in its `keras_values.json`.

    PYTHONPATH=. python tests/layers/make_keras_values.py

needs Keras (the stored values are those of 3.15.1 on JAX, CPU, in float32), and of kcore the table alone.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras

from kcore.conformance.layers import table


def compute(make, shapes, options):
    """The outputs of a case, and the moving statistics after the call where there are any."""
    layer = make(keras.layers)
    inputs, call = table.inputs_of(shapes, options), table.call_options(options)
    layer(inputs, **call)
    table.fill(layer)
    outputs = table.flat(layer(inputs, **call))
    outputs += [variable.numpy() for variable in layer.non_trainable_weights if "moving" in variable.path]
    return [{"shape": list(x.shape), "values": [float(f"{v:.6g}") for v in x.ravel().tolist()]} for x in outputs]


def main():
    """Computes all cases, and writes them a line each."""
    stored = {name: compute(make, shapes, options) for name, make, shapes, options in table.CASES}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(outputs)}" for name, outputs in stored.items())
    header = f'"keras": {json.dumps(keras.__version__)}'
    Path(table.__file__).with_name("keras_values.json").write_text(f"{{\n{header},\n{lines}\n}}\n")


if __name__ == "__main__":
    main()
