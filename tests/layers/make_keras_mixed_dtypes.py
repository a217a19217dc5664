"""Stores the dtypes that Keras gives to what the layers of conformance return under mixed precision, and to their
weights, in `keras_mixed_dtypes.json`.

    PYTHONPATH=. python tests/layers/make_keras_mixed_dtypes.py

needs Keras (the stored dtypes are those of 3.15.1 on PyTorch), and of kcore the table alone. Where Keras
fails, `null` is stored.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras

from kcore.conformance.layers import table


def names(outputs):
    """The dtypes of nested outputs, in order."""
    if isinstance(outputs, (list, tuple)):
        return [name for part in outputs for name in names(part)]
    return [keras.backend.standardize_dtype(outputs.dtype)]


def dtypes(make, shapes, options):
    """The dtypes of a case's outputs and of its weights; `None` if Keras fails (PyTorch lacks some float16 kernels)."""
    layer = make(keras.layers)
    try:
        outputs = layer(table.inputs_of(shapes, options), **table.call_options(options))
    except (RuntimeError, ValueError, TypeError):
        return None
    return {"outputs": names(outputs), "weights": sorted({variable.dtype for variable in layer.weights})}


def main():
    """Asks for all cases, and writes them a line each."""
    keras.config.set_dtype_policy("mixed_float16")
    stored = {name: dtypes(make, shapes, options) for name, make, shapes, options in table.CASES}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(found)}" for name, found in stored.items())
    Path(__file__).with_name("keras_mixed_dtypes.json").write_text(f"{{\n{lines}\n}}\n")


if __name__ == "__main__":
    main()
