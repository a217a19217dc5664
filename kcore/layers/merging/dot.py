"""The product of two tensors along an axis of each, sample by sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kcore import ops, registry
from kcore.errors import InvalidArgumentError, InvalidTypeError, ShapeError
from kcore.layers._parts import describe
from kcore.layers.layer import Layer
from kcore.layers.merging.base_merge import check_list, input_list


@registry.builtin("layers")
class Dot(Layer):
    """Sums the products along an axis of each of two tensors, sample by sample.

    Args:
        axes: the axis of both, or the pair of the axis of the first and the axis of the second; not the batch axis.
        normalize: whether vectors along the axes are scaled to length 1 before, which gives the cosine of their angle.
        **kwargs: options of every layer.

    Call arguments:
        inputs: a list of two tensors `(batch, ...)`.

    Returns: `(batch, *other axes of the first, *other axes of the second)`, and `(batch, 1)` where there are none. It
        has no mask.

    Raises:
        InvalidTypeError: if `axes` is neither an integer nor two.
        ShapeError: if the sizes of the axes differ.

    >>> import numpy as np
    >>> Dot(axes=(2, 1))([np.ones((5, 2, 3), "float32"), np.ones((5, 3, 4), "float32")]).shape
    (5, 2, 4)
    """

    def __init__(self, axes: int | Sequence[int], normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        several = isinstance(axes, (list, tuple)) and len(axes) == 2 and all(isinstance(axis, int) for axis in axes)
        if not isinstance(axes, int) and not several:
            raise InvalidTypeError(f"`axes` must be an integer or a pair of them. Received: axes={axes!r}")
        self.axes = axes
        self.normalize = normalize
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        self.compute_output_shape(input_shape)
        self.built = True

    def call(self, inputs: Any) -> Any:
        x, y = input_list(self, inputs)
        i, j = self._axes_of((len(x.shape), len(y.shape)))
        if self.normalize:
            x, y = ops.normalize(x, axis=i), ops.normalize(y, axis=j)
        rows, columns = _without(x.shape, i), _without(y.shape, j)
        left = ops.reshape(ops.moveaxis(x, i, -1), (x.shape[0], _size(rows), x.shape[i]))
        right = ops.reshape(ops.moveaxis(y, j, 1), (y.shape[0], y.shape[j], _size(columns)))
        return ops.reshape(ops.matmul(left, right), (x.shape[0], *((*rows, *columns) or (1,))))

    def _axes_of(self, ranks: tuple[int, int]) -> tuple[int, int]:
        axes = (self.axes, self.axes) if isinstance(self.axes, int) else tuple(self.axes)
        if any(not -rank <= axis < rank or axis % rank == 0 for axis, rank in zip(axes, ranks, strict=True)):
            raise InvalidArgumentError(
                f"`axes` must be axes of inputs of ranks {ranks}, and not the batch axis. Received: axes={self.axes}"
            )
        return axes[0] % ranks[0], axes[1] % ranks[1]

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        x, y = check_list(self, input_shape, 2)
        i, j = self._axes_of((len(x), len(y)))
        if None not in (x[i], y[j]) and x[i] != y[j]:
            raise ShapeError(f"Layer '{self.name}' multiplies axis {i} of {x} with axis {j} of {y}, whose sizes differ")
        return (x[0], *((*_without(x, i), *_without(y, j)) or (1,)))

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "axes", "normalize")


def _without(shape: Any, axis: int) -> tuple:
    """The shape of a sample without `axis`."""
    return (*shape[1:axis], *shape[axis + 1 :])


def _size(shape: tuple) -> int:
    size = 1
    for dim in shape:
        size = size * dim
    return size


def dot(inputs: Sequence[Any], axes: int | Sequence[int] = -1, **kwargs: Any) -> Any:
    """What a new `Dot(axes, **kwargs)` gives for `inputs`."""
    return Dot(axes=axes, **kwargs)(inputs)
