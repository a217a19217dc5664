"""What concerns a whole program: its seed, and the names that it has given."""

from __future__ import annotations

import random

import numpy as np

from kcore.dtype_policies import set_dtype_policy
from kcore.engine.random import set_seed
from kcore.errors import InvalidArgumentError
from kcore.ops.operation import reset_names


def set_random_seed(seed: int) -> None:
    """Seed Python, NumPy and kcore, so that a run is reproducible with nothing else to set.

    Initial weights, dropout masks and shuffles are then the same on every backend.

    Args:
        seed: an integer from 0 to 2**32 - 1.

    Raises:
        InvalidArgumentError: `seed` isn't such an integer.

    Example:
        >>> import kcore
        >>> kcore.utils.set_random_seed(42)
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**32:
        raise InvalidArgumentError(f"`seed` must be an integer from 0 to 2**32 - 1. Received: seed={seed!r}")
    random.seed(int(seed))
    np.random.seed(int(seed))
    set_seed(int(seed))


def clear_session(free_memory: bool = True) -> None:
    """Forget the names given so far, so that the next layer without one is `dense` again, and the dtype policy.

    Args:
        free_memory: whether to collect garbage, which frees models that nothing refers to any more.
    """
    reset_names()
    set_dtype_policy(None)
    if free_memory:
        import gc

        gc.collect()
