"""The comparisons that cases make. Each raises `Mismatch`; none returns whether it held."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from kcore import tree

from .tolerances import DTYPES, SLOPES, tolerance

if TYPE_CHECKING:
    from kcore.engine.backend import Backend


class Mismatch(AssertionError):
    """A backend's answer isn't the one that conformance asks for."""


class Check:
    """What a case says its findings through, and where the worst errors are kept.

    Attributes:
        backend: the backend under test.
        other: the second backend of a case of pairs, else the same.
        op: the op that the case is about.
        worst: the worst error in ULP, by `(op, dtype)`.
    """

    def __init__(self, backend: Backend, op: str = "", other: Backend | None = None):
        self.backend = backend
        self.other = other or backend
        self.op = op
        self.worst: dict[tuple[str, str], float] = {}

    def equal(self, got: Any, expected: Any) -> None:
        """`got` has the shape and the numbers of `expected`, NaN being equal to NaN.

        Args:
            got: a tensor, a variable or a NumPy array, or a tree of those.
            expected: the same of NumPy arrays or plain numbers. Where it is a NumPy array or scalar, the dtype must be
                its dtype too; for plain Python numbers and lists any dtype will do.

        Raises:
            Mismatch: they differ.
        """
        for label, x, want, typed in self._pairs(got, expected):
            _same_form(label, x, want, typed)
            if not np.array_equal(x, want, equal_nan=_is_float(x) and _is_float(want)):
                raise Mismatch(f"{label}the values differ: {_difference(x, want)}")

    def same_bits(self, got: Any, expected: Any) -> None:
        """As `equal`, and 0.0 isn't -0.0."""
        self.equal(got, expected)
        self.same_signs(got, expected)

    def same_signs(self, got: Any, expected: Any) -> None:
        """The signs of all numbers are those of `expected`, those of zeros too; NaN has none."""
        for label, x, want, _ in self._pairs(got, expected):
            if _is_float(x) and not np.array_equal(np.signbit(x)[~np.isnan(x)], np.signbit(want)[~np.isnan(want)]):
                raise Mismatch(f"{label}the signs of zeros differ: got {_shown(x)}, expected {_shown(want)}")

    def close(self, got: Any, expected: Any, *, op: str | None = None, dtype: str | None = None) -> None:
        """`got` is as near to `expected` as the table of tolerances asks.

        Args:
            got: a tensor, a variable or a NumPy array, or a tree of those.
            expected: the same of NumPy arrays or plain numbers, in a wider dtype if possible: it is the oracle.
            op: the row of the table of tolerances; the case's own if None.
            dtype: what `got`'s dtype must be; if None, that of a floating result isn't looked at, and any other must
                be the dtype of `expected`.

        Raises:
            Mismatch: they differ in form, in where NaN and infinity are, or by more than the table allows.
        """
        row = op or self.op
        for label, x, want, typed in self._pairs(got, expected):
            _same_form(label, x, want, typed and dtype is None and not _is_float(x))
            if dtype is not None and x.dtype.name != dtype:
                raise Mismatch(f"{label}the dtype is {x.dtype.name}, expected {dtype}")
            error = ulps(x, want, tolerance(row).scale)
            if error and not _is_float(x):
                raise Mismatch(f"{label}the values differ: {_difference(x, want)}")
            key = (row, x.dtype.name)
            self.worst[key] = max(self.worst.get(key, 0.0), error)
            if not error <= tolerance(row).ulps(x.dtype.name):
                raise Mismatch(
                    f"{label}off by {error:.3g} ULP, {tolerance(row).ulps(x.dtype.name):g} are allowed for "
                    f"`{row}` in {x.dtype.name}: {_difference(x, want)}"
                )

    def slope(self, got: float, expected: float, *, size: float, dtype: str, order: int = 1) -> None:
        """A directional derivative is as near to finite differences as the table asks.

        Args:
            got: by the gradient rule.
            expected: by finite differences.
            size: the sum of the sizes of the terms that make it up.
            dtype: what `got` was computed in.
            order: 1, or 2 for the derivative of a derivative.

        Raises:
            Mismatch: they differ by more than the table allows.
        """
        allowed = SLOPES[dtype][order - 1] * max(size, abs(expected), 1.0)
        if not abs(got - expected) <= allowed:
            raise Mismatch(
                f"the directional derivative of order {order} is {got:.9g}, finite differences give "
                f"{expected:.9g} (allowed: {allowed:.2g})"
            )

    def spec(self, got: Any, shape: tuple[int | None, ...], dtype: str | None = None) -> None:
        """`got`, a tensor or a symbolic one, has this shape and dtype."""
        if tuple(got.shape) != tuple(shape):
            raise Mismatch(f"the shape is {tuple(got.shape)}, expected {tuple(shape)}")
        found = self.backend.dtype_of(got) if self.backend.is_tensor(got) else str(got.dtype)
        if dtype is not None and found != dtype:
            raise Mismatch(f"the dtype is {found}, expected {dtype}")

    def true(self, condition: Any, message: str) -> None:
        """The condition, a plain truth value, holds; `message` says what is wrong if it doesn't."""
        if not condition:
            raise Mismatch(message)

    @contextmanager
    def raises(self, error: type[Exception] | tuple[type[Exception], ...], match: str = ""):
        """What runs inside raises this error, with a message in which the pattern is found."""
        try:
            yield
        except error as err:
            if not re.search(match, str(err)):
                raise Mismatch(f"the message of {type(err).__name__} doesn't match {match!r}: {err}") from err
        except Exception as err:
            raise Mismatch(f"raised {type(err).__name__} ({err}), expected {_names(error)}") from err
        else:
            raise Mismatch(f"nothing was raised, expected {_names(error)}")

    def numpy(self, x: Any) -> np.ndarray:
        """A tensor, a variable, a captured value or anything that NumPy takes, as a NumPy array."""
        x = getattr(x, "value", x) if not self.backend.is_tensor(x) else x
        return np.asarray(self.backend.to_numpy(x) if self.backend.is_tensor(x) else x)

    def _pairs(self, got: Any, expected: Any):
        """Each leaf of `got` with its leaf of `expected`, and whether that one has a dtype that matters."""
        many = isinstance(got, (tuple, list, dict)) and not _is_plain(expected)
        left, right = (tree.flatten(got), tree.flatten(expected)) if many else ([got], [expected])
        if len(left) != len(right):
            raise Mismatch(f"there are {len(left)} results, expected {len(right)}")
        for i, (x, want) in enumerate(zip(left, right, strict=True)):
            if x is None:
                raise Mismatch(f"result {i} is None")
            typed = isinstance(want, (np.ndarray, np.generic))
            yield f"result {i}: " if many else "", self.numpy(x), np.asarray(want), typed


