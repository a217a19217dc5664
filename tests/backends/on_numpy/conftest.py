"""Fixtures for tests of the NumPy backend itself."""

from __future__ import annotations

import numpy as np
import pytest

from kcore.engine.selection import get_backend


@pytest.fixture
def numpy_backend():
    """The backend."""
    return get_backend("numpy")


@pytest.fixture
def normal():
    """`normal(*shape, dtype=...)`: normally distributed numbers that nobody may write to."""
    generator = np.random.default_rng(7)

    def make(*shape: int, dtype: str = "float32") -> np.ndarray:
        x = generator.standard_normal(shape).astype(dtype)
        x.flags.writeable = False
        return x

    return make
