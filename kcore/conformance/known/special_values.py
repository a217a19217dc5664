"""NaN, infinity, signed zero, subnormals."""

from __future__ import annotations

from functools import partial

import numpy as np

from kcore import layers, ops

from ._section import PROBED, count, f32, i32, section, slope, twice

known = section("NaN, infinity, signed zero, subnormals")
nan, inf = np.nan, np.inf


@known(
    22,
    "order_of_nan",
    answer="NaN is above all numbers: `argmax` and `argmin` find the first NaN, `sort`, `argsort`, `searchsorted` and "
    "`top_k` have it beyond infinity.",
)
def _order(backend, check):
    def orders(x):
        return ops.argmax(x), ops.argmin(x), ops.sort(x), ops.argsort(x), *ops.top_k(x, 3), ops.max(x), ops.min(x)

    x = f32(3, nan, -1, nan, inf)
    places, largest = i32(2, 0, 4, 1, 3), (f32(nan, nan, inf), i32(1, 3, 4))
    expected = (np.int32(1), np.int32(1), x[places], places, *largest, np.float32(nan), np.float32(nan))
    for got in twice(orders, x):
        check.equal(got, expected)
    for got in twice(ops.searchsorted, f32(1, 2, nan), f32(nan, 1.5, 3)):
        check.equal(got, i32(2, 1, 2))


@known(
    23,
    "order_of_signed_zeros",
    sources=("K#20350", "K#20808", "K#20812", "K#20821"),
    answer="0.0 and -0.0 are equal: the first of them is the largest and the smallest, and sorting keeps their order.",
)
def _zeros(backend, check):
    for x in (f32(-0.0, 0.0, -1), f32(0.0, -0.0, -1)):
        for got in twice(lambda x: (ops.argmax(x), ops.argsort(x), ops.argmin(x[:2])), x):
            check.equal(got, (np.int32(0), i32(2, 0, 1), np.int32(0)))
    check.equal(ops.equal(f32(0.0), f32(-0.0)), [True])


def _of_subnormals(x):
    return ops.argmax(x), ops.argmin(x), ops.sign(x), ops.multiply(x, 1.0), ops.heaviside(x, 0.5)


def _kept(tiny):
    return np.int32(1), np.int32(2), f32(0, 1, -1), f32(0, tiny, -tiny), f32(0.5, 1, 0)


@known(
    23,
    "subnormal_numbers",
    sources=("K#20350", "K#20808", "K#20812", "K#20821"),
    answer="Ordinary numbers, or zeros where the engine flushes them (compiled engines do); nothing in between.",
)
def _subnormals(backend, check):
    tiny = np.float32(1e-40)
    kept = _kept(tiny)
    flushed = (np.int32(0), np.int32(0), f32(0, 0, 0), f32(0, 0, 0), f32(0.5, 0.5, 0.5))
    for got in twice(_of_subnormals, f32(0, tiny, -tiny)):
        for one, as_number, as_zero in zip(got, kept, flushed, strict=True):
            array = check.numpy(one)
            is_kept = np.array_equal(array, as_number)
            check.true(is_kept or np.array_equal(array, as_zero), f"{array} is neither {as_number} nor {as_zero}")


@known(
    23,
    "subnormal_numbers_are_kept",
    sources=("K#20350", "K#20808", "K#20812", "K#20821"),
    answer="They are, but for a backend whose gap says that its engine flushes them to zero.",
    needs=("subnormal numbers",),
)
def _subnormals_kept(backend, check):
    tiny = np.float32(1e-40)
    for got in twice(_of_subnormals, f32(0, tiny, -tiny)):
        check.equal(got, _kept(tiny))


@known(24, "sign_of_nan", answer="NaN, as in NumPy.")
def _sign(backend, check):
    for got in twice(ops.sign, f32(nan, -0.0, -2, inf)):
        check.equal(got, f32(nan, 0, -1, 1))


