"""Pooling: data formats, defaults, special values, errors."""

from __future__ import annotations

import numpy as np
import pytest

from kcore import layers
from kcore.conformance.layers import table
from kcore.errors import InvalidArgumentError, ShapeError

SPATIAL = {1: (2, 7, 3), 2: (2, 6, 7, 3), 3: (2, 4, 5, 4, 3)}


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("kind", ["MaxPooling", "AveragePooling", "GlobalMaxPooling", "GlobalAveragePooling"])
def test_both_data_formats_agree(backend, kind, rank):
    cls = getattr(layers, f"{kind}{rank}D")
    options = {"keepdims": True} if "Global" in kind else {"pool_size": 2, "padding": "same"}
    x = table.wave(SPATIAL[rank])
    last = np.asarray(cls(**options)(x))
    first = cls(data_format="channels_first", **options)
    y = np.asarray(first(np.moveaxis(x, -1, 1)))
    np.testing.assert_allclose(np.moveaxis(y, 1, -1), last, rtol=1e-6)
    assert first.compute_output_shape(np.moveaxis(x, -1, 1).shape) == y.shape


def test_strides_are_the_window_unless_given():
    assert layers.MaxPooling2D((2, 3)).strides == (2, 3)
    assert layers.MaxPooling2D((2, 3), strides=1).strides == (1, 1)


def test_a_maximum_may_be_infinite_or_nan(backend):
    x = np.array([[-np.inf, -np.inf, np.nan, 1.0]], "float32")[..., None]
    y = np.asarray(layers.MaxPooling1D(2)(x)).ravel()
    assert y[0] == -np.inf
    assert np.isnan(y[1])


def test_padding_does_not_count_for_a_mean(backend):
    y = layers.AveragePooling1D(2, padding="same")(np.full((1, 3, 1), 4.0, "float32"))
    assert np.asarray(y).ravel().tolist() == [4.0, 4.0]


def test_unknown_sizes_stay_unknown():
    assert layers.MaxPooling2D(2)(layers.Input((None, 7, 3))).shape == (None, None, 3, 3)


def test_a_window_that_does_not_fit_names_the_layer():
    with pytest.raises(ShapeError, match=r"'pool'.*\(9,\)"):
        layers.MaxPooling1D(9, name="pool")(table.wave(SPATIAL[1]))


@pytest.mark.parametrize("options", [{"pool_size": 0}, {"strides": (2, 2)}, {"padding": "causal"}])
def test_bad_options_are_named(options):
    with pytest.raises(InvalidArgumentError, match=f"`{next(iter(options))}`"):
        layers.MaxPooling1D(**options)


def test_a_masked_mean_counts_what_is_not_masked(backend):
    x = np.array([[[1.0], [2.0], [9.0]], [[4.0], [5.0], [6.0]]], "float32")
    mask = np.array([[True, True, False], [False, False, False]])
    y = layers.GlobalAveragePooling1D()(x, mask=mask)
    np.testing.assert_allclose(np.asarray(y), [[1.5], [0.0]])
    assert layers.GlobalAveragePooling1D().compute_mask(x, mask) is None


def test_keras_aliases():
    assert layers.MaxPool2D is layers.MaxPooling2D
    assert layers.GlobalAvgPool1D is layers.GlobalAveragePooling1D
