"""Conversion, questions about tensors, choice, and gradients' ways."""

from __future__ import annotations

import numpy as np

from kcore import dtypes, tree
from kcore.engine import active, autodiff
from kcore.engine import primitives as P
from kcore.engine.tracing import Tracer
from kcore.engine.variable import Variable
from kcore.errors import InvalidArgumentError, UnsupportedError

from ._common import cast as cast_tensor
from ._common import convert, dtype_of, known, product, promote, shape_of
from .keras_tensor import KerasTensor
from .operation import op


@op
def cast(x, dtype):
    """A tensor in another dtype.

    From float to integer: truncated, NaN becomes 0, what is out of range becomes the nearest integer. Integers wrap.

    Args:
        x: a tensor.
        dtype: a dtype.

    Returns:
        A tensor of `x`'s shape.

    Example:
        >>> ops.cast([1.7, -1.7], "int32").tolist()
        [1, -1]
    """
    return cast_tensor(convert(x), dtypes.standardize_dtype(dtype))


@op
def saturate_cast(x, dtype):
    """A tensor in another dtype, limited to its range first.

    Args:
        x: a tensor.
        dtype: a dtype.

    Returns:
        A tensor of `x`'s shape.

    Example:
        >>> ops.saturate_cast([-5, 300], "uint8").tolist()
        [0, 255]
    """
    x, dtype = convert(x), dtypes.standardize_dtype(dtype)
    if dtypes.is_integer(dtype) and dtypes.is_integer(dtype_of(x)):
        own, other = dtypes.iinfo(dtype_of(x)), dtypes.iinfo(dtype)
        x = P.minimum(P.maximum(x, max(int(own.min), int(other.min))), min(int(own.max), int(other.max)))
    elif dtypes.is_float(dtype) and dtypes.is_float(dtype_of(x)) and dtype != "bfloat16":
        largest = min(float(dtypes.finfo(dtype).max), float(dtypes.finfo(dtype_of(x)).max))
        x = P.minimum(P.maximum(x, -largest), largest)
    return cast_tensor(x, dtype)


@op
def convert_to_tensor(x, dtype=None, sparse=None, ragged=None):
    """Numbers, lists, NumPy arrays, variables and tensors as a tensor of the active backend.

    Args:
        x: what to convert.
        dtype: a dtype; by default that of an array, floatx for Python floats, int32 for Python integers, bool for
            bools.
        sparse, ragged: accepted when false, as kcore has neither kind of tensor.

    Returns:
        A tensor. It may share memory with `x`.

    Raises:
        InvalidTypeError: `x` holds something that isn't a number.

    Example:
        >>> ops.convert_to_tensor([1.0, 2.0]).tolist()
        [1.0, 2.0]
    """
    if sparse or ragged:
        raise UnsupportedError(f"kcore has no sparse or ragged tensors. Received: sparse={sparse}, ragged={ragged}")
    return convert(x, None if dtype is None else dtypes.standardize_dtype(dtype))


@op
def array(x, dtype=None):
    """Another name of `convert_to_tensor`."""
    return convert(x, None if dtype is None else dtypes.standardize_dtype(dtype))


def convert_to_numpy(x) -> np.ndarray:
    """A tensor, a variable, or numbers as a NumPy array.

    Args:
        x: what to convert.

    Returns:
        A `numpy.ndarray`. It may share memory with `x`.

    Raises:
        CaptureError: `x` is a tensor of a function that is being captured.
        InvalidTypeError: `x` is a `KerasTensor`.

    Example:
        >>> ops.convert_to_numpy([1, 2])
        array([1, 2], dtype=int32)
    """
    if isinstance(x, KerasTensor):
        return np.asarray(x)
    value = convert(x)
    return np.asarray(value if isinstance(value, Tracer) else active.current().to_numpy(value))


@op
def copy(x):
    """A tensor with the same elements that shares no memory with `x`.

    Args:
        x: a tensor.

    Returns:
        A tensor of `x`'s shape and dtype.
    """
    x = convert(x)
    return P.identity(x) if isinstance(x, Tracer) else active.current().copy(x)


def is_tensor(x) -> bool:
    """Whether `x` is a tensor of the active backend (or one that is being traced).

    Args:
        x: any object.

    Example:
        >>> ops.is_tensor(ops.ones(2)), ops.is_tensor([1.0])
        (True, False)
    """
    return isinstance(x, Tracer) or active.current().is_tensor(x)


