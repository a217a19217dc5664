"""Whole models in one HDF5 file, in Keras 2's layout.

    /                    attributes keras_version, backend, model_config (JSON), training_config (JSON, if compiled)
    /model_weights/      the weights, as in `saving.weights`
    /optimizer_weights/  attribute weight_names, and the optimizer's variables in their order
    /kcore_state/        the same for what a model keeps besides its weights, such as the states of random generators;
    Keras ignores it

With all of these, training goes on from a loaded model exactly as it would have from the saved one.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from kcore.config import backend
from kcore.errors import SerializationError
from kcore.registry import CustomObjectScope
from kcore.version import __version__

from . import weights
from ._attributes import as_text, child
from ._files import reading_hdf5, writing_hdf5
from .architecture import KERAS_VERSION, describe, model_from_config, parse_json
from .training_config import compile_model, restore_optimizer, training_config

STATE = "kcore_state"


def save_model(model: Any, filepath: Any, overwrite: bool = True, include_optimizer: bool = True) -> None:
    """Save architecture, weights, and, if the model is compiled, training configuration and optimizer state.

    Args:
        model: the model.
        filepath: the file, or an open `h5py` group.
        overwrite: whether an existing file may be replaced.
        include_optimizer: whether to save what belongs to training.

    Raises:
        InvalidArgumentError: the file exists and `overwrite` is false, or two layers have one name.
        SerializationError: something can't be described, or the file can't be written. No file is left half-written.
    """
    config = json.dumps(describe(model))
    training = training_config(model) if include_optimizer else None
    with writing_hdf5(filepath, overwrite) as file:
        _sign(file)
        file.attrs["model_config"] = config
        group = file.create_group("model_weights")
        _sign(group)
        weights.write_weights(group, model)
        if training is not None:
            file.attrs["training_config"] = json.dumps(training)
            if model.optimizer is not None and model.optimizer.built:
                weights.write_arrays(file.create_group("optimizer_weights"), model.optimizer.variables)
        weights.write_arrays(file.create_group(STATE), _state(model))


def load_model(filepath: Any, custom_objects: dict[str, Any] | None = None, compile: bool = True) -> Any:
    """Load a model that `save_model` or Keras saved as HDF5.

    Args:
        filepath: the file, or an open `h5py` group.
        custom_objects: classes and functions by name.
        compile: whether to compile the model, if the saved one was.

    Returns:
        The model.

    Raises:
        FileNotFoundError: there is no such file.
        SerializationError: it isn't the file of a model, is damaged, or names something unknown.
    """
    with reading_hdf5(filepath) as file, CustomObjectScope(custom_objects or {}):
        if "model_config" not in file.attrs:
            raise SerializationError(
                f"The file must hold a whole model; it has no `model_config`. If it holds weights, make the model and "
                f"call `model.load_weights`. Received: filepath={filepath!r}"
            )
        model = model_from_config(parse_json(as_text(file.attrs["model_config"]), "model_config"))
        if model.built or not _is_empty(file):
            weights.load_in_order(child(file, "model_weights"), model)
        if compile and "training_config" in file.attrs:
            compile_model(model, parse_json(as_text(file.attrs["training_config"]), "training_config"))
            if "optimizer_weights" in file and model.optimizer is not None:
                restore_optimizer(model, weights.read_arrays(child(file, "optimizer_weights")))
        _load_state(file, model)
    return model


def save_weights(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Save the weights alone. Arguments and errors as `save_model`."""
    weights.check_built(model)
    with writing_hdf5(filepath, overwrite) as file:
        _sign(file)
        weights.write_weights(file, model)


def load_weights(model: Any, filepath: Any, by_name: bool = False, skip_mismatch: bool = False) -> None:
    """Load weights from a file of weights or of a whole model.

    Args:
        model: a built model.
        filepath: the file, or an open `h5py` group.
        by_name: load into the layers of the same names, and leave the others alone; otherwise layer after layer.
        skip_mismatch: whether layers whose weights don't fit are left alone, with a warning.

    Raises:
        FileNotFoundError: there is no such file.
        InvalidArgumentError: the number of layers or weights differs, or the model isn't built.
        ShapeError: a shape differs. Nothing is loaded then.
        SerializationError: it isn't a file of weights, or is damaged.
    """
    with reading_hdf5(filepath) as file:
        is_model = "layer_names" not in file.attrs and "layer_names0" not in file.attrs and "model_weights" in file
        group = child(file, "model_weights") if is_model else file
        load = weights.load_by_name if by_name else weights.load_in_order
        load(group, model, skip_mismatch)


def _sign(group: Any) -> None:
    group.attrs["keras_version"] = KERAS_VERSION
    group.attrs["kcore_version"] = __version__
    group.attrs["backend"] = backend()


def _state(model: Any) -> list[Any]:
    """What a model keeps besides its weights."""
    known = {id(v) for v in model.weights}
    return [v for v in model.variables if id(v) not in known]


def _load_state(file: Any, model: Any) -> None:
    if STATE not in file:
        return
    variables, arrays = _state(model), weights.read_arrays(child(file, STATE))
    if [tuple(v.shape) for v in variables] == [tuple(array.shape) for array in arrays]:
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(np.asarray(array))


def _is_empty(file: Any) -> bool:
    return all(not weights.read_arrays(group) for group in child(file, "model_weights").values())
