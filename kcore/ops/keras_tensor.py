"""`KerasTensor` and `Node`: the graph that symbolic calls leave behind."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from kcore import dtypes
from kcore.errors import InvalidTypeError, UnsupportedError

OPS: dict[str, Callable[..., Any]] = {}
"""Every public op by its name; what an `OpCall` is saved and loaded by."""

OPERATORS: dict[str, Callable[..., Any]] = {}
"""Python's operators by the name that `tracing.set_operators` uses (`add`, `radd`, `getitem`, ...); filled by
`ops._operators`.
"""

_counts: dict[str, int] = {}


def auto_name(prefix: str) -> str:
    """A name that no object got yet: `dense`, then `dense_1`, `dense_2`, ...; `reset_names` starts over.

    Args:
        prefix: a class's name in CamelCase, or a name in snake_case.
    """
    prefix = snake_case(prefix)
    count = _counts.get(prefix, 0)
    _counts[prefix] = count + 1
    return f"{prefix}_{count}" if count else prefix


def reset_names() -> None:
    """Forget which names `auto_name` has given (part of `clear_session`)."""
    _counts.clear()


def snake_case(name: str) -> str:
    """`"LayerNormalization"` -> `"layer_normalization"`, `"Conv2D"` -> `"conv2d"`, `"LSTM"` -> `"lstm"`."""
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


class KerasHistory(NamedTuple):
    """Where a `KerasTensor` comes from: output `tensor_index` of the call `operation._inbound_nodes[node_index]`."""

    operation: Any
    node_index: int
    tensor_index: int


class KerasTensor:
    """A tensor without values: a shape, a dtype, and how it was computed.

    Ops, layers and Python's operators take it and return another one. `==` between two of them asks whether they are
    the same object, as in Keras, so that lists of them can be searched; `==` with anything else and `!=` are the ops
    `equal` and `not_equal`.

    Args:
        shape: a tuple of integers, `None` for a dimension that isn't known.
        dtype: a dtype's name.
        sparse: accepted when false, as kcore has no sparse tensors.
        ragged: likewise.
        record_history: whether calls on it are noted as nodes; without, only shapes and dtypes are computed.
        name: a name; made up (`keras_tensor_3`) if `None`.

    Raises:
        UnsupportedError: `sparse` or `ragged` is true.

    Example:
        >>> from kcore.ops import KerasTensor
        >>> (KerasTensor((None, 3)) * 2.0).shape
        (None, 3)
    """

    def __init__(self, shape, dtype="float32", sparse=False, ragged=False, record_history=True, name=None):
        if sparse or ragged:
            raise UnsupportedError(f"A KerasTensor must be dense. Received: sparse={sparse}, ragged={ragged}")
        self.shape: tuple[int | None, ...] = tuple(None if d is None else int(d) for d in shape)
        self.dtype: str = dtypes.standardize_dtype(dtype)
        self.record_history = record_history
        self.name = name or auto_name("keras_tensor")
        self._keras_history: KerasHistory | None = None

    sparse = ragged = False

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def T(self) -> KerasTensor:
        """The tensor with its axes in reverse order."""
        return OPS["transpose"](self)

    def reshape(self, *newshape):
        """`ops.reshape` of it; takes a tuple or separate integers."""
        return OPS["reshape"](
            self, newshape[0] if len(newshape) == 1 and not isinstance(newshape[0], int) else newshape
        )

    def squeeze(self, axis=None):
        """`ops.squeeze` of it."""
        return OPS["squeeze"](self, axis)

    def astype(self, dtype):
        """`ops.cast` of it."""
        return OPS["cast"](self, dtype)

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"

    __hash__ = object.__hash__

    def __eq__(self, other):
        if other is None or isinstance(other, (KerasTensor, str)):
            return self is other
        return OPERATORS["eq"](self, other)

    def __iter__(self):
        raise InvalidTypeError(
            f"{self!r} can't be iterated over: it has no values. Use `ops.unstack` where its first axis is known."
        )

    def __len__(self):
        if not self.shape or self.shape[0] is None:
            raise InvalidTypeError(f"{self!r} has no known length.")
        return self.shape[0]

    def __array__(self, dtype=None, copy=None):
        raise _no_value(self, "a NumPy array")

    def __bool__(self):
        raise InvalidTypeError(
            f"{self!r} can't be used as a condition (`if`, `while`, `and`, `assert`): it has no value while a "
            f"model is being described. "
            "Use `ops.where` or `ops.cond`, or put the code into a layer's `call`."
        )

    def __float__(self):
        raise _no_value(self, "a float")

    def __int__(self):
        raise _no_value(self, "an integer")

    __index__ = __int__

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return OPERATORS["ufunc"](self, ufunc, method, *inputs, **kwargs)

    def __array_function__(self, func, types, args, kwargs):
        return OPERATORS["array_function"](self, func, types, args, kwargs)


def _no_value(x: KerasTensor, target: str) -> InvalidTypeError:
    return InvalidTypeError(
        f"{x!r} can't be converted to {target}: it only describes a shape and a dtype. Use functions of "
        f"`kcore.ops` on it, "
        "or build a `Model` and call that on data."
    )


def _operator(name: str):
    def method(self, *args):
        return OPERATORS[name](self, *args)

    method.__name__ = f"__{name}__"
    return method


_PYTHON_OPERATORS = (
    "add radd sub rsub mul rmul truediv rtruediv floordiv rfloordiv mod rmod pow rpow matmul rmatmul neg "
    "pos abs invert "
    "ne lt le gt ge and rand or ror xor rxor lshift rlshift rshift rrshift round getitem"
).split()
for _name in _PYTHON_OPERATORS:
    setattr(KerasTensor, f"__{_name}__", _operator(_name))


class Node:
    """One symbolic call. Making one links it to its operation and to the nodes it takes its inputs from.

    Attributes:
        operation: what was called.
        call_args, call_kwargs: the arguments, with `KerasTensor`s in them.
        outputs: what the call returned: a structure with `KerasTensor`s.
        index: its place in `operation._inbound_nodes`.
        input_tensors, output_tensors: the `KerasTensor`s in the arguments and in the outputs, in order.
    """

    def __init__(self, operation, call_args=(), call_kwargs=None, outputs=None):
        self.operation = operation
        self.call_args = tuple(call_args)
        self.call_kwargs = dict(call_kwargs or {})
        self.outputs = outputs
        self.input_tensors = symbolic_leaves((self.call_args, self.call_kwargs))
        self.output_tensors = symbolic_leaves(outputs)
        self.index = len(operation._inbound_nodes)
        operation._inbound_nodes.append(self)
        for x in self.input_tensors:
            if x._keras_history is not None:
                x._keras_history.operation._outbound_nodes.append(self)
        for i, x in enumerate(self.output_tensors):
            x._keras_history = KerasHistory(operation, self.index, i)

    @property
    def is_input(self) -> bool:
        """Whether nothing flows in: the node of an `Input`."""
        return not self.input_tensors

    @property
    def parent_nodes(self) -> list[Node]:
        """The nodes that computed the inputs, each once, in order of first use."""
        histories = [x._keras_history for x in self.input_tensors if x._keras_history is not None]
        return list({id(n): n for n in (h.operation._inbound_nodes[h.node_index] for h in histories)}.values())

    def fill_in(self, values: dict[int, Any]) -> tuple[tuple, dict]:
        """The call's arguments with each `KerasTensor` replaced by `values[id(it)]`, if it is there."""
        substitute = functools.partial(_substitute, values)
        return map_symbolic(substitute, self.call_args), map_symbolic(substitute, self.call_kwargs)

    def __repr__(self) -> str:
        return f"<Node {self.index} of {self.operation!r}>"


