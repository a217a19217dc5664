"""Indexing and ordering."""

from __future__ import annotations

import numpy as np

from kcore import Function, layers, ops, random
from kcore.conformance.case import case
from kcore.errors import InvalidArgumentError

from ._section import PROBED, count, f32, i32, section, slope, twice

known = section("Indexing and ordering")


@known(
    52,
    "index_out_of_range",
    sources=("K#18984", "K#22844", PROBED),
    answer="An error that names the range; negative indices count from the end where NumPy's do, and not in "
    "`Embedding` and the segment functions; `one_hot` gives a row of zeros.",
)
def _out_of_range(backend, check):
    x, two = f32(1, 2), i32(2)
    calls = {
        "take": lambda: ops.take(x, two),
        "take below": lambda: ops.take(x, i32(-3)),
        "take_along_axis": lambda: ops.take_along_axis(x, two, 0),
        "scatter_update": lambda: ops.scatter_update(x, [[2]], f32(5)),
        "scatter": lambda: ops.scatter([[2]], f32(5), (2,)),
        "slice": lambda: ops.slice(x, [1], [2]),
        "slice_update": lambda: ops.slice_update(x, [1], f32(7, 8)),
        "segment_sum": lambda: ops.segment_sum(x, i32(0, 5), 3),
        "segment_sum below": lambda: ops.segment_sum(x, i32(0, -1), 3),
        "unravel_index": lambda: ops.unravel_index(i32(9), (2, 2)),
        "Embedding": lambda: layers.Embedding(3, 2)(i32([3])),
        "Embedding below": lambda: layers.Embedding(3, 2)(i32([-1])),
    }
    for name, call in calls.items():
        try:
            call()
        except InvalidArgumentError:
            continue
        check.true(False, f"nothing was raised by {name}")
    check.equal(ops.take(x, i32(-1)), f32(2))
    check.equal(ops.scatter_update(x, [[-1]], f32(5)), f32(1, 5))
    check.equal(ops.one_hot(i32(-1, 1, 2), 2), f32([0, 0], [0, 1], [0, 0]))


@known(
    52,
    "index_out_of_range_in_a_captured_function",
    answer="An error where the engine can raise one; where it can't, the other elements are as they should be; a block "
    "that sticks out is moved inside.",
)
def _captured(backend, check):
    x, indices = f32(1, 2), i32(0, 7, -1)
    calls = {
        "take": (ops.take, f32(1, 0, 2)),
        "scatter": (lambda x, i: ops.scatter_update(f32(9, 9), i[:, None], ops.take(x, i32(0, 0, 1))), f32(1, 2)),
        "segment_sum": (lambda x, i: ops.segment_sum(f32(1, 2, 4), ops.abs(i), 2), f32(1, 4)),
    }
    for name, (call, expected) in calls.items():
        try:
            got = check.numpy(Function(call)(x, indices))
        except Exception as err:
            check.true(isinstance(err, (IndexError, ValueError, RuntimeError)), f"{name} raised {err!r}")
            continue
        right = [0, 2] if name == "take" else [0, 1]
        check.equal(got[right], expected[right])
    check.equal(Function(lambda x, i: ops.slice(x, i, [2]))(f32(1, 2, 3), i32(2)), f32(2, 3))


@known(
    52,
    "take_with_a_tuple_of_arrays",
    sources=("K#18984",),
    answer="The tuple is one array of indices: `take` never indexes several axes.",
)
def _take_tuple(backend, check):
    x = count(2, 5)
    check.equal(ops.take(x, (i32(1, 4), i32(0, 9))), f32([1, 4], [0, 9]))
    check.equal(ops.take(x, ops.where(x > 8)), f32([1], [4]))


