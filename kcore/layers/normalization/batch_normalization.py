"""Batch normalization."""

from __future__ import annotations

from typing import Any

from kcore import initializers, ops, registry
from kcore.errors import InvalidArgumentError
from kcore.layers._parts import check_rate, describe, drop, known_dim
from kcore.layers.input_spec import InputSpec
from kcore.layers.normalization._base import ScaledNormalization
from kcore.layers.normalization._moments import moments, scaled, widen


@registry.builtin("layers")
class BatchNormalization(ScaledNormalization):
    """Normalises each feature by its mean and variance: over the batch in training, by moving averages otherwise.

    In training, if the layer is trainable, the output is `gamma * (x - mean) / sqrt(variance + epsilon) + beta`, and
    each moving statistic becomes `moving * momentum + statistic * (1 - momentum)`. A frozen layer (`trainable=False`)
    uses its moving statistics always.

    Args:
        axis: the axis of the features; 1 for images with their channels first.
        momentum: of the moving averages, from 0 to 1.
        epsilon: what is added to the variance.
        center: whether there is a shift `beta`.
        scale: whether there is a scale `gamma`.
        beta_initializer: what fills `beta`, like all weights of shape `(features,)`.
        gamma_initializer: what fills `gamma`.
        moving_mean_initializer: what fills `moving_mean`.
        moving_variance_initializer: what fills `moving_variance`.
        beta_regularizer: a penalty on `beta`.
        gamma_regularizer: a penalty on `gamma`.
        beta_constraint: what is applied to `beta` after each update.
        gamma_constraint: what is applied to `gamma` after each update.
        renorm: has to be false; renormalization isn't there.
        synchronized: has to be false; statistics are those of one device's batch.
        **kwargs: options of every layer.

    Call arguments:
        inputs: a floating tensor.
        training: whether the batch's statistics are used.
        mask: booleans of the input's leading axes; masked values don't count for the statistics.

    Returns: a tensor of the input's shape. The gradient goes through mean and variance.

    Raises:
        InvalidArgumentError: if `renorm` or `synchronized` is set, or the input has no such axis.

    Source: Ioffe and Szegedy, "Batch normalization: accelerating deep network training" (2015).

    >>> import numpy as np
    >>> layer = BatchNormalization()
    >>> layer(np.array([[1.0], [3.0]], "float32"), training=True).shape, layer.moving_mean.numpy().round(2).tolist()
    ((2, 1), [0.02])
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        drop(kwargs, "renorm_clipping", "renorm_momentum")
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
        for name, value in (("renorm", renorm), ("synchronized", synchronized)):
            if value:
                raise InvalidArgumentError(f"`{name}` must be False. Received: {name}={value!r}")
        self.axis = int(axis[0]) if isinstance(axis, (list, tuple)) and len(axis) == 1 else int(axis)
        self.momentum = check_rate("momentum", momentum)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)

    def build(self, input_shape: Any) -> None:
        features = known_dim(self, input_shape, self.axis)
        self.build_scale((features,))
        statistic = {"shape": (features,), "trainable": False, "autocast": False}
        self.moving_mean = self.add_weight(name="moving_mean", initializer=self.moving_mean_initializer, **statistic)
        self.moving_variance = self.add_weight(
            name="moving_variance", initializer=self.moving_variance_initializer, **statistic
        )
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: features})

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        x = widen(inputs)
        if training and self.trainable:
            mean, centered, variance = self._batch_moments(x, mask)
            self._follow(self.moving_mean, mean)
            self._follow(self.moving_variance, variance)
        else:
            centered = ops.subtract(x, self._spread(self.moving_mean, x))
            variance = self._spread(self.moving_variance, x)
        gamma, beta = (None if weight is None else self._spread(weight, x) for weight in (self.gamma, self.beta))
        return ops.cast(scaled(centered, variance, self.epsilon, gamma, beta), inputs.dtype)

    def _batch_moments(self, x: Any, mask: Any) -> tuple[Any, Any, Any]:
        rank = len(x.shape)
        axes = tuple(axis for axis in range(rank) if axis != self.axis % rank)
        if mask is None:
            return moments(x, axes)
        return moments(x, axes, ops.reshape(mask, (*mask.shape, *(1,) * (rank - len(mask.shape)))))

    def _spread(self, weight: Any, x: Any) -> Any:
        """The weight in the dtype of `x`, with axes of size 1 so that it lies along the features of `x`."""
        rank = len(x.shape)
        after = rank - 1 - self.axis % rank
        value = ops.cast(weight, x.dtype)
        return ops.reshape(value, (*value.shape, *(1,) * after)) if after else value

    def _follow(self, moving: Any, statistic: Any) -> None:
        batch = ops.cast(ops.reshape(statistic, moving.shape), moving.dtype)
        old = ops.multiply(moving, self.momentum)
        moving.assign(ops.add(old, ops.multiply(ops.stop_gradient(batch), 1.0 - self.momentum)))

    def get_config(self) -> dict[str, Any]:
        own = describe(self, "axis", "momentum", "moving_mean_initializer", "moving_variance_initializer")
        return super().get_config() | own | {"synchronized": False, "renorm": False}
