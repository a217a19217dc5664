"""Giving samples another shape, or another order of axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from kcore import ops, registry
from kcore.errors import InvalidArgumentError, ShapeError
from kcore.layers._parts import check_positive, describe
from kcore.layers.input_spec import InputSpec
from kcore.layers.layer import Layer


@registry.builtin("layers")
class Reshape(Layer):
    """Gives each sample the shape `target_shape`.

    Args:
        target_shape: a tuple of sizes without the batch axis; one of them may be -1 and is found from the others.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, ...)`.

    Returns: `(batch, *target_shape)`.

    Raises:
        InvalidArgumentError: if more than one size is -1.
        ShapeError: if a sample doesn't have as many values.

    >>> import numpy as np
    >>> Reshape((2, -1))(np.ones((3, 8), "float32")).shape
    (3, 2, 4)
    """

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = tuple(int(size) for size in target_shape)
        if self.target_shape.count(-1) > 1 or any(size < -1 for size in self.target_shape):
            raise InvalidArgumentError(
                f"`target_shape` must hold sizes, and -1 at most once. Received: target_shape={self.target_shape}"
            )

    def build(self, input_shape: Any) -> None:
        self.built = True

    def call(self, inputs: Any) -> Any:
        sizes = list(self._sizes(tuple(inputs.shape[1:])))
        if -1 in sizes:  # found here and not left to the op: the batch axis may be empty
            known = -math.prod(sizes)
            total = 1
            for dim in inputs.shape[1:]:
                total = total * dim
            sizes[sizes.index(-1)] = total // known if known else 0
        return ops.reshape(inputs, (inputs.shape[0], *sizes))

    def _sizes(self, sample: tuple[int | None, ...]) -> tuple[int, ...]:
        """The target shape, checked against a sample's; its -1 is replaced where the sample's sizes are known plain
        integers."""
        if any(size.__class__ is not int for size in sample):
            return self.target_shape
        total, known = math.prod(sample), math.prod(size for size in self.target_shape if size != -1)  # type: ignore[arg-type]
        free = -1 in self.target_shape
        if total % known if free and known else total != known and not free:
            raise ShapeError(
                f"Layer '{self.name}' can't reshape a sample of shape {sample}, which has {total} values, to "
                f"`target_shape`. Received: target_shape={self.target_shape}"
            )
        return tuple((total // known if known else 0) if size == -1 else size for size in self.target_shape)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        return (input_shape[0], *(None if size == -1 else size for size in self._sizes(tuple(input_shape[1:]))))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "target_shape")


@registry.builtin("layers")
class Permute(Layer):
    """Puts the axes of each sample in another order.

    Args:
        dims: the old position of each new axis, counted from 1 (0 is the batch axis): `(2, 1)` swaps two axes.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, ...)`, with as many axes after the first as `dims` has entries.

    Returns: the input with its axes in the order `(0, *dims)`.

    Raises:
        InvalidArgumentError: if `dims` isn't an arrangement of 1, 2, ..., n.

    >>> import numpy as np
    >>> Permute((2, 1))(np.ones((2, 3, 4), "float32")).shape
    (2, 4, 3)
    """

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise InvalidArgumentError(f"`dims` must hold each of 1 to n once. Received: dims={self.dims}")
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def build(self, input_shape: Any) -> None:
        self.built = True

    def call(self, inputs: Any) -> Any:
        return ops.transpose(inputs, (0, *self.dims))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        return (input_shape[0], *(input_shape[dim] for dim in self.dims))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "dims")


@registry.builtin("layers")
class RepeatVector(Layer):
    """Repeats a vector along a new time axis.

    Args:
        n: number of repetitions.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, features)`.

    Returns: `(batch, n, features)`.

    >>> import numpy as np
    >>> RepeatVector(3)(np.ones((2, 4), "float32")).shape
    (2, 3, 4)
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = check_positive("n", n)
        self.input_spec = InputSpec(ndim=2)

    def build(self, input_shape: Any) -> None:
        self.built = True

    def call(self, inputs: Any) -> Any:
        batch, features = inputs.shape
        return ops.broadcast_to(ops.expand_dims(inputs, 1), (batch, self.n, features))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        return (input_shape[0], self.n, input_shape[1])

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "n")
