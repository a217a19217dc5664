"""Symbolic calls: what `Model(inputs, outputs)` is made of.

    Operation      something that can be called: every layer, and the `OpCall` behind a symbolic call of an op
    KerasTensor    what a symbolic call takes and returns: a shape, a dtype and a history, no values
    Node           one symbolic call: operation, arguments, outputs

`@op` makes a function a public op. Called with tensors it just runs; called with a `KerasTensor` anywhere among its arguments it is
evaluated abstractly (`tracing.infer`: the primitives' spec rules, no values) and noted as a `Node`.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from kcore import dtypes, registry
from kcore.engine import tracing
from kcore.engine.spec import Spec
from kcore.errors import InvalidArgumentError, InvalidTypeError, KcoreError, UnsupportedError

OPS: dict[str, Callable[..., Any]] = {}
"""Every public op by its name; what an `OpCall` is saved and loaded by."""

OPERATORS: dict[str, Callable[..., Any]] = {}
"""Python's operators by the name that `tracing.set_operators` uses (`add`, `radd`, `getitem`, ...); filled by `ops._operators`."""

_counts: dict[str, int] = {}
_Fn = TypeVar("_Fn", bound=Callable[..., Any])


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

    Ops, layers and Python's operators take it and return another one. `==` between two of them asks whether they are the same object, as
    in Keras, so that lists of them can be searched; `==` with anything else and `!=` are the ops `equal` and `not_equal`.

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
        return OPS["reshape"](self, newshape[0] if len(newshape) == 1 and not isinstance(newshape[0], int) else newshape)

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
        raise InvalidTypeError(f"{self!r} can't be iterated over: it has no values. Use `ops.unstack` where its first axis is known.")

    def __len__(self):
        if not self.shape or self.shape[0] is None:
            raise InvalidTypeError(f"{self!r} has no known length.")
        return self.shape[0]

    def __array__(self, dtype=None, copy=None):
        raise _no_value(self, "a NumPy array")

    def __bool__(self):
        raise InvalidTypeError(
            f"{self!r} can't be used as a condition (`if`, `while`, `and`, `assert`): it has no value while a model is being described. "
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
        f"{x!r} can't be converted to {target}: it only describes a shape and a dtype. Use functions of `kcore.ops` on it, "
        "or build a `Model` and call that on data."
    )


def _operator(name: str):
    def method(self, *args):
        return OPERATORS[name](self, *args)

    method.__name__ = f"__{name}__"
    return method


