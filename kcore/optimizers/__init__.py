"""Optimizers: how variables move along their gradients.

All of kcore's own work on whole vectors: the variables of a dtype are packed into one, and so is each slot of their
state, unless the backend likes single variables (`Backend.packs`).
"""

from __future__ import annotations

from kcore import registry
from kcore.errors import InvalidArgumentError

from . import schedules
from .adagrad import Adadelta, Adagrad
from .adam import Adam, Adamax, Nadam
from .adamw import AdamW
from .ftrl import Ftrl
from .lion import Lion
from .loss_scale_optimizer import LossScaleOptimizer
from .optimizer import Optimizer
from .rmsprop import RMSprop
from .sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lion",
    "LossScaleOptimizer",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "deserialize",
    "get",
    "nadam",
    "rmsprop",
    "schedules",
    "serialize",
    "sgd",
]


def serialize(optimizer: Optimizer) -> dict:
    """Describe an optimizer (not its state) as plain data; `deserialize` is its inverse."""
    return registry.serialize_keras_object(optimizer)


def deserialize(config: dict, custom_objects=None) -> Optimizer:
    """Make an optimizer from its description.

    Args:
        config: `{"class_name": ..., "config": ...}`, as Keras 3 or Keras 2 wrote it.
        custom_objects: name -> class, for optimizers of the user's own.

    Raises:
        SerializationError: the class isn't known, or can't be built from the description.

    Example:

    >>> import kcore as keras
    >>> keras.optimizers.deserialize({"class_name": "adam", "config": {"lr": 0.5}}).beta_1
    0.9
    """
    return registry.deserialize_keras_object(config, custom_objects=custom_objects, group="optimizers")


def get(identifier):
    """Find or make an optimizer.

    Args:
        identifier: an optimizer (returned as it is), a name (`"adam"`, `"RMSprop"`), or a description as `serialize`
            returns it.

    Raises:
        InvalidArgumentError: nothing is known by that name, or it is of another type.

    Example:

    >>> import kcore as keras
    >>> type(keras.optimizers.get("sgd")).__name__
    'SGD'
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        return registry.lookup("optimizers", identifier)()
    raise InvalidArgumentError(
        f"`identifier` must be an optimizer, a name, or a dict. Received: identifier={identifier!r}"
    )


# Keras 2's names of the classes. They come last: some are names of this package's own modules.
sgd, rmsprop, adagrad, adadelta, adam, adamax, nadam = SGD, RMSprop, Adagrad, Adadelta, Adam, Adamax, Nadam
