"""A row of the primitive table: all that anyone needs to know about one primitive.

Calling convention, everywhere below the public line: array operands are positional, static parameters are by keyword,
and nothing has a default. A Python number among the operands of an elementwise primitive takes the dtype of the
others.

A row's vocabulary: `x`, `y` are operands, `g` is the cotangent of the result (same shape and dtype), `out` the
result. `vjps` has one rule an operand, `rule(g, out, *operands, **params) -> cotangent of that operand`, written in
primitives, so that it can be differentiated again; `None` says that no gradient flows there. Rules of elementwise
rows ignore broadcasting: autodiff undoes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from kcore.engine import active

SCALARS = (float, int, bool)
_record: list[Callable[..., Any]] = []
_tracer_type: list[type] = [type(None)]


def on_tracer(tracer_type: type, record: Callable[..., Any]) -> None:
    """Say which type stands for a tensor while a function is captured, and who records a call on it (called by
    `tracing`)."""
    _tracer_type[:] = [tracer_type]
    _record[:] = [record]


@dataclass(frozen=True, slots=True)
class Sample:
    """One named call of a primitive, on which conformance tries every backend.

    Attributes:
        name: what the case is about (`"ties"`, `"zero size"`, ...).
        operands: NumPy arrays.
        params: the static parameters.
        grad: whether gradients are compared with finite differences there (off at kinks and for integers).
    """

    name: str
    operands: tuple
    params: dict = field(default_factory=dict)
    grad: bool = True


@dataclass(frozen=True, eq=False)
class Primitive:
    """One row. Call it like a function.

    Attributes:
        name: the name; the backend's method is called the same.
        operands: names of the array operands; one that starts with `*` takes any number.
        params: names of the static parameters.
        spec: `spec(*operand_specs, **params) -> Spec`.
        vjps: a rule (or `None`) an operand; for a variadic row one function `rule(g, out, *operands, **params) ->
            tuple`.
        reference: the meaning, in NumPy.
        samples: builds the samples.
        group: the file it stands in.
        doc: one line.
        required: whether every backend must have it.
    """

    name: str
    operands: tuple[str, ...]
    params: tuple[str, ...]
    spec: Callable[..., Any]
    vjps: Any
    reference: Callable[..., Any]
    samples: Callable[[], Iterable[Sample]]
    group: str
    doc: str
    required: bool = True

    def __call__(self, *operands, **params):
        tracer, traced = _tracer_type[0], not operands
        for x in operands:
            kind = type(x)
            if kind in SCALARS:
                return self(*_lift_scalars(operands), **params)
            if kind is tracer:
                traced = True
        if traced:
            return _record[0](self, operands, params)
        return self.evaluate(active.current(), operands, params)

    def evaluate(self, backend, operands, params):
        """Compute on the backend's own tensors; what the engine refuses is reported in the core's words."""
        try:
            return backend.functions[self.name](*operands, **params)
        except Exception as err:
            self._explain(backend, operands, params, err)
            raise

    def _explain(self, backend, operands, params, err) -> None:
        specs = [backend.spec_of(x) for x in operands]
        try:
            self.spec(*specs, **params)
        except Exception as better:
            raise better from err
        shown = ", ".join(map(str, specs))
        err.add_note(f"In primitive `{self.name}` of backend '{backend.name}' on ({shown}) with {params}.")

    def __repr__(self) -> str:
        return f"<primitive {self.name}({', '.join(self.operands)}; {', '.join(self.params)})>"


def _lift_scalars(operands):
    """Turn Python numbers into tensors of the dtype of the first operand that has one."""
    backend = active.current()
    tensors = [x for x in operands if type(x) not in SCALARS]
    if not tensors:
        return [
            backend.scalar(x, "bool" if type(x) is bool else "int32" if type(x) is int else "float32") for x in operands
        ]
    like = tensors[-1]
    dtype = like.dtype if isinstance(like, _tracer_type[0]) else backend.dtype_of(like)
    return [backend.scalar(x, dtype) if type(x) in SCALARS else x for x in operands]


TABLE: dict[str, Primitive] = {}


def define(name: str, operands: str, params: str = "", *, group: str, **columns) -> Primitive:
    """Add a row. `operands` and `params` are names separated by blanks."""
    row = Primitive(name=name, operands=tuple(operands.split()), params=tuple(params.split()), group=group, **columns)
    if name in TABLE:
        raise ValueError(f"Primitive {name!r} is defined twice.")
    TABLE[name] = row
    return row


class _Rows:
    """The table by attribute, for rules: `P.exp(x)` works whatever the order in which the files are read."""

    def __getattr__(self, name: str) -> Primitive:
        if name not in TABLE:
            raise AttributeError(f"no primitive is named {name!r}")
        return TABLE[name]


P = _Rows()
