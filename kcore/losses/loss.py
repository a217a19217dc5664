"""The base of all losses: values per sample, then weights and masks, then one reduction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kcore import config, dtypes, ops, registry
from kcore.errors import InvalidArgumentError, UnsupportedError
from kcore.losses._align import align_weights, as_float, as_tensors, spread
from kcore.ops.masks import get_mask
from kcore.ops.operation import auto_name

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


@registry.builtin("losses")
class Loss:
    """Base class of losses. A subclass writes `call(y_true, y_pred)`, which returns a value a sample (or a step).

    Args:
        name: a name; made from the class's if `None`.
        reduction: what `__call__` makes of the values `v` with weights `w` and mask `m` (1 where there is none), all
            of `n` entries: `"sum_over_batch_size"` and `"mean"`: `sum(v*w*m) / sum(m)`;
            `"sum"`: `sum(v*w*m)`;
            `"mean_with_sample_weight"`: `sum(v*w*m) / sum(w*m)`;
            `"none"` or `None`: `v*w*m`, not reduced.
            Keras 2's `"auto"` is `"sum_over_batch_size"`.
        dtype: the dtype that it computes in; `floatx` if `None`.

    Raises:
        InvalidArgumentError: `reduction` is none of these.

    Example:
        >>> class Distance(Loss):
        ...     def call(self, y_true, y_pred):
        ...         return ops.sum(ops.abs(y_true - y_pred), axis=-1)
        >>> float(Distance()([[0.0, 1.0]], [[2.0, 1.0]]))
        2.0
    """

    def __init__(self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None):
        if reduction == "auto":
            reduction = "sum_over_batch_size"
        if reduction not in REDUCTIONS:
            raise InvalidArgumentError(f"`reduction` must be one of {REDUCTIONS}. Received: reduction={reduction!r}")
        self.name = name or auto_name(type(self).__name__)
        self.reduction = reduction
        self._dtype = None if dtype is None else dtypes.standardize_dtype(getattr(dtype, "compute_dtype", dtype))

    @property
    def dtype(self) -> str:
        """The dtype that it computes in."""
        return self._dtype or config.floatx()

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The reduced loss.

        Args:
            y_true: targets: a tensor (or a structure of them) as `call` expects it.
            y_pred: predictions; where this object carries a mask, masked steps count for nothing.
            sample_weight: a scalar, or a tensor with the leading dimensions of the values: `(batch,)` or `(batch,
                steps)`.

        Returns:
            A scalar, or the values where `reduction` is `"none"`.

        Raises:
            ShapeError: targets or weights don't fit the predictions.
        """
        mask = get_mask(y_pred)
        y_pred = as_tensors(y_pred, self.dtype)
        values = self.call(self._targets(y_true), y_pred)
        mask = _both(mask, get_mask(values))
        return reduce_weighted(as_float(values, self.dtype), sample_weight, mask, self.reduction)

    def _targets(self, y_true: Any) -> Any:
        return as_tensors(y_true, self.dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each sample: shape `(batch, d1, ..., dk)`, mostly that of `y_pred` without its last axis."""
        raise UnsupportedError(f"{type(self).__name__} must define `call(y_true, y_pred)`.")

    def get_config(self) -> dict[str, Any]:
        """`name`, `reduction`, and `dtype` where it isn't `floatx`."""
        base = {"name": self.name, "reduction": self.reduction}
        return base if self._dtype is None else {**base, "dtype": self._dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """Make one from what `get_config` returned."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


@registry.builtin("losses")
class LossFunctionWrapper(Loss):
    """A loss made of a function; base of all the built-in ones.

    Args:
        fn: `fn(y_true, y_pred, **kwargs)` -> a value a sample.
        reduction, name, dtype: see `Loss`; the name is the function's if `None`.
        **kwargs: passed to `fn` and saved in the config.

    Example:
        >>> from kcore.losses import mean_squared_error
        >>> float(LossFunctionWrapper(mean_squared_error)([[0.0, 1.0]], [[2.0, 1.0]]))
        2.0
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ):
        super().__init__(name=name or getattr(fn, "__name__", None), reduction=reduction, dtype=dtype)
        self.fn = fn
        self._fn_kwargs = kwargs

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """What the function returns."""
        return self.fn(y_true, y_pred, **self._fn_kwargs)

    def _targets(self, y_true: Any) -> Any:
        """Class indices stay integers for a function that says so, as `float32` doesn't hold every index."""
        if getattr(self.fn, "takes_class_indices", False):
            return y_true
        return super()._targets(y_true)

    def get_config(self) -> dict[str, Any]:
        """The base's, and the function's options; a bare wrapper also has `fn`."""
        config = {**super().get_config(), **self._fn_kwargs}
        if type(self) is LossFunctionWrapper:
            config["fn"] = registry.serialize_keras_object(self.fn)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """Make one from what `get_config` returned."""
        if "fn" in config:
            config = {**config, "fn": registry.deserialize_keras_object(config["fn"])}
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, options={self._fn_kwargs}>"


def reduce_weighted(
    values: Any, sample_weight: Any = None, mask: Any = None, reduction: str | None = "sum_over_batch_size"
) -> Any:
    """Weigh, mask and reduce values, as documented at `Loss`.

    Args:
        values: a float tensor of shape `(batch, d1, ..., dk)`.
        sample_weight: a scalar or a tensor with leading dimensions of `values`, or `None`.
        mask: a boolean tensor with leading dimensions of `values`, or `None`.
        reduction: a reduction's name.

    Returns:
        A scalar, or a tensor like `values`. Where everything is masked, a mean is 0.

    Raises:
        ShapeError: `sample_weight` or `mask` doesn't fit.
    """
    if sample_weight is not None:
        weights = spread(align_weights(as_float(sample_weight, dtypes.standardize_dtype(values.dtype)), values), values)
        values = values * weights
    if mask is not None:
        keep = spread(align_weights(ops.cast(mask, "bool"), values, "mask"), values)
        values = ops.where(keep, values, 0.0)
    if reduction in ("none", None):
        return values
    if reduction == "sum":
        return ops.sum(values)
    if reduction == "mean_with_sample_weight" and sample_weight is not None:
        return _ratio(values, weights if mask is None else ops.where(keep, weights, 0.0))
    return ops.mean(values) if mask is None else _ratio(values, ops.cast(keep, values.dtype))


def _ratio(values: Any, counted: Any) -> Any:
    total = ops.sum(counted)
    empty = ops.equal(total, 0.0)
    return ops.where(empty, 0.0, ops.sum(values) / ops.where(empty, 1.0, total))


def _both(mask: Any, other: Any) -> Any:
    if mask is None or other is None:
        return other if mask is None else mask
    other = align_weights(other, mask, "mask") if len(other.shape) <= len(mask.shape) else other
    return ops.logical_and(mask, other)
