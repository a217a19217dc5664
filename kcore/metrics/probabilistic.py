"""Metrics that are the means of losses between distributions, and of maximum-margin losses."""

from __future__ import annotations

from kcore import losses, registry
from kcore.metrics.reduction import MeanMetricWrapper


@registry.builtin("metrics", "bce", "BCE")
class BinaryCrossentropy(MeanMetricWrapper):
    """The mean of `losses.binary_crossentropy`.

    Args:
        name, dtype: see `Metric`.
        from_logits, label_smoothing: see `losses.binary_crossentropy`.

    Example:
        >>> round(float(BinaryCrossentropy()([[1.0]], [[0.5]])), 4)
        0.6931
    """

    def __init__(self, name="binary_crossentropy", dtype=None, from_logits=False, label_smoothing=0):
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing}
        super().__init__(losses.binary_crossentropy, name, dtype, **options)


@registry.builtin("metrics")
class CategoricalCrossentropy(MeanMetricWrapper):
    """The mean of `losses.categorical_crossentropy`.

    Args:
        name, dtype: see `Metric`.
        from_logits, label_smoothing, axis: see `losses.categorical_crossentropy`.

    Example:
        >>> round(float(CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
        0.6931
    """

    def __init__(self, name="categorical_crossentropy", dtype=None, from_logits=False, label_smoothing=0, axis=-1):
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(losses.categorical_crossentropy, name, dtype, **options)


@registry.builtin("metrics")
class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """The mean of `losses.sparse_categorical_crossentropy`.

    Args:
        name, dtype: see `Metric`.
        from_logits, ignore_class, axis: see `losses.sparse_categorical_crossentropy`.

    Example:
        >>> round(float(SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])), 4)
        0.6931
    """

    def __init__(
        self, name="sparse_categorical_crossentropy", dtype=None, from_logits=False, ignore_class=None, axis=-1
    ):
        options = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(losses.sparse_categorical_crossentropy, name, dtype, **options)


@registry.builtin("metrics", "kld", "KLD", "kullback_leibler_divergence")
class KLDivergence(MeanMetricWrapper):
    """The mean of `losses.kl_divergence`.

    Args:
        name, dtype: see `Metric`.

    Example:
        >>> float(KLDivergence()([[0.5, 0.5]], [[0.5, 0.5]]))
        0.0
    """

    def __init__(self, name="kl_divergence", dtype=None):
        super().__init__(losses.kl_divergence, name, dtype)


@registry.builtin("metrics")
class Poisson(MeanMetricWrapper):
    """The mean of `losses.poisson`.

    Args:
        name, dtype: see `Metric`.

    Example:
        >>> float(Poisson()([[0.0, 0.0]], [[1.0, 2.0]]))
        1.5
    """

    def __init__(self, name="poisson", dtype=None):
        super().__init__(losses.poisson, name, dtype)


@registry.builtin("metrics")
class Hinge(MeanMetricWrapper):
    """The mean of `losses.hinge`.

    Args:
        name, dtype: see `Metric`.

    Example:
        >>> float(Hinge()([[1.0, -1.0]], [[0.5, -2.0]]))
        0.25
    """

    def __init__(self, name="hinge", dtype=None):
        super().__init__(losses.hinge, name, dtype)


@registry.builtin("metrics")
class SquaredHinge(MeanMetricWrapper):
    """The mean of `losses.squared_hinge`.

    Args:
        name, dtype: see `Metric`.

    Example:
        >>> float(SquaredHinge()([[1.0, -1.0]], [[0.5, -2.0]]))
        0.125
    """

    def __init__(self, name="squared_hinge", dtype=None):
        super().__init__(losses.squared_hinge, name, dtype)


@registry.builtin("metrics")
class CategoricalHinge(MeanMetricWrapper):
    """The mean of `losses.categorical_hinge`.

    Args:
        name, dtype: see `Metric`.

    Example:
        >>> float(CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.75]]))
        0.75
    """

    def __init__(self, name="categorical_hinge", dtype=None):
        super().__init__(losses.categorical_hinge, name, dtype)
