"""What NumPy by itself would get wrong or do slowly: casts, selection by bits, the error function, sums as products."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kcore_numpy import _elementwise, _erf, _reduction

EXACT_ERF = np.vectorize(math.erf, otypes=[np.float64])


@pytest.mark.parametrize(("dtype", "ulps"), [("float32", 3), ("float64", 4)])
def test_erf_is_accurate(numpy_backend, dtype, ulps):
    x = np.concatenate([np.linspace(-7, 7, 60001), np.geomspace(1e-30, 7, 20000)]).astype(dtype)
    exact = EXACT_ERF(x.astype(np.float64))
    got = numpy_backend.functions["erf"](x).astype(np.float64)
    assert np.max(np.abs(got - exact) / np.spacing(np.abs(exact).astype(dtype))) <= ulps


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_erf_of_special_values(numpy_backend, dtype):
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan], dtype)
    got = numpy_backend.functions["erf"](x)
    np.testing.assert_array_equal(got, np.array([0.0, -0.0, 1.0, -1.0, np.nan], dtype))
    np.testing.assert_array_equal(np.signbit(got[:4]), [False, True, False, True])


def test_erf_works_in_blocks_and_on_strided_arrays(numpy_backend, normal):
    x = normal(3, _erf.BLOCK, dtype="float64")[:, ::2].T
    np.testing.assert_allclose(numpy_backend.functions["erf"](x), EXACT_ERF(x), rtol=1e-14)
    out = np.empty((x.shape[1], x.shape[0])).T
    numpy_backend.inplace["erf"](x, out=out)
    np.testing.assert_allclose(out, EXACT_ERF(x), rtol=1e-14)


def test_sigmoid_keeps_the_lower_tail(numpy_backend):
    x = np.array([-80.0, -20.0, 0.0, 20.0, 200.0, -200.0], np.float32)
    expected = [np.exp(-80.0), np.exp(-20.0) / (1 + np.exp(-20.0)), 0.5, 1 / (1 + np.exp(-20.0)), 1.0, 0.0]
    np.testing.assert_allclose(numpy_backend.functions["sigmoid"](x), expected, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "float16", "int32", "float32", "int64", "float64"])
@pytest.mark.parametrize("scalar", [None, "x", "y", "both"])
def test_where_selects_by_bits(numpy_backend, normal, dtype, scalar):
    n = _elementwise.SELECT_FROM + 5
    condition = normal(n) > 0
    x, y = ((normal(n) * 50).astype(dtype) for _ in range(2))
    x = x[:1].reshape(()) if scalar in ("x", "both") else x
    y = y[:1].reshape(()) if scalar in ("y", "both") else y
    got = numpy_backend.where(condition, x, y)
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, np.where(condition, x, y))


def test_where_by_bits_leaves_nan_and_signed_zero_alone(numpy_backend, normal):
    condition = normal(_elementwise.SELECT_FROM) > 0
    got = numpy_backend.where(condition, np.float32(np.nan), np.float32(-0.0))
    np.testing.assert_array_equal(np.isnan(got), condition)
    assert np.signbit(got[~condition]).all()


def test_where_writes_into_either_operand(numpy_backend, normal):
    condition, x, y = normal(9000) > 0, normal(9000), normal(9000)
    for position in (0, 1):
        arrays = [x.copy(), y.copy()]
        numpy_backend.inplace["where"](condition, *arrays, out=arrays[position])
        np.testing.assert_array_equal(arrays[position], np.where(condition, x, y))


INTEGERS = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]


@pytest.mark.parametrize("target", INTEGERS)
@pytest.mark.parametrize("source", ["float16", "float32", "float64"])
def test_cast_to_integers_saturates(numpy_backend, source, target):
    info = np.iinfo(target)
    x = np.array([np.nan, np.inf, -np.inf, 3.7, -0.7, -3.7, 6e4, -6e4, 2.0**15, -(2.0**15)], source)
    expected = [0, info.max, info.min]
    expected += [min(max(math.trunc(v), info.min), info.max) for v in x[3:].astype(float)]
    np.testing.assert_array_equal(numpy_backend.functions["cast"](x, dtype=target), np.array(expected, target))
    buffer = np.empty(x.shape, target)
    with numpy_backend.run_context():
        numpy_backend.inplace["cast"](x, dtype=target, out=buffer)
    np.testing.assert_array_equal(buffer, np.array(expected, target))


def test_cast_keeps_the_ends_of_the_range(numpy_backend):
    x = np.array([-(2.0**31), 2.0**31 - 1, 2.0**31, 2.0**31 - 128], np.float64)
    expected = np.array([-(2**31), 2**31 - 1, 2**31 - 1, 2**31 - 128], np.int32)
    np.testing.assert_array_equal(numpy_backend.functions["cast"](x, dtype="int32"), expected)


def test_integer_power_of_negative_exponents_truncates(numpy_backend):
    x, y = np.array([1, -1, -1, 2, 3, -2], np.int32), np.array([-5, -3, -4, -1, 2, 3], np.int32)
    np.testing.assert_array_equal(numpy_backend.functions["power"](x, y), np.array([1, -1, 1, 0, 9, -8], np.int32))


@pytest.mark.parametrize("axes", [(0,), (0, 1), (1, 2), (2,), (1,), (0, 2), (0, 1, 2), ()])
@pytest.mark.parametrize("keepdims", [False, True])
def test_large_sums(numpy_backend, normal, axes, keepdims):
    x = normal(40, 30, 25)
    assert x.size > _reduction.PRODUCT_FROM
    got = numpy_backend.functions["sum"](x, axes=axes, keepdims=keepdims)
    expected = np.sum(x, axes, np.float64, keepdims=keepdims)
    assert got.dtype == "float32"
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-4)


def test_large_sum_passes_on_infinity_and_nan(numpy_backend):
    x = np.ones((200, 100), np.float32)
    x[3, 1], x[5, 2], x[7, 4], x[8, 4] = np.inf, np.nan, np.inf, -np.inf
    got = numpy_backend.functions["sum"](x, axes=(0,), keepdims=False)
    np.testing.assert_array_equal(got[:5], [200, np.inf, np.nan, 200, np.nan])


def test_sum_of_small_floats_is_added_up_in_float32(numpy_backend):
    x = np.full((4000, 2), 0.1, np.float16)
    np.testing.assert_allclose(numpy_backend.sum(x, axes=(0,), keepdims=False), [400, 400], rtol=1e-3)


def test_index_out_of_range_raises(numpy_backend):
    x, index = np.zeros((3, 2), np.float32), np.array([3], np.int32)
    with pytest.raises(IndexError):
        numpy_backend.functions["take"](x, index, axis=0)
    with pytest.raises(IndexError, match="axis of size 3"):
        numpy_backend.functions["scatter_add"](x, index, np.zeros((1, 2), np.float32), axis=0)
