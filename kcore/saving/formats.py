"""Which format a file has, and who reads and writes it."""

from __future__ import annotations

import os
from typing import Any

from kcore import plugins
from kcore.errors import InvalidArgumentError

from . import hdf5
from ._files import is_group

HDF5_SUFFIXES = (".h5", ".hdf5")


def save_model(model: Any, filepath: Any, overwrite: bool = True, **options: Any) -> None:
    """Save a whole model: architecture, weights, and, if it is compiled, training configuration and optimizer state.

    Args:
        model: the model.
        filepath: the file; its suffix says the format. Or an open `h5py` group.
        overwrite: whether an existing file may be replaced.
        **options: of the format. HDF5: `include_optimizer`.

    Raises:
        InvalidArgumentError: the suffix or an option isn't known, or the file exists and `overwrite` is false.
        SerializationError: something can't be described, or the file can't be written. No file is left half-written.
    """
    if _is_hdf5(filepath):
        include_optimizer = options.pop("include_optimizer", True)
        _refuse(options, ("save_format", "zipped"))
        hdf5.save_model(model, filepath, overwrite, include_optimizer)
        return
    _plugin_format(filepath, "save_model").save_model(model, os.fspath(filepath), overwrite=overwrite, **options)


def load_model(
    filepath: Any, custom_objects: dict[str, Any] | None = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """Load a whole model.

    Args:
        filepath: the file; HDF5 is recognized by its content, other formats by their suffix. Or an open `h5py` group.
        custom_objects: classes and functions by name, for those that aren't kcore's own or registered.
        compile: whether to compile the model, if the saved one was.
        safe_mode: kept for Keras's signature; code in a file is refused either way.

    Returns:
        The model; compiled, and ready to go on with training where it stopped, if the saved one was compiled.

    Raises:
        FileNotFoundError: there is no such file.
        InvalidArgumentError: the format isn't known.
        SerializationError: it isn't the file of a model, is damaged, or names something unknown.
    """
    del safe_mode
    if _is_hdf5(filepath) or _has_hdf5_content(filepath):
        return hdf5.load_model(filepath, custom_objects, compile)
    _check_exists(filepath)
    return _plugin_format(filepath, "load_model").load_model(
        os.fspath(filepath), custom_objects=custom_objects, compile=compile
    )


def save_weights(model: Any, filepath: Any, overwrite: bool = True, **options: Any) -> None:
    """Save a model's weights as HDF5.

    Args:
        model: a built model.
        filepath: the file, or an open `h5py` group.
        overwrite: whether an existing file may be replaced.
        **options: none yet.

    Raises:
        InvalidArgumentError: the model isn't built, the suffix isn't known, or the file exists and `overwrite` is
            false.
        SerializationError: the file can't be written. No file is left half-written.
    """
    _refuse(options, ("save_format", "max_shard_size"))
    _check_hdf5_suffix(filepath)
    hdf5.save_weights(model, filepath, overwrite)


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False, by_name: bool = False, **options: Any) -> None:
    """Load weights from a file of weights, or from that of a whole model.

    Args:
        model: a built model.
        filepath: the file, or an open `h5py` group.
        skip_mismatch: whether layers whose weights don't fit are left alone, with a warning.
        by_name: load into the layers of the same names, and leave the others alone; otherwise layer after layer.
        **options: none yet.

    Raises:
        FileNotFoundError: there is no such file.
        InvalidArgumentError: the number of layers or weights differs, or the model isn't built.
        ShapeError: a shape differs. Nothing is loaded then.
        SerializationError: it isn't a file of weights, or is damaged.
    """
    _refuse(options, ())
    hdf5.load_weights(model, filepath, by_name, skip_mismatch)


def _is_hdf5(filepath: Any) -> bool:
    return is_group(filepath) or os.fspath(filepath).lower().endswith(HDF5_SUFFIXES)


def _has_hdf5_content(filepath: Any) -> bool:
    import h5py

    return os.path.isfile(filepath) and bool(h5py.is_hdf5(filepath))


def _check_exists(filepath: Any) -> None:
    if not os.path.exists(filepath):
        raise FileNotFoundError(f"`filepath` must name a file that exists. Received: filepath={filepath!r}")


def _check_hdf5_suffix(filepath: Any) -> None:
    if not _is_hdf5(filepath):
        raise InvalidArgumentError(
            f"`filepath` must end in one of {', '.join(HDF5_SUFFIXES)}. Received: filepath={filepath!r}"
        )


def _refuse(options: dict[str, Any], ignored: tuple[str, ...]) -> None:
    unknown = sorted(set(options) - set(ignored))
    if unknown:
        raise InvalidArgumentError(f"These options aren't known to the HDF5 format. Received: {', '.join(unknown)}")


def _plugin_format(filepath: Any, method: str) -> Any:
    path = os.fspath(filepath)
    known = list(HDF5_SUFFIXES)
    for file_format in plugins.collect("kcore_file_formats"):
        if hasattr(file_format, method):
            if path.lower().endswith(tuple(file_format.extensions)):
                return file_format
            known += file_format.extensions
    raise InvalidArgumentError(f"`filepath` must end in one of {', '.join(known)}. Received: filepath={filepath!r}")
