"""`Backend`: what a plugin subclasses.

A backend is an object. Its class has one method a required primitive, with the names of the table's operands and
parameters, plus the few conversions below. A subclass is checked whole when it is loaded; everything missing is
listed at once.

What a backend must write                  what it gets for it
-----------------------------------------  -----------------------------------------------------
the primitives of the table                autodiff, capture, plans, layers, training, saving
`asarray`, `to_numpy`, `is_tensor`         the same numbers as every other backend
optionally: `fused`, `inplace`, `compile`  speed
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from kcore.errors import InvalidArgumentError

from . import active
from .primitives import TABLE, Primitive
from .spec import Spec

_log = logging.getLogger("kcore")
_NOTICED: set[str] = set()
"""The optional primitives whose running on the host was told."""

INTERFACE_VERSION = 1
"""The version of the interface that this module defines.

It changes when a backend written for the last one would not work.
"""
INTERFACE_CHANGES = {1: "The first version."}
"""What an author has to do about each version, by its number; the documentation shows it, and so does the error."""


@dataclass(frozen=True)
class Gap:
    """Something that a backend can't do.

    Attributes:
        name: a primitive, a fused op, a dtype (`"dtype:bfloat16"`), or a service.
        kind: `"notimpl"` (not written yet), `"notyet"` (the engine can't), `"never"` (makes no sense).
        reason: why, for people.
        error: the exception that using it raises.
    """

    name: str
    kind: str
    reason: str
    error: type[Exception] = NotImplementedError


@dataclass(frozen=True)
class Capabilities:
    """What a backend can do, as data: it drives skips in tests, errors for users, and the support table.

    Attributes:
        dtypes: the dtypes that it computes in.
        devices: the kinds of devices.
        gaps: what it can't do, with reasons.
    """

    dtypes: tuple[str, ...] = (
        "bool",
        "uint8",
        "int8",
        "uint16",
        "int16",
        "uint32",
        "int32",
        "uint64",
        "int64",
        "float16",
        "float32",
        "float64",
    )
    devices: tuple[str, ...] = ("cpu",)
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True)
class Fused:
    """A backend's fast path for a fused op.

    Attributes:
        applies: `applies(specs, params) -> bool`, on the specs of the operands.
        forward: `forward(*operands, **params) -> (tuple of outputs, residuals)`; residuals are anything that
            `backward` wants.
        backward: `backward(residuals, cotangents, *operands, **params) -> tuple`, a cotangent (or `None`) an operand.
            Without it the gradient is that of the core's composite.
        inplace: as `forward`, but it writes output k into the operand at `overwrites[k]`; a plan calls it where those
            operands aren't needed any more.
        overwrites: positions of operands.
        reads: positions of the operands that `backward` reads; it may be given `None` for the others. All by default.
        chooses: whether `backward` takes `wanted` as well, a bool an operand: nobody reads the other cotangents.

    Outputs of `forward` share no memory with operands or with one another. Residuals may share it with outputs and with
    the operands at `reads`; what `backward` returns, with anything.
    """

    applies: Callable[..., bool]
    forward: Callable[..., Any]
    backward: Callable[..., Any] | None = None
    inplace: Callable[..., Any] | None = None
    overwrites: tuple[int, ...] = ()
    reads: tuple[int, ...] | None = None
    chooses: bool = False


@dataclass(frozen=True)
class NativeAutodiff:
    """An engine's own reverse-mode autodiff, for `NativeGradientTape`.

    Attributes:
        leaf: `leaf(x)`, a tensor with x's numbers that the engine differentiates by.
        gradients: `gradients(targets, cotangents, leaves, keep) -> list`, of tensors or `None`; a cotangent of `None`
            is ones; `keep` says that it will be called again.
        detach: `detach(x)`, x without its history.
        custom: `custom(f, operands)`, the outputs of `f(*operands) -> (outputs, gradient)`, with that gradient, as in
            `custom_gradient`.
    """

    leaf: Callable[..., Any]
    gradients: Callable[..., Any]
    detach: Callable[..., Any]
    custom: Callable[..., Any]


class Backend:
    """The base class of backends. Subclass it, write a method for each row of the table, and register the class.

    Attributes:
        name: the name that users choose it by.
        device: where its tensors are, as `"cpu:0"`.
        interface_version: the `INTERFACE_VERSION` it was written for.
        capabilities: what it can do.
        fused: fast paths for fused ops, by name.
        inplace: for a primitive, a function with the same arguments and `out=`, a tensor to write the result into.
        views: the primitives whose result may share memory with an operand.
        immutable: whether tensors are never written to, so that nothing needs copying.
        donates: whether a compiled program takes the memory of its donated inputs for its own, immutable or not: they
            can't be read afterwards. `copy` must make a copy then.
        packs: whether an optimizer should move the numbers of many variables in one long vector, of which they are
            views: fewer calls. An engine that compiles a whole program would copy instead.
        forks: whether a process may be forked once the engine is loaded.
        native_autodiff: the engine's own autodiff, for those who ask for it.
    """

    name: ClassVar[str] = ""
    interface_version: ClassVar[int] = INTERFACE_VERSION
    capabilities: Capabilities = Capabilities()
    fused: ClassVar[dict[str, Fused]] = {}
    inplace: ClassVar[dict[str, Callable[..., Any]]] = {}
    views: frozenset[str] = frozenset({"reshape", "permute_dims", "broadcast_to", "slice", "flip", "windows", "cast"})
    immutable: ClassVar[bool] = False
    donates: ClassVar[bool] = False
    packs: ClassVar[bool] = True
    forks: ClassVar[bool] = True
    native_autodiff: ClassVar[NativeAutodiff | None] = None

    def __init__(self, device: str | None = None) -> None:
        """Make the object whose tensors are on one device; a subclass that knows of several takes `device` as well.

        Args:
            device: one of `devices()`; the first by default.
        """
        self.device = device or self.devices()[0]
        self._by_device: dict[str, Backend] = {self.device: self}
        self.functions: dict[str, Callable[..., Any]] = {name: self.guard(getattr(self, name)) for name in TABLE}
        self._scalars: dict[tuple[Any, str], Any] = {}

    def guard(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """What an eager call of a primitive runs through (to silence an engine's warnings, say)."""
        return function

    def eager_context(self) -> AbstractContextManager:
        """A context manager that an eager call of a fast path of `fused` runs in."""
        return nullcontext()

    def run_context(self) -> AbstractContextManager:
        """A context manager that a whole plan runs in."""
        return nullcontext()

    def small_context(self) -> AbstractContextManager:
        """The same for a plan of small arrays, whose work an engine had better not share among threads."""
        return self.run_context()

    def bind(self, name: str, params: dict[str, Any], specs: Sequence[Spec], into: bool = False) -> Callable[..., Any]:
        """The function of a primitive for a plan, with its parameters fixed.

        Override it where the engine has a leaner call.

        Args:
            name: the primitive.
            params: its parameters.
            specs: what the operands will be.
            into: whether it is the function of `inplace` that is asked for, which is given `out=`.
        """
        function = self.inplace[name] if into else getattr(self, name)
        return functools.partial(function, **params) if params else function

    def writes(self, name: str, specs: Sequence[Spec], whole: Sequence[bool]) -> bool:
        """Whether a plan should give a primitive the memory to write its result into.

        Override it where the function that allocates is the faster one.

        Args:
            name: the primitive.
            specs: what the operands will be.
            whole: for each operand, whether it is in the order of its memory, and not a view that permutes or strides.
        """
        return name in self.inplace

    def asarray(self, x, dtype: str | None = None):
        """A tensor of the engine from numbers, nested lists, NumPy arrays or its own tensors."""
        raise NotImplementedError(f"{type(self).__name__} must define `asarray`.")

    def argument(self, x):
        """What a captured function is given for an argument that isn't a tensor of the engine.

        A tensor, or anything with its shape and dtype that the programs of `compile` take as one. The caller may change
        x as soon as this returns.
        """
        return self.asarray(x)

    def to_numpy(self, x) -> np.ndarray:
        """The tensor as a NumPy array (it may share memory)."""
        raise NotImplementedError(f"{type(self).__name__} must define `to_numpy`.")

    def is_tensor(self, x) -> bool:
        """Whether x is a tensor of the engine."""
        raise NotImplementedError(f"{type(self).__name__} must define `is_tensor`.")

    def dtype_of(self, x) -> str:
        """The canonical name of a tensor's dtype."""
        return str(x.dtype).rpartition(".")[2]

    def shape_of(self, x) -> tuple[int, ...]:
        """A tensor's shape as a tuple of integers."""
        return tuple(x.shape)

    def spec_of(self, x) -> Spec:
        """A tensor's shape and dtype."""
        if not self.is_tensor(x):
            x = self.asarray(x)
        return Spec(self.shape_of(x), self.dtype_of(x))

    def copy(self, x):
        """A tensor with x's numbers that shares no memory with it."""
        return x if self.immutable else self.asarray(np.array(self.to_numpy(x)))

    def allocate(self, nbytes: int):
        """A block of memory that a plan keeps for its intermediate results (only asked of backends with `inplace`)."""
        raise NotImplementedError(
            f"{type(self).__name__} has `inplace` functions, so it must define `allocate` and `place`."
        )

    def place(self, block, spec: Spec):
        """A tensor of this spec in the first bytes of a block."""
        raise NotImplementedError(
            f"{type(self).__name__} has `inplace` functions, so it must define `allocate` and `place`."
        )

    def is_contiguous(self, x) -> bool:
        """Whether a tensor's elements stand side by side in memory, so that `reshape` gives a view of it."""
        return False

    def scalar(self, value, dtype: str):
        """A constant of no dimensions; the same object each time."""
        key = (repr(value), dtype)
        if key not in self._scalars:
            self._scalars[key] = self.asarray(value, dtype)
        return self._scalars[key]

    def cond(self, pred, yes: Callable[[], Any], no: Callable[[], Any]):
        """What `yes()` or `no()` returns: override these three where a compiled engine has control flow of its own."""
        return yes() if bool(self.to_numpy(pred)) else no()

    def while_loop(self, test: Callable[..., Any], body: Callable[..., Any], state: Sequence[Any]):
        """The state after `body` was applied while `test(state)` holds."""
        while bool(self.to_numpy(test(state))):
            state = body(state)
        return state

    def scan(self, step: Callable[..., Any], carry, xs, *, steps: int, reverse: bool, specs: Sequence[Spec]):
        """Run `step(carry, rows) -> (carry, ys)` along the first axis of `xs`.

        Args:
            step: takes and returns tuples of tensors.
            carry: the first carry, a tuple of tensors.
            xs: a tuple of tensors with `steps` rows each.
            steps: the number of steps.
            reverse: from the last row to the first; `ys` keep the order of rows.
            specs: what a step's `ys` are.

        Returns:
            The last carry, and the `ys` stacked along a new first axis.
        """
        rows = []
        for t in range(steps - 1, -1, -1) if reverse else range(steps):
            carry, ys = step(carry, [x[t] for x in xs])
            rows.append(ys)
        if reverse:
            rows.reverse()
        columns = zip(*rows, strict=True) if rows else [()] * len(specs)
        return carry, [self._stacked(column, spec) for column, spec in zip(columns, specs, strict=True)]

    def _stacked(self, column: Sequence[Any], spec: Spec):
        if not column:
            return self.asarray(np.zeros((0, *spec.shape), spec.dtype))
        rows = [self.functions["reshape"](x, shape=(1, *spec.shape)) for x in column]
        return self.functions["concat"](*rows, axis=0)

    def on_host(self, row: Primitive, operands: Sequence[Any], params: dict[str, Any]):
        """An optional primitive that the backend has no method for: its reference, in NumPy on the host.

        Said once an op and process, in the log. Override it where the engine compiles programs.
        """
        arrays = [self.to_numpy(x) for x in operands]
        if row.name not in _NOTICED and any(x is not array for x, array in zip(operands, arrays, strict=True)):
            _NOTICED.add(row.name)
            _log.warning("Backend '%s' has no `%s` of its own: it runs on the host, in NumPy.", self.name, row.name)
        with np.errstate(all="ignore"):
            return self.asarray(row.reference(*arrays, **params))

    def compile(self, function: Callable[..., Any], donate: tuple[int, ...] = ()) -> Callable[..., Any]:
        """The engine's own compilation of a plan's program, if it has one."""
        return function

    def devices(self) -> list[str]:
        """The devices that can be used, best first."""
        return ["cpu:0"]

    def on_device(self, device: str) -> Backend:
        """This backend with its tensors on another device: one object a device, the same each time.

        Args:
            device: a device of `devices()`, as `"cuda:1"`, or a kind of them for the first, as `"cpu"`; `"gpu"` is
                what the engine calls its GPUs.

        Raises:
            InvalidArgumentError: there is no such device.
        """
        name = device_name(device, self.devices())
        if name is None:
            raise InvalidArgumentError(
                f"`device` must be one of backend '{self.name}': {', '.join(self.devices())}. Received: "
                f"device={device!r}"
            )
        if name not in self._by_device:
            self._by_device[name] = twin = type(self)(name)
            twin._by_device = self._by_device
        return self._by_device[name]

    def described(self, other: Backend) -> str:
        """The backend's name for a message, with the device if that is what tells it from the other."""
        return f"'{self.name}'" + (f" on {self.device}" if self.name == other.name else "")

    def engine_version(self) -> str:
        """The version of the engine."""
        return ""


def _optional(row: Primitive):
    def method(self, *operands, **params):
        return self.on_host(row, operands, params)

    method.__name__, method.__doc__ = row.name, f"{row.doc[0].upper()}{row.doc[1:]}."
    return method


for _row in TABLE.values():
    if not _row.required:
        setattr(Backend, _row.name, _optional(_row))


GPUS = ("gpu", "cuda", "rocm")


def device_name(device: str, names: Sequence[str]) -> str | None:
    """The one of the names that is meant by a device, or a kind of device: `None` if none is.

    Example:
        >>> device_name("gpu", ["cuda:0", "cuda:1", "cpu:0"]), device_name("GPU:1", ["cuda:0", "cuda:1", "cpu:0"])
        ('cuda:0', 'cuda:1')
    """
    kind, _, number = device.lower().partition(":")
    kinds = GPUS if kind == "gpu" else (kind,)
    wanted = {f"{k}:{number or 0}" for k in kinds}
    return next((name for name in names if name in wanted), None)


def required_primitives() -> dict[str, inspect.Signature]:
    """The methods that a backend must have, with their signatures."""
    return {name: signature(row) for name, row in TABLE.items() if row.required}


def signature(row: Primitive) -> inspect.Signature:
    """The parameters of a primitive's method, but for `self`."""
    kind = inspect.Parameter
    operands = [
        kind(o.lstrip("*"), kind.VAR_POSITIONAL if o.startswith("*") else kind.POSITIONAL_ONLY) for o in row.operands
    ]
    return inspect.Signature([*operands, *(kind(p, kind.KEYWORD_ONLY) for p in row.params)])


current = active.current

__all__ = [
    "INTERFACE_VERSION",
    "Backend",
    "Capabilities",
    "Fused",
    "Gap",
    "NativeAutodiff",
    "current",
    "required_primitives",
]
