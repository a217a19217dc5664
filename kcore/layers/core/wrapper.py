"""The base of layers that hold one other layer."""

from __future__ import annotations

from typing import Any

from kcore import registry
from kcore.errors import InvalidTypeError
from kcore.layers.layer import Layer


@registry.builtin("layers")
class Wrapper(Layer):
    """A layer around another one, whose weights are its own. It is a base class: `TimeDistributed` is one of its kind.

    Args:
        layer: the wrapped layer.
        **kwargs: options of every layer.

    Raises:
        InvalidTypeError: if `layer` isn't a layer.

    >>> from kcore.layers.core.dense import Dense
    >>> Wrapper(Dense(2)).layer.units
    2
    """

    def __init__(self, layer: Layer, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise InvalidTypeError(f"`layer` must be a Layer. Received: layer={layer!r} of type {type(layer).__name__}")
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        if not self.layer.built:
            self.layer.build(input_shape)
            self.layer.built = True
        self.built = True

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"layer": registry.serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Wrapper:
        config = dict(config)
        layer = registry.deserialize_keras_object(config.pop("layer"), custom_objects=custom_objects)
        return cls(layer, **config)
