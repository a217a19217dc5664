"""Sums, products, means and extremes of several tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kcore import ops, registry
from kcore.layers.merging.base_merge import Merge


@registry.builtin("layers")
class Add(Merge):
    """The sum of a list of tensors.

    Args:
        **kwargs: options of every layer.

    Call arguments:
        inputs: a list of tensors whose shapes broadcast.

    Returns: a tensor of the broadcast shape.

    >>> import numpy as np
    >>> Add()([np.ones((1, 2), "float32"), np.ones((1, 2), "float32")]).tolist()
    [[2.0, 2.0]]
    """

    def merge_pair(self, x: Any, y: Any) -> Any:
        return ops.add(x, y)


@registry.builtin("layers")
class Subtract(Merge):
    """The first of two tensors minus the second.

    Args:
        **kwargs: options of every layer.

    Call arguments:
        inputs: a list of two tensors whose shapes broadcast.

    Returns: a tensor of the broadcast shape.

    Raises:
        InvalidArgumentError: if there aren't two.

    >>> import numpy as np
    >>> Subtract()([np.ones((1, 2), "float32"), np.ones((1, 2), "float32")]).tolist()
    [[0.0, 0.0]]
    """

    required_inputs = 2

    def merge_pair(self, x: Any, y: Any) -> Any:
        return ops.subtract(x, y)


@registry.builtin("layers")
class Multiply(Merge):
    """The product of a list of tensors.

    Args:
        **kwargs: options of every layer.

    Call arguments:
        inputs: a list of tensors whose shapes broadcast.

    Returns: a tensor of the broadcast shape.

    >>> import numpy as np
    >>> Multiply()([np.full((1, 2), 3.0, "float32"), np.full((1, 2), 2.0, "float32")]).tolist()
    [[6.0, 6.0]]
    """

    def merge_pair(self, x: Any, y: Any) -> Any:
        return ops.multiply(x, y)


@registry.builtin("layers")
class Average(Merge):
    """The mean of a list of tensors.

    Args:
        **kwargs: options of every layer.

    Call arguments:
        inputs: a list of tensors whose shapes broadcast.

    Returns: a tensor of the broadcast shape.

    >>> import numpy as np
    >>> Average()([np.full((1, 2), 3.0, "float32"), np.full((1, 2), 2.0, "float32")]).tolist()
    [[2.5, 2.5]]
    """

    def merge_pair(self, x: Any, y: Any) -> Any:
        return ops.add(x, y)

    def call(self, inputs: Any) -> Any:
        return ops.divide(super().call(inputs), len(inputs))


@registry.builtin("layers")
class Maximum(Merge):
    """The largest of a list of tensors, value by value.

    Args:
        **kwargs: options of every layer.

    Call arguments:
        inputs: a list of tensors whose shapes broadcast.

    Returns: a tensor of the broadcast shape. The gradient of equal values is shared as in `ops.maximum`.

    >>> import numpy as np
    >>> Maximum()([np.full((1, 2), 3.0, "float32"), np.full((1, 2), 2.0, "float32")]).tolist()
    [[3.0, 3.0]]
    """

    def merge_pair(self, x: Any, y: Any) -> Any:
        return ops.maximum(x, y)


@registry.builtin("layers")
class Minimum(Merge):
    """The smallest of a list of tensors, value by value.

    Args:
        **kwargs: options of every layer.

    Call arguments:
        inputs: a list of tensors whose shapes broadcast.

    Returns: a tensor of the broadcast shape. The gradient of equal values is shared as in `ops.minimum`.

    >>> import numpy as np
    >>> Minimum()([np.full((1, 2), 3.0, "float32"), np.full((1, 2), 2.0, "float32")]).tolist()
    [[2.0, 2.0]]
    """

    def merge_pair(self, x: Any, y: Any) -> Any:
        return ops.minimum(x, y)


def add(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """What a new `Add(**kwargs)` gives for `inputs`."""
    return Add(**kwargs)(inputs)


def subtract(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """What a new `Subtract(**kwargs)` gives for `inputs`."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """What a new `Multiply(**kwargs)` gives for `inputs`."""
    return Multiply(**kwargs)(inputs)


def average(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """What a new `Average(**kwargs)` gives for `inputs`."""
    return Average(**kwargs)(inputs)


def maximum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """What a new `Maximum(**kwargs)` gives for `inputs`."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """What a new `Minimum(**kwargs)` gives for `inputs`."""
    return Minimum(**kwargs)(inputs)
