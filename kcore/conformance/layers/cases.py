"""Every layer of the table: outputs, capture, gradient, config."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kcore import config, layers, ops
from kcore.conformance import _gradients
from kcore.conformance.case import Case, family
from kcore.conformance.check import Check
from kcore.engine.autodiff import GradientTape
from kcore.engine.function import Function

from . import table

SOURCE = "Keras 3.15.1 on JAX, CPU, float32"
ROWS = {name: (make, shapes, options) for name, make, shapes, options in table.CASES}
NOT_SMOOTH = ("embedding", "masking", "batch_normalization_mask")
"""Inputs that are integers, or on whose value a mask depends; and statistics of nothing."""


@functools.cache
def stored() -> dict[str, Any]:
    """The answers: for each row a list of `{"shape": ..., "values": ...}`, and the version of Keras as `"keras"`."""
    return json.loads(Path(__file__).with_name("keras_values.json").read_text())


class Built(NamedTuple):
    """A row's layer with its weights, its inputs (an array or a list), and the arguments of its call."""

    layer: Any
    inputs: Any
    call: dict[str, Any]

    def outputs(self) -> list:
        """What the layer gives, as a flat list of tensors."""
        return leaves(self.layer(self.inputs, **self.call))

    @property
    def arrays(self) -> list[np.ndarray]:
        """The inputs as a list."""
        return self.inputs if isinstance(self.inputs, list) else [self.inputs]


def build(name: str, dtype: str = "float32") -> Built:
    """Build the layer of a row and give it its weights."""
    make, shapes, options = ROWS[name]
    inputs, call = table.inputs_of(shapes, options), table.call_options(options)
    layer = with_dtype(make, dtype)
    layer(inputs, **call)
    table.fill(layer)
    return Built(layer, inputs, call)


def with_dtype(make: Callable[..., Any], dtype: str) -> Any:
    """The layer that `make` gives, with `dtype` in the place of float32, also in the layers inside."""
    before = config.floatx()
    config.set_floatx(dtype)
    try:
        return make(layers)
    finally:
        config.set_floatx(before)


def leaves(outputs: Any) -> list:
    """The tensors of nested outputs."""
    return [x for part in outputs for x in leaves(part)] if isinstance(outputs, (list, tuple)) else [outputs]


def _answers(name: str) -> list[np.ndarray]:
    return [np.array(entry["values"], np.float64).reshape(entry["shape"]) for entry in stored()[name]]


def _value(name: str, backend, check: Check) -> None:
    row = build(name)
    outputs = row.outputs()
    outputs += [v.value for v in row.layer.non_trainable_weights if "moving" in v.path]
    check.close(outputs, _answers(name), op="layer", dtype="float32")


def _captured(name: str, backend, check: Check) -> None:
    row = build(name)
    eager = [check.numpy(x) for x in row.outputs()]
    run = Function(lambda x: leaves(row.layer(x, **row.call)))
    tensors = [backend.asarray(x) for x in row.arrays]
    check.close(run(tensors if isinstance(row.inputs, list) else tensors[0]), eager, op="layer")


def _config(name: str, backend, check: Check) -> None:
    row = build(name)
    text = json.dumps(row.layer.get_config())
    again = type(row.layer).from_config(json.loads(text))
    check.true(
        without_builds(json.loads(json.dumps(again.get_config()))) == without_builds(json.loads(text)),
        "the config of the layer made from a config is another one",
    )
    again(row.inputs, **row.call)
    table.fill(again)
    if "batch_normalization" not in name:
        check.close(leaves(again(row.inputs, **row.call)), [check.numpy(x) for x in row.outputs()], op="layer")


def without_builds(entry: Any) -> Any:
    """A config without the shapes that the layers inside were built with."""
    if not isinstance(entry, dict):
        return entry
    return {name: without_builds(value) for name, value in entry.items() if name != "build_config"}


def _gradient(name: str, backend, check: Check) -> None:
    dtype = _gradients.gradient_dtype(backend)
    row = build(name, dtype)
    arrays = [x.astype(dtype) for x in row.arrays]
    variables = row.layer.trainable_variables

    def loss(tensors: Sequence[Any]) -> Any:
        outputs = leaves(row.layer(list(tensors) if isinstance(row.inputs, list) else tensors[0], **row.call))
        parts = [ops.sum(ops.multiply(x, table.wave(tuple(x.shape), 2.0, 0.9).astype(dtype))) for x in outputs]
        return sum(parts[1:], parts[0])

    with GradientTape() as tape:
        watched = [tape.watch(backend.asarray(x)) for x in arrays]
        value = loss(watched)
    grads = tape.gradient(value, [*watched, *variables], unconnected_gradients="zero")
    sources = [*arrays, *(v.numpy() for v in variables)]
    directions = [table.wave(x.shape, 0.3 + i, 1.9).astype(dtype) for i, x in enumerate(sources)]
    terms = [check.numpy(g).astype(np.float64) * d for g, d in zip(grads, directions, strict=True)]
    expected = difference(loss, arrays, variables, directions, dtype)
    size = sum(float(np.abs(t).sum()) for t in terms)
    check.slope(float(sum(t.sum() for t in terms)), expected, size=size, dtype=dtype, order=2)


def difference(
    loss: Callable[..., Any], arrays: Sequence[np.ndarray], variables: Sequence[Any], directions: Sequence, dtype: str
) -> float:
    """The slope of `loss` along `directions`, by a central difference."""
    step = {"float64": 1e-5}.get(dtype, 1e-2)
    values, count, ends = [v.numpy() for v in variables], len(arrays), []
    for sign in (1, -1):
        moved = [(x + sign * step * d).astype(dtype) for x, d in zip([*arrays, *values], directions, strict=True)]
        for variable, value in zip(variables, moved[count:], strict=True):
            variable.assign(value)
        ends.append(float(loss([ops.convert_to_tensor(x) for x in moved[:count]])))
    return (ends[0] - ends[1]) / (2 * step)


class _ClassNames:
    """In the place of a namespace of layers: what is made is the name of its class."""

    def __getattr__(self, name: str) -> Callable[..., str]:
        return lambda *arguments, **options: name


RUNS = {"value": _value, "captured": _captured, "config": _config, "gradient": _gradient}


@family
def cases() -> Iterator[Case]:
    """Each kind of question for each row."""
    for kind, run in RUNS.items():
        seen = set()
        for name in ROWS:
            layer = ROWS[name][0](_ClassNames())
            first = layer not in seen
            seen.add(layer)
            if kind != "gradient" or name not in NOT_SMOOTH:
                yield Case(
                    f"layer {kind}/{name}",
                    partial(run, name),
                    level="training" if kind == "gradient" else "inference",
                    group="layers",
                    op=layer,
                    sources=(SOURCE,) if kind == "value" else (),
                    quick=kind == "value" and first,
                )
