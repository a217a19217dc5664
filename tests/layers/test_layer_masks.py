"""How masks travel from layer to layer."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from kcore.layers import Input, Layer
from kcore.models import Model
from kcore.ops.masks import get_mask, set_mask

X = np.ones((2, 3), "float32")
MASK = np.array([[True, False, True], [True, True, False]])


class Marks(Layer):
    """Makes a mask: the steps that aren't zero."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, x):
        return x * 2.0

    def compute_mask(self, inputs, previous_mask=None):
        return inputs != 0.0


class Passes(Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, x):
        return x + 1.0


class Uses(Layer):
    def call(self, x, mask=None):
        self.seen = mask
        return x * 1.0


class Drops(Layer):
    def call(self, x):
        return x * 1.0


def masked(backend):
    x = backend.asarray(X.copy())
    set_mask(x, backend.asarray(MASK))
    return x


def test_mask_reaches_call(backend):
    layer = Uses()
    layer(masked(backend))
    np.testing.assert_array_equal(backend.to_numpy(layer.seen), MASK)


def test_explicit_mask_wins(backend):
    layer = Uses()
    layer(masked(backend), mask=backend.asarray(~MASK))
    np.testing.assert_array_equal(backend.to_numpy(layer.seen), ~MASK)


def test_mask_passes_through_supporting_layers(backend):
    result = Passes()(masked(backend))
    np.testing.assert_array_equal(backend.to_numpy(get_mask(result)), MASK)


def test_mask_survives_a_cast(backend):
    x = backend.asarray(X.astype("float64"))
    set_mask(x, backend.asarray(MASK))
    layer = Uses()
    layer(x)
    np.testing.assert_array_equal(backend.to_numpy(layer.seen), MASK)


def test_a_layer_that_drops_the_mask_says_so_once(backend):
    layer = Drops(name="drops")
    with pytest.warns(UserWarning, match=r"'drops' \(Drops\) got an input with a mask"):
        result = layer(masked(backend))
    assert get_mask(result) is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer(masked(backend))


def test_masks_of_a_list_keep_its_structure(backend):
    class Pair(Layer):
        def call(self, inputs, mask=None):
            self.seen = mask
            return inputs[0] + inputs[1]

    layer = Pair()
    layer([masked(backend), backend.asarray(X)])
    assert layer.seen[1] is None
    np.testing.assert_array_equal(backend.to_numpy(layer.seen[0]), MASK)


def test_masks_of_named_arguments(backend):
    class Attend(Layer):
        def call(self, query, value, query_mask=None, value_mask=None):
            self.seen = (query_mask, value_mask)
            return query + value

    layer = Attend()
    layer(backend.asarray(X), masked(backend))
    assert layer.seen[0] is None
    np.testing.assert_array_equal(backend.to_numpy(layer.seen[1]), MASK)


def test_mask_through_a_functional_model(backend):
    uses = Uses()
    inputs = Input((3,))
    model = Model(inputs, uses(Passes()(Marks()(inputs))))
    x = np.array([[1.0, 0.0, 2.0]], "float32")
    model(x)
    np.testing.assert_array_equal(backend.to_numpy(uses.seen), x != 0)
    nested = Model(inputs, model(inputs))
    nested(x + 1)
    np.testing.assert_array_equal(backend.to_numpy(uses.seen), x + 1 != 0)


def test_symbolic_outputs_carry_symbolic_masks():
    output = Passes()(Marks()(Input((3,))))
    mask = get_mask(output)
    assert (mask.shape, mask.dtype) == ((None, 3), "bool")
