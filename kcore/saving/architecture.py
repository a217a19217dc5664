"""Architectures as text: JSON and YAML, which people can read and edit."""

from __future__ import annotations

import json
from typing import Any

from kcore import registry
from kcore.config import backend
from kcore.errors import SerializationError
from kcore.models import Model

KERAS_VERSION = "3.15.0"
"""The version of Keras whose way of describing objects kcore follows; written into files for whoever reads them."""


def describe(model: Any) -> dict[str, Any]:
    """The architecture of a model as plain data: its class and its configuration, and the shapes it was built with.

    Raises:
        SerializationError: the model, or something in it, can't be described.
    """
    try:
        described = registry.serialize_keras_object(model)
    except NotImplementedError as err:
        raise SerializationError(
            f"Model '{model.name}' of class {type(model).__name__} can't be described: {err} Write `get_config` in it, "
            "or save its weights alone with `save_weights`."
        ) from err
    described.pop("compile_config", None)
    return _without_shapes(described)


def _without_shapes(described: Any) -> Any:
    """The description without the shapes that layers were built with, where the model's inputs give them again.

    So a person can change a layer's size and need not change its successors.
    """
    if isinstance(described, list):
        return [_without_shapes(item) for item in described]
    if not isinstance(described, dict):
        return described
    described = {key: _without_shapes(value) for key, value in described.items()}
    layers = described.get("layers")
    if isinstance(layers, list) and layers and layers[0].get("class_name") == "InputLayer":
        described["layers"] = [{k: v for k, v in layer.items() if k != "build_config"} for layer in layers]
    return described


def model_from_config(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Make a model from its description.

    Args:
        config: what `describe` returned, or what Keras wrote.
        custom_objects: classes and functions by name.

    Raises:
        SerializationError: it isn't the description of a model, or names something unknown.
    """
    if not isinstance(config, dict) or not {"class_name", "config"} <= config.keys():
        raise SerializationError(
            f"`config` must be a dict with `class_name` and `config`. Received: a {type(config).__name__}"
        )
    model = registry.deserialize_keras_object(with_modules(config), custom_objects=custom_objects, group="models")
    if not isinstance(model, Model):
        raise SerializationError(
            f"The description must be that of a model. Received: class_name={config['class_name']!r}"
        )
    return model


def with_modules(config: Any) -> Any:
    """The description with the module added to ops: the HDF5 files of Keras 3 leave it out.

    Args:
        config: a description, or a part of it.
    """
    if isinstance(config, list):
        return [with_modules(item) for item in config]
    if not isinstance(config, dict):
        return config
    config = {key: with_modules(value) for key, value in config.items()}
    if "inbound_nodes" in config and not config.get("module") and _is_op(config):
        config["module"] = "keras.src.ops"
    return config


def _is_op(described: dict[str, Any]) -> bool:
    """Whether an entry is an op: unlike a layer's, its configuration has no `trainable`; Keras 2 had no ops."""
    inner, nodes = described.get("config"), described["inbound_nodes"]
    is_keras_3 = bool(nodes) and isinstance(nodes[0], dict)
    return is_keras_3 and isinstance(inner, dict) and "trainable" not in inner and not _is_custom(described)


def _is_custom(described: dict[str, Any]) -> bool:
    return registry.get_registered_object(str(described.get("class_name"))) is not None


def model_to_json(model: Any, **kwargs: Any) -> str:
    """The architecture of a model as JSON, without weights.

    Args:
        model: the model.
        **kwargs: arguments of `json.dumps`, such as `indent`.

    Raises:
        SerializationError: something in the model can't be described.

    Example:

    >>> import kcore as keras
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    >>> keras.models.model_from_json(model.to_json()).count_params()
    10
    """
    return json.dumps({**describe(model), "keras_version": KERAS_VERSION, "backend": backend()}, **kwargs)


def model_from_json(json_string: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """Make a model from JSON. Its weights are new.

    Args:
        json_string: what `model_to_json` returned, or Keras's `to_json`.
        custom_objects: classes and functions by name.

    Raises:
        SerializationError: it isn't JSON, or not the description of a model.
    """
    return model_from_config(parse_json(json_string, "json_string"), custom_objects)


def parse_json(text: str | bytes, name: str) -> Any:
    """Read JSON.

    Args:
        text: the text.
        name: what the text is called in an error.

    Raises:
        SerializationError: it isn't JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as err:
        shown = text[:100] if isinstance(text, str) else repr(text[:100])
        raise SerializationError(f"`{name}` must be valid JSON: {err}. Received: {shown!r}") from err


def model_to_yaml(model: Any, **kwargs: Any) -> str:
    """The architecture of a model as YAML, without weights.

    Args:
        model: the model.
        **kwargs: arguments of `yaml.safe_dump`.

    Raises:
        SerializationError: something in the model can't be described.
    """
    import yaml

    return yaml.safe_dump(json.loads(model_to_json(model)), **{"sort_keys": False, **kwargs})


def model_from_yaml(yaml_string: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """Make a model from YAML. Its weights are new. Only plain data is read: a tag that would run code is refused.

    Args:
        yaml_string: what `model_to_yaml` returned, or Keras 2's `to_yaml`.
        custom_objects: classes and functions by name.

    Raises:
        SerializationError: it isn't plain YAML, or not the description of a model.
    """
    import yaml

    try:
        config = yaml.safe_load(yaml_string)
    except yaml.YAMLError as err:
        raise SerializationError(f"`yaml_string` must be valid YAML of plain data: {err}") from err
    return model_from_config(config, custom_objects)
