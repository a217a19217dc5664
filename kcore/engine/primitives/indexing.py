"""Primitives that read and write at indices.

Indices are integers within bounds; their rank is free where an axis is taken.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kcore.dtypes import is_integer
from kcore.engine.spec import Spec
from kcore.errors import DtypeError, ShapeError

from .elementwise import _same_dtype, dtype_of, mask_like
from .movement import shape_of
from .row import P, Sample, define
from .samples import floats, ints

GROUP = "indexing"


def _check_indices(name: str, indices: Spec) -> None:
    if not is_integer(indices.dtype):
        raise DtypeError(f"`{name}` takes integer `indices`. Received: indices.dtype={indices.dtype}")


def _take_spec(x: Spec, indices: Spec, *, axis) -> Spec:
    _check_indices("take", indices)
    if axis >= len(x.shape):
        raise ShapeError(f"`take` takes an axis of x. Received: x.shape={x.shape}, axis={axis}")
    return Spec((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]), x.dtype)


def _along_axis_spec(name: str):
    def spec(x: Spec, indices: Spec, *, axis) -> Spec:
        _check_indices(name, indices)
        same = all(a == b for i, (a, b) in enumerate(zip(x.shape, indices.shape, strict=False)) if i != axis)
        if len(x.shape) != len(indices.shape) or not same:
            raise ShapeError(
                f"`{name}` takes indices of x's shape but along `axis`. Received: x.shape={x.shape}, "
                f"indices.shape={indices.shape}, axis={axis}"
            )
        return Spec(indices.shape, x.dtype)

    return spec


def _update_spec(name: str, read):
    def spec(x: Spec, indices: Spec, updates: Spec, *, axis) -> Spec:
        wanted = read(x, indices, axis=axis)
        if updates.shape != wanted.shape:
            raise ShapeError(f"`{name}` takes updates of shape {wanted.shape}. Received: updates.shape={updates.shape}")
        return Spec(x.shape, _same_dtype(name, x, updates))

    return spec


def _zeros_like(x):
    from kcore.engine import active

    return P.broadcast_to(active.current().scalar(0, dtype_of(x)), shape=shape_of(x))


def _at(axis: int, indices) -> Any:
    return (slice(None),) * axis + (indices,)


def _scatter_add(x, indices, updates, *, axis):
    result = np.array(x)
    np.add.at(result, _at(axis, indices), updates)
    return result


def _scatter(x, indices, updates, *, axis):
    result = np.array(x)
    result[_at(axis, indices)] = updates
    return result


def _scatter_add_along_axis(x, indices, updates, *, axis):
    result = np.array(x)
    grid = list(np.ogrid[tuple(slice(n) for n in indices.shape)])
    grid[axis] = indices
    np.add.at(result, tuple(grid), updates)
    return result


def _take_samples():
    x = floats(3, 4, 2)
    yield Sample("vector of indices", (x, np.array([2, 0, 2], np.int32)), {"axis": 1})
    yield Sample("matrix of indices", (x, np.array([[0, 1], [2, 2]], np.int32)), {"axis": 0})
    yield Sample("scalar index", (x, np.int32(1)), {"axis": 2})
    yield Sample("no index", (x, np.zeros(0, np.int32)), {"axis": 0})
    yield Sample("int64 indices", (ints(5), np.array([4, 0], np.int64)), {"axis": 0}, grad=False)


def _take_vjp(g, out, x, indices, *, axis):
    return P.scatter_add(_zeros_like(x), indices, g, axis=axis)


take = define(
    "take",
    "x indices",
    "axis",
    group=GROUP,
    spec=_take_spec,
    vjps=(_take_vjp, None),
    samples=_take_samples,
    reference=lambda x, indices, *, axis: np.take(x, indices, axis),
    doc="the entries of x at the indices along an axis",
)


def _take_along_samples():
    x = floats(3, 4)
    yield Sample("columns", (x, np.array([[0], [3], [1]], np.int32)), {"axis": 1})
    yield Sample("rows, repeated", (x, np.array([[0, 0, 2, 1], [0, 1, 2, 2]], np.int32)), {"axis": 0})
    yield Sample("no index", (x, np.zeros((3, 0), np.int32)), {"axis": 1})


take_along_axis = define(
    "take_along_axis",
    "x indices",
    "axis",
    group=GROUP,
    spec=_along_axis_spec("take_along_axis"),
    samples=_take_along_samples,
    vjps=(lambda g, out, x, indices, *, axis: P.scatter_add_along_axis(_zeros_like(x), indices, g, axis=axis), None),
    reference=lambda x, indices, *, axis: np.take_along_axis(x, indices, axis),
    doc="one entry along an axis at each position of the indices, which have x's other sizes",
)


def _scatter_samples():
    x = floats(4, 3)
    yield Sample("rows", (x, np.array([2, 0], np.int32), floats(2, 3)), {"axis": 0})
    yield Sample("repeated", (x, np.array([1, 1, 3], np.int32), floats(3, 3)), {"axis": 0})
    yield Sample("columns, matrix of indices", (x, np.array([[0, 1], [2, 0]], np.int32), floats(4, 2, 2)), {"axis": 1})
    yield Sample("scalar index", (x, np.int32(1), floats(3)), {"axis": 0})
    yield Sample("no index", (x, np.zeros(0, np.int32), np.zeros((0, 3), np.float32)), {"axis": 0})
    yield Sample("integers", (ints(5), np.array([0, 0], np.int32), ints(2)), {"axis": 0}, grad=False)


scatter_add = define(
    "scatter_add",
    "x indices updates",
    "axis",
    group=GROUP,
    spec=_update_spec("scatter_add", _take_spec),
    samples=_scatter_samples,
    vjps=(
        lambda g, out, x, indices, updates, *, axis: g,
        None,
        lambda g, out, x, indices, updates, *, axis: P.take(g, indices, axis=axis),
    ),
    reference=_scatter_add,
    doc="x with the updates added where `take` would read; repeated indices accumulate",
)


def _scatter_vjp_x(g, out, x, indices, updates, *, axis):
    return P.scatter(g, indices, _zeros_like(updates), axis=axis)


def _scatter_vjp_updates(g, out, x, indices, updates, *, axis):
    """Of repeated indices only the last one was kept: the others get no gradient."""
    shape, size = shape_of(indices), shape_of(x)[axis]
    count = 1
    for d in shape:
        count = count * d
    order = P.iota(size=count, dtype="int32")
    flat = P.reshape(indices, shape=(count,))
    last = P.scatter(P.iota(size=size, dtype="int32"), flat, order, axis=0)
    won = P.reshape(P.equal(P.take(last, flat, axis=0), order), shape=(*shape, *(1,) * (len(shape_of(x)) - axis - 1)))
    return P.multiply(P.take(g, indices, axis=axis), mask_like(won, g))


scatter = define(
    "scatter",
    "x indices updates",
    "axis",
    group=GROUP,
    spec=_update_spec("scatter", _take_spec),
    samples=_scatter_samples,
    vjps=(_scatter_vjp_x, None, _scatter_vjp_updates),
    reference=_scatter,
    doc="x with the updates put where `take` would read; the last of repeated indices stays",
)


def _scatter_along_samples():
    x = floats(3, 4)
    yield Sample("columns", (x, np.array([[0], [3], [1]], np.int32), floats(3, 1)), {"axis": 1})
    yield Sample("repeated", (x, np.array([[0, 0], [3, 1], [2, 2]], np.int32), floats(3, 2)), {"axis": 1})


scatter_add_along_axis = define(
    "scatter_add_along_axis",
    "x indices updates",
    "axis",
    group=GROUP,
    spec=_update_spec("scatter_add_along_axis", _along_axis_spec("scatter_add_along_axis")),
    samples=_scatter_along_samples,
    vjps=(
        lambda g, out, x, indices, updates, *, axis: g,
        None,
        lambda g, out, x, indices, updates, *, axis: P.take_along_axis(g, indices, axis=axis),
    ),
    reference=_scatter_add_along_axis,
    doc="x with the updates added where `take_along_axis` would read; repeated indices accumulate",
)
