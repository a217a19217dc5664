"""Regularizers: penalties on weights or outputs that are added to the loss.

>>> import numpy as np
>>> from kcore import regularizers
>>> float(regularizers.L2(0.5)(np.array([1.0, 2.0])))
2.5
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kcore import _identifiers, config, dtypes, ops, registry
from kcore.errors import InvalidArgumentError, ShapeError, UnsupportedError


@registry.builtin("regularizers")
class Regularizer:
    """Base class of regularizers. A subclass writes `__call__(x)`, and `get_config` if it has arguments.

    Example:
        >>> import numpy as np
        >>> class Sum(Regularizer):
        ...     def __call__(self, x):
        ...         return ops.sum(x)
        >>> float(Sum()(np.array([1.0, 2.0])))
        3.0
    """

    def __call__(self, x: Any) -> Any:
        """The penalty, a scalar, for a tensor `x`."""
        raise UnsupportedError(f"{type(self).__name__} must define `__call__(x)`.")

    def get_config(self) -> dict[str, Any]:
        """The arguments to make it again."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Regularizer:
        """Make one from what `get_config` returned."""
        return cls(**config)


def _factor(name: str, value: Any, default: float) -> float:
    value = default if value is None else value
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not 0 <= value < math.inf:
        raise InvalidArgumentError(f"`{name}` must be a finite number of at least 0. Received: {name}={value!r}")
    return float(value)


@registry.builtin("regularizers")
class L1L2(Regularizer):
    """The penalty `l1 * sum(|x|) + l2 * sum(x**2)`. The gradient of `|x|` at 0 is 0.

    Args:
        l1: the factor of the sum of sizes.
        l2: the factor of the sum of squares.

    Raises:
        InvalidArgumentError: a factor is negative or not finite.

    Example:
        >>> import numpy as np
        >>> float(L1L2(l1=1.0, l2=0.5)(np.array([-1.0, 2.0])))
        5.5
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0):
        self.l1 = _factor("l1", l1, 0.0)
        self.l2 = _factor("l2", l2, 0.0)

    def __call__(self, x: Any) -> Any:
        """The penalty for a tensor of any shape: a scalar."""
        terms = []
        if self.l1:
            terms.append(self.l1 * ops.sum(ops.abs(x)))
        if self.l2:
            terms.append(self.l2 * ops.sum(ops.square(x)))
        return sum(terms[1:], terms[0]) if terms else ops.zeros((), dtype=dtypes.standardize_dtype(x.dtype))

    def get_config(self) -> dict[str, Any]:
        """`l1`, `l2`."""
        return {"l1": self.l1, "l2": self.l2}


@registry.builtin("regularizers")
class L1(L1L2):
    """The penalty `l1 * sum(|x|)`.

    Args:
        l1: the factor.
        l: Keras 2's name for it.

    Raises:
        InvalidArgumentError: the factor is negative or not finite.

    Example:
        >>> import numpy as np
        >>> float(L1(1.0)(np.array([-1.0, 2.0])))
        3.0
    """

    def __init__(self, l1: float | None = 0.01, l: float | None = None):
        super().__init__(l1=_factor("l1", l1 if l is None else l, 0.01))

    def get_config(self) -> dict[str, Any]:
        """`l1`."""
        return {"l1": self.l1}


@registry.builtin("regularizers")
class L2(L1L2):
    """The penalty `l2 * sum(x**2)`.

    Args:
        l2: the factor.
        l: Keras 2's name for it.

    Raises:
        InvalidArgumentError: the factor is negative or not finite.

    Example:
        >>> import numpy as np
        >>> float(L2(1.0)(np.array([-1.0, 2.0])))
        5.0
    """

    def __init__(self, l2: float | None = 0.01, l: float | None = None):
        super().__init__(l2=_factor("l2", l2 if l is None else l, 0.01))

    def get_config(self) -> dict[str, Any]:
        """`l2`."""
        return {"l2": self.l2}


@registry.builtin("regularizers")
class OrthogonalRegularizer(Regularizer):
    """The mean size of the cosines between a matrix's rows (or columns), times a factor.

    Args:
        factor: the factor.
        mode: `"rows"` or `"columns"`.

    Raises:
        InvalidArgumentError: an argument has none of these values.

    Example:
        >>> import numpy as np
        >>> round(float(OrthogonalRegularizer(1.0)(np.array([[1.0, 0.0], [1.0, 1.0]]))), 4)
        0.7071
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows"):
        if mode not in ("rows", "columns"):
            raise InvalidArgumentError(f"`mode` must be 'rows' or 'columns'. Received: mode={mode!r}")
        self.factor = _factor("factor", factor, 0.01)
        self.mode = mode

    def __call__(self, inputs: Any) -> Any:
        """The penalty for a matrix: a scalar.

        Raises:
            ShapeError: `inputs` isn't a matrix.
        """
        if len(inputs.shape) != 2:
            raise ShapeError(f"`inputs` must be a matrix. Received: inputs.shape={tuple(inputs.shape)}")
        x = inputs if self.mode == "rows" else ops.transpose(inputs)
        size = x.shape[0]
        length = ops.sqrt(ops.maximum(ops.sum(ops.square(x), axis=1, keepdims=True), config.epsilon() ** 2))
        x = x / length
        cosines = ops.matmul(x, ops.transpose(x)) * (1.0 - ops.eye(size, dtype=dtypes.standardize_dtype(x.dtype)))
        pairs = max(size * (size - 1), 1)
        return self.factor / pairs * ops.sum(ops.abs(cosines))

    def get_config(self) -> dict[str, Any]:
        """`factor`, `mode`."""
        return {"factor": self.factor, "mode": self.mode}


l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer


def get(identifier: Any) -> Any:
    """The regularizer that an identifier stands for.

    Args:
        identifier: a name (`"l2"`, `"L1L2"`), a config, a class, a function `x -> scalar` or a regularizer (returned
            as they are), or `None`.

    Returns:
        A regularizer, or `None`.

    Raises:
        InvalidArgumentError: there is no such regularizer.

    Example:
        >>> get("l2").get_config()
        {'l2': 0.01}
    """
    return _identifiers.get("regularizers", identifier)


def serialize(regularizer: Any) -> Any:
    """A regularizer as plain data: a dict with `class_name` and `config`.

    Args:
        regularizer: a `Regularizer`, or a function known by name.

    Raises:
        SerializationError: a lambda.

    Example:
        >>> serialize(L2(0.5))["config"]
        {'l2': 0.5}
    """
    return registry.serialize_keras_object(regularizer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The regularizer that a config (or a name) describes.

    Args:
        config: what `serialize` returned, or a name.
        custom_objects: further classes and functions by name.

    Raises:
        SerializationError: the config names an unknown object, or can't be built.

    Example:
        >>> deserialize({"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.5}}).l2
        0.5
    """
    return _identifiers.from_config("regularizers", config, custom_objects)


__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]
