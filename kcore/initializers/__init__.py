"""Initializers: the first values of weights.

>>> from kcore import initializers
>>> initializers.get("glorot_uniform")((784, 10)).shape
(784, 10)
"""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from kcore import _identifiers, registry
from kcore.initializers.constant import STFT, Constant, Identity, Ones, Zeros
from kcore.initializers.initializer import Initializer, compute_fans
from kcore.initializers.random import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
)

zeros = zero = Zeros
ones = one = Ones
constant = Constant
identity = IdentityInitializer = Identity
stft = STFTInitializer = STFT
random_normal = normal = RandomNormal
random_uniform = uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
glorot_uniform = GlorotUniform
glorot_normal = GlorotNormal
he_normal = HeNormal
he_uniform = HeUniform
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
orthogonal = OrthogonalInitializer = Orthogonal


def get(identifier: Any) -> Any:
    """The initializer that an identifier stands for.

    Args:
        identifier: a name (`"glorot_uniform"`, `"GlorotUniform"`), a config, a class, a number or an array (for
            `Constant`), a function `(shape, dtype)` or an initializer (returned as they are), or `None`.

    Returns:
        An initializer, or `None`.

    Raises:
        InvalidArgumentError: there is no such initializer.

    Example:
        >>> get(0.5)((2,)).tolist()
        [0.5, 0.5]
    """
    if isinstance(identifier, (numbers.Number, np.ndarray)) and not isinstance(identifier, bool):
        return Constant(identifier)
    return _identifiers.get("initializers", identifier)


def serialize(initializer: Any) -> Any:
    """An initializer as plain data.

    Args:
        initializer: an `Initializer`, or a function known by name.

    Returns:
        A dict with `class_name` and `config`.

    Raises:
        SerializationError: a lambda.

    Example:
        >>> serialize(Constant(3))["config"]
        {'value': 3}
    """
    return registry.serialize_keras_object(initializer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The initializer that a config (or a name) describes.

    Args:
        config: what `serialize` returned, or a name.
        custom_objects: further classes and functions by name.

    Returns:
        An initializer or a function.

    Raises:
        SerializationError: the config names an unknown object, or can't be built.

    Example:
        >>> deserialize({"class_name": "Constant", "config": {"value": 3}}).value
        3
    """
    return _identifiers.from_config("initializers", config, custom_objects)


__all__ = [
    "STFT",
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomNormal",
    "RandomUniform",
    "STFTInitializer",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "compute_fans",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "one",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "stft",
    "truncated_normal",
    "uniform",
    "variance_scaling",
    "zero",
    "zeros",
]
