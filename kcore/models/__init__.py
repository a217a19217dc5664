"""Models: layers that are trained, saved and summarized together."""

from __future__ import annotations

from typing import Any

from kcore import registry
from kcore.layers import Input, InputLayer
from kcore.models.cloning import clone_model
from kcore.models.functional import Functional
from kcore.models.model import Model
from kcore.models.sequential import Sequential

__all__ = [
    "Functional",
    "Input",
    "InputLayer",
    "Model",
    "Sequential",
    "clone_model",
]

_SAVING = frozenset(
    {
        "load_model",
        "model_from_config",
        "model_from_json",
        "model_from_yaml",
        "save_model",
    }
)


def __getattr__(name: str) -> Any:
    """`load_model` and its like are part of `saving`, on a higher floor."""
    if name in _SAVING:
        return getattr(registry.service("saving"), name)
    raise AttributeError(f"module 'kcore.models' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *_SAVING})