@known(
    25,
    "hypot_of_infinity_and_nan",
    sources=("K#23157", PROBED),
    answer="Infinity if one side is infinite, whatever the other is; no overflow below the largest number.",
)
def _hypot(backend, check):
    for got in twice(ops.hypot, f32(inf, nan, nan, -inf), f32(nan, -inf, 1, 1)):
        check.equal(got, f32(inf, inf, nan, inf))
    check.close(ops.hypot(f32(3e38, 3e-30), f32(1e38, 4e-30)), f32(np.sqrt(10) * 1e38, 5e-30))


@known(
    26,
    "nancumsum_and_nancumprod_with_infinity",
    sources=("K#23127", "K#23134", "K#23135"),
    answer="NumPy's: only NaN in the input is passed over; infinity is a number.",
)
def _cumulative(backend, check):
    for got in twice(lambda x: (ops.nancumsum(x), ops.nancumprod(x)), f32(2, nan, inf, 0, -inf)):
        check.equal(got, (f32(2, 2, inf, inf, nan), f32(2, 2, inf, nan, nan)))


@known(27, "heaviside_of_nan_and_zeros", answer="NumPy's: NaN of NaN; at both zeros the second argument.")
def _heaviside(backend, check):
    for got in twice(ops.heaviside, f32(nan, -0.0, 0.0, 0.0, 3, -3, inf), f32(0.5, 0.25, 0.75, nan, nan, nan, nan)):
        check.equal(got, f32(nan, 0.25, 0.75, nan, 1, 0, 1))


@known(28, "shrinking_of_nan", answer="NaN.")
def _shrinking(backend, check):
    for got in twice(lambda x: (ops.hard_shrink(x), ops.soft_shrink(x), ops.threshold(x, 0.5, 7.0)), f32(nan, 1, -1)):
        check.equal(got, (f32(nan, 1, -1), f32(nan, 0.5, -0.5), f32(nan, 1, 7)))


@known(29, "clip_with_crossed_limits", answer="NumPy's: the upper limit everywhere, but NaN of NaN.")
def _clip(backend, check):
    for got in twice(lambda x: ops.clip(x, 3.0, 2.0), f32(1, 2.5, 4, nan)):
        check.equal(got, f32(2, 2, 2, nan))


@known(
    30,
    "softmax_with_nan_and_infinity",
    sources=("K#19300", PROBED),
    answer="A row with NaN or with infinity is NaN throughout, and no other row is; minus infinity gives 0.",
)
def _softmax(backend, check):
    x = f32([1, nan, 2], [1, inf, 2], [-inf, 0, -inf], [1000, 1000, -1000])
    expected = f32([nan] * 3, [nan] * 3, [0, 1, 0], [0.5, 0.5, 0])
    for got in twice(ops.softmax, x):
        check.equal(got, expected)
    check.equal(ops.log_softmax(f32(0, -inf)), f32(0, -inf))


@known(
    30,
    "softmax_over_several_axes",
    sources=("K#20021", "K#20022"),
    answer="Over all of them together: the sum over the axes is 1.",
)
def _softmax_axes(backend, check):
    x = count(2, 3, 2)
    wide = np.exp(x.astype(np.float64))
    check.close(ops.softmax(x, (0, 2)), wide / wide.sum(axis=(0, 2), keepdims=True), op="layer")
    check.close(ops.softmax(x, (-1, -2)), wide / wide.sum(axis=(1, 2), keepdims=True), op="layer")


@known(
    30,
    "softmax_with_everything_masked",
    sources=("K#21149", "K#19722", "K#22295"),
    answer="0 everywhere, and gradient 0; the mask may have any shape that broadcasts.",
)
def _softmax_masked(backend, check):
    layer, x = layers.Softmax(), f32([1, 2, 3], [0, 0, 0])
    check.equal(ops.softmax(f32(-inf, -inf)), f32(0, 0))
    check.equal(slope(lambda x: ops.softmax(x)[0], f32(-inf, -inf)), f32(0, 0))
    check.equal(layer(x, mask=np.zeros((2, 3), bool)), np.zeros((2, 3), np.float32))
    check.equal(layer(x[1:], mask=np.array([True, False, True])), f32([0.5, 0, 0.5]))
    planes = layers.Softmax(axis=(1, 2))(np.zeros((1, 2, 2), np.float32), mask=np.array([[[True, False]] * 2]))
    check.equal(planes, f32([[0.5, 0], [0.5, 0]]))


