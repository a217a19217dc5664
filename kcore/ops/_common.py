"""What every op starts with: arguments to tensors, one dtype for several of them, axes as the primitives want them.

Dtypes, for all ops (the lattice is `kcore.dtypes.result_type`, that of Keras 3):

    two tensors                    the lattice's join of their dtypes
    a tensor and a Python number   the tensor's dtype, but an integer tensor with a float gives floatx
    a function of real numbers     keeps a floating dtype; integers and booleans are computed in floatx
    Python data alone              float -> floatx, int -> int32 (int64 where it doesn't fit), bool -> bool
    NumPy arrays and scalars       keep their dtype
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np

from kcore import config, dtypes
from kcore.engine import active
from kcore.engine import primitives as P
from kcore.engine.backend import Backend
from kcore.engine.callers import capture_error
from kcore.engine.spec import UnknownDim
from kcore.engine.tracing import Tracer
from kcore.engine.variable import Variable
from kcore.errors import DtypeError, InvalidArgumentError, InvalidTypeError, UnknownShapeError

from .operation import KerasTensor

Tensor: TypeAlias = Any
"""An array of the active backend, or a tracer."""

NUMBERS = (float, int, bool)
NARROW_FLOATS = ("float16", "bfloat16")

_dtype_names: dict[Any, str] = {}
"""Canonical names by the engines' dtype objects: asking NumPy for a dtype's name takes 8 us, looking here 0.1 us."""


def convert(x: Any, dtype: str | None = None) -> Tensor:
    """Anything that ops take, as a tensor.

    Args:
        x: a tensor of the active backend, a tracer, a `Variable`, a NumPy array, a number, or nested lists of these.
        dtype: a canonical dtype's name; `None` keeps the dtype that `x` has, or picks one for Python data.

    Raises:
        InvalidTypeError: `x` holds something that isn't a number.
    """
    if not isinstance(x, Tracer):
        backend = active.current()
        if isinstance(x, Variable):
            x = x.value
        elif not backend.is_tensor(x):
            return _from_outside(x, dtype, backend)
    return x if dtype is None or dtype_of(x) == dtype else P.cast(x, dtype=dtype)


def _from_outside(x: Any, dtype: str | None, backend: Backend) -> Tensor:
    if isinstance(x, KerasTensor):
        raise InvalidTypeError(f"{x!r} has no value: call a function of `kcore.ops` with it, not one of its parts.")
    if isinstance(x, (list, tuple)) and _holds_tensor(x):
        return _stack_nested(x, dtype)
    if type(x) in NUMBERS:
        return backend.asarray(x, dtype or _python_dtype(x))
    if not isinstance(x, (np.ndarray, np.generic)) and hasattr(x, "dtype") and not hasattr(x, "__array__"):
        return backend.asarray(x, dtype)
    array = _as_numpy(x)
    if dtype is None and isinstance(x, (list, tuple)):
        dtype = _list_dtype(x, array)
    return backend.asarray(array, dtype)


def _as_numpy(x: Any) -> np.ndarray:
    try:
        array = np.asarray(x)
    except (ValueError, TypeError) as err:
        raise InvalidTypeError(
            f"The argument must be a tensor or numbers in rectangular lists. Received: {_brief(x)} ({err})"
        ) from None
    if array.dtype.kind in "OSUMm":
        raise InvalidTypeError(f"The argument must be a tensor or numbers. Received: {_brief(x)} of {type(x)}")
    return array


def _brief(x: Any) -> str:
    text = repr(x)
    return text if len(text) < 100 else f"{text[:97]}..."


def _python_dtype(x: Any) -> str:
    if isinstance(x, bool):
        return "bool"
    if isinstance(x, float):
        return config.floatx()
    return "int32" if -(2**31) <= x < 2**31 else "int64" if -(2**63) <= x < 2**63 else "uint64"


def _list_dtype(x: Any, array: np.ndarray) -> str | None:
    """The dtype of nested lists: Python's numbers have no width of their own, NumPy's scalars in them do."""
    first = x
    while isinstance(first, (list, tuple)):
        if not first:
            return config.floatx()
        first = first[0]
    if isinstance(first, (np.ndarray, np.generic)):
        return dtypes.result_type(*_leaf_types(x))
    if array.dtype == np.float64:
        return config.floatx()
    fits = array.dtype == np.int64 and (array.size == 0 or (array.min() >= -(2**31) and array.max() < 2**31))
    return "int32" if fits else None


def _leaf_types(x: Any) -> set[Any]:
    if isinstance(x, (list, tuple)):
        return set().union(*map(_leaf_types, x))
    return {type(x) if type(x) in NUMBERS else x.dtype.name}


def _holds_tensor(x: Any) -> bool:
    if isinstance(x, (list, tuple)):
        return any(map(_holds_tensor, x))
    return isinstance(x, (Tracer, Variable)) or (
        hasattr(x, "dtype") and not isinstance(x, (np.ndarray, np.generic)) and active.current().is_tensor(x)
    )


def _stack_nested(x: Any, dtype: str | None) -> Tensor:
    parts = promote(*(convert(item) for item in x))
    shape = tuple(parts[0].shape)
    if any(tuple(p.shape) != shape for p in parts):
        shapes = [tuple(p.shape) for p in parts]
        raise InvalidArgumentError(f"Tensors in a list must have one shape to be joined. Received: shapes={shapes}")
    result = P.concat(*(P.reshape(p, shape=(1, *shape)) for p in parts), axis=0)
    return result if dtype is None or dtype_of(result) == dtype else P.cast(result, dtype=dtype)


def dtype_of(x: Tensor) -> str:
    """The canonical dtype of a tensor."""
    if x.__class__ is Tracer:
        return x.spec.dtype
    name = _dtype_names.get(x.dtype)
    if name is None:
        name = _dtype_names[x.dtype] = active.current().dtype_of(x)
    return name


def shape_of(x: Tensor) -> tuple[int, ...]:
    """The shape of a tensor as a tuple of integers."""
    return x.spec.shape if x.__class__ is Tracer else tuple(x.shape)


def cast(x: Tensor, dtype: str) -> Tensor:
    """A tensor in another dtype; itself if it has it."""
    return x if dtype_of(x) == dtype else P.cast(x, dtype=dtype)


def to_float(x: Any) -> Tensor:
    """A tensor of a floating dtype: its own, or floatx."""
    x = convert(x)
    return x if dtypes.is_float(dtype_of(x)) else P.cast(x, dtype=config.floatx())


def weak_dtype(x: Any) -> Any:
    """What an argument counts as in promotion: a dtype's name, or Python's type for a number."""
    return type(x) if type(x) in NUMBERS else dtype_of(x)


def promote(*xs: Any) -> list[Tensor]:
    """Tensors of one dtype, by the lattice; Python numbers are weak.

    Args:
        *xs: anything that `convert` takes.

    Returns:
        A list of tensors, as long as `xs`.
    """
    tensors = [x if type(x) in NUMBERS else convert(x) for x in xs]
    return to_dtype(dtypes.result_type(*map(weak_dtype, tensors)), *tensors)


def to_dtype(dtype: str, *xs: Any) -> list[Tensor]:
    """Tensors and Python numbers as tensors of this dtype."""
    backend = active.current()
    return [backend.scalar(x, dtype) if type(x) in NUMBERS else cast(x, dtype) for x in xs]


def promote_float(*xs: Any) -> list[Tensor]:
    """Like `promote`, to a floating dtype."""
    tensors = [x if type(x) in NUMBERS else convert(x) for x in xs]
    return to_dtype(float_dtype(*map(weak_dtype, tensors)), *tensors)


def float_dtype(*types: Any) -> str:
    """The floating dtype in which operands of these dtypes are computed."""
    joined = dtypes.result_type(*types)
    return joined if dtypes.is_float(joined) else config.floatx()


def scalar(value: float | int | bool, dtype: str) -> Tensor:
    """A constant of shape `()`; it may be shared and must not be handed to users."""
    return active.current().scalar(value, dtype)


def lowest(dtype: str) -> float | int | bool:
    """What no value of the dtype is below: `-inf`, the least integer, `False`."""
    if dtypes.is_float(dtype):
        return -math.inf
    return False if dtype == "bool" else int(dtypes.iinfo(dtype).min)


def highest(dtype: str) -> float | int | bool:
    """What no value of the dtype is above: `inf`, the largest integer, `True`."""
    if dtypes.is_float(dtype):
        return math.inf
    return True if dtype == "bool" else int(dtypes.iinfo(dtype).max)


def wide_float(dtype: str) -> str:
    """The dtype in which sums of many are formed: float32 for 16-bit floats, else the dtype itself."""
    return "float32" if dtype in NARROW_FLOATS else dtype


def axis_of(axis: Any, ndim: int, name: str = "axis") -> int:
    """One axis, counted from the front.

    Raises:
        InvalidArgumentError: it isn't an integer in `[-ndim, ndim)`.
    """
    try:
        index = operator.index(axis)
    except TypeError:
        raise InvalidTypeError(f"`{name}` must be an integer. Received: {name}={axis!r}") from None
    if not -ndim <= index < ndim:
        raise InvalidArgumentError(
            f"`{name}` must be in [{-ndim}, {ndim}) for a tensor of rank {ndim}. Received: {name}={axis}"
        )
    return index % ndim


def axes_of(axis: Any, ndim: int, name: str = "axis") -> tuple[int, ...]:
    """Axes as a sorted tuple; `None` is all of them.

    Raises:
        InvalidArgumentError: one is out of range or there twice.
    """
    if axis is None:
        return tuple(range(ndim))
    if not isinstance(axis, (list, tuple)):
        return (axis_of(axis, ndim, name),)
    axes = tuple(sorted(axis_of(a, ndim, name) for a in axis))
    if len(set(axes)) != len(axes):
        raise InvalidArgumentError(f"`{name}` must name each axis once. Received: {name}={axis}")
    return axes


def shape_argument(shape: Any, name: str = "shape") -> tuple[int, ...]:
    """A shape given as an integer or a sequence of integers (possibly scalar tensors).

    Raises:
        InvalidTypeError: an entry isn't an integer.
    """
    entries = [shape] if not isinstance(shape, Iterable) else list(shape)
    try:
        return tuple(d if isinstance(d, int) else operator.index(d) for d in entries)
    except TypeError:
        raise InvalidTypeError(f"`{name}` must consist of integers. Received: {name}={shape!r}") from None


def is_unknown(dim: int) -> bool:
    """Whether the size stands for an unknown one (abstract evaluation)."""
    return isinstance(dim, UnknownDim)


def product(sizes: Iterable[int]) -> int:
    """The product of sizes; unknown if one is."""
    total = 1
    for size in sizes:
        total = total * size
    return total


def filled(value: Any, shape: tuple[int, ...], dtype: str) -> Tensor:
    """A constant tensor (maybe a view of one element: not to be written to) of a number or of a scalar tensor."""
    start = scalar(value, dtype) if type(value) in NUMBERS else value
    if any(map(is_unknown, shape)):
        start = P.reshape(P.iota(size=1, dtype=dtype), shape=())
    return P.broadcast_to(start, shape=shape)


def concrete(x: Any) -> np.ndarray | None:
    """The value of a tensor as a NumPy array if it is known now, else `None` (during capture)."""
    if isinstance(x, Tracer):
        return None if x.value is None else active.current().to_numpy(x.value)
    return active.current().to_numpy(x)


def known(x: Any, name: str) -> np.ndarray:
    """The value of a tensor on which the shape of a result depends.

    Raises:
        UnknownShapeError: it isn't known, as a function is being captured.
    """
    value = concrete(x)
    if value is None:
        raise capture_error(
            f"`{name}` must have a known value, as the result's shape depends on it",
            "Use `ops.where(mask, x, 0)`, which keeps the shape, or compile with `run_eagerly=True`.",
            UnknownShapeError,
        )
    return value


def require_integer(x: Tensor, name: str) -> None:
    """Raise a `DtypeError` unless the tensor's dtype is an integer's."""
    if not dtypes.is_integer(dtype_of(x)):
        raise DtypeError(f"`{name}` must have an integer dtype. Received: {name}.dtype={dtype_of(x)}")


def pair(x: Any, rank: int, name: str) -> tuple[int, ...]:
    """An integer, or one per spatial axis, as a tuple of positive integers.

    Raises:
        InvalidArgumentError: it has another length, or an entry isn't positive.
    """
    entries = (x,) * rank if isinstance(x, int) else tuple(operator.index(i) for i in x)
    if len(entries) != rank or any(i < 1 for i in entries):
        raise InvalidArgumentError(f"`{name}` must be a positive integer or {rank} of them. Received: {name}={x}")
    return entries


def with_gradient(out: Tensor, x: Tensor, gradient) -> Tensor:
    """`out`, a function of `x` alone, with a gradient of its own.

    Args:
        out: the result, as computed from `x`.
        x: the tensor that it depends on.
        gradient: `gradient(g) -> cotangent of x`, written in primitives.
    """
    return P.custom(out, x, count=1, gradient=gradient)[0] if x.__class__ is Tracer else out
