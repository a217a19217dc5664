"""The second process of the demo: load the model and compare its predictions with the first one's, bit for bit."""

from __future__ import annotations

import sys

import numpy as np


def main(model_path: str, expected_path: str) -> int:
    """Compare the predictions of a saved model with stored ones.

    Args:
        model_path: the saved model.
        expected_path: its predictions for the test images, as an `.npy` file.

    Returns:
        0 if all bits are the same, else 1.
    """
    from kcore.cli.demo import test_images
    from kcore.models import load_model

    expected = np.load(expected_path)
    x_test = test_images()
    found = load_model(model_path).predict(x_test, verbose=0)
    same = found.dtype == expected.dtype and found.shape == expected.shape and found.tobytes() == expected.tobytes()
    print(f"the loaded model's {len(found)} predictions are {'the same, bit for bit' if same else 'NOT the same'}")
    return 0 if same else 1


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