def shape(x) -> tuple:
    """The shape of a tensor: a tuple of integers, `None` for what a `KerasTensor` leaves open.

    Args:
        x: a tensor, or what converts to one.

    Example:
        >>> ops.shape([[1, 2, 3]])
        (1, 3)
    """
    return x.shape if isinstance(x, (KerasTensor, Variable)) else shape_of(convert(x))


def ndim(x) -> int:
    """The number of dimensions of a tensor.

    Args:
        x: a tensor, or what converts to one.

    Example:
        >>> ops.ndim([[1, 2, 3]])
        2
    """
    return len(shape(x))


def size(x):
    """The number of elements of a tensor: an integer, `None` if a `KerasTensor` leaves it open.

    Args:
        x: a tensor, or what converts to one.

    Example:
        >>> ops.size([[1, 2, 3]])
        3
    """
    sizes = shape(x)
    return None if any(d is None for d in sizes) else product(sizes)


def dtype(x) -> str:
    """The canonical name of a tensor's dtype.

    Args:
        x: a tensor, or what converts to one.

    Example:
        >>> ops.dtype([1, 2])
        'int32'
    """
    return x.dtype if isinstance(x, (KerasTensor, Variable)) else dtype_of(convert(x))


@op
def stop_gradient(variable):
    """The same tensor, through which no gradient flows.

    Args:
        variable: a tensor, or a structure of them.

    Returns:
        A tensor of the same shape and dtype, or the structure.

    Example:
        >>> ops.stop_gradient([1.0]).tolist()
        [1.0]
    """
    if isinstance(variable, (dict, tuple)) or (
        isinstance(variable, list) and any(hasattr(x, "dtype") for x in variable)
    ):
        return tree.map_structure(lambda x: P.stop_gradient(convert(x)), variable)
    return P.stop_gradient(convert(variable))


def custom_gradient(f):
    """Decorate a function of tensors that brings its own gradient.

    Args:
        f: a function that returns `(output, gradient)`, where `gradient(*upstream)` returns a gradient for each
            positional argument.

    Returns:
        A function that returns the output.
    """
    return autodiff.custom_gradient(f)


@op
def where(condition, x1=None, x2=None):
    """`x1` where the condition holds, `x2` elsewhere; with the condition alone, the indices where it holds.

    Args:
        condition: a tensor; what isn't 0 is true.
        x1, x2: tensors or numbers, of shapes that broadcast with it; both or none.

    Returns:
        A tensor of the promoted dtype; or, as `nonzero`, a tuple of int32 tensors.

    Raises:
        InvalidArgumentError: only one of `x1` and `x2` is given.

    Example:
        >>> ops.where([True, False], [1, 2], 0).tolist()
        [1, 0]
    """
    condition = convert(condition)
    if (x1 is None) != (x2 is None):
        raise InvalidArgumentError(f"`x1` and `x2` must be given both, or none. Received: x1={x1}, x2={x2}")
    if x1 is None:
        return nonzero(condition)
    if dtype_of(condition) != "bool":
        condition = P.bitwise_not(P.equal(condition, 0))
    return P.where(condition, *promote(x1, x2))


@op
def nonzero(x):
    """The indices of the elements that aren't 0.

    Args:
        x: a tensor whose value is known: the result's shape depends on it.

    Returns:
        A tuple of int32 tensors of rank 1, one an axis.

    Raises:
        UnknownShapeError: the value isn't known.

    Example:
        >>> [i.tolist() for i in ops.nonzero([0, 5, 7])]
        [[1, 2]]
    """
    return tuple(convert(i.astype("int32")) for i in np.nonzero(known(convert(x), "x")))


@op
def select(condlist, choicelist, default=0):
    """The first choice whose condition holds, elementwise.

    Args:
        condlist: a list of bool tensors.
        choicelist: a list of tensors, one a condition.
        default: what is taken where none holds.

    Returns:
        A tensor of the broadcast shape and the promoted dtype.

    Raises:
        InvalidArgumentError: the lists differ in length or are empty.

    Example:
        >>> ops.select([[True, False], [True, True]], [[1, 2], [3, 4]]).tolist()
        [1, 4]
    """
    if not condlist or len(condlist) != len(choicelist):
        raise InvalidArgumentError(
            f"`condlist` and `choicelist` must be of one length, 1 or more. "
            f"Received: {len(condlist)} and {len(choicelist)}"
        )
    *choices, result = promote(*choicelist, default)
    for condition, choice in reversed(list(zip(condlist, choices, strict=True))):
        result = P.where(convert(condition, "bool"), choice, result)
    return result
