"""kcore on MLX."""

from .backend import MlxBackend

__all__ = ["MlxBackend"]
