"""kcore: the Keras API as a plugin-based framework.

    import kcore as keras

Rooms (`kcore.layers`, `kcore.ops`, ...) and names (`kcore.Model`, `kcore.grad`, ...) are loaded when they are first
used, so that `import kcore` is light and brings no engine.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from kcore.version import __version__, version

if TYPE_CHECKING:
    from kcore.dtype_policies import DTypePolicy, FloatDTypePolicy
    from kcore.engine.autodiff import GradientTape, custom_gradient, grad, stop_gradient, value_and_grad, vjp
    from kcore.engine.function import Function
    from kcore.engine.native import NativeGradientTape
    from kcore.engine.random import SeedGenerator
    from kcore.engine.selection import device, device_scope, get_backend, use_backend
    from kcore.engine.variable import Variable, name_scope
    from kcore.initializers import Initializer
    from kcore.layers import Input, Layer
    from kcore.losses import Loss
    from kcore.metrics import Metric
    from kcore.models import Model, Sequential
    from kcore.ops.operation import KerasTensor, Operation
    from kcore.optimizers import Optimizer
    from kcore.regularizers import Regularizer

__all__ = [
    "DTypePolicy",
    "FloatDTypePolicy",
    "Function",
    "GradientTape",
    "Initializer",
    "Input",
    "KerasTensor",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "NativeGradientTape",
    "Operation",
    "Optimizer",
    "Regularizer",
    "SeedGenerator",
    "Sequential",
    "Variable",
    "__version__",
    "custom_gradient",
    "device",
    "device_scope",
    "get_backend",
    "grad",
    "name_scope",
    "stop_gradient",
    "use_backend",
    "value_and_grad",
    "version",
    "vjp",
]

_ROOMS = frozenset(
    {
        "activations",
        "backend",
        "callbacks",
        "config",
        "conformance",
        "constraints",
        "datasets",
        "dtype_policies",
        "dtypes",
        "engine",
        "errors",
        "extend",
        "initializers",
        "layers",
        "losses",
        "metrics",
        "mixed_precision",
        "models",
        "ops",
        "optimizers",
        "plugins",
        "random",
        "registry",
        "regularizers",
        "saving",
        "training",
        "tree",
        "utils",
    }
)

_ORIGINS = {
    "DTypePolicy": "kcore.dtype_policies",
    "FloatDTypePolicy": "kcore.dtype_policies",
    "Function": "kcore.engine.function",
    "GradientTape": "kcore.engine.autodiff",
    "Initializer": "kcore.initializers",
    "Input": "kcore.layers",
    "KerasTensor": "kcore.ops.operation",
    "Layer": "kcore.layers",
    "Loss": "kcore.losses",
    "Metric": "kcore.metrics",
    "Model": "kcore.models",
    "NativeGradientTape": "kcore.engine.native",
    "Operation": "kcore.ops.operation",
    "Optimizer": "kcore.optimizers",
    "Regularizer": "kcore.regularizers",
    "SeedGenerator": "kcore.engine.random",
    "Sequential": "kcore.models",
    "Variable": "kcore.engine.variable",
    "custom_gradient": "kcore.engine.autodiff",
    "device": "kcore.engine.selection",
    "device_scope": "kcore.engine.selection",
    "get_backend": "kcore.engine.selection",
    "grad": "kcore.engine.autodiff",
    "name_scope": "kcore.engine.variable",
    "stop_gradient": "kcore.engine.autodiff",
    "use_backend": "kcore.engine.selection",
    "value_and_grad": "kcore.engine.autodiff",
    "vjp": "kcore.engine.autodiff",
}


def __getattr__(name: str) -> Any:
    if name in _ORIGINS:
        value = getattr(importlib.import_module(_ORIGINS[name]), name)
    elif name in _ROOMS:
        value = importlib.import_module(f"kcore.{name}")
    else:
        raise AttributeError(f"module 'kcore' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *_ROOMS})
