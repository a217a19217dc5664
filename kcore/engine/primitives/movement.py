"""Primitives that move elements and compute nothing.

`shape_of(x)` is a tuple of integers for tracers and tensors alike.
"""

from __future__ import annotations

import math

import numpy as np

from kcore.engine.spec import Spec, UnknownDim, broadcast_shapes
from kcore.errors import ShapeError

from .elementwise import _same_dtype
from .row import P, Sample, define
from .samples import floats, ints

GROUP = "movement"


def shape_of(x) -> tuple[int, ...]:
    from kcore.engine import active

    return x.shape if isinstance(x.shape, tuple) else active.current().shape_of(x)


def _reshape_spec(x: Spec, *, shape) -> Spec:
    open_dims = any(isinstance(d, UnknownDim) for d in (*x.shape, *shape))
    if not open_dims and math.prod(x.shape) != math.prod(shape):
        raise ShapeError(f"`reshape` keeps the number of elements. Received: x.shape={x.shape}, shape={tuple(shape)}")
    return Spec(tuple(shape), x.dtype)


def _reshape_samples():
    yield Sample("flatten", (floats(2, 3, 4),), {"shape": (24,)})
    yield Sample("to scalar", (floats(1, 1),), {"shape": ()})
    yield Sample("from scalar", (np.float32(2),), {"shape": (1, 1)})
    yield Sample("zero size", (np.zeros((0, 3), np.float32),), {"shape": (3, 0)})
    yield Sample("integers", (ints(2, 6),), {"shape": (3, 4)}, grad=False)


reshape = define(
    "reshape",
    "x",
    "shape",
    group=GROUP,
    spec=_reshape_spec,
    vjps=(lambda g, out, x, *, shape: P.reshape(g, shape=shape_of(x)),),
    reference=lambda x, *, shape: np.reshape(x, shape),
    samples=_reshape_samples,
    doc="the same elements, row-major, in another shape",
)


def _permute_spec(x: Spec, *, axes) -> Spec:
    if sorted(axes) != list(range(len(x.shape))):
        raise ShapeError(
            f"`permute_dims` takes a permutation of the axes of x. Received: x.shape={x.shape}, axes={axes}"
        )
    return Spec(tuple(x.shape[a] for a in axes), x.dtype)


def _permute_samples():
    yield Sample("reverse", (floats(2, 3, 4),), {"axes": (2, 1, 0)})
    yield Sample("cycle", (floats(2, 3, 4),), {"axes": (1, 2, 0)})
    yield Sample("scalar", (np.float32(1),), {"axes": ()})


permute_dims = define(
    "permute_dims",
    "x",
    "axes",
    group=GROUP,
    spec=_permute_spec,
    vjps=(lambda g, out, x, *, axes: P.permute_dims(g, axes=tuple(axes.index(i) for i in range(len(axes)))),),
    reference=lambda x, *, axes: np.transpose(x, axes),
    samples=_permute_samples,
    doc="axis i of the result is axis axes[i] of x",
)


def _broadcast_spec(x: Spec, *, shape) -> Spec:
    if broadcast_shapes(x.shape, tuple(shape)) != tuple(shape):
        raise ShapeError(f"`broadcast_to` can't shrink a tensor. Received: x.shape={x.shape}, shape={tuple(shape)}")
    return Spec(tuple(shape), x.dtype)


def unbroadcast(g, shape: tuple[int, ...]):
    """Sum g over the axes along which an operand of this shape was broadcast."""
    have = shape_of(g)
    if have == shape:
        return g
    lead = len(have) - len(shape)
    axes = tuple(i for i in range(len(have)) if i < lead or (shape[i - lead] == 1 and have[i] != 1))
    if axes:
        g = P.sum(g, axes=axes, keepdims=False)
    return g if shape_of(g) == shape else P.reshape(g, shape=shape)


def _broadcast_samples():
    yield Sample("row", (floats(3),), {"shape": (2, 3)})
    yield Sample("column", (floats(2, 1),), {"shape": (2, 3)})
    yield Sample("scalar", (np.float32(2),), {"shape": (2, 2)})
    yield Sample("zero size", (floats(1, 2),), {"shape": (0, 2)})


