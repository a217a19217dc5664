"""Padding, convolution, pooling."""

from __future__ import annotations

import numpy as np

from kcore import Input, layers, ops
from kcore.errors import InvalidArgumentError, ShapeError

from ._section import PROBED, count, f32, row, section, slope, twice

known = section("Padding, convolution, pooling")


@known(
    1,
    "average_pool_same_counts_no_padding",
    sources=("K#19721", "K#19979", "K#23233", "KC#372"),
    answer="The mean of what lies inside the input; padding isn't counted.",
)
def _average_pool(backend, check):
    for got in twice(lambda x: ops.average_pool(x, 2, 2, "same"), count(1, 5, 1)):
        check.equal(got, row(0.5, 2.5, 4.0))
    ones = np.ones((1, 5, 5, 1), np.float32)
    check.equal(layers.AveragePooling2D(3, 2, "same")(ones), np.ones((1, 3, 3, 1), np.float32))
    first = np.moveaxis(ones, -1, 1)
    pooled = layers.AveragePooling2D(3, 2, "same", data_format="channels_first")(first)
    check.equal(pooled, np.ones((1, 1, 3, 3), np.float32))
    check.equal(slope(lambda x: ops.average_pool(x, 2, 2, "same"), count(1, 5, 1)), row(0.5, 0.5, 0.5, 0.5, 1.0))


@known(
    2,
    "conv_transpose_same_is_where_tensorflow_puts_it",
    sources=("K#22876", "KC#520"),
    answer="The adjoint of the `same` convolution from `size * stride` to `size`: what is cut off unevenly goes at "
    "the end.",
)
def _conv_transpose_same(backend, check):
    ones = np.ones((1, 3, 1), np.float32)
    expected = {
        (3, 1): (3, 6, 5),
        (3, 2): (1, 2, 4, 2, 4, 2),
        (4, 2): (2, 4, 6, 4, 6, 3),
        (2, 3): (1, 2, 0, 1, 2, 0, 1, 2, 0),
    }
    for (size, stride), values in expected.items():
        kernel = count(size, 1, 1) + 1
        check.equal(ops.conv_transpose(ones, kernel, stride, "same"), row(*values))
        plane = ops.conv_transpose(
            np.ones((1, 3, 3, 1), np.float32), (kernel[:, None] * kernel[None])[..., :1], stride, "same"
        )
        check.equal(plane, np.outer(values, values).astype(np.float32)[None, :, :, None])


@known(
    3,
    "output_padding_is_below_the_stride",
    sources=("K#22439", "K#22130", "K#21852"),
    answer="An error, of the op and of the layer's constructor; below the stride, the shape that was inferred is the "
    "shape that comes.",
)
def _output_padding(backend, check):
    kernel = np.ones((3, 1, 1), np.float32)
    with check.raises(InvalidArgumentError, "`output_padding`"):
        ops.conv_transpose(np.ones((1, 3, 1), np.float32), kernel, 2, "valid", output_padding=2)
    with check.raises(InvalidArgumentError, "`output_padding`"):
        layers.Conv1DTranspose(1, 3, strides=2, output_padding=2)
    for padding, strides, more in (("same", 2, 1), ("valid", 2, 1), ("same", 3, 2), ("valid", 3, 0), ("same", 3, 1)):
        layer = layers.Conv1DTranspose(1, 3, strides=strides, output_padding=more, padding=padding)
        inferred = layer(Input((5, 1))).shape[1]
        check.spec(layer(np.ones((2, 5, 1), np.float32)), (2, inferred, 1))


@known(
    4,
    "conv_transpose_same_with_output_padding_0",
    answer="`(size - 1) * stride + window - 2 * (window // 2)` outputs.",
)
def _no_output_padding(backend, check):
    got = ops.conv_transpose(np.ones((1, 3, 1), np.float32), count(3, 1, 1) + 1, 2, "same", output_padding=0)
    check.equal(got, row(2, 4, 2, 4, 2))
    layer = layers.Conv2DTranspose(1, 3, 2, "same", output_padding=0, kernel_initializer="ones")
    check.spec(layer(np.ones((1, 3, 4, 2), np.float32)), (1, 5, 7, 1))
    check.spec(layer(Input((3, 4, 2))), (None, 5, 7, 1))


@known(
    5,
    "depthwise_and_separable_conv_with_stride_and_dilation",
    sources=("K#23027", "K#22534", "K#22641", "K#23031", "K#23041"),
    answer="Computed, for every stride, dilation and data format.",
)
def _depthwise(backend, check):
    kernel, last = np.ones((2, 1, 1), np.float32), count(1, 9, 1)
    strided = {"strides": 2, "padding": "valid", "dilation_rate": 2}
    check.equal(ops.depthwise_conv(last, kernel, **strided), row(2, 6, 10, 14))
    check.equal(ops.separable_conv(last, kernel, np.full((1, 1, 1), 2.0, np.float32), **strided), row(4, 12, 20, 28))
    first = count(1, 1, 9)
    got = ops.depthwise_conv(first, kernel, 1, "same", "channels_first", 2)
    check.equal(got, f32(1, 2, 4, 6, 8, 10, 12, 14, 7).reshape(1, 1, 9))
    plane = np.repeat(count(1, 1, 1, 9), 5, axis=2)
    got = ops.depthwise_conv(plane, np.ones((1, 2, 1, 1), np.float32), 2, "valid", "channels_first", 2)
    check.equal(got, np.tile(f32(2, 6, 10, 14), (1, 1, 3, 1)))


