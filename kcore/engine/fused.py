"""Fused ops: composites of the core for which a backend may have a fast path.

A fused op is a function of tensors and static parameters, written in primitives. Where the active backend has a
`Fused` entry under its name whose data predicate holds, a call is one node; else the composite runs in its place.
Gradients of first order are the backend's pullback where it brings one; those of higher order are always the
composite's. An engine's own tape sees the composite.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import active, autodiff
from .primitives.internal import Internal, internal
from .spec import Spec
from .tracing import OPAQUE, Tracer, eager, record, spec_of

FUSED_OPS: dict[str, FusedOp] = {}
"""Every fused op by name."""


class FusedOp:
    """A composite with a name. Call it like the function; see `fused_op`."""

    def __init__(self, name: str, composite: Callable[..., Any]):
        functools.update_wrapper(self, composite)
        self.name = name
        self.composite = composite
        self._node = _fused_node(self)

    def __call__(self, *operands, **params):
        if not self.has_path(operands, params):
            return self.composite(*operands, **params)
        if any(isinstance(x, Tracer) for x in operands):
            outputs = tuple(record(self._node, operands, params))[:-1]
        else:
            outputs = self._node.evaluate(active.current(), operands, params)[:-1]
        return outputs[0] if len(outputs) == 1 else outputs

    def has_path(self, operands, params: dict[str, Any]) -> bool:
        """Whether a call runs as the active backend's fast path, and not as the composite."""
        entry, tape = active.current().fused.get(self.name), autodiff.current_tape()
        if entry is None or (tape is not None and tape.native is not None):
            return False
        return bool(entry.applies([spec_of(x) for x in operands], params))


def fused_op(name: str):
    """Decorate a composite as a fused op.

    Args:
        name: what backends provide a fast path by. Operands are positional, static parameters by keyword; the
            composite returns a tensor or a tuple of tensors.
    """

    def decorate(composite: Callable[..., Any]) -> FusedOp:
        if name in FUSED_OPS:
            raise ValueError(f"Fused op {name!r} is defined twice.")
        FUSED_OPS[name] = FusedOp(name, composite)
        return FUSED_OPS[name]

    return decorate


@dataclass(frozen=True, eq=False)
class _Fused(Internal):
    """The node of a fused op: a plan calls the backend's function itself."""

    def bind(self, backend, params, into: bool = False):
        entry = backend.fused[self.name]
        return functools.partial(entry.inplace if into else entry.forward, **params)


@dataclass(frozen=True, eq=False)
class _Pullback(Internal):
    """The node of a fused op's pullback: in a plan, residuals come unboxed."""

    def bind(self, backend, params, into: bool = False):
        backward = _backward(backend, params["op"], params["params"], params["wanted"])
        count, reads = params["count"], params.get("reads")
        specs = [spec if want else None for spec, want in zip(params["specs"], params["wanted"], strict=True)]
        fill = _filler(backend, specs)
        if reads is None:
            return lambda *xs: fill(backward(xs[-1], xs[count:-1], *xs[:count]))
        if not reads:
            unread = (None,) * count
            return lambda *xs: fill(backward(xs[-1], xs[:-1], *unread))
        places = [reads.index(i) if i in reads else None for i in range(count)]
        first = len(reads)

        def run(*xs):
            operands = [None if place is None else xs[place] for place in places]
            return fill(backward(xs[-1], xs[first:-1], *operands))

        return run


def _backward(backend, op: FusedOp, params: dict[str, Any], wanted: tuple[bool, ...]) -> Callable[..., Any]:
    entry = backend.fused[op.name]
    return functools.partial(entry.backward, **params, **({"wanted": wanted} if entry.chooses else {}))


def _filler(backend, specs: list) -> Callable[[Any], Any]:
    """What puts zeros in the place of a cotangent that is `None`, where there is a spec for it."""
    wanted = [i for i, spec in enumerate(specs) if spec is not None]

    def fill(given):
        for i in wanted:
            if given[i] is None:
                return tuple(_zeros(backend, s) if g is None and s else g for g, s in zip(given, specs, strict=True))
        return given

    return fill


def _fused_node(op: FusedOp) -> Internal:
    def spec(*operands, **params):
        return (*_composite_specs(op, operands, params), OPAQUE)

    def compute(backend, *operands, **params):
        """The residuals are boxed, so that `None` is a value like any other."""
        with backend.eager_context():
            outputs, residuals = backend.fused[op.name].forward(*operands, **params)
        return (*outputs, (residuals,))

    def vjps(cts, outs, *operands, **params):
        entry = active.current().fused[op.name]
        if entry.backward is None:
            return _composite_vjp(op, cts[:-1], operands, params)
        count = len(operands)
        call = {"op": op, "count": count, "params": params}
        return record(_pullback, (*operands, *cts[:-1], outs[-1]), call)

    return internal(
        op.name, "*xs", kind=_Fused, spec=spec, vjps=vjps, compute=compute, doc=f"fused {op.name}", fused=True
    )


@functools.lru_cache(maxsize=4096)
def _cached_specs(op: FusedOp, operands: tuple[Spec, ...], params: tuple) -> tuple[Spec, ...]:
    from .tracing import Capture

    with eager(), Capture(abstract=True) as capture:
        result = op.composite(*map(capture.input, operands), **dict(params))
    return tuple(x.spec for x in (result if isinstance(result, tuple) else (result,)))


def _composite_specs(op: FusedOp, operands, params) -> tuple[Spec, ...]:
    return _cached_specs(op, tuple(operands), tuple(sorted(params.items())))


def _composite_vjp(op: FusedOp, cts, operands, params):
    out, pullback = autodiff.vjp(functools.partial(op.composite, **params), *operands)
    return pullback(tuple(cts) if isinstance(out, tuple) else cts[0])


def _pullback_spec(*xs, op, count, params, specs=None, reads=None, wanted=None):
    return specs or tuple(xs[:count])


def _pullback_compute(backend, *xs, op, count, params):
    operands, cts, (residuals,) = xs[:count], xs[count:-1], xs[-1]
    with backend.eager_context():
        given = _backward(backend, op, params, (True,) * count)(residuals, cts, *operands)
    return _filler(backend, [backend.spec_of(x) for x in operands])(given)


def _zeros(backend, spec):
    return backend.functions["broadcast_to"](backend.scalar(0, spec.dtype), shape=spec.shape)


def _only_what_is_read(backend, operands: list, specs: tuple, params: dict):
    """In a plan a pullback doesn't keep operands alive that it has no use for."""
    reads, count = backend.fused[params["op"].name].reads, params["count"]
    if reads is None:
        return operands, {**params, "specs": specs}
    return [*(operands[i] for i in reads), *operands[count:]], {**params, "reads": reads, "specs": specs}


def _pullback_vjps(outer, outs, *xs, op, count, params):
    """Second order: differentiate the composite's pullback."""
    operands, cts = xs[:count], xs[count:-1]

    def pull(*arguments):
        return _composite_vjp(op, arguments[count:], arguments[:count], params)

    _, pullback = autodiff.vjp(pull, *operands, *cts)
    return (*pullback(tuple(outer)), None)


_pullback = internal(
    "pullback",
    "*xs",
    "op count params",
    kind=_Pullback,
    spec=_pullback_spec,
    vjps=_pullback_vjps,
    compute=_pullback_compute,
    lowered=_only_what_is_read,
    doc="the cotangents of a fused op's operands, by the backend's own pullback",
)
