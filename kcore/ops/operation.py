"""Symbolic calls: what `Model(inputs, outputs)` is made of.

    Operation      something that can be called: every layer, and the `OpCall` behind a symbolic call of an op
    KerasTensor    what a symbolic call takes and returns: a shape, a dtype and a history, no values
    Node           one symbolic call: operation, arguments, outputs

`@op` makes a function a public op. Called with tensors it just runs; called with a `KerasTensor` anywhere among its
arguments it is evaluated abstractly (`tracing.infer`: the primitives' spec rules, no values) and noted as a `Node`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from kcore import registry, tree
from kcore.engine import active, tracing
from kcore.engine.spec import Spec
from kcore.errors import InvalidArgumentError, InvalidTypeError, KcoreError, UnsupportedError

from .keras_tensor import (
    OPERATORS,
    OPS,
    KerasHistory,
    KerasTensor,
    Node,
    any_symbolic,
    auto_name,
    holds_symbolic,
    map_leaves,
    map_symbolic,
    reset_names,
    snake_case,
    symbolic_leaves,
)

__all__ = [
    "OPERATORS",
    "OPS",
    "KerasHistory",
    "KerasTensor",
    "Node",
    "OpCall",
    "Operation",
    "any_symbolic",
    "auto_name",
    "infer_outputs",
    "map_symbolic",
    "op",
    "reset_names",
    "snake_case",
    "symbolic_leaves",
]

_Fn = TypeVar("_Fn", bound=Callable[..., Any])


class Operation:
    """Something that can be called with tensors, or symbolically with `KerasTensor`s. Base of every layer.

    A subclass writes `call(*args, **kwargs)`, and, where the general way doesn't suit it, `compute_output_spec` with
    the same arguments.

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
            args, kwargs = _on_host((args, kwargs))
            Node(self, args, kwargs, outputs)
        return outputs

    def compute_output_spec(self, *args, **kwargs):
        """What a symbolic call returns, without history: by default the result of evaluating `call` abstractly."""
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
                raise UnsupportedError(
                    f"{type(self).__name__} must define `get_config`, as its constructor takes `*{name}`."
                )
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
            raise InvalidArgumentError(
                f"`{self.name}.{what}` needs exactly one symbolic call of `{self.name}`. Received: {calls} calls"
            )
        return self._inbound_nodes[0]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _on_host(arguments: tuple[tuple, dict]) -> Any:
    """Arguments with the engine's tensors as NumPy arrays: a graph is saved, and copied to other backends."""
    backend = active.current()
    return tree.map_structure(lambda x: backend.to_numpy(x) if backend.is_tensor(x) else x, arguments)


def _one_or_list(tensors: list[KerasTensor]) -> Any:
    return tensors[0] if len(tensors) == 1 else tensors


def infer_outputs(fn: Callable[..., Any], args: tuple = (), kwargs: dict | None = None) -> Any:
    """Shapes and dtypes of `fn(*args, **kwargs)` by abstract evaluation: its result with fresh `KerasTensor`s."""
    specs = tracing.infer(fn, *args, **(kwargs or {}))
    return map_leaves(specs, Spec, lambda spec: KerasTensor(spec.shape, spec.dtype))


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
    """Make a function a public op: callable with `KerasTensor`s, known by its name, named in its errors.

    The check for a `KerasTensor` looks at the arguments' types only, so it costs about 0.2 us a call.
    """
    name = fn.__name__

    @functools.wraps(fn)
    def call(*args, **kwargs):
        for x in args:
            if isinstance(x, _MAYBE_SYMBOLIC) and holds_symbolic(x):
                return OpCall(name).symbolic_call(*args, **kwargs)
        if kwargs and holds_symbolic(kwargs):
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
    if not isinstance(x, (list, tuple)) and hasattr(x, "shape") and hasattr(x, "dtype"):
        return f"{str(x.dtype).rpartition('.')[2]}{list(x.shape)}"
    text = repr(x)
    return text if len(text) <= 80 else f"{text[:77]}..."
