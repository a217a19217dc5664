"""Flatten, Reshape, Permute, RepeatVector, padding, cropping, up-sampling."""

from __future__ import annotations

import numpy as np
import pytest

from kcore import layers
from kcore.errors import InvalidArgumentError, ShapeError

IMAGE = np.arange(2 * 3 * 4 * 2, dtype="float32").reshape(2, 3, 4, 2)
FIRST = np.moveaxis(IMAGE, -1, 1)


def test_flatten_of_a_vector_adds_an_axis():
    assert layers.Flatten()(np.ones(3, "float32")).shape == (3, 1)


def test_flatten_knows_no_size_it_can_not_know():
    assert layers.Flatten().compute_output_shape((None, 3, None)) == (None, None)
    assert layers.Flatten()(layers.Input((3, None))).shape == (None, None)


def test_reshape_finds_the_size_that_is_left():
    layer = layers.Reshape((-1, 2))
    assert layer.compute_output_shape((None, 3, 4)) == (None, 6, 2)
    assert layer(layers.Input((3, 4))).shape == (None, 6, 2)
    assert layer(layers.Input((None, 4))).shape == (None, None, 2)
    assert layer(np.ones((0, 3, 4), "float32")).shape == (0, 6, 2)


@pytest.mark.parametrize("target", [(3, 3), (-1, 5)])
def test_reshape_to_another_number_of_values_names_the_layer(target):
    with pytest.raises(ShapeError, match=r"'again'.*12 values"):
        layers.Reshape(target, name="again")(np.ones((2, 12), "float32"))


def test_reshape_refuses_two_open_sizes():
    with pytest.raises(InvalidArgumentError, match="-1 at most once"):
        layers.Reshape((-1, -1))


@pytest.mark.parametrize("dims", [(1, 3), (0, 1), (1, 1)])
def test_permute_refuses_what_is_no_arrangement(dims):
    with pytest.raises(InvalidArgumentError, match="`dims`"):
        layers.Permute(dims)


@pytest.mark.parametrize("n", [0, -2, "a"])
def test_repeat_vector_refuses_other_counts(n):
    with pytest.raises(InvalidArgumentError, match="`n` must be a positive integer"):
        layers.RepeatVector(n)


def test_repeat_vector_of_a_matrix_names_the_rank():
    with pytest.raises(ShapeError, match="ndim=2"):
        layers.RepeatVector(2)(np.ones((2, 3, 4), "float32"))


@pytest.mark.parametrize(
    "make",
    [
        lambda f: layers.ZeroPadding2D(((1, 2), (0, 3)), data_format=f),
        lambda f: layers.Cropping2D(((1, 0), (2, 1)), data_format=f),
        lambda f: layers.UpSampling2D((2, 3), data_format=f),
        lambda f: layers.UpSampling2D((2, 3), data_format=f, interpolation="bilinear"),
    ],
)
def test_both_data_formats_agree(backend, make):
    last = np.asarray(make("channels_last")(IMAGE))
    first = np.asarray(make("channels_first")(FIRST))
    np.testing.assert_array_equal(np.moveaxis(first, 1, -1), last)


def test_padding_is_what_numpy_pads(backend):
    y = layers.ZeroPadding2D(((1, 2), (0, 3)))(IMAGE)
    np.testing.assert_array_equal(np.asarray(y), np.pad(IMAGE, ((0, 0), (1, 2), (0, 3), (0, 0))))


@pytest.mark.parametrize("padding", [(1, 2, 3), -1, ((1, 2, 3), (1, 1)), "same"])
def test_padding_refuses_other_forms(padding):
    with pytest.raises(InvalidArgumentError, match="`padding`"):
        layers.ZeroPadding2D(padding)


def test_cropping_everything_names_the_layer():
    with pytest.raises(ShapeError, match=r"'cut'.*size 3"):
        layers.Cropping2D(((2, 1), (0, 0)), name="cut")(IMAGE)


@pytest.mark.parametrize("size", [0, (1,), (2, -1), 1.5])
def test_up_sampling_refuses_other_factors(size):
    with pytest.raises(InvalidArgumentError, match="`size`"):
        layers.UpSampling2D(size)


def test_up_sampling_refuses_other_interpolations():
    with pytest.raises(InvalidArgumentError, match=r"`interpolation` must be one of 'nearest', 'bilinear'"):
        layers.UpSampling2D(interpolation="cubist")


def test_a_data_format_is_one_of_two():
    with pytest.raises(InvalidArgumentError, match=r"`data_format` must be one of .* Received: data_format='x'"):
        layers.Flatten(data_format="x")
