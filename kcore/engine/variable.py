"""Variables: the state of layers, optimizers, metrics and generators.

Code reads `variable.value` and calls `variable.assign(...)`; what that means depends on where it runs.

    eager            the tensor; the assignment happens
    under a tape     a tracer that remembers; the assignment happens
    in a capture     a tracer of the graph; the new value becomes an output of the graph

Several variables of one dtype can be *packed*: their numbers move into one flat variable, of which each is a slice.
An optimizer then updates all of them with a few calls on one vector.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np

from kcore import dtypes, registry
from kcore.errors import BackendMismatchError, InvalidArgumentError, ShapeError

from . import active, autodiff, tracing
from . import primitives as P
from .autocast import autocast as reading_as
from .autocast import current as wanted_dtype
from .spec import Spec
from .tracing import Tracer, eager, value_of

_scope: ContextVar[tuple[str, ...]] = ContextVar("kcore_name_scope", default=())
_destination: ContextVar[Any] = ContextVar("kcore_destination", default=None)
_names = itertools.count()


class name_scope:
    """Context manager: variables made inside have this in front of their path.

    Example:
        >>> import kcore
        >>> with name_scope("encoder"):
        ...     kcore.Variable(0.0, name="bias").path
        'encoder/bias'
    """

    def __init__(self, name: str):
        self._name = name

    def __enter__(self) -> str:
        self._token = _scope.set((*_scope.get(), self._name))
        return "/".join(_scope.get())

    def __exit__(self, *exc) -> None:
        _scope.reset(self._token)


def current_path() -> str:
    """The path of the open name scopes."""
    return "/".join(_scope.get())


class moving_to:
    """Context manager: variables that are copied inside (`copy.deepcopy`) live on this backend."""

    def __init__(self, backend):
        self._activation, self._backend = active.activate(backend), backend

    def __enter__(self) -> None:
        self._activation.__enter__()
        self._token = _destination.set(self._backend)

    def __exit__(self, *exc) -> None:
        _destination.reset(self._token)
        self._activation.__exit__(*exc)


def check_home(variable: Variable) -> None:
    """Check that a variable lives on the active backend.

    Raises:
        BackendMismatchError: it lives on another one.
    """
    home, here = variable.backend, active.current()
    if home is not here:
        raise BackendMismatchError(
            f"Variable '{variable.path}' lives on {home.described(here)}, but the active backend is "
            f"{here.described(home)}. Use it inside `with kcore.use_backend({_arguments(home, here)})`, or make a "
            f"twin of its model with `model.to_backend({_arguments(here, home)})`."
        )


def _arguments(backend: Any, other: Any) -> str:
    """What names a backend in a call: its device too where only that tells it from the other."""
    return repr(backend.name) if backend.name != other.name else f"{backend.name!r}, {backend.device!r}"


class Variable:
    """A tensor that can be assigned to.

    Args:
        initializer: a function `(shape, dtype) -> tensor`, the name of a registered initializer, or the initial value.
        shape: the shape (needed with a function or a name).
        dtype: the dtype's name; by default that of the value, or `floatx`.
        trainable: whether tapes watch it and optimizers may change it.
        autocast: whether a layer's dtype policy may cast what is read.
        aggregation, synchronization, layout: what devices do with their copies; kept for distribution.
        name: the last part of the path; made up if `None`.

    Attributes:
        path: name scopes and name, as `dense/kernel`.
        regularizer, constraint: functions of the value, or `None`.

    Raises:
        ShapeError: a value of another shape is assigned.

    Example:
        >>> import kcore
        >>> v = kcore.Variable([1.0, 2.0])
        >>> v.assign_add([1.0, 1.0]).numpy().tolist()
        [2.0, 3.0]
    """

    def __init__(
        self,
        initializer,
        shape=None,
        dtype=None,
        trainable=True,
        autocast=True,
        aggregation="none",
        synchronization="auto",
        name=None,
        layout=None,
        **kwargs,
    ):
        if kwargs:
            raise InvalidArgumentError(f"`Variable` doesn't take these arguments. Received: {', '.join(kwargs)}")
        self.name = name or f"variable_{next(_names)}"
        self.path = "/".join((*_scope.get(), self.name))
        self._trainable = bool(trainable)
        self.autocast = autocast
        self.aggregation = aggregation
        self.synchronization = synchronization
        self.regularizer: Any = None
        self.constraint: Any = None
        self.overwrite_with_gradient = False
        self.pack: Pack | None = None
        self._shared = False
        self._backend = active.current()
        if initializer is ZEROS_IN_A_PACK:
            assert shape is not None and dtype is not None
            self._value: Any = None
            self.spec: Spec = Spec(tuple(shape), dtype)
            return
        with eager(), tracing.stop_recording():
            self._value = self._owned(_initial_value(initializer, shape, dtype), dtype)
        self.spec = self._backend.spec_of(self._value)

    def _owned(self, value, dtype):
        """A tensor of the backend that nobody else holds."""
        backend = self._backend
        if isinstance(value, _Fresh):
            return backend.asarray(value.array, dtype)
        value = value_of(value)
        tensor = backend.asarray(value, dtype)
        return backend.copy(tensor) if tensor is value or not backend.immutable else tensor

    @property
    def backend(self):
        """The backend that the variable lives on."""
        return self._backend

    @property
    def trainable(self) -> bool:
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.spec.shape

    @property
    def dtype(self) -> str:
        """The dtype that it is read in: its own, or the one that the layer around wants (see `autocast`)."""
        wanted = wanted_dtype()
        if wanted is None or not self.autocast or not dtypes.is_float(self.spec.dtype):
            return self.spec.dtype
        return wanted

    @property
    def ndim(self) -> int:
        return len(self.spec.shape)

    @property
    def size(self) -> int:
        return math.prod(self.spec.shape)

    @property
    def value(self) -> Any:
        """The tensor: the engine's own, or a tracer under a tape or in a capture."""
        if self._backend is not active.current():
            check_home(self)
        if wanted_dtype() is not None:
            return self._cast_value()
        capture = tracing.current_capture()
        if capture is not None:
            return capture.read(self)
        tape = autodiff.current_tape()
        if tape is not None:
            return tape.read(self)
        self._share()
        return self.load()

    def _cast_value(self) -> Any:
        """The value in the dtype that it is read in."""
        value, dtype = self._own_value(), self.dtype
        return value if dtype == self.spec.dtype else P.cast(value, dtype=dtype)

    def _own_value(self) -> Any:
        """The value in the variable's own dtype, whatever the layer around wants."""
        with reading_as(None):
            return self.value

    def _share(self) -> None:
        """Somebody outside holds the tensor now: a plan must not write into it."""
        if self.pack is None:
            self._shared = True
        else:
            self.pack.flat._shared = True

    def load(self):
        """The engine's tensor, whatever is going on."""
        return self._value if self.pack is None else self.pack.load(self)

    def load_to_write(self):
        """The tensor, which nobody else holds, so that a plan may write its new value into it."""
        if self._shared:
            if self._backend.donates or not self._backend.immutable:
                self._value = self._backend.copy(self._value)
            self._shared = False
        return self._value if self.pack is None else self.pack.load(self)

    def store(self, tensor) -> None:
        """Make an engine's tensor of the right shape and dtype the value; the variable owns it from now on."""
        if self.pack is None:
            self._value = tensor
            self._shared = False
        else:
            self.pack.store(self, tensor)

    def numpy(self) -> np.ndarray:
        """A copy of the value as a NumPy array."""
        return np.array(self._backend.to_numpy(self.load()))

    def assign(self, value) -> Variable:
        """Set the value.

        Args:
            value: numbers of the variable's shape (or that broadcast to it); cast to its dtype.

        Returns:
            The variable.

        Raises:
            ShapeError: the shape differs.
        """
        check_home(self)
        capture = tracing.current_capture()
        if isinstance(value, Variable):
            value = value.value
        if capture is not None:
            capture.assign(self, self._fitting(value))
            return self
        with tracing.stop_recording():
            self.store(self._owned(self._fitting(value_of(value)), self.spec.dtype))
        return self

    def _fitting(self, value):
        """The value with the variable's dtype and shape, as a tensor or tracer."""
        if not isinstance(value, Tracer):
            value = self._backend.asarray(value)
        spec = tracing.spec_of(value)
        if spec.dtype != self.spec.dtype:
            value = P.cast(value, dtype=self.spec.dtype)
        if spec.shape == self.shape:
            return value
        if spec.shape != ():
            raise ShapeError(
                f"The value assigned to variable '{self.path}' must have its shape. Received: "
                f"value.shape={spec.shape}, variable.shape={self.shape}"
            )
        return P.broadcast_to(value, shape=self.shape)

    def assign_add(self, value) -> Variable:
        """Add to the value."""
        return self.assign(tracing.operator("add")(self._own_value(), value))

    def assign_sub(self, value) -> Variable:
        """Subtract from the value."""
        return self.assign(tracing.operator("sub")(self._own_value(), value))

    def __array__(self, dtype=None, copy=None):
        value = self.value
        array = np.asarray(value) if isinstance(value, Tracer) else self.numpy()
        return array if dtype is None else array.astype(dtype)

    def __float__(self) -> float:
        return float(self.__array__())

    def __int__(self) -> int:
        return int(self.__array__())

    def __bool__(self) -> bool:
        return bool(self.__array__())

    def __len__(self) -> int:
        return self.shape[0]

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.spec.dtype}>"

    def __deepcopy__(self, memo):
        clone = object.__new__(type(self))
        memo[id(self)] = clone
        clone.__dict__.update({k: v for k, v in self.__dict__.items() if k not in ("pack", "_value")})
        clone.pack, clone._shared = None, False
        clone._backend = _destination.get() or self._backend
        clone._value = clone._owned(self.numpy(), self.spec.dtype)
        return clone

    def __getstate__(self):
        return {**self.__dict__, "pack": None, "_value": self.numpy(), "_backend": self._backend.name}

    def __setstate__(self, state):
        from .selection import get_backend

        self.__dict__.update(state)
        self._backend = get_backend(state["_backend"])
        self._value = self._owned(state["_value"], None)


