"""kcore on CuPy."""

from .backend import CupyBackend

__all__ = ["CupyBackend"]
