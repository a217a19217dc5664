"""Dropout of single values and of whole feature maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kcore import random, registry
from kcore.layers._parts import SameShape, check_data_format, check_rate, describe
from kcore.layers.input_spec import InputSpec


@registry.builtin("layers")
class Dropout(SameShape):
    """In training, sets a random part of the input to zero and scales the rest by `1 / (1 - rate)`, so that the
    expected sum stays.

    The mask is made of the counter-based random bits: a seed gives the same mask on every backend.

    Args:
        rate: the fraction that is dropped, from 0 to 1.
        noise_shape: the mask's shape, which broadcasts to the input's; `None` in it takes the input's size. `(None,
            1, None)` drops the same features at all steps of a sequence.
        seed: an integer, for a mask of its own that doesn't depend on other layers.
        **kwargs: options of every layer.

    Call arguments:
        inputs: a floating tensor.
        training: whether values are dropped; otherwise the layer returns its input.

    Returns: a tensor of the input's shape. The gradient is that of a product with the scaled mask.

    Raises:
        InvalidArgumentError: if `rate` isn't in [0, 1].

    Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting" (2014).

    >>> import numpy as np
    >>> Dropout(0.5)(np.ones((1, 3), "float32"), training=False).tolist()
    [[1.0, 1.0, 1.0]]
    """

    def __init__(
        self, rate: float, noise_shape: Sequence[int | None] | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.rate = check_rate("rate", rate)
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)
        self.seed = seed
        if self.rate > 0:
            self.seed_generator = random.SeedGenerator(seed)

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        return random.dropout(inputs, self.rate, noise_shape=self._mask_shape(), seed=self.seed_generator)

    def _mask_shape(self) -> tuple[int | None, ...] | None:
        return self.noise_shape

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "rate", "seed", "noise_shape")


class _SpatialDropout(Dropout):
    """Drops whole feature maps: the mask has size 1 along the `rank` spatial axes."""

    rank: int

    def __init__(self, rate: float, data_format: str | None = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, seed=seed, **kwargs)
        self.data_format = check_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _mask_shape(self) -> tuple[int | None, ...]:
        ones = (1,) * self.rank
        return (None, None, *ones) if self.data_format == "channels_first" else (None, *ones, None)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config() | describe(self, "data_format")
        del config["noise_shape"]
        return config


@registry.builtin("layers")
class SpatialDropout1D(_SpatialDropout):
    """Dropout of whole features of a sequence: what is dropped is dropped at all steps.

    Args:
        rate: the fraction of features that is dropped, from 0 to 1.
        seed: an integer, for a mask of its own.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, steps, features)`.

    Returns: a tensor of the input's shape.

    Source: Tompson et al., "Efficient object localization using convolutional networks" (2015).

    >>> import numpy as np
    >>> SpatialDropout1D(0.5)(np.ones((2, 3, 4), "float32"), training=True).shape
    (2, 3, 4)
    """

    rank = 1

    def __init__(
        self, rate: float, seed: int | None = None, name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(rate, "channels_last", seed, name=name, dtype=dtype, **kwargs)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["data_format"]
        return config


@registry.builtin("layers")
class SpatialDropout2D(_SpatialDropout):
    """Dropout of whole feature maps of images.

    Args:
        rate: the fraction of maps that is dropped, from 0 to 1.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        seed: an integer, for a mask of its own.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` if the channels are first.

    Returns: a tensor of the input's shape.

    >>> import numpy as np
    >>> SpatialDropout2D(0.5)(np.ones((2, 3, 3, 4), "float32"), training=True).shape
    (2, 3, 3, 4)
    """

    rank = 2


@registry.builtin("layers")
class SpatialDropout3D(_SpatialDropout):
    """Dropout of whole feature maps of volumes.

    Args:
        rate: the fraction of maps that is dropped, from 0 to 1.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for the configured one.
        seed: an integer, for a mask of its own.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, *three sizes, channels)`, or `(batch, channels, *three sizes)` if the channels are first.

    Returns: a tensor of the input's shape.

    >>> import numpy as np
    >>> SpatialDropout3D(0.5)(np.ones((2, 2, 2, 2, 4), "float32"), training=True).shape
    (2, 2, 2, 2, 4)
    """

    rank = 3
