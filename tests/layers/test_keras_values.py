"""Every layer of conformance's table: the shapes it tells, and on each backend the cases made of the table."""

from __future__ import annotations

import warnings

import pytest

from kcore import layers
from kcore.conformance import load
from kcore.conformance.layers.cases import ROWS, build, stored
from kcore.conformance.suite import ask
from kcore.layers import Input

CASES = [case for case in load() if case.family in {"layer value", "layer captured", "layer config", "layer gradient"}]
FROM_ONE_ARGUMENT = [name for name in ROWS if not name.startswith("attention")]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_conformance(backend, case):
    ask(case, backend)


@pytest.mark.parametrize("name", FROM_ONE_ARGUMENT)
def test_symbolic_shapes_are_the_real_ones_for_any_batch(name):
    row = build(name)
    layer, inputs, call = row
    real = [tuple(x.shape) for x in row.outputs()]
    arrays = inputs if isinstance(inputs, list) else [inputs]
    tensors = [Input(x.shape[1:], dtype=x.dtype.name) for x in arrays]
    symbolic = layer(tensors if isinstance(inputs, list) else tensors[0], **without_arrays(call))
    symbolic = list(symbolic) if isinstance(symbolic, (list, tuple)) else [symbolic]
    symbolic = [x for part in symbolic for x in (part if isinstance(part, (list, tuple)) else [part])]
    assert [x.shape for x in symbolic] == [(None, *shape[1:]) for shape in real]
    shapes = [(None, *x.shape[1:]) for x in arrays]
    described = layer.compute_output_shape(shapes if isinstance(inputs, list) else shapes[0])
    assert shapes_in(described) == [(None, *shape[1:]) for shape in real]


def without_arrays(call):
    """The arguments of a call that a symbolic call without a batch size can take."""
    return {name: value for name, value in call.items() if name not in ("mask", "initial_state")}


def shapes_in(described):
    """A nested description of shapes as a flat list."""
    if all(dim is None or isinstance(dim, int) for dim in described):
        return [tuple(described)]
    return [shape for part in described for shape in shapes_in(part)]


@pytest.mark.parametrize("name", FROM_ONE_ARGUMENT)
def test_output_shape_is_known_before_a_layer_is_built(name):
    make, shapes, _ = ROWS[name]
    several = isinstance(shapes, list)
    layer = make(layers)
    described = layer.compute_output_shape(shapes if several else tuple(shapes))
    assert shapes_in(described) == [tuple(entry["shape"]) for entry in stored()[name]][: len(shapes_in(described))]


def test_stored_values_name_their_source_and_cover_the_table():
    assert stored()["keras"] == "3.15.1"
    assert stored().keys() - {"keras"} == ROWS.keys()


def test_no_case_warns():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for make, _, _ in ROWS.values():
            make(layers)
