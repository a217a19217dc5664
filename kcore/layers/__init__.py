"""The layers, in one flat namespace."""

from __future__ import annotations

from kcore.layers.core.input_layer import Input, InputLayer
from kcore.layers.input_spec import InputSpec
from kcore.layers.layer import Layer

__all__ = [
    "Input",
    "InputLayer",
    "InputSpec",
    "Layer",
]
