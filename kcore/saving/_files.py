"""Files: written whole or not at all, and read without following where a file points.

Writing goes to a temporary file beside the target, which then takes its name: whoever looks sees the old file or the
    new one. Reading
turns whatever HDF5 has to say about a damaged file into a `SerializationError` that names the file.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kcore.errors import InvalidArgumentError, KcoreError, SerializationError


@contextmanager
def replacing(filepath: Any, overwrite: bool = True) -> Iterator[str]:
    """Context manager: a path to write to; what was written there takes the place of `filepath` if nothing is raised.

    Args:
        filepath: the target, a string or a path object.
        overwrite: whether an existing file may be replaced.

    Raises:
        InvalidArgumentError: the file exists and `overwrite` is false, or the folder doesn't exist.
        SerializationError: the folder or the file can't be written.
    """
    target = os.path.realpath(os.fspath(filepath))
    if not overwrite and os.path.exists(target):
        raise InvalidArgumentError(f"`filepath` exists and `overwrite` is False. Received: filepath={filepath!r}")
    if not os.path.isdir(os.path.dirname(target)):
        raise InvalidArgumentError(f"`filepath` must be in a folder that exists. Received: filepath={filepath!r}")
    temporary = f"{target}.{uuid.uuid4().hex[:8]}.tmp"
    try:
        yield temporary
        os.replace(temporary, target)
    except OSError as err:
        raise SerializationError(f"`filepath` can't be written: {err}. Received: filepath={filepath!r}") from err
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def is_group(x: Any) -> bool:
    """Whether something is an open HDF5 file or a group of one."""
    return hasattr(x, "attrs") and hasattr(x, "create_group")


@contextmanager
def writing_hdf5(filepath: Any, overwrite: bool = True) -> Iterator[Any]:
    """Context manager: a group to write to: that of a new file, or the open group that was given."""
    if is_group(filepath):
        yield filepath
        return
    import h5py

    with replacing(filepath, overwrite) as path, h5py.File(path, "w") as file:
        yield file


@contextmanager
def reading_hdf5(filepath: Any) -> Iterator[Any]:
    """Context manager: the root group of a file, or the open group that was given.

    Raises:
        FileNotFoundError: there is no such file.
        SerializationError: it isn't an HDF5 file, or it is damaged.
    """
    if is_group(filepath):
        yield filepath
        return
    import h5py

    if not os.path.exists(filepath):
        raise FileNotFoundError(f"`filepath` must name a file that exists. Received: filepath={filepath!r}")
    if not h5py.is_hdf5(filepath):
        raise SerializationError(f"`filepath` must name an HDF5 file; this is none. Received: filepath={filepath!r}")
    try:
        with h5py.File(filepath, "r") as file:
            yield file
    except (OSError, RuntimeError, KeyError) as err:
        if isinstance(err, KcoreError):
            raise
        raise SerializationError(f"The file can't be read: {err}. Received: filepath={filepath!r}") from err
