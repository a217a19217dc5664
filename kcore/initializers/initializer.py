"""The base of all initializers, and how big a layer's fans are."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from kcore import config, dtypes, ops, registry
from kcore.engine import random
from kcore.errors import InvalidArgumentError, UnsupportedError


@registry.builtin("initializers")
class Initializer:
    """Base class of initializers. A subclass writes `__call__(shape, dtype=None)`, and `get_config` if it has
    arguments.

    Example:
        >>> class Halves(Initializer):
        ...     def __call__(self, shape, dtype=None):
        ...         return np.full(shape, 0.5, dtype or "float32")
        >>> Halves()((2,)).tolist()
        [0.5, 0.5]
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Initial values.

        Args:
            shape: the shape to make.
            dtype: their dtype; `floatx` if `None`.

        Returns:
            A tensor.
        """
        raise UnsupportedError(f"{type(self).__name__} must define `__call__(shape, dtype=None)`.")

    def get_config(self) -> dict[str, Any]:
        """The arguments to make it again."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        """Make one from what `get_config` returned."""
        return cls(**config)

    def clone(self) -> Initializer:
        """Another one with the same arguments."""
        return type(self).from_config(self.get_config())


class RandomInitializer(Initializer):
    """Base of the initializers that draw numbers, which they do on the host, so that every backend gets the same
    ones.

    Args:
        seed: an integer, for the same numbers at every call; a `SeedGenerator`, for its next ones; or `None`, for the
            next numbers of the process-wide stream that `set_random_seed` starts.

    Raises:
        InvalidArgumentError: `seed` is something else.
    """

    def __init__(self, seed: Any = None):
        if isinstance(seed, dict):
            seed = random.SeedGenerator.from_config(seed.get("config", seed))
        if seed is not None and not isinstance(seed, random.SeedGenerator):
            random.make_key(seed)
        self.seed = seed

    def _key(self) -> np.ndarray:
        if self.seed is None:
            return random.draw_key()
        return (
            np.asarray(self.seed.next()) if isinstance(self.seed, random.SeedGenerator) else random.make_key(self.seed)
        )

    def get_config(self) -> dict[str, Any]:
        """`seed`."""
        return {"seed": registry.serialize_keras_object(self.seed)}


def finished(values: np.ndarray, dtype: str) -> Any:
    """Host values as a tensor of the active backend."""
    return ops.convert_to_tensor(values, dtype=dtype)


def resolve(shape: Any, dtype: Any) -> tuple[tuple[int, ...], str]:
    """A shape as a tuple of integers, and a dtype's name."""
    shape = (shape,) if isinstance(shape, (int, np.integer)) else shape
    if not isinstance(shape, Iterable) or not all(isinstance(d, (int, np.integer)) and d >= 0 for d in shape):
        raise InvalidArgumentError(f"`shape` must consist of integers of at least 0. Received: shape={shape!r}")
    return tuple(int(d) for d in shape), dtypes.standardize_dtype(dtype or config.floatx())


def host_dtype(dtype: str) -> str:
    """The dtype that values are computed in before they are cast: `float64` for that, `float32` for any other."""
    return "float64" if dtype == "float64" else "float32"


def compute_fans(
    shape: tuple[int, ...], input_axes: Iterable[int] | None = None, output_axes: Iterable[int] | None = None
) -> tuple[int, int]:
    """How many inputs an output sums up, and how many outputs an input goes to.

    | shape                   | fan in   | fan out  |
    | ----------------------- | -------- | -------- |
    | `()`                    | 1        | 1        |
    | `(n,)`                  | n        | n        |
    | `(i, o)`                | i        | o        |
    | `(*k, i, o)` (a kernel) | i * ∏k   | o * ∏k   |

    Args:
        shape: a weight's shape.
        input_axes: the axes that count for fan in, where the table doesn't fit; `output_axes` has to be given too.
        output_axes: the axes that count for fan out. Axes in neither belong to the receptive field and count for
            both.

    Returns:
        Fan in and fan out, at least 1 each for a shape without zeros.

    Raises:
        InvalidArgumentError: only one of the two axes arguments is given.

    Example:
        >>> compute_fans((3, 3, 4, 8))
        (36, 72)
    """
    if (input_axes is None) != (output_axes is None):
        raise InvalidArgumentError(
            "`input_axes` and `output_axes` must be given together. "
            f"Received: input_axes={input_axes}, output_axes={output_axes}"
        )
    if input_axes is None or output_axes is None:
        if len(shape) < 2:
            return (shape[0], shape[0]) if shape else (1, 1)
        input_axes, output_axes = (-2,), (-1,)
    inputs, outputs = ({axis % len(shape) for axis in axes} for axes in (input_axes, output_axes))
    field = math.prod(d for axis, d in enumerate(shape) if axis not in inputs | outputs)
    return field * math.prod(shape[axis] for axis in inputs), field * math.prod(shape[axis] for axis in outputs)
