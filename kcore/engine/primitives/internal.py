"""Nodes that no backend implements: the engine evaluates them itself."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .row import Primitive


@dataclass(frozen=True, eq=False)
class Internal(Primitive):
    """A primitive of the engine's own.

    Attributes:
        compute: `compute(backend, *operands, **params)` on the backend's tensors.
        alias: the results are the first operands, unchanged: a plan drops the node.
        fused: it calls a backend's fast path, of the node's name; the last result is what its pullback needs.
        lowered: `lowered(backend, operands, specs, params) -> operands, params`, what a plan makes of a node.
        takes_none: its gradient rule is given `None` for a result that nothing depends on, and not zeros.
    """

    compute: Callable[..., Any] = lambda backend, x: x
    alias: bool = False
    takes_none: bool = False
    fused: bool = False
    lowered: Callable[..., Any] = lambda backend, operands, specs, params: (operands, params)

    def evaluate(self, backend, operands, params):
        return self.compute(backend, *operands, **params)

    def bind(self, backend, params, into: bool = False):
        """The function of the operands that a plan calls; with `into` it writes into them."""
        return functools.partial(self.compute, backend, **params)


def internal(
    name: str, operands: str, params: str = "", *, spec, vjps, compute, doc: str, kind: Any = Internal, **flags: Any
):
    """Make one, of a class `kind`; it isn't part of the table."""
    return kind(
        name=name,
        operands=tuple(operands.split()),
        params=tuple(params.split()),
        spec=spec,
        vjps=vjps,
        reference=compute,
        samples=tuple,
        group="internal",
        doc=doc,
        required=False,
        compute=compute,
        **flags,
    )


identity = internal(
    "identity",
    "x",
    spec=lambda x: x,
    vjps=(lambda g, out, x: g,),
    compute=lambda backend, x: x,
    alias=True,
    doc="x itself, as a tensor of its own to differentiate by",
)
stop_gradient = internal(
    "stop_gradient",
    "x",
    spec=lambda x: x,
    vjps=(None,),
    compute=lambda backend, x: x if backend.native_autodiff is None else backend.native_autodiff.detach(x),
    alias=True,
    doc="x, through which no gradient flows",
)


def _custom_vjps(g, out, *operands, count, gradient):
    given = gradient(*g)
    given = tuple(given) if isinstance(given, (tuple, list)) else (given,)
    return (None,) * count + given


custom = internal(
    "custom",
    "*xs",
    "count gradient",
    spec=lambda *xs, count, gradient: tuple(xs[:count]),
    vjps=_custom_vjps,
    compute=lambda backend, *xs, count, gradient: tuple(xs[:count]),
    alias=True,
    doc="the first `count` operands, whose gradient in the others is given by a function",
)
