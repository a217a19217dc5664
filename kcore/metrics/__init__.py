"""Metrics: what is reported of a model. Their state stays on the device until it is shown.

>>> from kcore import metrics
>>> metrics.get("mse").name, metrics.get("auc").name
('mean_squared_error', 'auc')
"""

from __future__ import annotations

from typing import Any

from kcore import _identifiers, losses, registry
from kcore.errors import InvalidArgumentError
from kcore.losses import (
    BCE,
    KLD,
    MAE,
    MAPE,
    MSE,
    MSLE,
    bce,
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
    hinge,
    huber,
    kl_divergence,
    kld,
    kullback_leibler_divergence,
    log_cosh,
    logcosh,
    mae,
    mape,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    mse,
    msle,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from kcore.metrics import reduction as _reduction
from kcore.metrics.accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    accuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from kcore.metrics.confusion import FalseNegatives, FalsePositives, Precision, Recall, TrueNegatives, TruePositives
from kcore.metrics.correlation import (
    ConcordanceCorrelation,
    PearsonCorrelation,
    concordance_correlation,
    pearson_correlation,
)
from kcore.metrics.curves import (
    AUC,
    PrecisionAtRecall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
)
from kcore.metrics.f_score import F1Score, FBetaScore
from kcore.metrics.iou import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from kcore.metrics.metric import Metric
from kcore.metrics.probabilistic import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalHinge,
    Hinge,
    KLDivergence,
    Poisson,
    SparseCategoricalCrossentropy,
    SquaredHinge,
)
from kcore.metrics.reduction import Mean, MeanMetricWrapper, Sum
from kcore.metrics.regression import (
    CosineSimilarity,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    R2Score,
    RootMeanSquaredError,
    cosine_similarity,
)

cosine = cosine_proximity = cosine_similarity

_reduction.FUNCTIONS.update(
    {
        function.__name__: function
        for function in (
            accuracy,
            binary_accuracy,
            categorical_accuracy,
            sparse_categorical_accuracy,
            sparse_top_k_categorical_accuracy,
            top_k_categorical_accuracy,
            concordance_correlation,
            pearson_correlation,
        )
    }
)


def get(identifier: Any) -> Any:
    """The metric that an identifier stands for.

    Args:
        identifier: a name (`"mse"`, `"AUC"`, also that of a loss), a config, a class, a callable (returned as it is),
            or `None`.

    Returns:
        A `Metric`, the callable, or `None`.

    Raises:
        InvalidArgumentError: there is no such metric.

    Example:
        >>> get("TopKCategoricalAccuracy").name, get("huber").name
        ('top_k_categorical_accuracy', 'huber')
    """
    try:
        return _identifiers.get("metrics", identifier)
    except InvalidArgumentError:
        function = _loss_function(identifier)
        if function is None:
            raise
    return MeanMetricWrapper(function, name=identifier)


def _loss_function(name: Any) -> Any:
    if not isinstance(name, str):
        return None
    try:
        found = losses.get(name)
    except InvalidArgumentError:
        return None
    return None if isinstance(found, losses.Loss) else found


def serialize(metric: Any) -> Any:
    """A metric as plain data.

    Args:
        metric: a `Metric`, or a function known by name.

    Returns:
        A dict with `class_name` and `config`.

    Raises:
        SerializationError: a lambda.

    Example:
        >>> serialize(BinaryAccuracy(threshold=0.4))["config"]["threshold"]
        0.4
    """
    return registry.serialize_keras_object(metric)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The metric that a config (or a name) describes.

    Args:
        config: what `serialize` returned, or a metric's name.
        custom_objects: further classes and functions by name.

    Returns:
        A `Metric` or a function.

    Raises:
        SerializationError: the config names an unknown object, or can't be built.

    Example:
        >>> deserialize(serialize(BinaryAccuracy(threshold=0.4))).get_config()["threshold"]
        0.4
    """
    return _identifiers.from_config("metrics", config, custom_objects)


def clone_metric(metric: Any) -> Any:
    """A metric with the same arguments and a state of its own; what isn't a `Metric` is returned as it is."""
    return type(metric).from_config(metric.get_config()) if isinstance(metric, Metric) else metric


def clone_metrics(metrics: Any) -> Any:
    """`clone_metric` of each metric in a list, or in a dict's values."""
    if isinstance(metrics, dict):
        return {name: clone_metric(metric) for name, metric in metrics.items()}
    return [clone_metric(metric) for metric in metrics]


__all__ = [
    "AUC",
    "BCE",
    "KLD",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "BinaryIoU",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "ConcordanceCorrelation",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "Hinge",
    "IoU",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanIoU",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "OneHotIoU",
    "OneHotMeanIoU",
    "PearsonCorrelation",
    "Poisson",
    "Precision",
    "PrecisionAtRecall",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "RootMeanSquaredError",
    "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "accuracy",
    "bce",
    "binary_accuracy",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "clone_metric",
    "clone_metrics",
    "concordance_correlation",
    "cosine",
    "cosine_proximity",
    "cosine_similarity",
    "deserialize",
    "get",
    "hinge",
    "huber",
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
    "pearson_correlation",
    "poisson",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]
