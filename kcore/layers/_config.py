"""Saving and remaking a layer by its configuration."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from kcore import dtype_policies, registry
from kcore.errors import InvalidArgumentError, InvalidTypeError, UnsupportedError

BASE_ARGUMENTS = ("name", "trainable", "dtype")


class Config:
    """The part of `Layer` that has to do with configurations."""

    name: str
    _trainable: bool
    _init_arguments: tuple[tuple, dict]

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs to make an equal layer with new weights.

        A subclass with arguments of its own either adds them to `super().get_config()`, or leaves the method out: then
        the arguments that its constructor was called with are taken, if they can be saved.

        Returns:
            A dictionary of plain values.

        Raises:
            UnsupportedError: the method was left out, and an argument can't be saved.
        """
        from .layer import Layer

        dtype = dtype_policies.saved_form(self.dtype_policy)  # type: ignore[attr-defined]
        base = {"name": self.name, "trainable": self._trainable, "dtype": dtype}
        if type(self).get_config is not Layer.get_config:
            return base
        parameters = inspect.signature(type(self).__init__).parameters
        if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            base = {name: value for name, value in base.items() if name in parameters}
        own = {name: value for name, value in self._captured_arguments().items() if name not in BASE_ARGUMENTS}
        return {**base, **{name: self._savable(name, value) for name, value in own.items()}}

    def _captured_arguments(self) -> dict[str, Any]:
        """The arguments the constructor was called with, by parameter name."""
        args, kwargs = self._init_arguments
        signature = inspect.signature(type(self).__init__)
        arguments = signature.bind(self, *args, **kwargs).arguments
        captured: dict[str, Any] = {}
        for parameter in list(signature.parameters.values())[1:]:
            value = arguments.get(parameter.name)
            if parameter.kind is parameter.VAR_KEYWORD:
                captured.update(value or {})
            elif parameter.kind is parameter.VAR_POSITIONAL and value:
                raise self._needs_get_config(f"its constructor takes `*{parameter.name}`")
            elif parameter.name in arguments:
                captured[parameter.name] = value
        return captured

    def _savable(self, name: str, value: Any) -> Any:
        if isinstance(value, np.generic):
            return value.item()
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if isinstance(value, (list, tuple)):
            return type(value)([self._savable(name, item) for item in value])
        if isinstance(value, dict) and all(isinstance(key, str) for key in value):
            return {key: self._savable(name, item) for key, item in value.items()}
        try:
            return registry.serialize_keras_object(value)
        except (TypeError, ValueError, NotImplementedError) as err:
            raise self._needs_get_config(f"argument `{name}` can't be saved. Received: {name}={value!r}") from err

    def _needs_get_config(self, reason: str) -> UnsupportedError:
        kind = type(self).__name__
        return UnsupportedError(
            f"{kind} has no `get_config`, and its configuration can't be made up from its constructor's arguments: "
            f"{reason}. Define "
            f"`get_config` in {kind}: return `{{**super().get_config(), ...}}` with every argument in a form that "
            "can be saved."
        )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make a layer from what `get_config` returned.

        Raises:
            InvalidTypeError: the constructor doesn't take one of the entries.
        """
        arguments = {name: value if name == "dtype" else _revive(value) for name, value in config.items()}
        try:
            inspect.signature(cls).bind(**arguments)
        except TypeError as err:
            raise InvalidTypeError(
                f"`config` doesn't fit {cls.__name__}{inspect.signature(cls)}: {err}. Received: config={config}"
            ) from err
        return cls(**arguments)

    def get_build_config(self) -> dict[str, Any] | None:
        """The shapes that `build` was called with: `{"input_shape": ...}` or `{"shapes_dict": {...}}`; `None`
        before."""
        shapes = self._build_shapes  # type: ignore[attr-defined]
        if not shapes:
            return None
        return {"input_shape": next(iter(shapes.values()))} if len(shapes) == 1 else {"shapes_dict": dict(shapes)}

    def build_from_config(self, config: dict[str, Any] | None) -> None:
        """Build with the shapes that `get_build_config` returned.

        Raises:
            InvalidArgumentError: `config` has neither of the two keys.
        """
        if not config:
            return
        if "input_shape" in config:
            self.build(_as_shapes(config["input_shape"]))  # type: ignore[attr-defined]
        elif "shapes_dict" in config:
            self.build(**{name: _as_shapes(shape) for name, shape in config["shapes_dict"].items()})  # type: ignore[attr-defined]
        else:
            raise InvalidArgumentError(f"`config` must have `input_shape` or `shapes_dict`. Received: config={config}")


def _revive(value: Any) -> Any:
    """Objects from their saved form (Keras 3's, which names a module), also inside lists and dictionaries; other values
    as they are."""
    if isinstance(value, dict):
        if {"module", "class_name", "config"} <= value.keys():
            return registry.deserialize_keras_object(value)
        return {key: _revive(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)([_revive(item) for item in value]) if type(value) in (list, tuple) else value
    return value


def _as_shapes(shape: Any) -> Any:
    """A shape, or a structure of shapes, with tuples where a JSON file had lists."""
    if isinstance(shape, dict):
        return {name: _as_shapes(item) for name, item in shape.items()}
    if isinstance(shape, (list, tuple)):
        if all(dim is None or isinstance(dim, int) for dim in shape):
            return tuple(shape)
        return [_as_shapes(item) for item in shape]
    return shape