broadcast_to = define(
    "broadcast_to",
    "x",
    "shape",
    group=GROUP,
    spec=_broadcast_spec,
    vjps=(lambda g, out, x, *, shape: unbroadcast(g, shape_of(x)),),
    reference=lambda x, *, shape: np.broadcast_to(x, shape),
    samples=_broadcast_samples,
    doc="x repeated along axes of size 1 and new ones",
)


def _pad_spec(x: Spec, value: Spec, *, widths) -> Spec:
    if len(widths) != len(x.shape) or value.shape != ():
        raise ShapeError(
            f"`pad` takes a pair of widths an axis and a scalar value. Received: x.shape={x.shape}, widths={widths}"
        )
    return Spec(tuple(lo + d + hi for d, (lo, hi) in zip(x.shape, widths, strict=True)), _same_dtype("pad", x, value))


def _pad_vjp_x(g, out, x, value, *, widths):
    shape = shape_of(x)
    start = tuple(lo for lo, _ in widths)
    return P.slice(
        g, start=start, stop=tuple(lo + d for lo, d in zip(start, shape, strict=True)), step=(1,) * len(shape)
    )


def _pad_vjp_value(g, out, x, value, *, widths):
    axes = tuple(range(len(widths)))
    inner = P.sum(_pad_vjp_x(g, out, x, value, widths=widths), axes=axes, keepdims=False)
    return P.subtract(P.sum(g, axes=axes, keepdims=False), inner)


def _pad_samples():
    yield Sample("both sides", (floats(2, 3), np.float32(0)), {"widths": ((1, 2), (0, 1))})
    yield Sample("infinite", (floats(2), np.float32(-np.inf)), {"widths": ((1, 1),)}, grad=False)
    yield Sample("nothing", (floats(2), np.float32(5)), {"widths": ((0, 0),)})
    yield Sample("zero size", (np.zeros((0, 2), np.float32), np.float32(3)), {"widths": ((1, 1), (0, 0))})
    yield Sample("integers", (ints(2, 2), np.int32(7)), {"widths": ((0, 1), (1, 0))}, grad=False)


pad = define(
    "pad",
    "x value",
    "widths",
    group=GROUP,
    spec=_pad_spec,
    vjps=(_pad_vjp_x, _pad_vjp_value),
    reference=lambda x, value, *, widths: np.pad(x, widths or 0, constant_values=value),
    samples=_pad_samples,
    doc="x with `value` around it: widths are (before, after) an axis",
)


