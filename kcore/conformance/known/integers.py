"""Integers and dtypes."""

from __future__ import annotations

import numpy as np

from kcore import KerasTensor, losses, ops

from ._section import PROBED, f32, f64, i32, section, twice

known = section("Integers and dtypes")
INT_MIN, INT_MAX = -(2**31), 2**31 - 1


@known(42, "integer_division_by_zero", answer="0, for quotient and remainder both, as in NumPy; floats give infinity "
       "and NaN.")  # fmt: skip
def _division(backend, check):
    for got in twice(lambda x, y: (ops.floor_divide(x, y), ops.mod(x, y)), i32(7, -7, 0), i32(0, 0, 0)):
        check.equal(got, (i32(0, 0, 0), i32(0, 0, 0)))
    for got in twice(lambda x, y: (ops.floor_divide(x, y), ops.mod(x, y)), f32(7, -7, 0), f32(0, 0, 0)):
        check.equal(got, (f32(np.inf, -np.inf, np.nan), f32(np.nan, np.nan, np.nan)))
    check.equal(ops.divide(i32(1, -1, 0), i32(0, 0, 0)), f32(np.inf, -np.inf, np.nan))


@known(42, "integer_division_of_negative_numbers", answer="Rounded down, the remainder having the divisor's sign; "
       "`fmod` has the dividend's; the least integer by -1 wraps.")  # fmt: skip
def _negative(backend, check):
    x, y = i32(-7, 7, -7), i32(2, -2, -2)
    for got in twice(lambda x, y: (ops.floor_divide(x, y), ops.mod(x, y), ops.fmod(x, y)), x, y):
        check.equal(got, (i32(-4, -4, 3), i32(1, -1, -1), i32(-1, 1, -1)))
    check.equal(ops.floor_divide(i32(INT_MIN), i32(-1)), i32(INT_MIN))


@known(43, "integer_to_a_negative_power", answer="The value without its fraction: 0, but for 1 and -1 (NumPy raises, "
       "which a compiled engine can't); 0 to a negative power is 0.")  # fmt: skip
def _power(backend, check):
    x = i32(2, 1, -1, 0, -3)
    for got in twice(ops.power, x, i32(-1, -2, -3, -1, -2)):
        check.equal(got, i32(0, 1, -1, 0, 0))
    check.equal(ops.power(x, -1), i32(0, 1, -1, 0, 0))
    check.equal(ops.power(i32(2, 0, -3), i32(3, 0, 3)), i32(8, 1, -27))
    check.equal(ops.power(i32(2, 4), -1.0), f32(0.5, 0.25))


@known(44, "cast_of_what_does_not_fit_an_integer", answer="Truncated and held to the dtype's range; NaN is 0. Integers "
       "wrap when they are cast to integers.")  # fmt: skip
def _cast(backend, check):
    x = f32(np.nan, np.inf, -np.inf, 3e9, -3e9, -1.75, 300, -1)
    expected = {
        "int32": [0, INT_MAX, INT_MIN, INT_MAX, INT_MIN, -1, 300, -1],
        "uint8": [0, 255, 0, 255, 0, 0, 255, 0],
        "int8": [0, 127, -128, 127, -128, -1, 127, -1],
        "int64": [0, 2**63 - 1, -(2**63), 3 * 10**9, -3 * 10**9, -1, 300, -1],
        "uint32": [0, 2**32 - 1, 0, 3 * 10**9, 0, 0, 300, 0],
        "bool": [True] * 8,
    }
    for dtype, values in expected.items():
        for got in twice(lambda x, dtype=dtype: ops.cast(x, dtype), x):
            check.equal(got, np.array(values, dtype))
    check.equal(ops.cast(i32(300, -1), "uint8"), np.array([44, 255], np.uint8))
    check.equal(ops.saturate_cast(i32(300, -1), "uint8"), np.array([255, 0], np.uint8))


@known(
    45,
    "promotion_of_signed_with_unsigned",
    sources=("K#21034", PROBED),
    answer="The least dtype that holds both: int64 for int32 with uint32; symbolically too.",
)
def _promotion(backend, check):
    cases = [("int32", "uint32", "int64"), ("int8", "uint8", "int16"), ("int16", "uint8", "int16")]
    cases += [("bool", "int8", "int8"), ("int32", "float16", "float16"), ("int64", "float32", "float32")]
    for left, right, expected in cases:
        x, y = np.ones(2, left), np.ones(2, right)
        check.equal(ops.add(x, y), np.array([2, 2], expected))
        check.equal(ops.add(y, x), np.array([2, 2], expected))
        check.spec(ops.add(KerasTensor((2,), left), KerasTensor((2,), right)), (2,), expected)
    check.equal(ops.left_shift(np.array([1], np.uint8), np.array([3], np.int8)), np.array([8], np.int16))


@known(
    45,
    "dtype_of_reductions_of_small_integers",
    sources=("K#21679", "K#19978", "K#18813", "K#23307"),
    answer="Sums and products in at least 32 bits of the same sign; cumulative ones keep the dtype (bool becomes "
    "int32); means and `logsumexp` are floats.",
)
def _reductions(backend, check):
    small = np.array([200, 100], np.uint8)
    check.equal([ops.sum(small), ops.prod(small)], [np.uint32(300), np.uint32(20000)])
    check.equal(ops.sum(np.array([100, 100], np.int8)), np.int32(200))
    check.equal(ops.sum(np.array([True, True])), np.int32(2))
    check.equal(ops.cumsum(small), np.array([200, 44], np.uint8))
    check.equal([ops.cumsum(np.array([True, True])), ops.cumprod(np.array([True, False]))], [i32(1, 2), i32(1, 0)])
    check.equal([ops.mean(small), ops.max(small)], [np.float32(150), np.uint8(200)])
    check.close(ops.logsumexp(i32(0, 0)), np.log(2), dtype="float32")
    for name in ("sum", "prod", "mean", "max", "cumsum", "logsumexp"):
        inferred, real = getattr(ops, name)(KerasTensor((2,), "uint8")), getattr(ops, name)(small)
        check.spec(real, inferred.shape, inferred.dtype)


