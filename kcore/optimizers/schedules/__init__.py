"""Learning rate schedules: a learning rate that depends on the iteration, to be given as `learning_rate`."""

from __future__ import annotations

from kcore import registry

from .cosine import CosineDecay, CosineDecayRestarts
from .decay import ExponentialDecay, InverseTimeDecay, PiecewiseConstantDecay, PolynomialDecay
from .learning_rate_schedule import LearningRateSchedule

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]


def serialize(learning_rate_schedule) -> dict:
    """Describe a schedule as plain data; `deserialize` is its inverse.

    Args:
        learning_rate_schedule: a `LearningRateSchedule`, or a callable known by name.
    """
    config = registry.serialize_keras_object(learning_rate_schedule)
    if config.get("module") == "keras.optimizers":
        config["module"] = "keras.optimizers.schedules"
    return config


def deserialize(config: dict, custom_objects=None):
    """Make a schedule from its description.

    Args:
        config: what `serialize` returned, or `{"class_name": ..., "config": ...}`.
        custom_objects: name -> class or function.

    Raises:
        SerializationError: the class isn't known, or can't be built from the description.
    """
    return registry.deserialize_keras_object(config, custom_objects=custom_objects, group="optimizers")
