"""The base of normalization layers with a learned scale and shift."""

from __future__ import annotations

from typing import Any

from kcore import constraints, initializers, regularizers
from kcore.layers._parts import check_number, describe
from kcore.layers.layer import Layer


class ScaledNormalization(Layer):
    """A layer with `gamma` and `beta`; a subclass computes the statistics.

    Args:
        epsilon: what is added to the variance, a small positive number.
        center: whether there is a shift `beta`.
        scale: whether there is a scale `gamma`.
        beta_initializer: what fills `beta`.
        gamma_initializer: what fills `gamma`.
        beta_regularizer: a penalty on `beta`.
        gamma_regularizer: a penalty on `gamma`.
        beta_constraint: what is applied to `beta` after each update.
        gamma_constraint: what is applied to `gamma` after each update.
        **kwargs: options of every layer.
    """

    def __init__(
        self,
        *,
        epsilon: float,
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
        super().__init__(**kwargs)
        self.epsilon = check_number("epsilon", epsilon)
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.supports_masking = True

    def build_scale(self, shape: tuple[int, ...]) -> None:
        """Makes `gamma` and `beta`, as far as they are wanted; they are read as they are, since `call` needs them in
        float32 at least."""
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                name="gamma",
                shape=shape,
                initializer=self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
                autocast=False,
            )
        if self.center:
            self.beta = self.add_weight(
                name="beta",
                shape=shape,
                initializer=self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
                autocast=False,
            )

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        kinds = ("initializer", "regularizer", "constraint")
        names = [f"{weight}_{kind}" for kind in kinds for weight in ("beta", "gamma")]
        return super().get_config() | describe(self, "epsilon", "center", "scale", *names)
