"""Handwritten digits: 1,797 grey images of 8x8 pixels with their labels, which ship with kcore.

Source: E. Alpaydin and C. Kaynak, *Optical Recognition of Handwritten Digits*, UCI Machine Learning Repository, 1998
(<https://doi.org/10.24432/C50P49>), licensed under CC BY 4.0; the part that scikit-learn distributes, which is the test
part of the original. Its pixels are counts of inked points in blocks of 4x4, from 0 to 16. See `LICENSE.txt` beside
this file.
"""

from __future__ import annotations

from importlib.resources import files

import numpy as np

__all__ = ["load_data"]

Part = tuple[np.ndarray, np.ndarray]


def load_data() -> tuple[Part, Part]:
    """Load the digits, split once and for all into a training and a test part.

    In the order of the source, each fifth image of each digit is in the test part, so that both parts hold all digits
    alike. The same people wrote in both parts.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: images of shape `(1442, 8, 8)` and `(355, 8, 8)`, uint8 from 0 to 16,
        and labels of shape `(1442,)` and `(355,)`, uint8 from 0 to 9. New arrays each time.

    >>> (x_train, y_train), (x_test, y_test) = load_data()
    >>> x_train.shape, x_test.shape, int(x_train.max())
    ((1442, 8, 8), (355, 8, 8), 16)
    """
    path = files("kcore.datasets.digits") / "digits.npz"
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        images, labels = stored["images"], stored["labels"]
    test = _is_test(labels)
    return (images[~test], labels[~test]), (images[test], labels[test])


def _is_test(labels: np.ndarray) -> np.ndarray:
    """Mark each fifth example of each label."""
    one_hot = labels[:, None] == np.arange(10)
    rank = (np.cumsum(one_hot, axis=0) * one_hot).sum(axis=1)
    return rank % 5 == 0
