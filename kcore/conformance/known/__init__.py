"""What has gone wrong between backends in this field: each as named cases, with the one answer that kcore gives.

The answers follow a rule: NumPy's where NumPy has one; the mathematically right one at limits; at kinks, PyTorch's
subgradients; TensorFlow's for `same` padding and for what files rely on; and an error, the same on every backend, where
no answer is right. An index out of range is an error in eager mode, and documented where a compiled engine can't raise.
"""

from __future__ import annotations

from . import gradients as gradients
from . import images as images
from . import indexing as indexing
from . import integers as integers
from . import losses as losses
from . import matrices as matrices
from . import padding as padding
from . import special_values as special_values
from . import state as state
from . import statistics as statistics
from ._section import ITEMS

__all__ = ["ITEMS"]
