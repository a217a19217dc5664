"""Weights in HDF5, in Keras 2's layout.

    /                          attributes layer_names, backend, keras_version
    /<layer>/                  attribute weight_names
    /<layer>/<weight name>     one array a weight
    /top_level_model_weights/  the same for weights that the model holds itself

A layer's weights stand there with the trainable ones first. Keras 3 reads and writes this layout as well.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from kcore.errors import InvalidArgumentError, ShapeError

from ._attributes import child, dataset, read_names, write_names

TOP_LEVEL = "top_level_model_weights"


def saved_weights(layer: Any) -> list[Any]:
    """A layer's weights in the order of files: the trainable ones, then the others."""
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def own_weights(model: Any) -> list[Any]:
    """The weights that a model holds itself, outside of its layers."""
    in_layers = {id(v) for layer in model.layers for v in layer.weights}
    return [v for v in saved_weights(model) if id(v) not in in_layers]


def write_weights(group: Any, model: Any) -> None:
    """Write the weights of a model's layers into a group.

    Raises:
        InvalidArgumentError: two layers have one name.
    """
    names = [layer.name for layer in model.layers]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidArgumentError(
            f"Each layer of a model must have a name of its own to be saved. Received: several layers named {twice}"
        )
    write_names(group, "layer_names", names)
    for layer in model.layers:
        write_arrays(group.create_group(layer.name), saved_weights(layer))
    write_arrays(group.create_group(TOP_LEVEL), own_weights(model))


def write_arrays(group: Any, variables: list[Any]) -> None:
    """Write variables into a group, under their paths; a path that comes twice gets a number."""
    names: list[str] = []
    for variable in variables:
        path = variable.path or variable.name
        taken = set(names)
        names.append(next(n for n in (path, *(f"{path}_{i}" for i in range(1, len(names) + 1))) if n not in taken))
    write_names(group, "weight_names", names)
    for name, variable in zip(names, variables, strict=True):
        group.create_dataset(name, data=variable.numpy())


def read_arrays(group: Any) -> list[Any]:
    """The datasets of a group in the order of its `weight_names`; no number is read yet."""
    return [dataset(group, name) for name in read_names(group, "weight_names")]


def load_in_order(group: Any, model: Any, skip_mismatch: bool = False) -> None:
    """Load weights layer after layer, whatever the layers are called.

    Args:
        group: what `write_weights` wrote.
        model: a built model with the same layers.
        skip_mismatch: whether a layer whose weights don't fit is left alone, with a warning.

    Raises:
        InvalidArgumentError: the model isn't built, or the number of layers or of a layer's weights differs.
        ShapeError: a weight's shape differs. Nothing is changed then.
    """
    check_built(model)
    saved = [(name, read_arrays(child(group, name))) for name in read_names(group, "layer_names")]
    saved = [(name, arrays) for name, arrays in saved if arrays]
    layers = [layer for layer in model.layers if layer.weights]
    if len(saved) != len(layers):
        raise InvalidArgumentError(
            f"The file must have weights for the {len(layers)} layers of model '{model.name}' that have weights: "
            f"{[layer.name for layer in layers]}. Received: {len(saved)} layers: {[name for name, _ in saved]}"
        )
    pairs = [(layer.name, saved_weights(layer), arrays) for layer, (_, arrays) in zip(layers, saved, strict=True)]
    if TOP_LEVEL in group:
        pairs.append((model.name, own_weights(model), read_arrays(child(group, TOP_LEVEL))))
    _assign(pairs, skip_mismatch)


def load_by_name(group: Any, model: Any, skip_mismatch: bool = False) -> None:
    """Load weights into the layers that have the names of saved ones, and leave the others alone.

    Args:
        group: what `write_weights` wrote.
        model: a built model.
        skip_mismatch: whether a layer whose weights don't fit is left alone, with a warning.

    Raises:
        InvalidArgumentError: the model isn't built, or the number of a layer's weights differs.
        ShapeError: a weight's shape differs. Nothing is changed then.
    """
    check_built(model)
    layers = {layer.name: layer for layer in model.layers}
    shared = [name for name in read_names(group, "layer_names") if name in layers]
    _assign([(name, saved_weights(layers[name]), read_arrays(child(group, name))) for name in shared], skip_mismatch)


def check_built(model: Any) -> None:
    """Check that a model has its weights.

    Raises:
        InvalidArgumentError: it isn't built.
    """
    if not model.built:
        raise InvalidArgumentError(f"Model '{model.name}' has no weights yet. Call it on data, or `build` it, first.")


def _assign(pairs: list[tuple[str, list[Any], list[Any]]], skip_mismatch: bool) -> None:
    fitting = []
    for name, variables, arrays in pairs:
        problem = _mismatch(name, variables, arrays)
        if problem is None:
            fitting += zip(variables, arrays, strict=True)
        elif skip_mismatch:
            warnings.warn(f"Left alone: {problem}", stacklevel=5)
        else:
            raise problem
    values = [(variable, np.asarray(array)) for variable, array in fitting]
    for variable, value in values:
        variable.assign(value)


def _mismatch(name: str, variables: list[Any], arrays: list[Any]) -> InvalidArgumentError | None:
    if len(variables) != len(arrays):
        return InvalidArgumentError(f"Layer '{name}' has {len(variables)} weights. Received: {len(arrays)} in the file")
    for variable, array in zip(variables, arrays, strict=True):
        if tuple(variable.shape) != tuple(array.shape):
            return ShapeError(
                f"Weight '{variable.path}' of layer '{name}' has shape {tuple(variable.shape)}. "
                f"Received: shape={tuple(array.shape)} in the file"
            )
    return None
