"""Normalization of each sample: layer, root mean square, group and unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kcore import ops, registry
from kcore.errors import InvalidArgumentError
from kcore.layers._parts import SameShape, check_axes, check_number, check_positive, describe, known_dim
from kcore.layers.input_spec import InputSpec
from kcore.layers.layer import Layer
from kcore.layers.normalization._base import ScaledNormalization
from kcore.layers.normalization._moments import moments, scaled, widen


def _as_list(axis: int | Sequence[int]) -> list[int]:
    return [axis] if isinstance(axis, int) else list(axis)


def _along(weight: Any, x: Any, axes: tuple[int, ...]) -> Any:
    """A weight with the sizes of `axes`, in the dtype of `x` and with axes of size 1 in between and after."""
    value = ops.cast(weight, x.dtype)
    if axes == tuple(range(len(x.shape) - len(axes), len(x.shape))):
        return value
    return ops.reshape(value, tuple(size if axis in axes else 1 for axis, size in enumerate(x.shape)))


@registry.builtin("layers")
class LayerNormalization(ScaledNormalization):
    """Normalises each sample by the mean and variance of its own values along some axes.

    Args:
        axis: the axis, or the axes in any order, over which mean and variance are taken.
        epsilon: what is added to the variance.
        center: whether there is a shift `beta`.
        scale: whether there is a scale `gamma`.
        beta_initializer: what fills `beta`, of the sizes of the axes.
        gamma_initializer: what fills `gamma`, of the sizes of the axes.
        beta_regularizer: a penalty on `beta`.
        gamma_regularizer: a penalty on `gamma`.
        beta_constraint: what is applied to `beta` after each update.
        gamma_constraint: what is applied to `gamma` after each update.
        rms_scaling: whether to divide by the root of the variance without subtracting the mean, and to add no shift.
        **kwargs: options of every layer.

    Returns: a tensor of the input's shape.

    Raises:
        InvalidArgumentError: if the input has no such axis, or its size isn't known.

    Source: Ba, Kiros and Hinton, "Layer normalization" (2016).

    >>> import numpy as np
    >>> LayerNormalization(epsilon=0.0)(np.array([[1.0, 3.0]], "float32")).tolist()
    [[-1.0, 1.0]]
    """

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        rms_scaling: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            epsilon=epsilon,
            center=center,
            scale=scale,
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
            **kwargs,
        )
        self.axis = _as_list(axis)
        self.rms_scaling = rms_scaling

    def build(self, input_shape: Any) -> None:
        axes = check_axes("axis", self.axis, len(input_shape))
        shape = tuple(known_dim(self, input_shape, axis) for axis in axes)
        self.build_scale(shape)
        self.input_spec = InputSpec(ndim=len(input_shape), axes=dict(zip(axes, shape, strict=True)))

    def call(self, inputs: Any) -> Any:
        axes = check_axes("axis", self.axis, len(inputs.shape))
        if not self.rms_scaling:
            return ops.layer_normalization(inputs, self.gamma, self.beta, axes, self.epsilon)
        x = widen(inputs)
        variance = moments(x, axes)[2]
        gamma = None if self.gamma is None else _along(self.gamma, x, axes)
        return ops.cast(scaled(x, variance, self.epsilon, gamma), inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "axis", "rms_scaling")


@registry.builtin("layers")
class RMSNormalization(Layer):
    """Divides each sample by the root of the mean of its squares along some axes.

    Args:
        axis: the axis, or the axes in any order, over which the mean is taken.
        epsilon: what is added to the mean.
        **kwargs: options of every layer.

    Returns: a tensor of the input's shape, times the learned `scale`, of the sizes of the axes.

    Source: Zhang and Sennrich, "Root mean square layer normalization" (2019).

    >>> import numpy as np
    >>> RMSNormalization(epsilon=0.0)(np.array([[3.0, 3.0]], "float32")).tolist()
    [[1.0, 1.0]]
    """

    def __init__(self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = _as_list(axis)
        self.epsilon = check_number("epsilon", epsilon)

    def build(self, input_shape: Any) -> None:
        axes = check_axes("axis", self.axis, len(input_shape))
        shape = tuple(known_dim(self, input_shape, axis) for axis in axes)
        self.scale = self.add_weight(name="scale", shape=shape, initializer="ones", autocast=False)

    def call(self, x: Any) -> Any:
        wide = widen(x)
        axes = check_axes("axis", self.axis, len(x.shape))
        square = ops.mean(ops.square(wide), axis=axes, keepdims=True)
        return ops.cast(scaled(wide, square, self.epsilon, _along(self.scale, wide, axes)), x.dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "axis", "epsilon")


@registry.builtin("layers")
class GroupNormalization(ScaledNormalization):
    """Normalises each sample by the mean and variance of groups of its channels, over all positions.

    Args:
        groups: number of groups, which divides that of the channels; -1 for as many as there are channels.
        axis: the axis of the channels.
        epsilon: what is added to the variance.
        center: whether there is a shift `beta`.
        scale: whether there is a scale `gamma`.
        beta_initializer: what fills `beta`, of shape `(channels,)`.
        gamma_initializer: what fills `gamma`, of shape `(channels,)`.
        beta_regularizer: a penalty on `beta`.
        gamma_regularizer: a penalty on `gamma`.
        beta_constraint: what is applied to `beta` after each update.
        gamma_constraint: what is applied to `gamma` after each update.
        **kwargs: options of every layer.

    Returns: a tensor of the input's shape.

    Raises:
        InvalidArgumentError: if `groups` doesn't divide the number of channels.

    Source: Wu and He, "Group normalization" (2018).

    >>> import numpy as np
    >>> GroupNormalization(groups=2, epsilon=0.0)(np.array([[1.0, 3.0, 2.0, 6.0]], "float32")).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            epsilon=epsilon,
            center=center,
            scale=scale,
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
            **kwargs,
        )
        self.groups = groups if groups == -1 else check_positive("groups", groups)
        self.axis = axis

    def build(self, input_shape: Any) -> None:
        channels = known_dim(self, input_shape, self.axis)
        self._group_count = channels if self.groups == -1 else self.groups
        if channels % self._group_count:
            raise InvalidArgumentError(
                f"`groups` of layer '{self.name}' must divide the number of the input's channels, {channels}. "
                f"Received: groups={self.groups}"
            )
        self.build_scale((channels,))
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: channels})

    def call(self, inputs: Any) -> Any:
        x = widen(inputs)
        shape, rank = tuple(x.shape), len(x.shape)
        axis = self.axis % rank
        split = (*shape[:axis], self._group_count, shape[axis] // self._group_count, *shape[axis + 1 :])
        reduced = tuple(position for position in range(1, rank + 1) if position != axis)
        _, centered, variance = moments(ops.reshape(x, split), reduced)
        normal = ops.reshape(scaled(centered, variance, self.epsilon), shape)
        if self.gamma is not None:
            normal = ops.multiply(normal, _along(self.gamma, x, (axis,)))
        if self.beta is not None:
            normal = ops.add(normal, _along(self.beta, x, (axis,)))
        return ops.cast(normal, inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "groups", "axis")


@registry.builtin("layers")
class UnitNormalization(SameShape):
    """Scales each sample to length 1 along some axes.

    Args:
        axis: the axis, or the axes, along which the length is taken.
        **kwargs: options of every layer.

    Returns: a tensor of the input's shape; zeros stay zeros, and the gradient there is finite.

    >>> import numpy as np
    >>> UnitNormalization()(np.array([[0.0, 2.0]], "float32")).tolist()
    [[0.0, 1.0]]
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis if isinstance(axis, int) else list(axis)

    def call(self, inputs: Any) -> Any:
        axes = check_axes("axis", _as_list(self.axis), len(inputs.shape))
        x = widen(inputs)
        square = ops.sum(ops.square(x), axis=axes, keepdims=True)
        return ops.cast(ops.multiply(x, ops.rsqrt(ops.maximum(square, 1e-12))), inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "axis")
