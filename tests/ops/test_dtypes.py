"""Dtypes of results.

Source of the expectations: `keras.ops` of Keras 3.15 called with `KerasTensor`s (JAX and torch backends), but that
64-bit operands keep their 64 bits here on every backend, and that unsigned sums stay unsigned as on JAX.
"""

from __future__ import annotations

import numpy as np
import pytest

from kcore import ops
from kcore.errors import DtypeError

DTYPES = "bool uint8 int8 uint16 int16 uint32 int32 int64 float16 float32 float64".split()

TABLE = {
    "abs absolute sign trunc round relu relu6 max min sort transpose ravel flip zeros_like stop_gradient tril": (
        "bool uint8 int8 uint16 int16 uint32 int32 int64 float16 float32 float64"
    ),
    "square cumsum cumprod": "int32 uint8 int8 uint16 int16 uint32 int32 int64 float16 float32 float64",
    "exp expm1 log log1p log2 log10 sqrt rsqrt reciprocal sin cos tan tanh sinh cosh arctan floor ceil mean var "
    "std median erf sigmoid softplus softmax log_softmax gelu elu silu leaky_relu logsumexp norm normalize average "
    "deg2rad layer_normalization": (
        "float32 float32 float32 float32 float32 float32 float32 float32 float16 float32 float64"
    ),
    "sum prod trace": "int32 uint32 int32 uint32 int32 uint32 int32 int64 float16 float32 float64",
    "all any isnan isinf isfinite logical_not": "bool " * 11,
    "argmax argmin argsort count_nonzero": "int32 " * 11,
}
UNARY = [
    (name, d, want)
    for names, row in TABLE.items()
    for name in names.split()
    for d, want in zip(DTYPES, row.split(), strict=True)
]

PAIRS = {
    ("bool", "bool"): "bool",
    ("bool", "uint8"): "uint8",
    ("bool", "int32"): "int32",
    ("bool", "float16"): "float16",
    ("uint8", "int8"): "int16",
    ("uint8", "int16"): "int16",
    ("uint8", "uint32"): "uint32",
    ("uint16", "int16"): "int32",
    ("uint32", "int32"): "int64",
    ("int8", "int32"): "int32",
    ("int32", "int64"): "int64",
    ("int64", "float16"): "float16",
    ("int64", "float32"): "float32",
    ("int32", "float32"): "float32",
    ("float16", "float32"): "float32",
    ("float32", "float64"): "float64",
    ("uint32", "float64"): "float64",
}

SCALARS = [
    ("bool", True, "bool"),
    ("bool", 2, "int32"),
    ("bool", 2.0, "float32"),
    ("uint8", 2, "uint8"),
    ("int64", 2, "int64"),
    ("int64", 2.0, "float32"),
    ("int8", True, "int8"),
    ("float16", 2, "float16"),
    ("float16", 2.0, "float16"),
    ("float64", 2.0, "float64"),
]


def example(dtype, shape=(3, 4)):
    return np.ones(shape, dtype)


@pytest.mark.parametrize(("name", "dtype", "want"), UNARY)
def test_dtype_of_one_operand(backend, name, dtype, want):
    assert ops.dtype(getattr(ops, name)(example(dtype))) == want
    assert getattr(ops, name)(ops.KerasTensor((None, 4), dtype)).dtype == want


@pytest.mark.parametrize(("pair", "want"), PAIRS.items(), ids=str)
def test_dtype_of_two_operands_in_either_order(backend, pair, want):
    for a, b in (pair, pair[::-1]):
        for f in (
            ops.add,
            ops.multiply,
            ops.maximum,
            ops.matmul,
            lambda x, y: ops.where(x, x, y),
            lambda x, y: ops.concatenate([x, y]),
        ):
            assert ops.dtype(f(example(a, (2, 2)), example(b, (2, 2)))) == want
        assert ops.dtype(ops.equal(example(a), example(b))) == "bool"
        floating = want if want.startswith("float") else "float32"
        assert ops.dtype(ops.divide(example(a), example(b))) == floating
        assert ops.dtype(ops.logaddexp(example(a), example(b))) == floating


