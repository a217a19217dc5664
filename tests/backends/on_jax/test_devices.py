"""A model on JAX's second device."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("jax")

CODE = """
import numpy as np
import kcore
from kcore import layers, ops

def trained():
    kcore.utils.set_random_seed(3)
    model = kcore.Sequential([layers.Input((4,)), layers.Dense(8, "relu"), layers.Dropout(0.5), layers.Dense(2)])
    model.compile("adam", "mse")
    x = np.arange(80.0).reshape(20, 4) / 80
    return model, model.fit(x, x[:, :2], epochs=2, batch_size=8, verbose=0).history["loss"]

with kcore.use_backend("jax") as first:
    assert first.devices() == ["cpu:0", "cpu:1"], first.devices()
    _, expected = trained()
with kcore.use_backend("jax", "cpu:1"):
    model, losses = trained()
    places = {str(d) for v in model.variables for d in v.value.devices()} | {str(d) for d in ops.arange(3).devices()}
    assert losses == expected, (losses, expected)
    twin = model.to_backend("jax", device="cpu:0")
with kcore.use_backend("jax", "cpu:0"):
    twin.predict(np.ones((2, 4)), verbose=0)
print(sorted(places))
"""


def test_training_on_a_second_device():
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    done = subprocess.run(
        [sys.executable, "-c", CODE], check=False, capture_output=True, text=True, env={**os.environ, **flags}
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "['cpu:1']"
