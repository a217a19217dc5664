"""Indexing, scattering, sorting and counting."""

from __future__ import annotations

import numpy as np
import pytest

from kcore import ops
from kcore.engine.function import Function
from kcore.errors import CaptureError, InvalidArgumentError, InvalidTypeError, ShapeError, UnsupportedError

X = np.arange(60, dtype="float32").reshape(3, 4, 5)
I, J = np.array([0, 2, -1]), np.array([1, -3, 0])
KEYS = [
    0,
    -1,
    np.int64(1),
    slice(1, None),
    slice(None, None, -1),
    slice(3, 0, -2),
    slice(10, None),
    slice(-2, None),
    slice(0, 0),
    (..., 1),
    (None, 1, None),
    (0, slice(None, None, 2)),
    (slice(4, 1, -1), slice(None, None, -3)),
    (slice(4, None, -2),),
    I,
    [2, 0],
    (I, J),
    (slice(None), I % 4, J),
    (I, slice(None), J),
    (I, None, J),
    (1, slice(None), I),
    (0, I),
    (..., I, None),
    (I[:, None], J[None]),
    (slice(None), slice(None, None, -1), I),
    (I, J, J),
    (),
]
MASKS = [X > 30, X[:, :, 0] > 10, (slice(None), np.array([True, False, True, True])), (0, X[0] > 7)]


@pytest.mark.parametrize("key", [*KEYS, *MASKS], ids=lambda key: str(key).replace("\n", "")[:60])
def test_getitem_is_numpys(backend, key):
    got = ops.convert_to_numpy(ops.get_item(X, key))
    assert got.shape == X[key].shape
    np.testing.assert_array_equal(got, X[key])


@pytest.mark.parametrize("key", KEYS, ids=lambda key: str(key).replace("\n", "")[:60])
def test_getitem_in_a_capture_and_symbolically(backend, key):
    np.testing.assert_array_equal(ops.convert_to_numpy(Function(lambda x: x[key])(X)), X[key])
    assert ops.KerasTensor(X.shape)[key].shape == X[key].shape


def test_getitem_by_a_tensor_of_the_capture(backend):
    f = Function(lambda x, i: x[i, ..., i])
    np.testing.assert_array_equal(ops.convert_to_numpy(f(X, I)), X[I, ..., I])


@pytest.mark.parametrize(
    ("key", "error", "message"),
    [
        (3, InvalidArgumentError, r"An index must be in \[-3, 3\) for axis 0\. Received: 3"),
        ((0, np.array([4])), InvalidArgumentError, r"`index for axis 1` must be in \[-4, 4\)"),
        ((0, 0, 0, 0), InvalidArgumentError, "at most one entry an axis"),
        ((..., ...), InvalidArgumentError, "at most one entry an axis and one `...`"),
        (slice(None, None, 0), InvalidArgumentError, "a step other than 0"),
        ("a", InvalidTypeError, "tensor or numbers"),
        (1.5, InvalidTypeError, "integers, slices"),
    ],
)
def test_getitem_errors(backend, key, error, message):
    with pytest.raises(error, match=message):
        ops.get_item(X, key)


def test_a_mask_without_a_known_value_is_an_error(backend):
    with pytest.raises(UnsupportedError, match="`mask` must have a known value, as the result's shape depends on it"):
        Function(lambda x: x[x > 3])(X)


@pytest.mark.parametrize(
    "f",
    [
        lambda i: ops.take(X, i, 1),
        lambda i: ops.take_along_axis(X, i, 1),
        lambda i: ops.scatter(i[..., 0], X[0, 0, :1], (4,)),
    ],
)
@pytest.mark.parametrize("wrong", [4, -5])
def test_an_index_out_of_range_is_an_error(backend, f, wrong):
    with pytest.raises(
        InvalidArgumentError, match=rf"`indices` must be in \[-4, 4\)\. Received: indices with {wrong} \(in `ops\."
    ):
        f(np.full((1, 1, 1), wrong))


def test_one_hot_and_multi_hot(backend):
    assert ops.convert_to_numpy(ops.one_hot([[0, 2], [-1, 5]], 3, axis=1)).tolist() == [
        [[1, 0], [0, 0], [0, 1]], [[0, 0], [0, 0], [0, 0]],
    ]  # fmt: skip
    assert ops.convert_to_numpy(ops.multi_hot([[0, 2, 2], [1, 1, 7]], 3, dtype="int32")).tolist() == [
        [1, 0, 1],
        [0, 1, 0],
    ]
    assert ops.convert_to_numpy(ops.multi_hot([0, 2], 3)).tolist() == [1, 0, 1]


