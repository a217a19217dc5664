"""Saving and loading: whole models, weights, architectures, and the objects in them.

The suffix says the format: `.h5` and `.hdf5` are HDF5 in Keras 2's layout; plugins bring others (`kcore_file_formats`).
Loading never runs what a file brings: it builds kcore's own objects and those that were registered or given in
    `custom_objects`.
"""

from __future__ import annotations

from kcore.registry import (
    CustomObjectScope,
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)

from .architecture import (
    model_from_config,
    model_from_json,
    model_from_yaml,
    model_to_json,
    model_to_yaml,
)
from .formats import load_model, load_weights, save_model, save_weights

__all__ = [
    "CustomObjectScope",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "model_from_config",
    "model_from_json",
    "model_from_yaml",
    "model_to_json",
    "model_to_yaml",
    "register_keras_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
]