@known(
    53,
    "order_of_top_k",
    sources=("K#20033", PROBED),
    answer="Descending, the first of equals first, whatever `sorted` says.",
)
def _top_k(backend, check):
    for got in twice(lambda x: ops.top_k(x, 3), f32(1, 2, 3, 2, 2)):
        check.equal(got, (f32(3, 2, 2), i32(2, 1, 3)))
    check.equal(ops.top_k(f32(3, 1, 3, 2), 3, sorted=False), (f32(3, 3, 2), i32(0, 2, 3)))
    check.equal(ops.top_k(i32(-(2**31), 7, 7), 3), (i32(7, 7, -(2**31)), i32(1, 2, 0)))


@known(54, "argsort_of_ties", answer="Stable: equals stay in order.")
def _argsort(backend, check):
    x = np.tile(f32(1, 0), 100)
    order = np.argsort(x, kind="stable").astype(np.int32)
    for got in twice(ops.argsort, x):
        check.equal(got, order)
    check.equal(ops.argsort(np.zeros((2, 40), np.int32)), np.tile(np.arange(40, dtype=np.int32), (2, 1)))
    check.equal(slope(lambda x: ops.sort(x) * f32(1, 2, 3), f32(0, 0, 0)), f32(1, 2, 3))


@known(
    55,
    "scatter_update_at_repeated_indices",
    sources=("K#21101", "K#19101", "K#22208", "K#19512", "K#23196"),
    answer="The last update stays; `scatter` adds up; neither changes its argument.",
)
def _scatter(backend, check):
    x = f32(0, 1, 2)
    for got in twice(lambda x: ops.scatter_update(x, [[1], [1], [0]], f32(5, 6, 7)), x):
        check.equal(got, f32(7, 6, 2))
    check.equal(x, f32(0, 1, 2))
    check.equal(ops.scatter_update(count(2, 2), [[0]], f32([7, 8])), f32([7, 8], [2, 3]))
    check.equal(ops.scatter_update(i32(1, 2), i32([0]), i32(5)), i32(5, 2))
    check.equal(ops.scatter([[0], [0]], f32(1, 2), (2,)), f32(3, 0))


@known(
    56,
    "products_of_vectors_and_matrices",
    sources=("K#23219", "K#23247", "K#18547"),
    answer="NumPy's `cross` (over the last axis), `dot` (last axis with the last but one) and `tensordot`.",
)
def _products(backend, check):
    check.equal(ops.cross(f32(1, 0, 0), f32(0, 1, 0)), f32(0, 0, 1))
    x, y = count(3, 3), count(3, 3)[::-1].copy()
    check.equal(ops.cross(x, y), np.cross(x, y))
    check.equal(ops.cross(count(2, 3, 3), count(2, 3, 3) ** 2), np.cross(count(2, 3, 3), count(2, 3, 3) ** 2))
    for left, right in (((2, 3, 4), (2, 4, 5)), ((2, 3), (3,)), ((3,), (2, 3, 2)), ((3,), (3,)), ((), (2,))):
        a, b = np.ones(left, np.float32) * 2, count(*right) if right else np.float32(3)
        check.equal(ops.dot(a, b), np.dot(a, b))
    for axes in (0, 1, ([0, 1], [1, 0]), (1, 0), (0, 1)):
        check.equal(ops.tensordot(count(3, 3), count(3, 3) + 1, axes), np.tensordot(count(3, 3), count(3, 3) + 1, axes))


@known(
    56,
    "triangles_and_identities",
    sources=("K#18902", "K#19931", "K#21738"),
    answer="NumPy's, for every offset, dtype and shape, empty ones too.",
)
def _triangles(backend, check):
    for k in (-5, -1, 0, 1, 5):
        for shape in ((3, 2), (2, 3), (2, 2, 2)):
            check.equal(ops.tril(count(*shape) + 1, k), np.tril(count(*shape) + 1, k))
            check.equal(ops.triu(count(*shape) + 1, k), np.triu(count(*shape) + 1, k))
        check.equal(ops.eye(2, 3, k), np.eye(2, 3, k, np.float32))
        check.equal(ops.eye(3, k=k, dtype="int32"), np.eye(3, k=k, dtype=np.int32))
    check.equal(ops.tril(np.ones((2, 2), bool)), np.tril(np.ones((2, 2), bool)))
    check.equal(ops.eye(0), np.zeros((0, 0), np.float32))