def test_slice_and_slice_update(backend):
    want = X.copy()
    want[1:3, 2:4, 0:5] = 7
    np.testing.assert_array_equal(ops.convert_to_numpy(ops.slice(X, (1, 2, 0), (2, -1, 5))), X[1:3, 2:4])
    np.testing.assert_array_equal(ops.convert_to_numpy(ops.slice_update(X, (1, 2, 0), np.full((2, 2, 5), 7.0))), want)
    want = X.copy()
    want[:, 1:3] = 7
    np.testing.assert_array_equal(ops.convert_to_numpy(ops.slice_update(X, (0, 1, 0), np.full((3, 2, 5), 7.0))), want)
    with pytest.raises(InvalidArgumentError, match="The block must lie inside the tensor"):
        ops.slice(X, (2, 0, 0), (2, 1, 1))
    with pytest.raises(ShapeError, match="an entry an axis"):
        ops.slice(X, (2, 0), (1, 1))


def test_slices_whose_start_is_computed(backend):
    cut = Function(lambda x, at: ops.slice(x, at, (2, 1, 5)))
    put = Function(lambda x, at: ops.slice_update(x, at, ops.zeros((2, 1, 5))))
    for start, inside in (((1, 2, 0), (1, 2, 0)), ((9, -4, 1), (1, 0, 0))):
        a, b, c = inside
        np.testing.assert_array_equal(ops.convert_to_numpy(cut(X, np.array(start))), X[a : a + 2, b : b + 1, c : c + 5])
        want = X.copy()
        want[a : a + 2, b : b + 1, c : c + 5] = 0
        np.testing.assert_array_equal(ops.convert_to_numpy(put(X, np.array(start))), want)


def test_scattering(backend):
    places, rows = np.array([[0], [2], [0]]), np.arange(6, dtype="float32").reshape(3, 2)
    assert ops.convert_to_numpy(ops.scatter(places, rows, (3, 2))).tolist() == [[4, 6], [0, 0], [2, 3]]
    assert ops.convert_to_numpy(ops.scatter_update(np.ones((3, 2)), places, rows)).tolist() == [[4, 5], [1, 1], [2, 3]]
    assert ops.convert_to_numpy(ops.scatter_update(np.ones((3, 2)), places, rows, "add")).tolist() == [
        [5, 7],
        [1, 1],
        [3, 4],
    ]
    assert ops.convert_to_numpy(ops.scatter_update(np.ones((3, 2)), places, rows, "max")).tolist() == [
        [4, 5],
        [1, 1],
        [2, 3],
    ]
    assert ops.convert_to_numpy(ops.scatter_update(np.ones((3, 2)), places, rows, "min")).tolist() == [
        [0, 1],
        [1, 1],
        [1, 1],
    ]
    corner = ops.scatter_update(np.zeros((2, 2), "int32"), [[-1, -1], [0, 1]], [7, 8])
    assert ops.convert_to_numpy(corner).tolist() == [[0, 8], [0, 7]]
    with pytest.raises(UnsupportedError, match="`reduction` must be None, 'add', 'max' or 'min'"):
        ops.scatter_update(np.ones(2), [[0]], [1.0], "mul")


def test_segments(backend):
    data, ids = np.random.default_rng(0).normal(size=(9, 2)), np.array([0, 3, 3, 1, 0, 3, 1, 0, 5])
    for name, reduce, nothing in (("sum", np.sum, 0.0), ("max", np.max, -np.inf), ("min", np.min, np.inf)):
        want = [reduce(data[ids == k], axis=0) if (ids == k).any() else [nothing] * 2 for k in range(7)]
        got = getattr(ops, f"segment_{name}")(data, ids, 7)
        np.testing.assert_allclose(ops.convert_to_numpy(got), want)
        assert getattr(ops, f"segment_{name}")(data, ids).shape == (6, 2)
    whole = np.array([3, 3, -(2**31)], "int32")
    assert ops.convert_to_numpy(ops.segment_max(whole, [0, 0, 2], 3)).tolist() == [3, -(2**31), -(2**31)]
    assert ops.convert_to_numpy(ops.segment_min(whole, [0, 0, 2], 3)).tolist() == [3, 2**31 - 1, -(2**31)]
    assert np.isnan(ops.convert_to_numpy(ops.segment_max([1.0, np.nan], [0, 0], 1))).all()
    for wrong in (2, -1):
        with pytest.raises(InvalidArgumentError, match=rf"`segment_ids` must be in \[0, 2\). Received: .*{wrong}"):
            ops.segment_sum([1.0], [wrong], 2)


