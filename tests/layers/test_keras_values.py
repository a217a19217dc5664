"""Every layer against what Keras 3.15.1 computed (stored), and against itself: gradients, shapes, captures, configs."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import keras_cases as table
import numpy as np
import pytest

from kcore import Function, GradientTape, config, layers, ops
from kcore.layers import Input

STORED = json.loads(Path(__file__).with_name("keras_values.json").read_text())
NAMES = {name: (make, shapes, options) for name, make, shapes, options in table.CASES}
FROM_ONE_ARGUMENT = [name for name in NAMES if not name.startswith("attention")]
NOT_SMOOTH = {"embedding", "masking", "batch_normalization_mask"}
"""Inputs that are integers, or on whose value a mask depends; and statistics of nothing."""


def built(name, dtype="float32"):
    """The layer of a case with its weights, its inputs and the arguments of its call."""
    make, shapes, options = NAMES[name]
    inputs, call = table.inputs_of(shapes, options), table.call_options(options)
    layer = with_dtype(make, dtype)
    layer(inputs, **call)
    table.fill(layer)
    return layer, inputs, call


def with_dtype(make, dtype):
    """The layer that `make` gives, with `dtype` in the place of float32, also in the layers inside."""
    before = config.floatx()
    config.set_floatx(dtype)
    try:
        return make(layers)
    finally:
        config.set_floatx(before)


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_those_of_keras(backend, name):
    layer, inputs, call = built(name)
    outputs = table.flat(layer(inputs, **call))
    outputs += [variable.numpy() for variable in layer.non_trainable_weights if "moving" in variable.path]
    assert [list(x.shape) for x in outputs] == [entry["shape"] for entry in STORED[name]]
    for x, entry in zip(outputs, STORED[name], strict=True):
        assert x.dtype == np.float32
        np.testing.assert_allclose(x.ravel(), entry["values"], rtol=2e-5, atol=3e-6)


@pytest.mark.parametrize("name", FROM_ONE_ARGUMENT)
def test_symbolic_shapes_are_the_real_ones_for_any_batch(name):
    layer, inputs, call = built(name)
    real = [x.shape for x in table.flat(layer(inputs, **call))]
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
    make, shapes, _ = NAMES[name]
    several = isinstance(shapes, list)
    layer = make(layers)
    described = layer.compute_output_shape(shapes if several else tuple(shapes))
    assert shapes_in(described) == [tuple(entry["shape"]) for entry in STORED[name]][: len(shapes_in(described))]


@pytest.mark.parametrize("name", NAMES)
def test_captured_is_eager(backend, name):
    layer, inputs, call = built(name)
    eager = table.flat(layer(inputs, **call))
    run = Function(lambda x: layer(x, **call))
    captured = table.flat(run([ops.convert_to_tensor(x) for x in inputs] if isinstance(inputs, list) else inputs))
    for x, y in zip(eager, captured, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_config_goes_through_json_and_back(name):
    layer, inputs, call = built(name)
    stored = json.loads(json.dumps(layer.get_config()))
    again = type(layer).from_config(stored)
    assert without_builds(json.loads(json.dumps(again.get_config()))) == without_builds(stored)
    again(inputs, **call)
    assert [w.shape for w in again.weights] == [w.shape for w in layer.weights]
    table.fill(again)
    for x, y in zip(table.flat(layer(inputs, **call)), table.flat(again(inputs, **call)), strict=True):
        if "batch_normalization" not in name:
            np.testing.assert_array_equal(x, y)


def without_builds(entry):
    """A config without the shapes that the layers inside were built with."""
    if not isinstance(entry, dict):
        return entry
    return {name: without_builds(value) for name, value in entry.items() if name != "build_config"}


@pytest.mark.parametrize("name", sorted(NAMES.keys() - NOT_SMOOTH))
def test_gradients_agree_with_finite_differences(backend, name):
    layer, inputs, call = built(name, dtype="float64")
    arrays = [x.astype("float64") for x in (inputs if isinstance(inputs, list) else [inputs])]
    variables = layer.trainable_variables

    def loss(tensors):
        outputs = layer(list(tensors) if isinstance(inputs, list) else tensors[0], **call)
        parts = [ops.sum(x * table.wave(tuple(x.shape), 2.0, 0.9).astype("float64")) for x in leaves(outputs)]
        return sum(parts[1:], parts[0])

    with GradientTape() as tape:
        watched = [tape.watch(ops.convert_to_tensor(x)) for x in arrays]
        value = loss(watched)
    gradients = [np.asarray(g) for g in tape.gradient(value, [*watched, *variables], unconnected_gradients="zero")]
    sources = [*arrays, *(v.numpy() for v in variables)]
    directions = [table.wave(x.shape, 0.3 + index, 1.9).astype("float64") for index, x in enumerate(sources)]
    slope = sum(float((g * d).sum()) for g, d in zip(gradients, directions, strict=True))
    assert abs(slope - difference(loss, arrays, variables, directions)) <= 2e-5 * max(1.0, abs(slope))


def difference(loss, arrays, variables, directions, step=1e-5):
    """The slope of `loss` along `directions`, by a central difference."""
    values = [v.numpy() for v in variables]
    count, ends = len(arrays), []
    for sign in (1, -1):
        moved = [x + sign * step * d for x, d in zip([*arrays, *values], directions, strict=True)]
        for variable, value in zip(variables, moved[count:], strict=True):
            variable.assign(value)
        ends.append(float(loss([ops.convert_to_tensor(x) for x in moved[:count]])))
    return (ends[0] - ends[1]) / (2 * step)


def leaves(outputs):
    """The tensors of nested outputs."""
    return [x for part in outputs for x in leaves(part)] if isinstance(outputs, (list, tuple)) else [outputs]


def test_stored_values_name_their_source_and_cover_the_table():
    assert STORED["keras"] == "3.15.1"
    assert STORED.keys() - {"keras"} == NAMES.keys()


def test_no_case_warns():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for make, _, _ in NAMES.values():
            make(layers)
