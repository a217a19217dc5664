"""Layers that merge several tensors: ranks, masks, errors, function forms."""

from __future__ import annotations

import numpy as np
import pytest

from kcore import layers
from kcore.errors import InvalidArgumentError, InvalidTypeError, ShapeError

X = np.arange(12, dtype="float32").reshape(2, 3, 2)
MASKS = [np.array([[True, True, False]] * 2), np.array([[True, False, False]] * 2)]


@pytest.mark.parametrize("kind", ["Add", "Multiply", "Average", "Maximum", "Minimum", "Subtract", "Concatenate"])
def test_a_function_form_is_a_new_layer_called(backend, kind):
    expected = getattr(layers, kind)()([X, X + 1])
    np.testing.assert_array_equal(np.asarray(getattr(layers, kind.lower())([X, X + 1])), np.asarray(expected))


def test_dot_has_a_function_form(backend):
    expected = np.einsum("bij,bkj->bik", X, X)
    np.testing.assert_allclose(np.asarray(layers.dot([X, X], axes=-1)), expected)


def test_a_step_is_masked_where_all_inputs_mask_it(backend):
    assert np.asarray(layers.Add().compute_mask([X, X], MASKS)).tolist() == [[True, True, False]] * 2
    assert layers.Add().compute_mask([X, X], [MASKS[0], None]) is None
    assert layers.Add().compute_mask([X, X], None) is None


def test_concatenated_masks_lie_along_the_axis(backend):
    mask = np.asarray(layers.Concatenate(axis=1).compute_mask([X, X], [MASKS[0], None]))
    assert mask.tolist() == [[True, True, False, True, True, True]] * 2
    mask = np.asarray(layers.Concatenate().compute_mask([X, X], MASKS))
    assert mask.tolist() == [[True, True, False]] * 2
    mask = np.asarray(layers.Concatenate().compute_mask([X, X], [MASKS[0], None]))
    assert mask.tolist() == [[True, True, True]] * 2


def test_dot_has_no_mask():
    assert layers.Dot(axes=1).compute_mask([X, X], MASKS) is None


def test_a_merge_of_one_tensor_says_that_it_wants_a_list():
    with pytest.raises(InvalidArgumentError, match=r"'sum' merges a list of tensors"):
        layers.Add(name="sum")(X)


def test_subtract_takes_two():
    with pytest.raises(InvalidArgumentError, match="takes 2 inputs"):
        layers.Subtract()([X, X, X])


def test_shapes_that_do_not_broadcast_name_the_layer():
    with pytest.raises(ShapeError, match=r"'sum'.*3 meets 4"):
        layers.Add(name="sum")([np.ones((2, 3)), np.ones((2, 4))])


@pytest.mark.parametrize("shapes", [((2, 3), (3, 4)), ((2, 3), (2, 3, 4))])
def test_concatenated_shapes_agree_in_the_other_axes(shapes):
    with pytest.raises(ShapeError, match=r"'join'"):
        layers.Concatenate(name="join")([np.ones(shape) for shape in shapes])


def test_unknown_sizes_merge_with_known_ones():
    assert layers.Add()([layers.Input((None, 3)), layers.Input((4, 3))]).shape == (None, 4, 3)
    assert layers.Concatenate(axis=1)([layers.Input((None, 3)), layers.Input((4, 3))]).shape == (None, None, 3)


def test_dot_checks_its_axes():
    with pytest.raises(InvalidTypeError, match="`axes`"):
        layers.Dot("a")
    with pytest.raises(InvalidArgumentError, match="not the batch axis"):
        layers.Dot(axes=0)([X, X])
    with pytest.raises(ShapeError, match="sizes differ"):
        layers.Dot(axes=(1, 2))([X, X])


def test_dot_of_unit_vectors_is_a_cosine(backend):
    a, b = np.array([[3.0, 4.0]], "float32"), np.array([[4.0, 3.0]], "float32")
    assert np.asarray(layers.Dot(axes=1, normalize=True)([a, b])).item() == pytest.approx(24 / 25, rel=1e-6)