def _slice_spec(x: Spec, *, start, stop, step) -> Spec:
    if not len(start) == len(stop) == len(step) == len(x.shape) or any(s < 1 for s in step):
        raise ShapeError(
            f"`slice` takes start, stop and a positive step an axis. Received: x.shape={x.shape}, step={step}"
        )
    return Spec(tuple(-(-(b - a) // s) for a, b, s in zip(start, stop, step, strict=True)), x.dtype)


def _slice_vjp(g, out, x, *, start, stop, step):
    for axis, s in enumerate(step):
        if s > 1:
            g = _dilate(g, axis, s)
    shape = shape_of(x)
    have = shape_of(g)
    kept = tuple(min(h, d - a) for h, d, a in zip(have, shape, start, strict=True))
    if kept != have:
        g = P.slice(g, start=(0,) * len(kept), stop=kept, step=(1,) * len(kept))
    return P.pad(g, 0, widths=tuple((a, d - a - k) for a, d, k in zip(start, shape, kept, strict=True)))


def _dilate(x, axis: int, step: int):
    """Put step - 1 zeros after each element along an axis."""
    shape = shape_of(x)
    widths = [(0, 0)] * (len(shape) + 1)
    widths[axis + 1] = (0, step - 1)
    spread = P.pad(P.reshape(x, shape=(*shape[: axis + 1], 1, *shape[axis + 1 :])), 0, widths=tuple(widths))
    return P.reshape(spread, shape=(*shape[:axis], shape[axis] * step, *shape[axis + 1 :]))


def _slice_samples():
    yield Sample("inner", (floats(4, 5),), {"start": (1, 0), "stop": (3, 5), "step": (1, 1)})
    yield Sample("steps", (floats(5, 6),), {"start": (0, 1), "stop": (5, 6), "step": (2, 3)})
    yield Sample("empty", (floats(3),), {"start": (2,), "stop": (2,), "step": (1,)})
    yield Sample("scalar", (np.float32(3),), {"start": (), "stop": (), "step": ()})


slice = define(
    "slice",
    "x",
    "start stop step",
    group=GROUP,
    spec=_slice_spec,
    vjps=(_slice_vjp,),
    samples=_slice_samples,
    reference=lambda x, *, start, stop, step: np.asarray(x)[tuple(map(_builtin_slice, start, stop, step))],
    doc="every step-th element from start to before stop, an entry an axis, all within bounds",
)


def _builtin_slice(start, stop, step):
    import builtins

    return builtins.slice(start, stop, step)


def _flip_samples():
    yield Sample("one axis", (floats(3, 2),), {"axes": (0,)})
    yield Sample("both axes", (floats(3, 2),), {"axes": (0, 1)})
    yield Sample("no axis", (floats(3),), {"axes": ()})


flip = define(
    "flip",
    "x",
    "axes",
    group=GROUP,
    spec=lambda x, *, axes: x,
    vjps=(lambda g, out, x, *, axes: P.flip(g, axes=axes),),
    reference=lambda x, *, axes: np.flip(x, axes),
    samples=_flip_samples,
    doc="the order reversed along the axes",
)


def _concat_spec(*xs: Spec, axis) -> Spec:
    dtype = _same_dtype("concat", *xs)
    rest = [(*s.shape[:axis], *s.shape[axis + 1 :]) for s in xs]
    if any(len(s.shape) != len(xs[0].shape) for s in xs) or axis >= len(xs[0].shape):
        raise ShapeError(
            f"`concat` takes tensors of one rank. Received: shapes={', '.join(str(s.shape) for s in xs)}, axis={axis}"
        )
    merged = list(rest[0])
    for other in rest[1:]:
        merged = [_one_size(a, b, xs, axis) for a, b in zip(merged, other, strict=True)]
    total = sum(s.shape[axis] for s in xs)
    return Spec((*merged[:axis], total, *merged[axis:]), dtype)


def _one_size(a: int, b: int, xs, axis: int) -> int:
    if a == b or isinstance(b, UnknownDim):
        return a
    if isinstance(a, UnknownDim):
        return b
    shapes = ", ".join(str(s.shape) for s in xs)
    raise ShapeError(
        f"`concat` takes tensors that differ in size along `axis` alone. Received: shapes={shapes}, axis={axis}"
    )


def _concat_vjp(g, out, *xs, axis):
    shape, offset, parts = shape_of(g), 0, []
    for x in xs:
        size = shape_of(x)[axis]
        start, stop = [0] * len(shape), list(shape)
        start[axis], stop[axis] = offset, offset + size
        parts.append(P.slice(g, start=tuple(start), stop=tuple(stop), step=(1,) * len(shape)))
        offset += size
    return tuple(parts)


def _concat_samples():
    yield Sample("two", (floats(2, 3), floats(2, 1)), {"axis": 1})
    yield Sample("three", (floats(1, 2), floats(2, 2), floats(3, 2)), {"axis": 0})
    yield Sample("one", (floats(2),), {"axis": 0})
    yield Sample("zero size", (floats(2), np.zeros(0, np.float32)), {"axis": 0})


concat = define(
    "concat",
    "*xs",
    "axis",
    group=GROUP,
    spec=_concat_spec,
    vjps=_concat_vjp,
    reference=lambda *xs, axis: np.concatenate(xs, axis),
    samples=_concat_samples,
    doc="tensors joined along an existing axis",
)


def _iota_samples():
    yield Sample("int32", (), {"size": 5, "dtype": "int32"}, grad=False)
    yield Sample("float32", (), {"size": 3, "dtype": "float32"}, grad=False)
    yield Sample("uint32", (), {"size": 4, "dtype": "uint32"}, grad=False)
    yield Sample("zero size", (), {"size": 0, "dtype": "int32"}, grad=False)


iota = define(
    "iota",
    "",
    "size dtype",
    group=GROUP,
    spec=lambda *, size, dtype: Spec((size,), dtype),
    vjps=(),
    reference=lambda *, size, dtype: np.arange(size, dtype=dtype),
    samples=_iota_samples,
    doc="0, 1, ..., size - 1",
)