def _substitute(values: dict[int, Any], x: KerasTensor) -> Any:
    return values.get(id(x), x)


def map_symbolic(fn: Callable[[KerasTensor], Any], structure: Any) -> Any:
    """The structure (tuples, lists, dictionaries) with `fn` applied to the `KerasTensor`s in it; other leaves stay."""
    return map_leaves(structure, KerasTensor, fn)


def symbolic_leaves(structure: Any) -> list[KerasTensor]:
    """The `KerasTensor`s of a structure, in order."""
    found: list[KerasTensor] = []
    map_symbolic(found.append, structure)
    return found


def any_symbolic(*structures: Any) -> bool:
    """Whether a `KerasTensor` is anywhere in the structures."""
    return any(holds_symbolic(x) for x in structures)


def holds_symbolic(x: Any) -> bool:
    if isinstance(x, KerasTensor):
        return True
    if isinstance(x, (list, tuple)):
        return any(map(holds_symbolic, x))
    return isinstance(x, dict) and any(map(holds_symbolic, x.values()))


def map_leaves(structure: Any, kind: type, fn: Callable[[Any], Any]) -> Any:
    if isinstance(structure, kind):
        return fn(structure)
    if isinstance(structure, tuple):
        items = [map_leaves(x, kind, fn) for x in structure]
        return type(structure)(*items) if hasattr(structure, "_fields") else tuple(items)
    if isinstance(structure, list):
        return [map_leaves(x, kind, fn) for x in structure]
    if isinstance(structure, dict):
        return {k: map_leaves(x, kind, fn) for k, x in structure.items()}
    return structure
