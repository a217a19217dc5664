"""A function as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from kcore import registry
from kcore.errors import InvalidTypeError, SerializationError
from kcore.layers.layer import Layer


@registry.builtin("layers")
class Lambda(Layer):
    """Calls a function on its input.

    A model with this layer is saved only if the function is a registered one (`register_keras_serializable`): a file
    never brings
    code of its own, and lambdas that other frameworks wrote into a file are refused.

    Args:
        function: what is called, with the input, with `arguments`, and with `mask` and `training` if it has
            parameters of these names.
        output_shape: the output's shape without its batch axis, or a function from input shape to output shape;
            `None` finds it out.
        mask: the output's mask, or a function `(inputs, mask) -> mask`; `None` for no mask.
        arguments: keyword arguments of every call.
        **kwargs: options of every layer.

    Raises:
        InvalidTypeError: if `function` can't be called.
        SerializationError: when a config is asked for, and the function is none that a name stands for.

    >>> import numpy as np
    >>> Lambda(lambda x: x * 2)(np.ones((1, 2), "float32")).tolist()
    [[2.0, 2.0]]
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if not callable(function):
            raise InvalidTypeError(f"`function` must be callable. Received: function={function!r}")
        super().__init__(**kwargs)
        self.function = function
        self.arguments = dict(arguments or {})
        self._output_shape = output_shape
        self._mask = mask
        self.supports_masking = mask is not None
        self._passed = {"mask", "training"} & _parameter_names(function)

    def build(self, input_shape: Any) -> None:
        self.built = True

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        context = {"mask": mask, "training": training}
        return self.function(inputs, **self.arguments, **{name: context[name] for name in self._passed})

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return self._mask(inputs, mask) if callable(self._mask) else self._mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        if self._output_shape is None:
            return super().compute_output_shape(input_shape)
        if callable(self._output_shape):
            return self._output_shape(input_shape)
        return (input_shape[0], *self._output_shape)

    def get_config(self) -> dict[str, Any]:
        config = {"function": _serialize(self.name, self.function), "arguments": dict(self.arguments)}
        for name, value in (("output_shape", self._output_shape), ("mask", self._mask)):
            if value is not None:
                config[name] = _serialize(self.name, value) if callable(value) else value
        return super().get_config() | config

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None, safe_mode: bool | None = None
    ) -> Lambda:
        config = dict(config)
        for name in ("function_type", "module", "output_shape_type", "output_shape_module"):
            config.pop(name, None)
        for name in ("function", "output_shape", "mask"):
            if name == "function" or isinstance(config.get(name), (str, dict)):
                config[name] = _deserialize(config.get("name"), config[name], custom_objects)
        return cls(**config)


def _parameter_names(function: Callable[..., Any]) -> set[str]:
    try:
        return set(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # some builtins have no signature, and take neither argument
        return set()


def _serialize(layer: str, function: Callable[..., Any]) -> Any:
    if getattr(function, "__name__", "") == "<lambda>":
        raise SerializationError(
            f"Lambda layer '{layer}' holds an anonymous function, which a file can't bring back. Define it with "
            "`def` and register it with `@kcore.saving.register_keras_serializable()`, or write a Layer subclass"
        )
    return registry.serialize_keras_object(function)


def _deserialize(layer: str | None, stored: Any, custom_objects: dict[str, Any] | None) -> Any:
    anonymous = isinstance(stored, (list, tuple)) or (
        isinstance(stored, dict) and stored.get("class_name") == "__lambda__"
    )
    if anonymous:
        raise SerializationError(
            f"Lambda layer '{layer}' was saved with the byte code of its function, and code from a file is never run. "
            "Build the model in Python and load the weights only, or save it with a registered function"
        )
    if callable(stored):
        return stored
    if isinstance(stored, str):
        stored = {"module": "builtins", "class_name": "function", "config": stored, "registered_name": stored}
    return registry.deserialize_keras_object(stored, custom_objects=custom_objects)