@known(
    46,
    "promotion_of_float16_with_bfloat16",
    sources=("K#22137",),
    answer="float32, in either order and however many there are.",
    needs=("dtype:bfloat16", "dtype:float16"),
)
def _halves(backend, check):
    half, brain, single = np.ones(1, np.float16), ops.cast(f32(1), "bfloat16"), f32(1)
    check.equal([ops.add(half, brain), ops.add(brain, half)], [f32(2), f32(2)])
    for parts in ([half, brain], [brain, half], [brain, half, half], [half, brain, single]):
        check.equal(ops.concatenate(parts), np.ones(len(parts), np.float32))


@known(
    46,
    "inferred_promotion_of_float16_with_bfloat16",
    sources=("K#22137",),
    answer="float32, in either order and however many there are.",
)
def _halves_symbolic(backend, check):
    half, brain = KerasTensor((1,), "float16"), KerasTensor((1,), "bfloat16")
    for parts in ((half, brain), (brain, half), (half, half, brain)):
        check.spec(ops.concatenate(parts), (len(parts),), "float32")


@known(
    47,
    "numbers_of_64_bits",
    sources=("K#18648", PROBED),
    answer="Kept, whatever the backend; Python's numbers and what kcore makes by itself are int32 and float32.",
)
def _wide(backend, check):
    check.equal(ops.add(np.array([2**40]), 1), np.array([2**40 + 1]))
    check.equal(ops.sum(np.array([2**40, 1])), np.int64(2**40 + 1))
    for got in twice(lambda x: ops.add(x, 1e-12), f64(1)):
        check.equal(got, f64(1 + 1e-12))
    check.equal(ops.add(f64(1), f32(1)), f64(2))
    check.equal(ops.convert_to_tensor(f64(1)), f64(1))
    check.equal([ops.arange(2), ops.arange(2.0), ops.ones(2)], [i32(0, 1), f32(0, 1), f32(1, 1)])
    check.equal([ops.convert_to_tensor([1, 2]), ops.convert_to_tensor([1.0])], [i32(1, 2), f32(1)])


@known(48, "integers_where_real_numbers_are_asked_for", answer="Computed in `floatx`.")
def _floats(backend, check):
    for got in twice(lambda x: (ops.reciprocal(x), ops.softmax(x), ops.sqrt(x), ops.sigmoid(x)), i32(0, 0)):
        check.equal(got, (f32(np.inf, np.inf), f32(0.5, 0.5), f32(0, 0), f32(0.5, 0.5)))
    check.close(ops.binary_crossentropy(i32(1, 0), f32(0.5, 0.5)), [np.log(2)] * 2, dtype="float32")
    check.close(losses.binary_crossentropy(i32([1, 0]), i32([1, 0])), [1.192093e-07], dtype="float32", op="training")
    check.equal(ops.relu(i32(-1, 2)), i32(0, 2))


@known(49, "dtypes_of_indices_and_counts", answer="int32 for indices and counts; the edges of a histogram are floats.")
def _indices(backend, check):
    x = f32(2, 1)
    check.equal(ops.top_k(x, 1), (f32(2), i32(0)))
    unique = ops.unique(i32(1, 1, 2), return_inverse=True, return_counts=True)
    check.equal(unique, (i32(1, 2), i32(0, 0, 1), i32(2, 1)))
    check.equal(ops.unravel_index(i32(3), (2, 2)), (i32(1), i32(1)))
    check.equal(ops.histogram(f32(1, 2), 2), (i32(1, 1), f32(1, 1.5, 2)))
    check.equal([ops.argmax(x), ops.argsort(x), ops.searchsorted(f32(1), x)], [np.int32(0), i32(1, 0), i32(1, 0)])
    check.equal(
        [ops.bincount(i32(1)), ops.digitize(x, f32(1.5)), ops.count_nonzero(x)], [i32(0, 1), i32(1, 0), i32(2)[0]]
    )
    check.equal(ops.nonzero(x), (i32(0, 1),))


@known(50, "shift_by_the_width_or_more", answer="0, and -1 for a negative number shifted to the right.")
def _shifts(backend, check):
    for got in twice(ops.left_shift, i32(1, 1, 1), i32(31, 32, 100)):
        check.equal(got, i32(INT_MIN, 0, 0))
    for got in twice(ops.right_shift, i32(-8, 8, -8), i32(32, 32, 100)):
        check.equal(got, i32(-1, 0, -1))
    check.equal(ops.right_shift(np.array([200], np.uint8), np.array([8], np.uint8)), np.array([0], np.uint8))


@known(
    51,
    "arange_in_float16",
    sources=("K#23214",),
    answer="Each number is the nearest one of the dtype, not a sum of rounded steps.",
    needs=("dtype:float16",),
)
def _arange(backend, check):
    check.equal(ops.arange(0, 1, 0.25, dtype="float16"), np.array([0, 0.25, 0.5, 0.75], np.float16))
    check.equal(ops.arange(2045, 2053, dtype="float16"), np.arange(2045, 2053).astype(np.float16))
    check.equal(ops.arange(0, 1000, 0.5, dtype="float16"), np.arange(0, 1000, 0.5).astype(np.float16))
