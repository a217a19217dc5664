"""Primitives that reduce, scan or order along axes."""

from __future__ import annotations

import builtins

import numpy as np

from kcore.dtypes import is_float
from kcore.engine.spec import Spec
from kcore.errors import DtypeError, ShapeError

from .elementwise import _check, mask_like
from .movement import shape_of
from .row import P, define
from .samples import along_axis, reductions

GROUP = "reduction"


def _reduced(shape, axes, keepdims):
    if keepdims:
        return tuple(1 if i in axes else d for i, d in enumerate(shape))
    return tuple(d for i, d in enumerate(shape) if i not in axes)


def _reduction_spec(name: str, kind: str, empty: bool):
    def spec(x: Spec, *, axes, keepdims) -> Spec:
        if axes and axes[-1] >= len(x.shape):
            raise ShapeError(f"`{name}` takes axes of x. Received: x.shape={x.shape}, axes={axes}")
        if kind == "number":
            _check(name, x.dtype, kind)
        if not empty and any(x.shape[a] == 0 for a in axes):
            raise ShapeError(f"`{name}` of no elements has no value. Received: x.shape={x.shape}, axes={axes}")
        return Spec(_reduced(x.shape, axes, keepdims), x.dtype)

    return spec


def _restore(g, x, axes, keepdims):
    """g, of the reduced shape, broadcast back to the shape of x."""
    shape = shape_of(x)
    if not keepdims:
        g = P.reshape(g, shape=_reduced(shape, axes, True))
    return P.broadcast_to(g, shape=shape)


def _sum_vjp(g, out, x, *, axes, keepdims):
    return _restore(g, x, axes, keepdims)


def _extremum_vjp(g, out, x, *, axes, keepdims):
    winners = mask_like(P.equal(x, _restore(out, x, axes, keepdims)), g)
    count = P.maximum(P.sum(winners, axes=axes, keepdims=True), 1)
    return P.multiply(P.divide(winners, count), _restore(g, x, axes, keepdims))


def _prod_vjp(g, out, x, *, axes, keepdims):
    """The product of the others, by exclusive products from both sides: right where factors are zero."""
    shape = shape_of(x)
    kept = tuple(i for i in range(len(shape)) if i not in axes)
    order = (*kept, *axes)
    flat = P.reshape(P.permute_dims(x, axes=order), shape=(*(shape[i] for i in kept), _count(shape, axes)))
    others = P.multiply(
        _exclusive_products(flat), P.flip(_exclusive_products(P.flip(flat, axes=(len(kept),))), axes=(len(kept),))
    )
    back = P.reshape(others, shape=tuple(shape[i] for i in order))
    others = P.permute_dims(back, axes=tuple(order.index(i) for i in range(len(order))))
    return P.multiply(others, _restore(g, x, axes, keepdims))


def _count(shape, axes):
    total = 1
    for axis in axes:
        total = total * shape[axis]
    return total


def _exclusive_products(x):
    """Along the last axis.

    The product of all elements before each one, in log2(n) multiplications (Hillis and Steele, 1986).
    """
    rank, size = len(shape_of(x)), shape_of(x)[-1]
    x, shift = _shifted(x, rank, 1), 1
    while shift < size:
        x = P.multiply(x, _shifted(x, rank, shift))
        shift *= 2
    return x


def _shifted(x, rank: int, by: int):
    shape = shape_of(x)
    kept = P.slice(x, start=(0,) * rank, stop=(*shape[:-1], builtins.max(shape[-1] - by, 0)), step=(1,) * rank)
    return P.pad(kept, 1, widths=((0, 0),) * (rank - 1) + ((builtins.min(by, shape[-1]), 0),))


def _quiet_reduce(function):
    def reference(x, *, axes, keepdims):
        x = np.asarray(x)
        with np.errstate(all="ignore"):
            if not axes:
                return x.copy()
            if x.dtype.kind == "f":
                return function(x.astype(np.float64), axis=axes, keepdims=keepdims).astype(x.dtype)
            return function(x, axis=axes, keepdims=keepdims).astype(x.dtype)

    return reference


def _reduction(name, kind, vjp, function, doc, *, empty=True, bools=False):
    return define(
        name,
        "x",
        "axes keepdims",
        group=GROUP,
        spec=_reduction_spec(name, kind, empty),
        vjps=(vjp,),
        reference=_quiet_reduce(function),
        samples=reductions(bools=bools, empty=empty),
        doc=doc,
    )


sum = _reduction("sum", "number", _sum_vjp, np.sum, "the sum over axes, in x's dtype; 0 of nothing")
prod = _reduction("prod", "number", _prod_vjp, np.prod, "the product over axes, in x's dtype; 1 of nothing")
max = _reduction(
    "max",
    "any",
    _extremum_vjp,
    np.max,
    "the largest over axes; NaN propagates; ties share the gradient",
    empty=False,
    bools=True,
)
min = _reduction(
    "min",
    "any",
    _extremum_vjp,
    np.min,
    "the smallest over axes; NaN propagates; ties share the gradient",
    empty=False,
    bools=True,
)


def _along(name: str, keep: bool, dtype: str | None):
    def spec(x: Spec, *, axis) -> Spec:
        if axis >= len(x.shape):
            raise ShapeError(f"`{name}` takes an axis of x. Received: x.shape={x.shape}, axis={axis}")
        if not keep and x.shape[axis] == 0:
            raise ShapeError(f"`{name}` of no elements has no value. Received: x.shape={x.shape}, axis={axis}")
        if name == "cumsum" and x.dtype == "bool":
            raise DtypeError(f"`cumsum` takes numbers. Received: dtype={x.dtype}")
        return Spec(x.shape if keep else _reduced(x.shape, (axis,), False), dtype or x.dtype)

    return spec


def _argsort(x, *, axis):
    return np.argsort(x, axis=axis, kind="stable").astype(np.int32)


def _cumsum(x, *, axis):
    with np.errstate(all="ignore"):
        wide = x.astype(np.float64) if is_float(x.dtype.name) else x
        return np.cumsum(wide, axis=axis).astype(x.dtype)


argmax = define(
    "argmax",
    "x",
    "axis",
    group=GROUP,
    spec=_along("argmax", False, "int32"),
    vjps=(None,),
    samples=along_axis(),
    reference=lambda x, *, axis: np.argmax(x, axis).astype(np.int32),
    doc="int32 index of the largest, the first of equals; NaN wins",
)
argmin = define(
    "argmin",
    "x",
    "axis",
    group=GROUP,
    spec=_along("argmin", False, "int32"),
    vjps=(None,),
    samples=along_axis(),
    reference=lambda x, *, axis: np.argmin(x, axis).astype(np.int32),
    doc="int32 index of the smallest, the first of equals; NaN wins",
)
cumsum = define(
    "cumsum",
    "x",
    "axis",
    group=GROUP,
    spec=_along("cumsum", True, None),
    reference=_cumsum,
    samples=along_axis(ties=False),
    vjps=(lambda g, out, x, *, axis: P.flip(P.cumsum(P.flip(g, axes=(axis,)), axis=axis), axes=(axis,)),),
    doc="running sum along an axis, in x's dtype",
)
argsort = define(
    "argsort",
    "x",
    "axis",
    group=GROUP,
    spec=_along("argsort", True, "int32"),
    vjps=(None,),
    reference=_argsort,
    samples=along_axis(),
    doc="int32 indices that sort ascending, stable, NaN last",
)
