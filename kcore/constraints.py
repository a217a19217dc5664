"""Constraints: what a weight is brought back to after each update.

>>> import numpy as np
>>> from kcore import constraints
>>> constraints.NonNeg()(np.array([-1.0, 2.0])).tolist()
[0.0, 2.0]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kcore import _identifiers, config, ops, registry
from kcore.errors import UnsupportedError

Axis = int | Sequence[int]


@registry.builtin("constraints")
class Constraint:
    """Base class of constraints. A subclass writes `__call__(w)`, and `get_config` if it has arguments.

    Example:
        >>> import numpy as np
        >>> class AtMostOne(Constraint):
        ...     def __call__(self, w):
        ...         return ops.minimum(w, 1.0)
        >>> AtMostOne()(np.array([0.5, 2.0])).tolist()
        [0.5, 1.0]
    """

    def __call__(self, w: Any) -> Any:
        """The weight's new value, of the shape and dtype of `w`."""
        raise UnsupportedError(f"{type(self).__name__} must define `__call__(w)`.")

    def get_config(self) -> dict[str, Any]:
        """The arguments to make it again."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constraint:
        """Make one from what `get_config` returned."""
        return cls(**config)


def _norms(w: Any, axis: Axis) -> Any:
    axis = axis if isinstance(axis, int) else tuple(axis)
    return ops.sqrt(ops.sum(ops.square(w), axis=axis, keepdims=True))


@registry.builtin("constraints", "maxnorm")
class MaxNorm(Constraint):
    """Vectors at most `max_value` long: a longer one is shortened.

    Args:
        max_value: the greatest length.
        axis: the axes that hold a vector's components: 0 for `Dense`, `[0, 1, 2]` for `Conv2D`.

    Example:
        >>> import numpy as np
        >>> MaxNorm(1.0)(np.array([[3.0], [4.0]])).round(3).tolist()
        [[0.6], [0.8]]
    """

    def __init__(self, max_value: float = 2, axis: Axis = 0):
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Any) -> Any:
        """The weight with vectors of at most this length."""
        norms = _norms(w, self.axis)
        return w * (ops.clip(norms, 0, self.max_value) / (config.epsilon() + norms))

    def get_config(self) -> dict[str, Any]:
        """`max_value`, `axis`."""
        return {"max_value": self.max_value, "axis": self.axis}


@registry.builtin("constraints", "nonneg")
class NonNeg(Constraint):
    """No negative numbers: they become 0.

    Example:
        >>> import numpy as np
        >>> NonNeg()(np.array([-1.0, 2.0])).tolist()
        [0.0, 2.0]
    """

    def __call__(self, w: Any) -> Any:
        """The weight with 0 for what is negative."""
        return ops.relu(w)


@registry.builtin("constraints", "unitnorm")
class UnitNorm(Constraint):
    """Vectors of length 1; a zero vector stays one.

    Args:
        axis: the axes that hold a vector's components: 0 for `Dense`, `[0, 1, 2]` for `Conv2D`.

    Example:
        >>> import numpy as np
        >>> UnitNorm()(np.array([[3.0], [4.0]])).round(3).tolist()
        [[0.6], [0.8]]
    """

    def __init__(self, axis: Axis = 0):
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        """The weight with vectors of length 1."""
        return w / (config.epsilon() + _norms(w, self.axis))

    def get_config(self) -> dict[str, Any]:
        """`axis`."""
        return {"axis": self.axis}


@registry.builtin("constraints")
class MinMaxNorm(Constraint):
    """Vectors between `min_value` and `max_value` long.

    Args:
        min_value: the least length.
        max_value: the greatest length.
        rate: how much of the way there is gone at each step: 1 is all of it.
        axis: the axes that hold a vector's components: 0 for `Dense`, `[0, 1, 2]` for `Conv2D`.

    Example:
        >>> import numpy as np
        >>> MinMaxNorm(1.0, 2.0)(np.array([[0.3], [0.4]])).round(3).tolist()
        [[0.6], [0.8]]
    """

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axis = 0):
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: Any) -> Any:
        """The weight with vectors of these lengths."""
        norms = _norms(w, self.axis)
        wanted = self.rate * ops.clip(norms, self.min_value, self.max_value) + (1 - self.rate) * norms
        return w * (wanted / (config.epsilon() + norms))

    def get_config(self) -> dict[str, Any]:
        """`min_value`, `max_value`, `rate`, `axis`."""
        return {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate, "axis": self.axis}


max_norm = maxnorm = MaxNorm
non_neg = nonneg = NonNeg
unit_norm = unitnorm = UnitNorm
min_max_norm = MinMaxNorm


def get(identifier: Any) -> Any:
    """The constraint that an identifier stands for.

    Args:
        identifier: a name (`"max_norm"`, `"MaxNorm"`), a config, a class, a function `w -> w` or a constraint
            (returned as they are), or `None`.

    Returns:
        A constraint, or `None`.

    Raises:
        InvalidArgumentError: there is no such constraint.

    Example:
        >>> get("unit_norm").axis
        0
    """
    return _identifiers.get("constraints", identifier)


def serialize(constraint: Any) -> Any:
    """A constraint as plain data: a dict with `class_name` and `config`.

    Args:
        constraint: a `Constraint`, or a function known by name.

    Raises:
        SerializationError: a lambda.

    Example:
        >>> serialize(UnitNorm())["config"]
        {'axis': 0}
    """
    return registry.serialize_keras_object(constraint)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The constraint that a config (or a name) describes.

    Args:
        config: what `serialize` returned, or a name.
        custom_objects: further classes and functions by name.

    Raises:
        SerializationError: the config names an unknown object, or can't be built.

    Example:
        >>> deserialize({"class_name": "MaxNorm", "config": {"max_value": 3}}).max_value
        3
    """
    return _identifiers.from_config("constraints", config, custom_objects)


__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "maxnorm",
    "min_max_norm",
    "non_neg",
    "nonneg",
    "serialize",
    "unit_norm",
    "unitnorm",
]