_PYTHON_OPERATORS = (
    "add radd sub rsub mul rmul truediv rtruediv floordiv rfloordiv mod rmod pow rpow matmul rmatmul neg pos abs invert "
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
        """The call's arguments with each `KerasTensor` replaced by `values[id(it)]`; one that isn't in `values` stays."""
        substitute = functools.partial(_substitute, values)
        return map_symbolic(substitute, self.call_args), map_symbolic(substitute, self.call_kwargs)

    def __repr__(self) -> str:
        return f"<Node {self.index} of {self.operation!r}>"


def _substitute(values: dict[int, Any], x: KerasTensor) -> Any:
    return values.get(id(x), x)


def map_symbolic(fn: Callable[[KerasTensor], Any], structure: Any) -> Any:
    """The structure (tuples, lists, dictionaries) with `fn` applied to the `KerasTensor`s in it; other leaves stay."""
    return _map_leaves(structure, KerasTensor, fn)


def symbolic_leaves(structure: Any) -> list[KerasTensor]:
    """The `KerasTensor`s of a structure, in order."""
    found: list[KerasTensor] = []
    map_symbolic(found.append, structure)
    return found


def any_symbolic(*structures: Any) -> bool:
    """Whether a `KerasTensor` is anywhere in the structures."""
    return any(_holds_symbolic(x) for x in structures)


def _holds_symbolic(x: Any) -> bool:
    if isinstance(x, KerasTensor):
        return True
    if isinstance(x, (list, tuple)):
        return any(map(_holds_symbolic, x))
    return isinstance(x, dict) and any(map(_holds_symbolic, x.values()))


def _map_leaves(structure: Any, kind: type, fn: Callable[[Any], Any]) -> Any:
    if isinstance(structure, kind):
        return fn(structure)
    if isinstance(structure, tuple):
        items = [_map_leaves(x, kind, fn) for x in structure]
        return type(structure)(*items) if hasattr(structure, "_fields") else tuple(items)
    if isinstance(structure, list):
        return [_map_leaves(x, kind, fn) for x in structure]
    if isinstance(structure, dict):
        return {k: _map_leaves(x, kind, fn) for k, x in structure.items()}
    return structure


class Operation:
    """Something that can be called with tensors, or symbolically with `KerasTensor`s. Base of every layer.

    A subclass writes `call(*args, **kwargs)`, and, where the general way doesn't suit it, `compute_output_spec` with the same arguments.

    Args:
        name: a name; made from the class's (`my_operation_1`) if `None`.

    Example:
        >>> class Double(Operation):
        ...     def call(self, x):
        ...         return ops.add(x, x)
        >>> Double()(KerasTensor((None, 2))).shape
        (None, 2)
    """

    _init_arguments: tuple[tuple, dict]

    def __new__(cls, *args, **kwargs):
        instance = super().__new__(cls)
        object.__setattr__(instance, "_init_arguments", (args, kwargs))
        return instance

    def __init__(self, name: str | None = None):
        if name is not None and (not isinstance(name, str) or "/" in name):
            raise InvalidArgumentError(f"`name` must be a string without '/'. Received: name={name!r}")
        self.name: str = name or auto_name(type(self).__name__)
        self._inbound_nodes: list[Node] = []
        self._outbound_nodes: list[Node] = []

    def __call__(self, *args, **kwargs):
        """Call it: symbolically if there is a `KerasTensor` among the arguments."""
        if any_symbolic(args, kwargs):
            return self.symbolic_call(*args, **kwargs)
        return self.call(*args, **kwargs)

    def call(self, *args, **kwargs):
        """What it computes; written by each subclass."""
        raise UnsupportedError(f"{type(self).__name__} must define `call`.")

    def symbolic_call(self, *args, **kwargs):
        """Compute the outputs' shapes and dtypes and note the call as a `Node`.

        Returns:
            The structure that `call` returns, with `KerasTensor`s.
        """
        outputs = self.compute_output_spec(*args, **kwargs)
        if all(x.record_history for x in symbolic_leaves((args, kwargs))):
            Node(self, args, kwargs, outputs)
        return outputs

    def compute_output_spec(self, *args, **kwargs):
        """The `KerasTensor`s (without history) that a symbolic call returns: by default what abstract evaluation of `call` gives."""
        return infer_outputs(self.call, args, kwargs)

    def get_config(self) -> dict[str, Any]:
        """What it takes to make it again. By default the name and the constructor's arguments, as they were given."""
        config = {"name": self.name}
        return {**config, **self._constructor_config()} if type(self).get_config is Operation.get_config else config

    @classmethod
    def from_config(cls, config: dict[str, Any]):
        """Make one from what `get_config` returned."""
        return cls(**config)

    def _constructor_config(self) -> dict[str, Any]:
        """The arguments that the constructor was called with, by parameter name, defaults included."""
        args, kwargs = self._init_arguments
        signature = inspect.signature(type(self).__init__)
        bound = signature.bind(self, *args, **kwargs)
        bound.apply_defaults()
        config: dict[str, Any] = {}
        for name, parameter in list(signature.parameters.items())[1:]:
            if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
                raise UnsupportedError(f"{type(self).__name__} must define `get_config`, as its constructor takes `*{name}`.")
            value = bound.arguments[name]
            config.update(value if parameter.kind is inspect.Parameter.VAR_KEYWORD else {name: value})
        return {**config, "name": self.name}

    @property
    def input(self) -> Any:
        """The `KerasTensor`s that it was called on, if it was called symbolically once: one, or a list."""
        return _one_or_list(self._only_node("input").input_tensors)

    @property
    def output(self) -> Any:
        """The `KerasTensor`s that its only symbolic call returned: one, or a list."""
        return _one_or_list(self._only_node("output").output_tensors)

    def _only_node(self, what: str) -> Node:
        if len(self._inbound_nodes) != 1:
            calls = len(self._inbound_nodes)
            raise InvalidArgumentError(f"`{self.name}.{what}` needs exactly one symbolic call of `{self.name}`. Received: {calls} calls")
        return self._inbound_nodes[0]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _one_or_list(tensors: list[KerasTensor]) -> Any:
    return tensors[0] if len(tensors) == 1 else tensors


def infer_outputs(fn: Callable[..., Any], args: tuple = (), kwargs: dict | None = None) -> Any:
    """Shapes and dtypes of `fn(*args, **kwargs)` by abstract evaluation: its result with fresh `KerasTensor`s."""
    specs = tracing.infer(fn, *args, **(kwargs or {}))
    return _map_leaves(specs, Spec, lambda spec: KerasTensor(spec.shape, spec.dtype))


@registry.builtin("operations")
class OpCall(Operation):
    """The operation behind the symbolic call of an op; saved as the op's name.

    Args:
        op: name of an op (`"add"`).
        name: a name; made from the op's if `None`.

    Raises:
        InvalidArgumentError: there is no such op.
    """

    def __init__(self, op: str, name: str | None = None):
        if op not in OPS:
            raise InvalidArgumentError(f"`op` must name a function of kcore.ops. Received: op={op!r}")
        super().__init__(name=name or auto_name(op))
        self.op = op

    def call(self, *args, **kwargs):
        """The op on these arguments."""
        return OPS[self.op](*args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """`name` and `op`."""
        return {"name": self.name, "op": self.op}


_MAYBE_SYMBOLIC = (KerasTensor, list, tuple, dict)


def op(fn: _Fn) -> _Fn:
    """Make a function a public op: callable with `KerasTensor`s, known by its name, its errors naming it and its arguments.

    The check for a `KerasTensor` looks at the arguments' types only, so it costs about 0.2 us a call.
    """
    name = fn.__name__

    @functools.wraps(fn)
    def call(*args, **kwargs):
        for x in args:
            if isinstance(x, _MAYBE_SYMBOLIC) and _holds_symbolic(x):
                return OpCall(name).symbolic_call(*args, **kwargs)
        if kwargs and _holds_symbolic(kwargs):
            return OpCall(name).symbolic_call(*args, **kwargs)
        try:
            return fn(*args, **kwargs)
        except (InvalidArgumentError, InvalidTypeError) as err:
            if hasattr(err, "op"):
                raise
            raise _named(err, fn, args, kwargs) from err.__cause__

    OPS[name] = call
    return call  # type: ignore[return-value]


def _named(err: KcoreError, fn: Callable[..., Any], args: tuple, kwargs: dict) -> KcoreError:
    """The same error with the op and its arguments in the text."""
    arguments = inspect.signature(fn).bind_partial(*args, **kwargs).arguments
    shown = ", ".join(f"{name}={_show(x)}" for name, x in arguments.items())
    named = type(err)(f"{err} (in `ops.{fn.__name__}` with {shown})")
    named.op = fn.__name__  # type: ignore[attr-defined]
    return named


def _show(x: Any) -> str:
    if isinstance(x, (list, tuple)) and any(hasattr(item, "dtype") for item in x):
        return f"[{', '.join(map(_show, x))}]"
    if hasattr(x, "shape") and hasattr(x, "dtype"):
        return f"{str(x.dtype).rpartition('.')[2]}{list(x.shape)}"
    text = repr(x)
    return text if len(text) <= 80 else f"{text[:77]}..."
