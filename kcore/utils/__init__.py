"""Utilities around training: data sets, seeds, progress bars, arrays, saving by name."""

from kcore.callbacks.progbar import Progbar
from kcore.dtypes import standardize_dtype
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
from kcore.training.adapters.iterables import pack_x_y_sample_weight, unpack_x_y_sample_weight
from kcore.training.adapters.py_dataset import PyDataset, Sequence
from kcore.utils.numerical import normalize, to_categorical
from kcore.utils.session import clear_session, set_random_seed

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "PyDataset",
    "Sequence",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "normalize",
    "pack_x_y_sample_weight",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_random_seed",
    "standardize_dtype",
    "to_categorical",
    "unpack_x_y_sample_weight",
]
