"""`kcore demo`: train a small network on real digits, save it, and load it again in a new process."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from kcore.datasets import digits

#: The share of correct test images that the demo is expected to reach.
GOAL = 0.97


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--model", default="kcore-demo.h5", help="where to save the model (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=12, help="passes over the training images (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Train, save, load and compare; 0 if the goal was reached and the loaded model predicts the same bits."""
    from kcore import config

    _choose_backend()
    path = Path(arguments.model)
    (x_train, y_train), (x_test, y_test) = data()
    print(
        f"{len(x_train)} images of handwritten digits to train on, {len(x_test)} to test; backend: {config.backend()}"
    )
    start = time.perf_counter()
    model = compiled_model()
    model.summary()
    model.fit(x_train, y_train, batch_size=32, epochs=arguments.epochs)
    accuracy = model.evaluate(x_test, y_test, verbose=0, return_dict=True)["accuracy"]
    print(f"test accuracy {accuracy:.1%} after {time.perf_counter() - start:.1f} s (goal: {GOAL:.0%})")
    model.save(path)
    print(f"saved to {path} ({path.stat().st_size // 1024} KiB); loading it in a new process")
    same = _predicts_the_same(path, model.predict(x_test, verbose=0))
    _say_what_is_next(path)
    return 0 if same and accuracy >= GOAL else 1


def _choose_backend() -> None:
    """Use NumPy where `keras.json` names a backend that kcore doesn't have, as the file that Keras writes does."""
    from kcore import config, plugins

    chosen = config.settings()["backend"]
    if chosen.source == str(config.path()) and chosen.value not in plugins.backend_names():
        print(f"{chosen.source} asks for {chosen.value!r}, which isn't a backend of kcore here; the demo uses numpy")
        config.set_backend("numpy")


def test_images() -> np.ndarray:
    """The images of the test part as the model takes them: shape `(n, 8, 8, 1)`, float32 from 0 to 1."""
    return data()[1][0]


def data() -> Any:
    """`((x_train, y_train), (x_test, y_test))`, the images as the model takes them."""
    return tuple(_prepared(*part) for part in digits.load_data())


def _prepared(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return images[..., None].astype("float32") / 16, labels


def compiled_model() -> Any:
    """The demo's model, untrained: the same weights each time."""
    from kcore import Input, Sequential, layers, optimizers
    from kcore.utils import set_random_seed

    set_random_seed(1)
    model = Sequential(
        [
            Input((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer=optimizers.Adam(0.002), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _predicts_the_same(path: Path, expected: np.ndarray) -> bool:
    """Whether the saved model predicts the same bits in a new process, on the same backend."""
    from kcore import config

    with tempfile.TemporaryDirectory() as folder:
        stored = Path(folder) / "expected.npy"
        np.save(stored, expected)
        command = [sys.executable, "-m", "kcore.cli._demo_check", str(path), str(stored)]
        environment = {**os.environ, "KERAS_BACKEND": config.backend()}
        return subprocess.run(command, env=environment, check=False).returncode == 0


def _say_what_is_next(path: Path) -> None:
    print(
        "\nWhat to try next:\n"
        "  kcore backends                             the backends that can be used here\n"
        "  KERAS_BACKEND=torch kcore demo             the same on another one (pip install 'kcore[torch]')\n"
        "  kcore run my_script.py                     a script that says `import keras`\n"
        f"  python -c \"import kcore; kcore.models.load_model('{path}').summary()\""
    )
