"""Convolutions: data formats, weights, errors, empty batches."""

from __future__ import annotations

import numpy as np
import pytest

from kcore import layers
from kcore.conformance.layers import table
from kcore.errors import InvalidArgumentError, ShapeError

IMAGE = table.wave((2, 6, 7, 4))
SPATIAL = {1: (2, 7, 4), 2: (2, 6, 7, 4), 3: (2, 4, 5, 4, 4)}


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("kind", ["Conv{}D", "Conv{}DTranspose", "DepthwiseConv{}D", "SeparableConv{}D"])
def test_both_data_formats_agree(backend, kind, rank):
    cls = getattr(layers, kind.format(rank), None)
    if cls is None:
        assert rank == 3
        return
    args = (2,) if "Depthwise" in kind else (3, 2)
    x = table.wave(SPATIAL[rank])
    last, first = (cls(*args, padding="same", strides=2, data_format=f) for f in ("channels_last", "channels_first"))
    last.build(x.shape)
    table.fill(last)
    moved = np.moveaxis(x, -1, 1)
    first.build(moved.shape)
    first.set_weights(last.get_weights())
    y = np.moveaxis(np.asarray(first(moved)), 1, -1)
    np.testing.assert_allclose(y, np.asarray(last(x)), rtol=1e-5, atol=1e-6)
    assert first.compute_output_shape(moved.shape) == np.moveaxis(y, -1, 1).shape


@pytest.mark.parametrize(
    ("make", "shapes"),
    [
        (lambda: layers.Conv2D(6, 3, groups=2), [("kernel", (3, 3, 2, 6)), ("bias", (6,))]),
        (lambda: layers.Conv2DTranspose(6, (3, 2)), [("kernel", (3, 2, 6, 4)), ("bias", (6,))]),
        (lambda: layers.DepthwiseConv2D(3, depth_multiplier=2), [("kernel", (3, 3, 4, 2)), ("bias", (8,))]),
        (
            lambda: layers.SeparableConv2D(6, 3),
            [("depthwise_kernel", (3, 3, 4, 1)), ("pointwise_kernel", (1, 1, 4, 6)), ("bias", (6,))],
        ),
    ],
)
def test_weights_have_keras_names_and_shapes(make, shapes):
    layer = make()
    layer.build((None, 6, 7, 4))
    assert [(w.name, w.shape) for w in layer.weights] == shapes


def test_a_causal_convolution_sees_no_later_step(backend):
    layer = layers.Conv1D(2, 3, padding="causal")
    x = table.wave((1, 6, 2))
    y = np.asarray(layer(x))
    x[:, 4:] += 1.0
    np.testing.assert_array_equal(np.asarray(layer(x))[:, :4], y[:, :4])


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"filters": 0}, "filters"),
        ({"kernel_size": 0}, "kernel_size"),
        ({"kernel_size": (1, 2, 3)}, "kernel_size"),
        ({"strides": (1, 0)}, "strides"),
        ({"padding": "causal"}, "padding"),
        ({"padding": "other"}, "padding"),
        ({"strides": 2, "dilation_rate": 2}, "dilation_rate"),
        ({"groups": 2}, "groups"),
        ({"data_format": "last"}, "data_format"),
    ],
)
def test_bad_options_are_named(options, named):
    with pytest.raises(InvalidArgumentError, match=f"`{named}`"):
        layers.Conv2D(**({"filters": 3, "kernel_size": 2} | options))


def test_groups_divide_the_channels():
    with pytest.raises(InvalidArgumentError, match=r"`groups` of layer 'c'.*channels, 4"):
        layers.Conv2D(3, 2, groups=3, name="c")(IMAGE)


def test_output_padding_is_less_than_the_strides():
    with pytest.raises(InvalidArgumentError, match="`output_padding` must be less than `strides`"):
        layers.Conv2DTranspose(3, 2, strides=2, output_padding=2)


def test_a_kernel_that_does_not_fit_names_the_layer():
    with pytest.raises(ShapeError, match=r"'c'.*kernel of size \(7, 7\)"):
        layers.Conv2D(3, 7, name="c")(IMAGE)


def test_a_wrong_rank_names_the_layer():
    with pytest.raises(ShapeError, match=r"'c'.*ndim=4"):
        layers.Conv2D(3, 2, name="c")(IMAGE[0])


def test_an_empty_batch_gives_an_empty_output(backend):
    assert layers.Conv2D(3, 2)(IMAGE[:0]).shape == (0, 5, 6, 3)


def test_a_transposed_convolution_undoes_the_shape_of_a_convolution():
    for size in (6, 7, 8):
        for padding in ("valid", "same"):
            down = layers.Conv1D(2, 3, strides=2, padding=padding).compute_output_shape((1, size, 2))[1]
            ups = [layers.Conv1DTranspose(2, 3, strides=2, padding=padding, output_padding=extra) for extra in (0, 1)]
            assert size in [up.compute_output_shape((1, down, 2))[1] for up in ups]


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("Convolution2D", "Conv2D"),
        ("Convolution1DTranspose", "Conv1DTranspose"),
        ("SeparableConvolution1D", "SeparableConv1D"),
    ],
)
def test_keras_aliases(alias, name):
    assert getattr(layers, alias) is getattr(layers, name)
