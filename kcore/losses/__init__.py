"""Losses: what training makes small. Each is there as a function (a value a sample) and as a class (weighted, masked,
reduced).

    >>> from kcore import losses
    >>> losses.get("mse").__name__, losses.MeanSquaredError(reduction="sum").name
    ('mean_squared_error', 'mean_squared_error')
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kcore import _identifiers, registry
from kcore.losses.circle import Circle, circle
from kcore.losses.focal import (
    BinaryFocalCrossentropy,
    CategoricalFocalCrossentropy,
    binary_focal_crossentropy,
    categorical_focal_crossentropy,
)
from kcore.losses.hinge import CategoricalHinge, Hinge, SquaredHinge, categorical_hinge, hinge, squared_hinge
from kcore.losses.loss import Loss, LossFunctionWrapper, reduce_weighted
from kcore.losses.overlap import Dice, Tversky, dice, tversky
from kcore.losses.probabilistic import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    KLDivergence,
    Poisson,
    SparseCategoricalCrossentropy,
    binary_crossentropy,
    categorical_crossentropy,
    categorical_generalized_cross_entropy,
    kl_divergence,
    poisson,
    sparse_categorical_crossentropy,
)
from kcore.losses.regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    cosine_similarity,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)

_FUNCTIONS: tuple[tuple[Callable[..., Any], tuple[str, ...]], ...] = (
    (mean_squared_error, ("mse", "MSE")),
    (mean_absolute_error, ("mae", "MAE")),
    (mean_absolute_percentage_error, ("mape", "MAPE")),
    (mean_squared_logarithmic_error, ("msle", "MSLE")),
    (huber, ("huber_loss",)),
    (log_cosh, ("logcosh",)),
    (cosine_similarity, ("cosine_proximity", "cosine")),
    (kl_divergence, ("kld", "KLD", "kullback_leibler_divergence")),
    (poisson, ()),
    (binary_crossentropy, ("bce", "BCE")),
    (categorical_crossentropy, ()),
    (sparse_categorical_crossentropy, ()),
    (categorical_generalized_cross_entropy, ()),
    (binary_focal_crossentropy, ()),
    (categorical_focal_crossentropy, ()),
    (hinge, ()),
    (squared_hinge, ()),
    (categorical_hinge, ()),
    (dice, ()),
    (tversky, ()),
    (circle, ()),
)
for _function, _aliases in _FUNCTIONS:
    registry.builtin("losses", *_aliases)(_function)

mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
bce = BCE = binary_crossentropy
kld = KLD = kullback_leibler_divergence = kl_divergence
huber_loss = huber
logcosh = log_cosh
cosine = cosine_proximity = cosine_similarity


def get(identifier: Any) -> Any:
    """The loss that an identifier stands for.

    Args:
        identifier: a function's name (`"mse"`, `"mean_squared_error"`) or a class's (`"MeanSquaredError"`), a config,
            a class, a callable (returned as it is), or `None`.

    Returns:
        A function for a function's name, else a `Loss`, or `None`.

    Raises:
        InvalidArgumentError: there is no such loss.

    Example:
        >>> get("MeanSquaredError")
        <MeanSquaredError name=mean_squared_error, options={}>
    """
    return _identifiers.get("losses", identifier)


def serialize(loss: Any) -> Any:
    """A loss as plain data.

    Args:
        loss: a `Loss`, or a function known by name.

    Returns:
        A dict with `class_name` and `config`.

    Raises:
        SerializationError: a lambda.

    Example:
        >>> serialize(Huber(delta=2.0))["config"]["delta"]
        2.0
    """
    return registry.serialize_keras_object(loss)


def deserialize(name: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The loss that a config (or a name) describes.

    Args:
        name: what `serialize` returned, or a loss's name.
        custom_objects: further classes and functions by name.

    Returns:
        A `Loss` or a function.

    Raises:
        SerializationError: the config names an unknown object, or can't be built.

    Example:
        >>> deserialize(serialize(Huber(delta=2.0))).get_config()["delta"]
        2.0
    """
    return _identifiers.from_config("losses", name, custom_objects)


def is_categorical_crossentropy(loss: Any) -> bool:
    """Whether a loss (a function, an instance, or a name) is the categorical cross-entropy."""
    return (
        isinstance(loss, CategoricalCrossentropy)
        or getattr(loss, "fn", loss) is categorical_crossentropy
        or loss == "categorical_crossentropy"
    )


__all__ = [
    "BCE",
    "KLD",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "Circle",
    "CosineSimilarity",
    "Dice",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "LossFunctionWrapper",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "bce",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "circle",
    "cosine",
    "cosine_proximity",
    "cosine_similarity",
    "deserialize",
    "dice",
    "get",
    "hinge",
    "huber",
    "huber_loss",
    "is_categorical_crossentropy",
    "kl_divergence",
    "kld",
    "kullback_leibler_divergence",
    "log_cosh",
    "logcosh",
    "mae",
    "mape",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "poisson",
    "reduce_weighted",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]