ZEROS_IN_A_PACK = object()
"""The initializer of a variable that is packed next, with others like it: it has no memory of its own before."""


class _Fresh(NamedTuple):
    """An initial value that nobody else holds, and that needn't be copied."""

    array: np.ndarray


def _initial_value(initializer, shape, dtype):
    if isinstance(initializer, _Fresh):
        return initializer
    if isinstance(initializer, str):
        initializer = registry.lookup("initializers", initializer)
        initializer = initializer() if isinstance(initializer, type) else initializer
    if not callable(initializer):
        return _with_default_dtype(initializer, dtype)
    if shape is None:
        raise InvalidArgumentError("`shape` must be given where `initializer` is a function. Received: shape=None")
    shape = tuple(int(d) for d in shape)
    value = initializer(shape, dtype=dtype or dtypes.standardize_dtype(None))
    got = tracing.spec_of(value).shape
    if got != shape:
        raise ShapeError(
            f"`initializer` must return a tensor of the variable's shape. Received: shape={shape}, value.shape={got}"
        )
    return value


def _with_default_dtype(value, dtype):
    """Python numbers become `floatx` or int32; arrays keep their dtype."""
    if hasattr(value, "dtype") or dtype is not None:
        return value.value if isinstance(value, Variable) else value
    array = np.asarray(value)
    return array.astype({"f": dtypes.standardize_dtype(None), "i": "int32"}.get(array.dtype.kind, array.dtype))


