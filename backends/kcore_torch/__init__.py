"""kcore on PyTorch: plans of straight-line torch calls, without an autograd graph."""

from .backend import TorchBackend

__all__ = ["TorchBackend"]
