"""Initializers that always give the same values: constants, the identity, and the kernels of a Fourier transform."""

from __future__ import annotations

from typing import Any

import numpy as np

from kcore import registry
from kcore.errors import InvalidArgumentError
from kcore.initializers.initializer import Initializer, finished, host_dtype, resolve


@registry.builtin("initializers", "zero")
class Zeros(Initializer):
    """All zeros.

    Example:
        >>> Zeros()((2,)).tolist()
        [0.0, 0.0]
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Zeros of this shape and dtype."""
        shape, dtype = resolve(shape, dtype)
        return finished(np.zeros(shape, np.float32), dtype)


@registry.builtin("initializers", "one")
class Ones(Initializer):
    """All ones.

    Example:
        >>> Ones()((2,)).tolist()
        [1.0, 1.0]
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Ones of this shape and dtype."""
        shape, dtype = resolve(shape, dtype)
        return finished(np.ones(shape, np.float32), dtype)


@registry.builtin("initializers")
class Constant(Initializer):
    """A given value everywhere.

    Args:
        value: a number, or an array that broadcasts to the shape.

    Example:
        >>> Constant(3.0)((2,)).tolist()
        [3.0, 3.0]
    """

    def __init__(self, value: Any = 0.0):
        self.value = value

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The value, repeated to this shape.

        Raises:
            InvalidArgumentError: `value` doesn't broadcast to `shape`.
        """
        shape, dtype = resolve(shape, dtype)
        value = np.asarray(self.value)
        try:
            return finished(np.ascontiguousarray(np.broadcast_to(value, shape)), dtype)
        except ValueError:
            raise InvalidArgumentError(
                "`value` must broadcast to the shape that it initializes. "
                f"Received: value.shape={value.shape}, shape={shape}"
            ) from None

    def get_config(self) -> dict[str, Any]:
        """`value`."""
        return {"value": registry.serialize_keras_object(self.value)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constant:
        """Make one from what `get_config` returned."""
        return cls(registry.deserialize_keras_object(config.get("value", 0.0)))


@registry.builtin("initializers", "IdentityInitializer")
class Identity(Initializer):
    """Ones on the diagonal of a matrix, times a factor.

    Args:
        gain: the factor.

    Example:
        >>> Identity(2.0)((2, 2)).tolist()
        [[2.0, 0.0], [0.0, 2.0]]
    """

    def __init__(self, gain: float = 1.0):
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The matrix of this shape.

        Raises:
            InvalidArgumentError: `shape` isn't that of a matrix.
        """
        shape, dtype = resolve(shape, dtype)
        if len(shape) != 2:
            raise InvalidArgumentError(f"`shape` must be that of a matrix for `Identity`. Received: shape={shape}")
        return finished(self.gain * np.eye(*shape, dtype=host_dtype(dtype)), dtype)

    def get_config(self) -> dict[str, Any]:
        """`gain`."""
        return {"gain": self.gain}


@registry.builtin("initializers", "STFTInitializer")
class STFT(Initializer):
    """Kernels of a short-time Fourier transform, for a 1D convolution over a signal.

    Args:
        side: `"real"` for the cosines, `"imag"` for minus the sines.
        window: `"hann"`, `"hamming"`, an array of the frame's length, or `None` for no window.
        scaling: `"density"` divides by `sqrt(sum(window**2))`, `"spectrum"` by `sum(window)`, `None` by 1. Only with
            a window.
        periodic: whether a named window is the periodic one, and not the symmetric one.

    Raises:
        InvalidArgumentError: an argument has none of these values.

    Example:
        >>> STFT("real", window=None)((4, 1, 3))[1, 0].round(3).tolist()
        [1.0, 0.0, -1.0]
    """

    def __init__(
        self, side: str = "real", window: Any = "hann", scaling: str | None = "density", periodic: bool = False
    ):
        if side not in ("real", "imag"):
            raise InvalidArgumentError(f"`side` must be 'real' or 'imag'. Received: side={side!r}")
        if isinstance(window, str) and window not in _WINDOWS:
            raise InvalidArgumentError(f"`window` must be one of {sorted(_WINDOWS)}. Received: window={window!r}")
        if scaling not in ("density", "spectrum", None):
            raise InvalidArgumentError(
                f"`scaling` must be 'density', 'spectrum' or None. Received: scaling={scaling!r}"
            )
        self.side, self.window, self.scaling, self.periodic = side, window, scaling, periodic

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The kernels for `shape` `(frame, channels, bins)`; the transform has `2 * (bins - 1)` points.

        Raises:
            InvalidArgumentError: `shape` hasn't three dimensions.
        """
        shape, dtype = resolve(shape, dtype)
        if len(shape) != 3:
            raise InvalidArgumentError(f"`shape` must be (frame, channels, bins) for `STFT`. Received: shape={shape}")
        frame, _, bins = shape
        angle = 2 * np.pi * np.outer(np.arange(frame), np.arange(bins)) / max(2 * (bins - 1), 1)
        kernel = np.cos(angle) if self.side == "real" else -np.sin(angle)
        if self.window is not None:
            kernel = kernel * self._window(frame)[:, None]
        return finished(np.ascontiguousarray(np.broadcast_to(kernel[:, None, :], shape)), dtype)

    def _window(self, frame: int) -> np.ndarray:
        window = np.asarray(self.window, "float64") if not isinstance(self.window, str) else self._named(frame)
        if window.shape != (frame,):
            raise InvalidArgumentError(
                f"`window` must have the frame's length {frame}. Received: window.shape={window.shape}"
            )
        scale = {"density": np.sqrt(np.sum(window**2)), "spectrum": np.sum(window), None: 1.0}[self.scaling]
        return window / scale

    def _named(self, frame: int) -> np.ndarray:
        window = _WINDOWS[self.window](frame + 1 if self.periodic else frame)
        return window[:frame]

    def get_config(self) -> dict[str, Any]:
        """`side`, `window`, `scaling`, `periodic`."""
        window = self.window if isinstance(self.window, str) else registry.serialize_keras_object(self.window)
        return {"side": self.side, "window": window, "scaling": self.scaling, "periodic": self.periodic}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> STFT:
        """Make one from what `get_config` returned."""
        return cls(**{**config, "window": registry.deserialize_keras_object(config.get("window", "hann"))})


_WINDOWS = {"hann": np.hanning, "hamming": np.hamming}
