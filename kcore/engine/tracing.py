"""Tracers: what stands for a tensor while a function is differentiated or captured.

Two modes share one class and one kind of node.

    eager    a `Tracer` has a value; each call on it computes at once and remembers how (the tape that gradients are
    read from) capture  a `Tracer` has no value; each call on it adds a node to the `Capture` that is open in this
    context

Either way `tracer.node` leads back to what it was made from, and `autodiff` walks these links. A capture is closed
into a `Graph`: its inputs, its nodes in order, its outputs. Variables that the captured code reads or assigns become
inputs and outputs of the graph.

Operators and indexing on a tracer are those of `kcore.ops`, which registers them here (`set_operators`): the engine
knows no ops.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import numpy as np

from kcore import registry, tree
from kcore.errors import CaptureAttributeError

from . import active
from .callers import capture_error
from .primitives.row import on_tracer
from .spec import Spec, abstract_shape

_order = itertools.count()
_capture: ContextVar[Capture | None] = ContextVar("kcore_capture", default=None)
_recording: ContextVar[bool] = ContextVar("kcore_recording", default=True)
_path: ContextVar[str] = ContextVar("kcore_layer_path", default="")

OPERATORS: dict[str, Callable[..., Any]] = {}
"""Python's operators and NumPy's function protocols on tracers, by name; filled by `set_operators`."""


def set_operators(operators: dict[str, Callable[..., Any]]) -> None:
    """Give tracers their operators: names as in Python without underscores (`add`, `radd`, `getitem`, ...)."""
    OPERATORS.update(operators)


def operator(name: str) -> Callable[..., Any]:
    """An operator by its name; the room that provides them is loaded when one is first used."""
    if not OPERATORS:
        registry.service("operators")
    return OPERATORS[name]


class Node:
    """One call of a primitive.

    Attributes:
        order: grows from call to call, so that sorting by it is a topological order.
        primitive: what was called.
        operands: tracers, and the backend's tensors for constants.
        params: the static parameters.
        outputs: the tracers it gave (weak: a result that nobody holds isn't kept alive by its node).
        specs: their specs.
        values: in eager mode, the results of a node that has several, as some of their tracers may be gone.
        path: the path of the layer that made the call, for messages.
        several: whether the call returned a tuple.
    """

    __slots__ = ("_outputs", "operands", "order", "params", "path", "primitive", "scope", "several", "specs", "values")

    def __init__(self, primitive, operands, params, specs, scope=None, several=False):
        self.order = next(_order)
        self.primitive = primitive
        self.operands = operands
        self.params = params
        self.specs = specs
        self.path = _path.get()
        self.scope = scope
        self.several = several
        self.values: tuple[Any, ...] = ()

    @property
    def outputs(self) -> list[Tracer]:
        alive = [ref() for ref in self._outputs]
        return [self._again(i) if tracer is None else tracer for i, tracer in enumerate(alive)]

    def _again(self, index: int) -> Tracer:
        value = self.values[index] if self.values else None
        return Tracer(self.specs[index], value, self, index, self.scope)

    def hold(self, outputs: list[Tracer]) -> None:
        self._outputs = [weakref.ref(x) for x in outputs]


class Tracer:
    """Stands for a tensor. It has a `shape` (integers) and a `dtype`; in eager mode it has a `value` too."""

    __slots__ = ("__weakref__", "index", "node", "scope", "spec", "value")

    def __init__(self, spec: Spec, value=None, node: Node | None = None, index: int = 0, scope: Capture | None = None):
        self.spec = spec
        self.value = value
        self.node = node
        self.index = index
        self.scope = scope

    @property
    def key(self):
        """What identifies the tensor: the node and the place among its outputs, or the tracer itself for an input."""
        return self if self.node is None else (self.node, self.index)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.spec.shape

    @property
    def dtype(self) -> str:
        return self.spec.dtype

    @property
    def ndim(self) -> int:
        return len(self.spec.shape)

    @property
    def size(self) -> int:
        total = 1
        for d in self.spec.shape:
            total = total * d
        return total

    @property
    def T(self):
        return operator("transpose")(self)

    def numpy(self) -> np.ndarray:
        """The value as a NumPy array (eager mode only)."""
        return np.asarray(self)

    def _concrete(self, wanted: str, instead: str = "Compute with the tensor itself, by functions of `kcore.ops`"):
        if self.value is None:
            raise capture_error(
                f"A captured function can't turn a tensor into {wanted}: its value isn't known while the function is "
                "captured",
                f"{instead}, or run eagerly (`run_eagerly=True`).",
            )
        return active.current().to_numpy(self.value)

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(f"'Tracer' object has no attribute '{name}'")
        problem = f"A tensor that is captured or differentiated has no attribute '{name}'"
        if self.value is not None:
            raise AttributeError(
                f"{problem}: it isn't the engine's own. Use a function of `kcore.ops`, or compile with "
                "`native_autodiff=True`."
            )
        raise capture_error(
            f"{problem}: it isn't the engine's own", "Use a function of `kcore.ops`.", CaptureAttributeError
        )

    def __array__(self, dtype=None, copy=None):
        value = self._concrete("a NumPy array")
        return np.array(value, dtype=dtype) if dtype is not None or copy else np.asarray(value)

    def __bool__(self) -> bool:
        return bool(self._concrete("a bool", _INSTEAD_OF_BRANCHING))

    def __int__(self) -> int:
        return int(self._concrete("an integer"))

    def __index__(self) -> int:
        return self._concrete("an index", _INSTEAD_OF_COUNTING).__index__()

    def __float__(self) -> float:
        return float(self._concrete("a float"))

    def __format__(self, spec: str) -> str:
        return format(self._concrete("text").item(), spec) if spec else str(self)

    def item(self):
        """The value of a tensor of one element as a Python number (eager mode only)."""
        return self._concrete("a number").item()

    def tolist(self):
        """The value as nested lists (eager mode only)."""
        return self._concrete("a list").tolist()

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("A scalar tensor has no length.")
        return int(self.shape[0])

    def __iter__(self):
        return (operator("getitem")(self, i) for i in range(len(self)))

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        value = "" if self.value is None else f", value={self.value!r}"
        return f"<Tracer {self.spec}{value}>"

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return operator("ufunc")(self, ufunc, method, *inputs, **kwargs)

    def __array_function__(self, func, types, args, kwargs):
        return operator("array_function")(self, func, types, args, kwargs)

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return operator("torch_function")(func, types, args, kwargs or {})


_INSTEAD_OF_BRANCHING = (
    "Write `ops.where(condition, a, b)` or `ops.cond(condition, f, g)` for a branch, `ops.while_loop` for a loop"
)
_INSTEAD_OF_COUNTING = "Write `ops.fori_loop` for a loop whose length is a tensor, `ops.take` to index by one"


def _operator(name: str):
    def method(self, *args):
        return operator(name)(self, *args)

    method.__name__ = name
    return method


_PYTHON_OPERATORS = [
    "add",
    "radd",
    "sub",
    "rsub",
    "mul",
    "rmul",
    "truediv",
    "rtruediv",
    "floordiv",
    "rfloordiv",
    "mod",
    "rmod",
    "pow",
    "rpow",
    "matmul",
    "rmatmul",
    "neg",
    "pos",
    "abs",
    "invert",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "and",
    "rand",
    "or",
    "ror",
    "xor",
    "rxor",
    "lshift",
    "rlshift",
    "rshift",
    "rrshift",
    "round",
    "getitem",
]
for _name in _PYTHON_OPERATORS:
    setattr(Tracer, f"__{_name}__", _operator(_name))
for _name in ("reshape", "transpose", "astype", "sum", "mean", "max", "min", "squeeze", "flatten"):
    setattr(Tracer, _name, _operator(_name))


_LEAKED = "A tensor of a function that was captured before is used outside of it"


class Capture:
    """The function that is being captured: nodes so far, and what came from outside.

    Args:
        parent: the capture around this one, for the body of a control flow node; its tensors become free inputs here.
        abstract: infer shapes and dtypes only: no node is kept.
    """

    def __init__(self, parent: Capture | None = None, abstract: bool = False):
        self.parent = parent
        self.abstract = abstract
        self.nodes: list[Node] = []
        self.inputs: list[Tracer] = []
        self.free: dict[int, tuple[Any, Tracer]] = {}
        self.reads: dict[int, tuple[Any, Tracer]] = {}
        self.writes: dict[int, tuple[Any, Any]] = {}

    def __enter__(self) -> Capture:
        self._token = _capture.set(self)
        return self

    def __exit__(self, *exc) -> None:
        _capture.reset(self._token)

    def input(self, spec: Spec) -> Tracer:
        """A new input of the graph."""
        tracer = Tracer(spec, scope=self)
        self.inputs.append(tracer)
        return tracer

    def record(self, primitive, operands, params):
        """Add a call; returns a tracer, or a tuple of them."""
        operands = tuple(self.adopt(x) for x in operands)
        specs = primitive.spec(*map(spec_of, operands), **params)
        several = isinstance(specs, tuple)
        node = Node(primitive, operands, params, specs if several else (specs,), self, several)
        if not self.abstract:
            self.nodes.append(node)
        outputs = [Tracer(spec, None, node, i, self) for i, spec in enumerate(node.specs)]
        node.hold(outputs)
        return tuple(outputs) if several else outputs[0]

    def adopt(self, x):
        """An operand as this capture sees it: its own tracer, one lifted from around it, or a constant."""
        if not isinstance(x, Tracer) or x.scope is self:
            return x
        if x.value is not None:
            return x.value
        if not self._encloses(x.scope):
            raise capture_error(_LEAKED, "Return it from the function, or keep it in a Variable.")
        if id(x) not in self.free:
            self.free[id(x)] = (x, Tracer(x.spec, scope=self))
        return self.free[id(x)][1]

    def _encloses(self, scope) -> bool:
        parent = self.parent
        while parent is not None and parent is not scope:
            parent = parent.parent
        return parent is not None

    def read(self, variable):
        """The variable's value as this capture sees it: what was assigned last, or an input."""
        written = self.writes.get(id(variable))
        if written is not None:
            return written[1]
        pack = variable.pack
        if pack is not None and self.parent is None and id(pack.flat) in self.writes:
            return self._view(variable, self.read(pack.flat))
        return self.first_read(variable)

    def first_read(self, variable):
        """What the variable's value was before any assignment: an input, and what gradients are taken by."""
        seen = self.reads.get(id(variable))
        if seen is None:
            seen = self.reads[id(variable)] = (variable, self._first_value(variable))
        return seen[1]

    def _first_value(self, variable):
        if self.parent is not None:
            return self.adopt(self.parent.read(variable))
        if variable.pack is not None:
            return self._view(variable, self.first_read(variable.pack.flat))
        return Tracer(variable.spec, scope=self)

    def _view(self, variable, flat):
        """A packed variable's part, as nodes of this capture, whichever inner one asks."""
        token = _capture.set(self)
        try:
            return variable.pack.view(flat, variable)
        finally:
            _capture.reset(token)

    def assign(self, variable, value) -> None:
        """Note the variable's new value."""
        if self.parent is not None and not self.abstract:
            raise capture_error(
                f"Variable '{variable.path}' is assigned inside the body of a captured loop or branch",
                "Carry the value through the loop (in a recurrent cell, as one of its states), and assign it after.",
            )
        self.first_read(variable)
        if variable.pack is not None:
            flat = variable.pack.flat
            self.assign(flat, variable.pack.replaced(self.read(flat), variable, value))
            return
        self.writes[id(variable)] = (variable, value)


def current_capture() -> Capture | None:
    """The innermost open capture, or `None` in eager mode."""
    return _capture.get()


def is_capturing() -> bool:
    """Whether a function is being captured or inferred here, so that tensors may have no values."""
    return _capture.get() is not None


class eager:
    """Context manager: leave any capture, so that calls compute at once (to make a variable's initial value, say)."""

    def __enter__(self) -> None:
        self._token = _capture.set(None)

    def __exit__(self, *exc) -> None:
        _capture.reset(self._token)


class stop_recording:
    """Context manager: eager calls compute, and are not remembered for gradients."""

    def __enter__(self) -> None:
        self._token = _recording.set(False)

    def __exit__(self, *exc) -> None:
        _recording.reset(self._token)


class recording:
    """Context manager: eager calls are remembered again, inside `stop_recording` too (for rules that differentiate)."""

    def __enter__(self) -> None:
        self._token = _recording.set(True)

    def __exit__(self, *exc) -> None:
        _recording.reset(self._token)


class layer_path:
    """Context manager: nodes made inside carry this layer's path."""

    def __init__(self, path: str):
        self._new = path

    def __enter__(self) -> None:
        self._token = _path.set(self._new)

    def __exit__(self, *exc) -> None:
        _path.reset(self._token)


GRADIENT = " (gradient)"
"""What the path of a call ends with that was made to differentiate a layer's."""


def gradient_path(path: str) -> layer_path:
    """Context manager: nodes made inside belong to the gradient of a node with this path."""
    return layer_path(path if not path or path.endswith(GRADIENT) else path + GRADIENT)


def spec_of(x) -> Spec:
    """The spec of a tracer or of a tensor of the active backend."""
    return x.spec if isinstance(x, Tracer) else active.current().spec_of(x)


def value_of(x):
    """The backend's tensor behind an eager tracer; anything else as it is."""
    return x.value if isinstance(x, Tracer) and x.value is not None else x


def record(primitive, operands, params) -> Any:
    """What a call on tracers (or without operands) does: a node in a capture, a value with a memory in eager mode."""
    capture = _capture.get()
    if capture is not None:
        return capture.record(primitive, operands, params)
    backend = active.current()
    values = [value_of(x) for x in operands]
    for x in values:
        if isinstance(x, Tracer):
            raise capture_error(_LEAKED, "Return it from the function, or keep it in a Variable.")
    result = primitive.evaluate(backend, values, params)
    if not _recording.get() or not any(isinstance(x, Tracer) for x in operands):
        return result
    return _remember(primitive, tuple(operands), params, result, backend)


OPAQUE = Spec((), "opaque")
"""The spec of what a fused op keeps for its pullback: nobody else looks into it."""


def _remember(primitive, operands, params, result, backend):
    several = isinstance(result, tuple)
    results = result if several else (result,)
    specs = tuple(backend.spec_of(x) if backend.is_tensor(x) else OPAQUE for x in results)
    node = Node(primitive, operands, params, specs, None, several)
    outputs = [Tracer(spec, x, node, i) for i, (spec, x) in enumerate(zip(node.specs, results, strict=True))]
    node.hold(outputs)
    if several:
        node.values = results
    return tuple(outputs) if several else outputs[0]


on_tracer(Tracer, record)


def _is_symbolic(x) -> bool:
    return isinstance(x, Spec) or hasattr(x, "_keras_history")


def infer(fn: Callable[..., Any], *args, **kwargs):
    """Evaluate `fn` abstractly: what it returns, as `Spec`s with `None` for unknown dimensions.

    Leaves of the arguments that only describe a tensor (a `Spec`, a `KerasTensor`: `shape` with `None`, `dtype`)
    become abstract tracers. No tensor is computed, and assignments to variables are dropped.
    """
    capture = Capture(parent=_capture.get(), abstract=True)

    def enter(x):
        return Tracer(Spec(abstract_shape(x.shape), x.dtype), scope=capture) if _is_symbolic(x) else x

    with capture:
        args, kwargs = tree.map_structure(enter, (args, kwargs))
        result = fn(*args, **kwargs)
        return tree.map_structure(_leave, result)


def _leave(x):
    from .spec import public_shape

    if isinstance(x, Tracer) or (x is not None and active.current().is_tensor(x)):
        spec = spec_of(x)
        return Spec(public_shape(spec.shape), spec.dtype)  # type: ignore[arg-type]
    return x