@known(
    56,
    "turning_rolling_and_squeezing",
    sources=("K#23435", "K#20882", "K#23242", "KC#788"),
    answer="NumPy's; squeezing an axis that isn't of size 1 is an error.",
)
def _turning(backend, check):
    x = count(2, 3)
    for k in (-1, 0, 1, 2, 3, 4):
        check.equal(ops.rot90(x, k), np.rot90(x, k))
    for axes in ((1, 2), (2, 0), (-1, -2)):
        check.equal(ops.rot90(count(2, 2, 3), axes=axes), np.rot90(count(2, 2, 3), axes=axes))
    for shift, axis in ((1, None), (7, 1), (1, (0, 1)), ((1, -1), (0, 1)), (-5, None)):
        check.equal(ops.roll(x, shift, axis), np.roll(x, shift, axis))
    for axis in (None, 0, (0, -1), -1):
        check.equal(ops.squeeze(count(1, 2, 1), axis), np.squeeze(count(1, 2, 1), axis))
    with check.raises(ValueError, "size 1"):
        ops.squeeze(count(1, 2, 1), 1)


@known(
    56,
    "places_and_positions",
    sources=("K#23434", "K#23436", "K#21256"),
    answer="NumPy's: `unravel_index` in row-major order, `searchsorted` of values of any shape, `take_along_axis` with "
    "sizes that broadcast.",
)
def _places(backend, check):
    check.equal(ops.unravel_index(i32(5, 1, -1), (2, 3)), (i32(1, 0, 1), i32(2, 1, 2)))
    edges, values = f32(1, 2, 2, 3), f32([0, 1, 2], [2.5, 3, 4])
    for side in ("left", "right"):
        expected = np.searchsorted(edges, values, side).astype(np.int32)
        check.equal(ops.searchsorted(edges, values, side=side), expected)
    x = count(2, 3)
    check.equal(ops.take_along_axis(x, i32([0], [-1]), 1), f32([0], [5]))
    check.equal(ops.take_along_axis(x, i32([1, 0, 1]), 0), f32([3, 1, 5]))
    check.equal(ops.take_along_axis(x, i32(5, 0), None), f32(5, 0))


@known(
    56,
    "splitting_and_shuffling",
    sources=("K#18988", "K#23119"),
    answer="`split` at indices or into equal parts, an error where it doesn't divide; `shuffle` moves whole slices "
    "along its axis, counted from the end too.",
)
def _splitting(backend, check):
    x = count(5)
    for places in ([2, 3], (1,), [0, 5], 5):
        check.equal(list(ops.split(x, places)), np.split(x, places))
    with check.raises(ValueError, "divide"):
        ops.split(x, 2)
    rows = count(2, 50)
    mixed = check.numpy(random.shuffle(rows, axis=-1, seed=1))
    check.equal(np.sort(mixed[0]), rows[0])
    check.equal(mixed[1], mixed[0] + 50)
    check.true(np.any(mixed != rows), "nothing was moved")


@case(
    "error/index out of range in a captured function",
    group="errors",
    op="take",
    needs=("index out of range",),
    answer="An error where the engine can raise one.",
)
def _captured_error(backend, check):
    """An engine that can't raise declares a gap of that name."""
    try:
        check.numpy(Function(ops.take)(f32(1, 2), i32(0, 7)))
    except Exception as err:
        check.true(isinstance(err, (IndexError, ValueError, RuntimeError)), f"it raised {err!r}")
    else:
        raise IndexError("Index 7 of an axis of 2 was taken without an error.")
