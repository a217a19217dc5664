"""Training: the one trainer, and the adapters that it reads data through."""

from kcore.training.adapters import DataAdapter, PyDataset, Reading, find_adapter
from kcore.training.trainer import Trainer

__all__ = ["DataAdapter", "PyDataset", "Reading", "Trainer", "find_adapter"]