def ulps(got: np.ndarray, expected: np.ndarray, scale: str = "element") -> float:
    """The largest distance between two arrays of one shape, in ULP of `got`'s dtype.

    NaN is at distance 0 from NaN, and an infinity from itself; at an infinite one from all else. What isn't floating is
    at distance 0 or infinity.

    Args:
        got: the array in question.
        expected: the oracle, in any dtype.
        scale: `"element"` or `"tensor"`: whether an ULP is that of each expected number or of the largest one.
    """
    if not _is_float(got):
        return 0.0 if np.array_equal(got, expected) else np.inf
    with np.errstate(all="ignore"):
        rounded = expected.astype(got.dtype)
        same = (got == rounded) | (np.isnan(got) & np.isnan(rounded))
        open_ones = ~same & np.isfinite(got) & np.isfinite(rounded)
        if not np.all(same | open_ones):
            return np.inf
        wide = expected.astype(np.float64)
        finite = wide[np.isfinite(rounded)]
        size = np.abs(rounded) if scale == "element" else np.max(np.abs(finite), initial=0.0)
        step = np.spacing(np.broadcast_to(np.asarray(size, got.dtype), got.shape)).astype(np.float64)
        return float(
            np.max((np.abs(got.astype(np.float64) - wide) / step)[open_ones | np.isfinite(rounded)], initial=0)
        )


def _same_form(label: str, x: np.ndarray, want: np.ndarray, typed: bool) -> None:
    if x.shape != want.shape:
        raise Mismatch(f"{label}the shape is {x.shape}, expected {want.shape}")
    if typed and x.dtype != want.dtype:
        raise Mismatch(f"{label}the dtype is {x.dtype.name}, expected {want.dtype.name}")


def _difference(x: np.ndarray, want: np.ndarray) -> str:
    with np.errstate(all="ignore"):
        apart = ~np.isclose(x.astype(np.float64), want.astype(np.float64), rtol=0, atol=0, equal_nan=True)
    if not apart.ndim:
        return f"got {x}, expected {want}"
    first = tuple(int(i) for i in np.argwhere(apart)[0]) if apart.any() else (0,) * x.ndim
    return f"{np.count_nonzero(apart)} of {x.size}; at {first} got {x[first]}, expected {want[first]}"


def _shown(x: np.ndarray) -> str:
    return np.array2string(x, threshold=8, precision=8)


def _names(error: type[Exception] | tuple[type[Exception], ...]) -> str:
    return " or ".join(e.__name__ for e in (error if isinstance(error, tuple) else (error,)))


def _is_float(x: np.ndarray) -> bool:
    return x.dtype.name in DTYPES


def _is_plain(expected: Any) -> bool:
    """Whether it is one array, or a nested list of plain numbers that stands for one."""
    leaves = tree.flatten(expected)
    return all(isinstance(x, (bool, int, float)) for x in leaves)
