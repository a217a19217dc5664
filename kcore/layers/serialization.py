"""Layers as plain data, and back."""

from __future__ import annotations

from typing import Any

from kcore import registry
from kcore.errors import InvalidTypeError
from kcore.layers.layer import Layer


def serialize(layer: Layer) -> dict[str, Any]:
    """Describes a layer as data that JSON can hold.

    Args:
        layer: a layer or a model.

    Returns: a dictionary with `class_name` and `config`, as Keras 3 writes it.

    >>> from kcore.layers.core.dense import Dense
    >>> serialize(Dense(2))["class_name"]
    'Dense'
    """
    return registry.serialize_keras_object(layer)


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Layer:
    """Makes a layer from its description.

    Args:
        config: what `serialize` gave, or the description that a file of Keras 2 or 3 holds.
        custom_objects: classes and functions by name, where the layer isn't one of kcore's.

    Raises:
        SerializationError: if the description names something unknown, or holds code.
        InvalidTypeError: if it isn't the description of a layer.

    >>> deserialize({"class_name": "Dense", "config": {"units": 2}}).units
    2
    """
    layer = registry.deserialize_keras_object(config, custom_objects=custom_objects, group="layers")
    if not isinstance(layer, Layer):
        raise InvalidTypeError(f"`config` must describe a layer. Received: config={config!r}")
    return layer