@known(
    31,
    "attention_without_anything_to_attend_to",
    sources=("K#21595", "K#20510", PROBED),
    answer="0, for a row of minus infinities in the bias and for one that the mask closes; a mask that doesn't "
    "broadcast is an error.",
)
def _attention(backend, check):
    query, value = np.ones((1, 2, 1, 2), np.float32), count(1, 2, 1, 2)
    bias = f32([-inf, -inf], [0, -inf])[None, None]
    expected = f32([[0, 0]], [[0, 1]])[None]
    for got in twice(lambda v, b: ops.dot_product_attention(query, query, v, bias=b), value, bias):
        check.equal(got, expected)
    for mask in (np.isfinite(bias), np.isfinite(bias)[0, 0]):
        check.equal(ops.dot_product_attention(query, query, value, mask=mask), expected)
    with check.raises(ValueError, "broadcast"):
        ops.dot_product_attention(query, query, value, mask=np.ones((3, 3), bool))
    got = slope(lambda v: ops.dot_product_attention(query, query, v, bias=bias), value)
    check.equal(got, f32([[1, 1]], [[0, 0]])[None])


@known(
    31,
    "attention_to_nan",
    answer="NaN, however many keys there are, from a query and from a key that is seen; a key that is masked, or later "
    "in causal attention, isn't seen.",
)
def _attention_to_nan(backend, check):
    """A kernel that looks for the largest score may find none, and take the row for a masked one."""

    def attend(q, k, causal=False, mask=None):
        return ops.dot_product_attention(q, k, ops.ones_like(k), mask=mask, is_causal=causal)

    for keys in (2, 5, 70):
        query, key = np.ones((1, 2, 1, 4), np.float32), np.ones((1, keys, 1, 4), np.float32)
        lost = np.where(np.arange(2)[:, None, None] == 1, f32(nan), query)
        for got in twice(attend, lost, key):
            check.close(got, lost)
        key[0, 1] = nan
        for got in twice(attend, query, key):
            check.equal(got, np.full_like(query, nan))
        for got in twice(partial(attend, causal=True), query, key):
            check.close(got, lost)
        for got in twice(partial(attend, mask=np.arange(keys) != 1), query, key):
            check.close(got, query)


@known(
    31,
    "attention_of_mixed_dtypes",
    sources=("K#21558", "K#21014"),
    answer="Computed in the dtype that the operands promote to; `flash_attention` changes no number.",
    needs=("dtype:float16",),
)
def _attention_dtypes(backend, check):
    query, value = np.ones((1, 2, 1, 2), np.float32), count(1, 2, 1, 2)
    expected = f32([[1, 2]], [[1, 2]])[None]
    check.close(ops.dot_product_attention(query.astype(np.float16), query, value), expected, dtype="float32")
    for flash in (None, False, True):
        check.close(ops.dot_product_attention(query, query, value, flash_attention=flash), expected)


@known(
    32,
    "segment_max_of_an_empty_segment",
    answer="Minus infinity, and the least integer of an integer dtype; infinity and the largest for `segment_min`; 0 "
    "for `segment_sum`.",
)
def _segments(backend, check):
    ids = i32(0, 2)
    for got in twice(lambda x: (ops.segment_max(x, ids, 3), ops.segment_min(x, ids, 3)), f32(1, 2)):
        check.equal(got, (f32(1, -inf, 2), f32(1, inf, 2)))
    check.equal(ops.segment_max(i32(1, 2), ids, 3), i32(1, -(2**31), 2))
    check.equal(ops.segment_min(i32(1, 2), ids, 3), i32(1, 2**31 - 1, 2))
    check.equal(ops.segment_sum(f32(1, 2), ids, 3), f32(1, 0, 2))
