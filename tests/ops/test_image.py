"""Images: closed forms, stored values of Keras 3.15.1 (its NumPy backend), gradients, both data formats, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kcore import KerasTensor, ops
from kcore.engine.autodiff import grad
from kcore.engine.function import Function
from kcore.errors import DtypeError, InvalidArgumentError, ShapeError

from .test_gradients import check_grads, numbers

image: Any = ops.image
RNG = np.random.default_rng(4)
COUNT = np.arange(12, dtype="float32").reshape(1, 3, 4, 1)
PHOTO = RNG.uniform(size=(2, 5, 4, 3))
LAST = {"data_format": "channels_last"}

KERAS = {
    "nearest": [0, 1, 1, 2, 3, 3, 8, 9, 9, 10, 11, 11],
    "bilinear": [1, 1.5, 2.1667, 2.8333, 3.5, 4, 7, 7.5, 8.1667, 8.8333, 9.5, 10],
    "bicubic": [0.6057, 1.0833, 1.8382, 2.5049, 3.2598, 3.7373, 7.2627, 7.7402, 8.4951, 9.1618, 9.9167, 10.3943],
    "lanczos3": [0.4293, 0.8645, 1.6862, 2.2995, 3.1212, 3.5565, 7.4435, 7.8788, 8.7005, 9.3138, 10.1355, 10.5707],
    "lanczos5": [0.1956, 0.7371, 1.478, 2.1188, 2.8597, 3.4011, 7.5989, 8.1403, 8.8812, 9.522, 10.2629, 10.8044],
}
SMALLER = {
    "bilinear": [2.2143, 3.7857, 7.2143, 8.7857],
    "bicubic": [1.8259, 3.6524, 7.3476, 9.1741],
    "lanczos3": [1.6339, 3.5577, 7.4423, 9.3661],
    "lanczos5": [1.5517, 3.5221, 7.4779, 9.4483],
}


@pytest.mark.parametrize("name", KERAS)
def test_resized_images_are_those_of_keras(backend, name):
    captured = Function(lambda x: image.resize(x, (2, 6), name, **LAST))
    for run in (lambda x: image.resize(x, (2, 6), name, **LAST), captured):
        got = numbers(run(COUNT))
        assert got.dtype == np.float32
        np.testing.assert_allclose(got.ravel(), KERAS[name], atol=6e-5)
    if name in SMALLER:
        got = image.resize(COUNT, (2, 2), name, antialias=True, **LAST)
        np.testing.assert_allclose(numbers(got).ravel(), SMALLER[name], atol=6e-5)


def test_area_is_the_mean_of_what_a_pixel_covers(backend):
    np.testing.assert_allclose(numbers(image.resize(COUNT, (1, 2), "area", **LAST)).ravel(), [4.5, 6.5], rtol=1e-6)
    row = np.array([0.0, 3.0, 6.0]).reshape(1, 3, 1)
    np.testing.assert_allclose(numbers(image.resize(row, (1, 2), "area", **LAST)).ravel(), [1, 5], rtol=1e-6)


def test_integers_are_rounded_and_held_to_their_range(backend):
    got = numbers(image.resize((COUNT * 23).astype("uint8"), (6, 6), "bicubic", **LAST))
    assert got.dtype == np.uint8
    expected = [0, 1, 19, 34, 51, 62, 14, 25, 42, 58, 75, 86, 64, 75, 92, 107, 125, 136]
    np.testing.assert_array_equal(got.ravel()[:18], expected)


def test_the_aspect_ratio_is_kept(backend):
    cut = image.resize(COUNT, (2, 2), crop_to_aspect_ratio=True, **LAST)
    np.testing.assert_allclose(numbers(cut).ravel(), [1.25, 2.75, 7.25, 8.75])
    padded = image.resize(COUNT, (2, 2), pad_to_aspect_ratio=True, fill_value=9.0, **LAST)
    np.testing.assert_allclose(numbers(padded).ravel(), [2.5, 4.5, 8.75, 9.75])


def test_scale_and_translate(backend):
    expected = {
        "linear": [1.8441, 2.5108, 3.1774, 3.8441, 4.5108, 4.6774, 6.881, 7.5476, 8.2143, 8.881, 9.5476, 9.7143],
        "cubic": [1.7715, 2.481, 3.1686, 3.8563, 4.5658, 4.7936, 6.8789, 7.5884, 8.276, 8.9637, 9.6732, 9.901],
        "lanczos3": [1.8642, 2.5635, 3.2784, 3.9933, 4.6926, 4.9523, 6.8473, 7.5466, 8.2615, 8.9764, 9.6757, 9.9354],
    }
    for method, values in expected.items():
        got = image.scale_and_translate(COUNT, (1, 2, 6, 1), [0.5, 1.5], [0.2, -0.5], (1, 2), method)
        np.testing.assert_allclose(numbers(got).ravel(), values, atol=6e-5)


PLACES = np.array([[-3, -2.2, -1.5, -1, -0.6, -0.25, 1.5, 3.2, 3.6, 4, 4.6, 5.5, 7.2]], "float32")
BEYOND = {
    "constant": [9, 9, 9, 9, 5.4, 2.25, 1.5, 4.2, 6.6, 9, 9, 9, 9],
    "nearest": [0, 0, 0, 0, 0, 0, 1.5, 3, 3, 3, 3, 3, 3],
    "wrap": [1, 1.8, 2.5, 3, 1.8, 0.75, 1.5, 2.4, 1.2, 0, 0.6, 1.5, 2.4],
    "mirror": [3, 2.2, 1.5, 1, 0.6, 0.25, 1.5, 2.8, 2.4, 2, 1.4, 0.5, 1.2],
    "reflect": [2, 1.2, 0.5, 0, 0, 0, 1.5, 3, 3, 3, 2.4, 1.5, 0],
}


@pytest.mark.parametrize("mode", BEYOND)
def test_coordinates_beyond_the_border(backend, mode):
    x = np.arange(4, dtype="float32")
    np.testing.assert_allclose(numbers(image.map_coordinates(x, PLACES, 1, mode, 9.0)), BEYOND[mode], atol=2e-6)
    halves = {"constant": [0, 1, 2, 3, 9], "wrap": [0, 1, 2, 3, 0], "mirror": [0, 1, 2, 3, 2]}
    got = image.map_coordinates(x, np.array([[-0.5, 0.5, 1.5, 2.5, 3.5]], "float32"), 0, mode, 9.0)
    np.testing.assert_array_equal(numbers(got), halves.get(mode, [0, 1, 2, 3, 3]))
    one = image.map_coordinates(np.array([5.0]), np.array([[-1.0, 0.0, 2.0]]), 1, mode, 9.0)
    np.testing.assert_array_equal(numbers(one), [9, 5, 9] if mode == "constant" else [5, 5, 5])


def test_coordinates_of_two_axes_and_their_gradients(backend):
    x, places = RNG.normal(size=(4, 5)), RNG.uniform(0.1, 2.9, (2, 3))
    got = numbers(image.map_coordinates(x, places, 1))
    for value, (r, c) in zip(got, places.T, strict=True):
        i, j = int(r), int(c)
        row = x[i : i + 2, j : j + 2] @ [1 - c + j, c - j]
        np.testing.assert_allclose(value, row @ [1 - r + i, r - i])
    check_grads(lambda x, p: image.map_coordinates(x, p, 1, "reflect"), x, places, order=1)


def test_affine_transforms(backend):
    moved = image.affine_transform(COUNT, np.array([1, 0, 1, 0, 1, 0, 0, 0], "float32"), fill_value=9.0, **LAST)
    np.testing.assert_array_equal(numbers(moved).ravel(), [1, 2, 3, 9, 5, 6, 7, 9, 9, 10, 11, 9])
    sheared = image.affine_transform(COUNT, [1, 0.5, -0.5, 0.2, 1, 0.3, 0, 0], fill_value=9.0, **LAST)
    expected = [5.1, 2.5, 4.3, 6.1, 5.2, 7, 8.8, 10.6, 8.65, 9.25, 9.45, 9.1]
    np.testing.assert_allclose(numbers(sheared).ravel(), expected, atol=1e-5)
    projected = image.affine_transform(COUNT, [1, 0, 0, 0, 1, 0, 0.5, 0], "nearest", **LAST)
    np.testing.assert_array_equal(numbers(projected)[0, 0, :, 0], [0, 1, 1, 1])
    both = np.array([[1, 0, 0, 0, 1, 0, 0, 0], [-1, 0, 3, 0, 1, 0, 0, 0]], "float32")
    got = numbers(image.affine_transform(PHOTO, both, **LAST))
    np.testing.assert_allclose(got, np.stack([PHOTO[0], PHOTO[1, :, ::-1]]), atol=1e-12)


def test_perspective(backend):
    start, end = [[0, 0], [3, 0], [0, 2], [3, 2]], [[1, 0], [3, 0], [1, 2], [3, 2]]
    got = image.perspective_transform(COUNT, np.array(start, "float32"), end, fill_value=9.0, **LAST)
    np.testing.assert_allclose(numbers(got).ravel(), [9, 0, 1.5, 3, 9, 4, 5.5, 7, 9, 8, 9.5, 11], atol=1e-5)


def test_elastic_transforms_are_the_seeds(backend):
    got = [numbers(image.elastic_transform(PHOTO, seed=3, sigma=1.0, **LAST)) for _ in range(2)]
    np.testing.assert_array_equal(got[0], got[1])
    assert got[0].shape == PHOTO.shape and np.any(got[0] != PHOTO)
    np.testing.assert_array_equal(numbers(image.elastic_transform(PHOTO, alpha=0.0, seed=3, **LAST)), PHOTO)


def test_blur_along_the_axis_that_is_asked_for(backend):
    x = np.pad([[1.0]], 2).reshape(1, 5, 5, 1)
    bell = np.exp([-0.5, 0, -0.5]) / np.exp([-0.5, 0, -0.5]).sum()
    np.testing.assert_allclose(numbers(image.gaussian_blur(x, (3, 1), **LAST))[0, 1:4, 2, 0], bell)
    np.testing.assert_allclose(numbers(image.gaussian_blur(x, (1, 3), **LAST))[0, 2, 1:4, 0], bell)
    np.testing.assert_allclose(numbers(image.gaussian_blur(x, (2, 1), **LAST))[0, :, 2, 0], [0, 0.5, 0.5, 0, 0])


def test_patches(backend):
    x = np.arange(32, dtype="float32").reshape(1, 4, 4, 2)
    got = numbers(image.extract_patches(x, 2, **LAST))
    np.testing.assert_array_equal(got[0, 0, 1], x[0, :2, 2:].ravel())
    same = image.extract_patches(np.arange(9.0).reshape(1, 3, 3, 1), 2, strides=2, padding="same", **LAST)
    np.testing.assert_array_equal(numbers(same).ravel(), [0, 1, 3, 4, 2, 0, 5, 0, 6, 7, 0, 0, 8, 0, 0, 0])
    spread = image.extract_patches(np.arange(9.0).reshape(3, 3, 1), (2, 2), dilation_rate=2, **LAST)
    np.testing.assert_array_equal(numbers(spread).ravel(), [0, 2, 6, 8])
    volume = np.arange(16.0).reshape(1, 2, 2, 4, 1)
    boxes = numbers(image.extract_patches_3d(volume, (2, 2, 2), **LAST))
    np.testing.assert_array_equal(boxes[0, 0, 0, 1], volume[0, :, :, 2:].ravel())


def test_borders(backend):
    padded = numbers(image.pad_images(COUNT, 1, 2, target_height=6, target_width=8, **LAST))
    np.testing.assert_array_equal(padded[0, :, :, 0], np.pad(COUNT[0, :, :, 0], ((1, 2), (2, 2))))
    np.testing.assert_array_equal(numbers(image.crop_images(padded, 1, 2, 2, 2, **LAST)), COUNT)
    np.testing.assert_array_equal(
        numbers(image.crop_images(COUNT, 1, 1, target_height=2, target_width=2, **LAST)).ravel(), [5, 6, 9, 10]
    )


def test_colours(backend):
    colours = np.array([[[1, 0.5, 0.2], [0.1, 0.1, 0.1], [0, 0, 0], [0.2, 0.3, 0.9]]])
    expected = [[0.0625, 0.8, 1], [0, 0, 0.1], [0, 0, 0], [0.6429, 0.7778, 0.9]]
    np.testing.assert_allclose(numbers(image.rgb_to_hsv(colours, **LAST))[0], expected, atol=5e-5)
    np.testing.assert_allclose(numbers(image.hsv_to_rgb(image.rgb_to_hsv(PHOTO, **LAST), **LAST)), PHOTO, atol=1e-12)
    grey = numbers(image.rgb_to_grayscale(np.array([[[100, 150, 200]]], "uint8"), **LAST))
    assert grey.dtype == np.uint8 and grey.item() == 140
    assert np.all(np.isfinite(numbers(grad(lambda x: ops.sum(image.rgb_to_hsv(x, **LAST)))(colours))))


CALLS = {
    "resize": lambda x, **kw: image.resize(x, (7, 3), "bicubic", **kw),
    "affine": lambda x, **kw: image.affine_transform(x, [0.9, 0.1, 0.2, -0.1, 1.1, 0.3, 0, 0], **kw),
    "blur": lambda x, **kw: image.gaussian_blur(x, (3, 2), (1.0, 2.0), **kw),
    "patches": lambda x, **kw: image.extract_patches(x, (2, 3), strides=(1, 2), padding="same", **kw),
    "pad": lambda x, **kw: image.pad_images(x, 1, 0, 0, 2, **kw),
    "crop": lambda x, **kw: image.crop_images(x, 1, 0, 0, 2, **kw),
    "hsv": image.rgb_to_hsv,
    "grey": image.rgb_to_grayscale,
}


@pytest.mark.parametrize("name", CALLS)
def test_data_formats_single_images_and_inference(backend, name):
    call = CALLS[name]
    last = numbers(call(PHOTO, data_format="channels_last"))
    first = numbers(call(np.moveaxis(PHOTO, 3, 1), data_format="channels_first"))
    np.testing.assert_allclose(np.moveaxis(first, 1, 3), last, atol=1e-12)
    np.testing.assert_allclose(numbers(call(PHOTO[0], data_format="channels_last")), last[0], atol=1e-12)
    symbolic = call(KerasTensor((None, 5, 4, 3), "float64"), data_format="channels_last")
    assert (tuple(symbolic.shape), symbolic.dtype) == ((None, *last.shape[1:]), "float64")
    if name != "hsv":
        check_grads(lambda x: call(x, data_format="channels_last"), PHOTO, order=1)


def test_unknown_sizes(backend):
    x = KerasTensor((None, None, None, 3))
    for name in ("nearest", "bicubic", "area"):
        assert tuple(image.resize(x, (4, 5), name, **LAST).shape) == (None, 4, 5, 3)
    assert tuple(image.gaussian_blur(x, **LAST).shape) == (None, None, None, 3)


def test_what_is_refused(backend):
    for call, error, words in (
        (lambda: image.resize(COUNT, (2, 2), "cubic", **LAST), InvalidArgumentError, "`interpolation` must be"),
        (lambda: image.resize(COUNT, (0, 2), **LAST), InvalidArgumentError, "`size` must be"),
        (lambda: image.resize(COUNT[0, 0], (2, 2), **LAST), ShapeError, "rank 3 or 4"),
        (lambda: image.map_coordinates(COUNT, PLACES, 1), ShapeError, "must have 4 rows"),
        (lambda: image.map_coordinates(COUNT, PLACES, 2), InvalidArgumentError, "`order` must be"),
        (lambda: image.map_coordinates(PLACES[0], PLACES, 1, "grid"), InvalidArgumentError, "`fill_mode` must be"),
        (lambda: image.affine_transform(COUNT, [1.0, 2.0], **LAST), ShapeError, "`transform` must be"),
        (lambda: image.perspective_transform(COUNT, [[0.0, 1.0]], [[0.0, 1.0]], **LAST), ShapeError, "Points"),
        (lambda: image.gaussian_blur(COUNT, sigma=(0.0, 1.0), **LAST), InvalidArgumentError, "`sigma` must be"),
        (lambda: image.pad_images(COUNT, 1, 1, 1, **LAST), InvalidArgumentError, "exactly two"),
        (lambda: image.crop_images(COUNT, 5, 0, 0, 0, **LAST), InvalidArgumentError, "Can't cut"),
        (lambda: image.rgb_to_hsv(np.ones((1, 1, 3), "uint8"), **LAST), DtypeError, "floating"),
        (lambda: image.rgb_to_grayscale(COUNT, **LAST), ShapeError, "3 channels"),
    ):
        with pytest.raises(error, match=words):
            call()
