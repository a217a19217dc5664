"""Mixed precision: computing in a short floating dtype, with variables in float32.

    keras.mixed_precision.set_dtype_policy("mixed_float16")

From here on, layers compute in float16. Gradients in float16 underflow where they are below 6e-8, so the loss is
scaled up before it is differentiated: `compile` wraps the optimizer in a `LossScaleOptimizer`. The range of bfloat16
is that of float32, so `mixed_bfloat16` needs no scaling.
"""

from __future__ import annotations

from kcore.dtype_policies import DTypePolicy, dtype_policy, set_dtype_policy
from kcore.optimizers import LossScaleOptimizer

__all__ = [
    "DTypePolicy",
    "LossScaleOptimizer",
    "Policy",
    "dtype_policy",
    "global_policy",
    "set_dtype_policy",
    "set_global_policy",
]

Policy = DTypePolicy
global_policy = dtype_policy
set_global_policy = set_dtype_policy