@pytest.mark.parametrize(("dtype", "number", "want"), SCALARS)
def test_a_python_number_is_weak(backend, dtype, number, want):
    assert ops.dtype(ops.add(example(dtype), number)) == want
    assert ops.dtype(ops.multiply(number, example(dtype))) == want


def test_python_data(backend):
    assert [ops.dtype(ops.convert_to_tensor(x)) for x in (1, 1.0, True, [1, 2], [1.0], [[True]], [], 2**40)] == [
        "int32", "float32", "bool", "int32", "float32", "bool", "float32", "int64",
    ]  # fmt: skip


def test_numpy_data_keeps_its_dtype(backend):
    for dtype in DTYPES:
        assert ops.dtype(ops.convert_to_tensor(np.ones(2, dtype))) == dtype
        assert ops.dtype(ops.convert_to_tensor(np.ones((), dtype)[()])) == dtype


def test_a_list_of_tensors_is_joined(backend):
    x = ops.convert_to_tensor([[ops.ones(2), [1, 2]], [ops.zeros(2), [3, 4]]])
    assert x.shape == (2, 2, 2)
    assert ops.dtype(x) == "float32"


def test_small_integers_multiply_into_wider_ones(backend):
    assert ops.dtype(ops.matmul(example("int8", (2, 2)), example("int8", (2, 2)))) == "int32"
    assert ops.dtype(ops.matmul(example("uint8", (2, 2)), example("uint8", (2, 2)))) == "uint8"


def test_bools(backend):
    flags = np.array([True, True, False])
    assert ops.convert_to_numpy(ops.add(flags, flags[::-1])).tolist() == [True, True, True]
    assert ops.convert_to_numpy(ops.multiply(flags, flags[::-1])).tolist() == [False, True, False]
    assert ops.convert_to_numpy(ops.maximum(flags, flags[::-1])).tolist() == [True, True, True]
    assert ops.convert_to_numpy(ops.less(flags, flags[::-1])).tolist() == [False, False, True]
    assert int(ops.sum(flags)) == 2
    with pytest.raises(DtypeError, match="`subtract` isn't defined for bool operands; use `logical_xor`"):
        ops.subtract(flags, flags)
    with pytest.raises(DtypeError, match="use `logical_not`"):
        ops.negative(flags)


def test_integer_division_and_powers(backend):
    x, zero = np.array([7, -7], "int32"), np.zeros(2, "int32")
    assert ops.convert_to_numpy(ops.floor_divide(x, zero)).tolist() == [0, 0]
    assert ops.convert_to_numpy(ops.mod(x, zero)).tolist() == [0, 0]
    assert ops.convert_to_numpy(ops.power(np.array([2, 1, -1], "int32"), np.int32(-3))).tolist() == [0, 1, -1]
    assert ops.convert_to_numpy(ops.left_shift(np.array([1], "int32"), 40)).tolist() == [0]


def test_casting_saturates(backend):
    x = np.array([np.nan, np.inf, -np.inf, 3e9, -1.7], "float32")
    assert ops.convert_to_numpy(ops.cast(x, "int32")).tolist() == [0, 2**31 - 1, -(2**31), 2**31 - 1, -1]
    assert ops.convert_to_numpy(ops.saturate_cast(np.array([-5, 300], "int32"), "uint8")).tolist() == [0, 255]


def test_floatx_rules_what_has_no_width(backend):
    from kcore import config

    config.set_floatx("float64")
    try:
        made = (
            ops.ones(2),
            ops.convert_to_tensor([1.0]),
            ops.mean([1, 2]),
            ops.divide([1], [2]),
            ops.one_hot([1], 2),
            ops.eye(2),
        )
        assert {ops.dtype(x) for x in made} == {"float64"}
    finally:
        config.set_floatx("float32")