def _operator(name: str):
    def method(self, *args):
        return tracing.operator(name)(self.value, *args)

    method.__name__ = f"__{name}__"
    return method


for _name in tracing._PYTHON_OPERATORS:
    if _name != "eq":
        setattr(Variable, f"__{_name}__", _operator(_name))
Variable.__eq__ = _operator("eq")  # type: ignore[method-assign]
Variable.__array_priority__ = 100  # type: ignore[attr-defined]
Variable.__array_ufunc__ = lambda self, ufunc, method, *inputs, **kwargs: tracing.operator("ufunc")(  # type: ignore[attr-defined]
    self.value, ufunc, method, *(x.value if isinstance(x, Variable) else x for x in inputs), **kwargs
)


class Pack:
    """Where packed variables live: `flat` holds their numbers one after another.

    Attributes:
        flat: the 1-D variable.
        members: the variables, in order.
    """

    def __init__(self, members: Sequence[Variable]):
        self.members = list(members)
        sizes = [v.size for v in members]
        stops = list(itertools.accumulate(sizes))
        self._bounds = {id(v): (stop - size, stop) for v, size, stop in zip(members, sizes, stops, strict=True)}
        dtype = members[0].spec.dtype
        with active.activate(members[0].backend):
            joined = _zeros(stops[-1], dtype) if members[0]._value is None else _Fresh(_joined(members))
            self.flat = Variable(joined, dtype=dtype, trainable=False, name="pack")

    def bounds(self, variable: Variable) -> tuple[int, int]:
        """Where the variable's numbers start and stop in the flat variable."""
        return self._bounds[id(variable)]

    def view(self, flat, variable: Variable):
        """The variable's tensor, out of the flat one."""
        start, stop = self.bounds(variable)
        return P.reshape(P.slice(flat, start=(start,), stop=(stop,), step=(1,)), shape=variable.shape)

    def replaced(self, flat, variable: Variable, value):
        """The flat tensor with the variable's part replaced."""
        start, stop = self.bounds(variable)
        parts = [P.slice(flat, start=(a,), stop=(b,), step=(1,)) for a, b in ((0, start), (stop, self.flat.size))]
        return P.concat(parts[0], P.reshape(value, shape=(variable.size,)), parts[1], axis=0)

    def load(self, variable: Variable):
        with eager(), active.activate(variable.backend):
            return self.view(self.flat.load(), variable)

    def store(self, variable: Variable, tensor) -> None:
        """Set the variable's part, in place unless somebody else holds the memory."""
        backend = variable.backend
        with eager(), active.activate(backend):
            if backend.immutable:
                self.flat.store(self.replaced(self.flat.load(), variable, tensor))
                return
            start, stop = self.bounds(variable)
            self.flat.load_to_write()[start:stop] = P.reshape(tensor, shape=(variable.size,))


def _joined(members: Sequence[Variable]) -> np.ndarray:
    to_numpy = members[0].backend.to_numpy
    return np.concatenate([to_numpy(v.load()).reshape(-1) for v in members])


def _zeros(size: int, dtype: str):
    """Zeros that take memory when they are first written to, where NumPy has the dtype."""
    return np.zeros(size, "float32") if dtype == "bfloat16" else _Fresh(np.zeros(size, dtype))


def pack(variables: Sequence[Variable]) -> Variable | None:
    """Move variables into one flat variable, of which they become views.

    Args:
        variables: distinct variables of one dtype and backend.

    Returns:
        The flat variable, of shape `(sum of sizes,)`; `None` if there are none, their dtypes differ, or one is in a
        pack already that isn't exactly these.
    """
    variables = list(variables)
    if not variables or len({(v.dtype, id(v.backend)) for v in variables}) != 1:
        return None
    present = variables[0].pack
    if (
        present is not None
        and len(present.members) == len(variables)
        and all(map(operator.is_, present.members, variables))
    ):
        return present.flat
    if any(v.pack is not None for v in variables):
        return None
    with eager(), tracing.stop_recording():
        made = Pack(variables)
    for v in variables:
        v.pack, v._value = made, None
    return made.flat
