"""Initializers that draw random numbers. The same seed gives the same numbers on every backend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kcore import registry
from kcore.engine import random
from kcore.errors import InvalidArgumentError
from kcore.initializers.initializer import RandomInitializer, compute_fans, finished, host_dtype, resolve

TRUNCATED_STDDEV = 0.87962566103423978
"""The standard deviation of a standard normal variable that is kept within [-2, 2]."""

_MODES = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")


@registry.builtin("initializers", "normal")
class RandomNormal(RandomInitializer):
    """Normally distributed numbers.

    Args:
        mean: their mean.
        stddev: their standard deviation.
        seed: an integer for the same numbers at every call, a `SeedGenerator`, or `None` for the process-wide stream.

    Example:
        >>> RandomNormal(stddev=0.1, seed=1)((2, 3)).shape
        (2, 3)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None):
        super().__init__(seed)
        self.mean, self.stddev = mean, stddev

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Numbers of this shape and dtype."""
        shape, dtype = resolve(shape, dtype)
        return finished(_scaled(random.host_normal, self._key(), shape, dtype, self.stddev, self.mean), dtype)

    def get_config(self) -> dict[str, Any]:
        """`seed`, `mean`, `stddev`."""
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


@registry.builtin("initializers")
class TruncatedNormal(RandomInitializer):
    """Normally distributed numbers within two standard deviations of the mean.

    Args:
        mean: their mean.
        stddev: the standard deviation before truncation; that of the numbers is 0.8796 times as much.
        seed: an integer for the same numbers at every call, a `SeedGenerator`, or `None` for the process-wide stream.

    Example:
        >>> bool((abs(TruncatedNormal(stddev=1.0, seed=1)((100,))) <= 2.0).all())
        True
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None):
        super().__init__(seed)
        self.mean, self.stddev = mean, stddev

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Numbers of this shape and dtype."""
        shape, dtype = resolve(shape, dtype)
        return finished(_scaled(random.host_truncated_normal, self._key(), shape, dtype, self.stddev, self.mean), dtype)

    def get_config(self) -> dict[str, Any]:
        """`seed`, `mean`, `stddev`."""
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


@registry.builtin("initializers", "uniform")
class RandomUniform(RandomInitializer):
    """Uniformly distributed numbers in `[minval, maxval)`.

    Args:
        minval: the lower end.
        maxval: the upper end.
        seed: an integer for the same numbers at every call, a `SeedGenerator`, or `None` for the process-wide stream.

    Example:
        >>> bool((abs(RandomUniform(seed=1)((100,))) <= 0.05).all())
        True
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None):
        super().__init__(seed)
        self.minval, self.maxval = minval, maxval

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Numbers of this shape and dtype."""
        shape, dtype = resolve(shape, dtype)
        span = self.maxval - self.minval
        return finished(_scaled(random.host_uniform, self._key(), shape, dtype, span, self.minval), dtype)

    def get_config(self) -> dict[str, Any]:
        """`seed`, `minval`, `maxval`."""
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}


def _scaled(draw: Any, key: np.ndarray, shape: tuple[int, ...], dtype: str, factor: float, offset: float) -> np.ndarray:
    kind = np.dtype(host_dtype(dtype)).type
    values = draw(key, shape=shape, dtype=kind.__name__)
    values *= kind(factor)
    if offset:
        values += kind(offset)
    return values


@registry.builtin("initializers")
class VarianceScaling(RandomInitializer):
    """Numbers with the variance `scale / n`, where `n` is the number of a weight's inputs, of its outputs, or the
    mean of both.

    Args:
        scale: a positive factor.
        mode: `"fan_in"`, `"fan_out"` or `"fan_avg"`: what `n` is; see `compute_fans`.
        distribution: `"truncated_normal"` (Keras 2's `"normal"`), `"untruncated_normal"` or `"uniform"`.
        seed: an integer for the same numbers at every call, a `SeedGenerator`, or `None` for the process-wide stream.
        input_axes, output_axes: the axes that count, where a weight isn't laid out as `(*receptive field, inputs,
            outputs)`.

    Raises:
        InvalidArgumentError: an argument has none of these values.

    Example:
        >>> values = VarianceScaling(distribution="uniform", seed=1)((12, 5))
        >>> bool((abs(values) <= (3 / 12) ** 0.5).all())
        True
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ):
        if not scale > 0:
            raise InvalidArgumentError(f"`scale` must be a positive number. Received: scale={scale!r}")
        distribution = "truncated_normal" if distribution == "normal" else distribution
        for name, value, allowed in (("mode", mode, _MODES), ("distribution", distribution, _DISTRIBUTIONS)):
            if value not in allowed:
                raise InvalidArgumentError(f"`{name}` must be one of {allowed}. Received: {name}={value!r}")
        super().__init__(seed)
        self.scale, self.mode, self.distribution = scale, mode, distribution
        self.input_axes, self.output_axes = input_axes, output_axes

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Numbers of this shape and dtype."""
        shape, dtype = resolve(shape, dtype)
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        count = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        stddev = math.sqrt(self.scale / max(1.0, count))
        draw, factor, offset = {
            "truncated_normal": (random.host_truncated_normal, stddev / TRUNCATED_STDDEV, 0.0),
            "untruncated_normal": (random.host_normal, stddev, 0.0),
            "uniform": (random.host_uniform, 2 * math.sqrt(3.0) * stddev, -math.sqrt(3.0) * stddev),
        }[self.distribution]
        return finished(_scaled(draw, self._key(), shape, dtype, factor, offset), dtype)

    def get_config(self) -> dict[str, Any]:
        """`seed`, `scale`, `mode`, `distribution`, `input_axes`, `output_axes`."""
        own = {name: getattr(self, name) for name in ("scale", "mode", "distribution", "input_axes", "output_axes")}
        return {**super().get_config(), **own}


class _Scaled(VarianceScaling):
    """A `VarianceScaling` with a name: the first three arguments are fixed."""

    _fixed: tuple[float, str, str]

    def __init__(
        self, seed: Any = None, input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None
    ):
        super().__init__(*self._fixed, seed, input_axes, output_axes)

    def get_config(self) -> dict[str, Any]:
        """`seed`, `input_axes`, `output_axes`."""
        config = super().get_config()
        return {name: config[name] for name in ("seed", "input_axes", "output_axes")}


@registry.builtin("initializers")
class GlorotUniform(_Scaled):
    """`VarianceScaling(1, "fan_avg", "uniform")`. Source: Glorot and Bengio, AISTATS 2010.

    Args:
        seed, input_axes, output_axes: see `VarianceScaling`.

    Example:
        >>> bool((abs(GlorotUniform(seed=1)((2, 4))) <= 1.0).all())
        True
    """

    _fixed = (1.0, "fan_avg", "uniform")


@registry.builtin("initializers")
class GlorotNormal(_Scaled):
    """`VarianceScaling(1, "fan_avg", "truncated_normal")`. Source: Glorot and Bengio, AISTATS 2010.

    Args:
        seed, input_axes, output_axes: see `VarianceScaling`.

    Example:
        >>> GlorotNormal(seed=1)((2, 4)).shape
        (2, 4)
    """

    _fixed = (1.0, "fan_avg", "truncated_normal")


@registry.builtin("initializers")
class HeNormal(_Scaled):
    """`VarianceScaling(2, "fan_in", "truncated_normal")`. Source: He et al., arXiv 1502.01852.

    Args:
        seed, input_axes, output_axes: see `VarianceScaling`.

    Example:
        >>> HeNormal(seed=1)((2, 4)).shape
        (2, 4)
    """

    _fixed = (2.0, "fan_in", "truncated_normal")


@registry.builtin("initializers")
class HeUniform(_Scaled):
    """`VarianceScaling(2, "fan_in", "uniform")`. Source: He et al., arXiv 1502.01852.

    Args:
        seed, input_axes, output_axes: see `VarianceScaling`.

    Example:
        >>> bool((abs(HeUniform(seed=1)((6, 4))) <= 1.0).all())
        True
    """

    _fixed = (2.0, "fan_in", "uniform")


@registry.builtin("initializers")
class LecunNormal(_Scaled):
    """`VarianceScaling(1, "fan_in", "truncated_normal")`. Source: LeCun et al., "Efficient BackProp", 1998.

    Args:
        seed, input_axes, output_axes: see `VarianceScaling`.

    Example:
        >>> LecunNormal(seed=1)((2, 4)).shape
        (2, 4)
    """

    _fixed = (1.0, "fan_in", "truncated_normal")


@registry.builtin("initializers")
class LecunUniform(_Scaled):
    """`VarianceScaling(1, "fan_in", "uniform")`. Source: LeCun et al., "Efficient BackProp", 1998.

    Args:
        seed, input_axes, output_axes: see `VarianceScaling`.

    Example:
        >>> bool((abs(LecunUniform(seed=1)((3, 4))) <= 1.0).all())
        True
    """

    _fixed = (1.0, "fan_in", "uniform")


@registry.builtin("initializers", "OrthogonalInitializer")
class Orthogonal(RandomInitializer):
    """A random matrix with orthonormal columns (or rows, where it is wider than high), times a factor.

    A shape of more than two dimensions is that of the matrix whose columns are the last axis.

    Args:
        gain: the factor.
        seed: an integer for the same numbers at every call, a `SeedGenerator`, or `None` for the process-wide stream.

    Source: Saxe et al., arXiv 1312.6120: Q of the QR decomposition of normal numbers, with R's diagonal made
    positive.

    Example:
        >>> q = Orthogonal(seed=1)((4, 3))
        >>> bool(np.allclose(q.T @ q, np.eye(3), atol=1e-6))
        True
    """

    def __init__(self, gain: float = 1.0, seed: Any = None):
        super().__init__(seed)
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Numbers of this shape and dtype.

        Raises:
            InvalidArgumentError: `shape` has less than two dimensions.
        """
        shape, dtype = resolve(shape, dtype)
        if len(shape) < 2:
            raise InvalidArgumentError(
                f"`shape` must have at least two dimensions for `Orthogonal`. Received: shape={shape}"
            )
        rows, columns = math.prod(shape[:-1]), shape[-1]
        tall = (max(rows, columns), min(rows, columns))
        q, r = np.linalg.qr(random.host_normal(self._key(), shape=tall, dtype="float64"))
        q = q * np.where(np.diagonal(r) < 0, -1.0, 1.0)
        return finished(self.gain * (q if rows >= columns else q.T).reshape(shape), dtype)

    def get_config(self) -> dict[str, Any]:
        """`seed`, `gain`."""
        return {**super().get_config(), "gain": self.gain}
