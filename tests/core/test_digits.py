"""The digits that ship with kcore."""

import numpy as np

from kcore.datasets import digits


def test_the_parts_hold_all_images_once():
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    assert x_train.shape == (1442, 8, 8)
    assert x_test.shape == (355, 8, 8)
    assert x_train.dtype == x_test.dtype == y_train.dtype == y_test.dtype == np.uint8
    assert (int(x_train.min()), int(x_train.max())) == (0, 16)
    assert np.bincount(np.concatenate([y_train, y_test])).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_the_test_part_holds_a_fifth_of_each_digit():
    (_, y_train), (_, y_test) = digits.load_data()
    counts = np.bincount(np.concatenate([y_train, y_test]))
    assert np.bincount(y_test).tolist() == (counts // 5).tolist()


def test_the_pixels_are_those_of_the_source():
    (x_train, y_train), (x_test, _) = digits.load_data()
    assert x_train[0].tolist()[0] == [0, 0, 5, 13, 9, 1, 0, 0]
    assert y_train[:10].tolist() == list(range(10))
    assert int(x_train.sum(dtype="int64") + x_test.sum(dtype="int64")) == 561718


def test_each_call_gives_arrays_of_its_own():
    (first, _), _ = digits.load_data()
    first[:] = 0
    (second, _), _ = digits.load_data()
    assert second.any()