def test_order_with_nan_and_ties(backend):
    x = np.array([2.0, np.nan, 1.0, 2.0, -np.inf, np.inf], "float32")
    assert ops.convert_to_numpy(ops.argsort(x)).tolist() == [4, 2, 0, 3, 5, 1]
    values, places = ops.top_k(x, 4)
    assert ops.convert_to_numpy(places).tolist() == [1, 5, 0, 3]
    assert ops.dtype(places) == "int32"
    np.testing.assert_array_equal(ops.convert_to_numpy(values), [np.nan, np.inf, 2, 2])
    assert int(ops.argmax(x)) == 1
    assert int(ops.argmin(x)) == 1
    assert ops.convert_to_numpy(ops.searchsorted(np.array([1.0, 2.0, np.nan]), [0.0, 2.0, np.nan, 5.0])).tolist() == [
        0,
        1,
        2,
        2,
    ]
    with pytest.raises(InvalidArgumentError, match=r"`k` must be in \[0, 6\]"):
        ops.top_k(x, 7)


def test_in_top_k(backend):
    scores = np.array([[0.1, 0.5, 0.4], [0.5, 0.5, 0.0], [np.nan, 1.0, 0.0]])
    assert ops.convert_to_numpy(ops.in_top_k([2, 1, 0], scores, 1)).tolist() == [False, True, False]
    assert ops.convert_to_numpy(ops.in_top_k([2, 3, -1], scores, 2)).tolist() == [True, False, False]


def test_medians_of_even_counts_and_of_nothing(backend):
    assert float(ops.median([1, 2, 3, 10])) == 2.5
    assert np.isnan(float(ops.median(np.zeros(0))))
    assert np.isnan(float(ops.median([1.0, np.nan])))
    assert float(ops.quantile([1.0, 2.0, 3.0, 4.0], 0.5, method="nearest")) == 3.0


def test_counting(backend):
    x = np.array([[1, 3, 1], [0, 1, 1]])
    assert ops.convert_to_numpy(ops.bincount(x[0], minlength=6)).tolist() == [0, 2, 0, 1, 0, 0]
    assert ops.convert_to_numpy(ops.bincount(x, minlength=2)).tolist() == [[0, 2, 0, 1], [1, 2, 0, 0]]
    assert ops.convert_to_numpy(ops.bincount(x[0], [0.5, 1.0, 2.0])).tolist() == [0.0, 2.5, 0.0, 1.0]
    assert ops.convert_to_numpy(Function(lambda v: ops.bincount(v, minlength=3))(x[0])).tolist() == [0, 2, 0]
    with pytest.raises(InvalidArgumentError, match="`x` must hold non-negative integers"):
        ops.bincount([-1])
    data = np.random.default_rng(0).normal(size=100)
    counts, edges = ops.histogram(data, 7)
    want, want_edges = np.histogram(data, 7)
    assert ops.convert_to_numpy(counts).tolist() == want.tolist()
    np.testing.assert_allclose(ops.convert_to_numpy(edges), want_edges)
    parts = ops.unique(x, return_index=True, return_inverse=True, return_counts=True)
    for got, want in zip(parts, np.unique(x, return_index=True, return_inverse=True, return_counts=True), strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(got), want)
    assert ops.convert_to_numpy(ops.unique(x, size=5, fill_value=9)).tolist() == [0, 1, 3, 9, 9]


def test_results_of_creation_can_be_written_to(backend):
    if not isinstance(ops.zeros(2), np.ndarray):
        return
    for x in (ops.zeros(2), ops.ones_like(X), ops.full((2, 2), 3.0)):
        x[0] = 5
        assert x.max() == 5


def test_a_value_that_is_asked_for_in_a_capture_is_an_error(backend):
    with pytest.raises(CaptureError):
        Function(ops.convert_to_numpy)(X)
