"""kcore on NumPy: the backend that is always there."""

from .backend import NumpyBackend

__all__ = ["NumpyBackend"]
