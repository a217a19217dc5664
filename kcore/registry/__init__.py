"""Named objects: what a config may name, and how an object becomes a config and comes back.

Loading never imports or executes what a config brings. A name is looked for, in this order, in

1. the `custom_objects` of the call, and the `CustomObjectScope`s around it;
2. what `register_keras_serializable` and plugins registered;
3. kcore's own objects (`@builtin`), which are found by class name, by snake_case name, or by alias.

A serialized object is `{"module": "keras.layers", "class_name": "Dense", "config": {...}, "registered_name": None}`, as
Keras 3 writes it; `{"class_name": "Dense", "config": {...}}`, as Keras 2 wrote it, is read too.
"""

from __future__ import annotations

from .builtins import GROUPS, builtin, builtin_names, lookup_group, snake_case
from .custom import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from .deserialize import deserialize_keras_object
from .lookup import lookup
from .serialize import serialize_keras_object
from .services import provide_service, service

__all__ = [
    "GROUPS",
    "CustomObjectScope",
    "builtin",
    "builtin_names",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "lookup",
    "lookup_group",
    "provide_service",
    "register_keras_serializable",
    "serialize_keras_object",
    "service",
    "snake_case",
]