@known(
    6,
    "conv_with_stride_and_dilation",
    sources=(PROBED,),
    answer="Computed: every `stride`-th output of the dilated convolution.",
)
def _conv(backend, check):
    kernel = np.ones((2, 1, 1), np.float32)
    for got in twice(lambda x: ops.conv(x, kernel, 2, "valid", dilation_rate=2), count(1, 9, 1)):
        check.equal(got, row(2, 6, 10, 14))
    got = ops.conv(count(1, 9, 1), kernel, 3, "same", dilation_rate=2)
    check.equal(got, row(0 + 2, 3 + 5, 6 + 8))


@known(
    7,
    "conv_of_an_empty_batch",
    answer="An empty batch of the right shape; the kernel's gradient is 0.",
)
def _empty_batch(backend, check):
    empty = np.zeros((0, 5, 5, 2), np.float32)
    layer = layers.Conv2D(3, 2)
    check.spec(layer(empty), (0, 4, 4, 3), "float32")
    kernel = np.ones((2, 2, 2, 3), np.float32)
    for got in twice(ops.conv, empty, kernel):
        check.spec(got, (0, 4, 4, 3), "float32")
    check.equal(slope(ops.conv, empty, kernel, of=1), np.zeros_like(kernel))
    check.spec(slope(ops.conv, empty, kernel), empty.shape)


@known(
    8,
    "max_pool_of_nan_and_of_minus_infinity",
    answer="NaN is the largest; a window of minus infinities gives minus infinity.",
)
def _max_pool(backend, check):
    nan, inf = np.nan, np.inf
    for got in twice(lambda x: ops.max_pool(x, 2, 2), row(1, nan, nan, 2, 2, 3)):
        check.equal(got, row(nan, nan, 3))
    for got in twice(lambda x: ops.max_pool(x, 2, 2, "same"), row(-inf, -inf, -inf)):
        check.equal(got, row(-inf, -inf))
    check.equal(layers.GlobalMaxPooling1D()(row(-inf, -inf)), f32([-inf]))


@known(9, "pool_size_as_an_integer", answer="It holds for every spatial axis, and the strides are it by default.")
def _integer_pool_size(backend, check):
    x = count(1, 4, 4, 1)
    check.equal(ops.max_pool(x, 2), f32([5, 7], [13, 15])[None, :, :, None])
    check.equal(ops.average_pool(x, 2), f32([2.5, 4.5], [10.5, 12.5])[None, :, :, None])


@known(
    10,
    "window_larger_than_the_input",
    sources=("K#22919",),
    answer="An error, of ops and layers, eagerly and symbolically; only an input of size 0 has an output of size 0.",
)
def _zero_size(backend, check):
    x, symbolic = count(1, 2, 1), Input((2, 1))
    kernel = np.ones((3, 1, 1), np.float32)
    for inputs in (x, symbolic):
        for call in (ops.max_pool, ops.average_pool):
            with check.raises(ShapeError, "window"):
                call(inputs, 3)
        for layer in (layers.MaxPooling1D(3), layers.AveragePooling1D(3), layers.Conv1D(1, 3)):
            with check.raises(ShapeError, "doesn't fit"):
                layer(inputs)
        with check.raises(ShapeError, "window"):
            ops.conv(inputs, kernel)
    check.spec(ops.max_pool(np.zeros((1, 0, 1), np.float32), 3), (1, 0, 1))


@known(
    11,
    "pad_symmetric_repeats_the_edge_once",
    sources=("K#23230",),
    answer="NumPy's: mirrored with the edge, where `edge` repeats it.",
)
def _pad_symmetric(backend, check):
    x = f32(1, 2, 3)
    check.equal(ops.pad(x, [[2, 2]], "symmetric"), f32(2, 1, 1, 2, 3, 3, 2))
    check.equal(ops.pad(x, [[2, 2]], "edge"), f32(1, 1, 1, 2, 3, 3, 3))
    check.equal(slope(lambda x: ops.pad(x, [[2, 2]], "symmetric"), x), f32(2, 3, 2))


@known(
    12,
    "pad_in_every_mode_wider_than_the_array",
    answer="NumPy's in all five modes, however wide; an error for an array without elements.",
)
def _pad_wide(backend, check):
    for shape, widths in (((3,), [[5, 4]]), ((2, 3), [[5, 0], [3, 7]]), ((1,), [[2, 2]])):
        x = count(*shape)
        for mode in ("constant", "edge", "reflect", "symmetric", "wrap"):
            check.equal(ops.pad(x, widths, mode), np.pad(x, widths, mode))
    for mode in ("edge", "reflect", "symmetric", "wrap"):
        with check.raises(ShapeError, "`x` must have elements"):
            ops.pad(np.zeros(0, np.float32), [[1, 1]], mode)
