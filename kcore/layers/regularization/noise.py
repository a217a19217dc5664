"""Noise that is added to, or multiplied with, the input in training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from kcore import ops, random, registry
from kcore.errors import InvalidArgumentError
from kcore.layers._parts import SameShape, check_number, check_rate, describe


@registry.builtin("layers")
class GaussianNoise(SameShape):
    """In training, adds normal noise of mean 0.

    Args:
        stddev: standard deviation of the noise, not negative.
        seed: an integer, for noise of its own.
        **kwargs: options of every layer.

    Returns: a tensor of the input's shape.

    >>> import numpy as np
    >>> GaussianNoise(0.1)(np.ones((1, 2), "float32")).tolist()
    [[1.0, 1.0]]
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stddev = check_number("stddev", stddev)
        self.seed = seed
        if self.stddev > 0:
            self.seed_generator = random.SeedGenerator(seed)

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        if not training or self.stddev == 0:
            return inputs
        return ops.add(inputs, _normal(inputs, 0.0, self.stddev, self.seed_generator))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "stddev", "seed")


@registry.builtin("layers")
class GaussianDropout(SameShape):
    """In training, multiplies with normal noise of mean 1 and standard deviation `sqrt(rate / (1 - rate))`.

    Args:
        rate: as of a `Dropout` of the same variance, at least 0 and less than 1.
        seed: an integer, for noise of its own.
        **kwargs: options of every layer.

    Returns: a tensor of the input's shape.

    Raises:
        InvalidArgumentError: if `rate` isn't in [0, 1).

    Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting" (2014), section 10.

    >>> import numpy as np
    >>> GaussianDropout(0.1)(np.ones((1, 2), "float32")).tolist()
    [[1.0, 1.0]]
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = _check_below_one(rate)
        self.seed = seed
        if self.rate > 0:
            self.seed_generator = random.SeedGenerator(seed)

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        stddev = math.sqrt(self.rate / (1.0 - self.rate))
        return ops.multiply(inputs, _normal(inputs, 1.0, stddev, self.seed_generator))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "rate", "seed")


@registry.builtin("layers")
class AlphaDropout(SameShape):
    """The dropout that suits `selu`: dropped values become selu's lower limit, and a scale and a shift restore mean 0
    and variance 1.

    Args:
        rate: the fraction that is dropped, at least 0 and less than 1.
        noise_shape: the mask's shape, which broadcasts to the input's; `None` in it takes the input's size.
        seed: an integer, for a mask of its own.
        **kwargs: options of every layer.

    Returns: a tensor of the input's shape.

    Raises:
        InvalidArgumentError: if `rate` isn't in [0, 1).

    Source: Klambauer et al., "Self-normalizing neural networks" (2017).

    >>> import numpy as np
    >>> AlphaDropout(0.1)(np.ones((1, 2), "float32")).tolist()
    [[1.0, 1.0]]
    """

    def __init__(
        self, rate: float, noise_shape: Sequence[int | None] | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.rate = _check_below_one(rate)
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)
        self.seed = seed
        if self.rate > 0:
            self.seed_generator = random.SeedGenerator(seed)

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        shape = tuple(inputs.shape)
        if self.noise_shape is not None:
            shape = tuple(size if asked is None else asked for asked, size in zip(self.noise_shape, shape, strict=True))
        kept = ops.greater_equal(random.uniform(shape, dtype="float32", seed=self.seed_generator), self.rate)
        limit = -_SELU_ALPHA * _SELU_SCALE
        scale = ((1.0 - self.rate) * (1.0 + self.rate * limit**2)) ** -0.5
        mixed = ops.where(kept, inputs, ops.full_like(inputs, limit))
        return ops.add(ops.multiply(mixed, scale), -scale * limit * self.rate)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, "rate", "seed", "noise_shape")


_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805


def _check_below_one(rate: float) -> float:
    if check_rate("rate", rate) == 1:
        raise InvalidArgumentError(f"`rate` must be less than 1, where the noise has no scale. Received: rate={rate!r}")
    return float(rate)


def _normal(inputs: Any, mean: float, stddev: float, seed: random.SeedGenerator) -> Any:
    return random.normal(tuple(inputs.shape), mean=mean, stddev=stddev, dtype=inputs.dtype, seed=seed)
