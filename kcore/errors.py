"""Every error that kcore raises on purpose.

Each is also the built-in type that a Keras user expects, so `except ValueError` keeps working:

    KcoreError
    ├── InvalidArgumentError (ValueError)      a value that the argument can't take
    │   └── ShapeError                         a shape, rank or axis that doesn't fit
    ├── InvalidTypeError (TypeError)           an object of a type that the argument can't take
    │   └── DtypeError                         a dtype that the operation doesn't take
    ├── CaptureError (RuntimeError)            a value was asked for while a function is captured
    │   └── CaptureAttributeError (AttributeError)  an attribute of the engine's tensors was asked for there
    ├── GradientError (ValueError)             a gradient that isn't defined, or isn't connected
    ├── BackendError (RuntimeError)            something about a backend, as a whole
    │   ├── BackendNotFoundError (ValueError)  no backend of that name is installed
    │   ├── BackendUnavailableError (ImportError)  it is installed, and its engine can't be used here
    │   ├── BackendMismatchError (ValueError)  a variable is used while another backend is active
    │   └── BackendIncompleteError             it lacks primitives, or speaks another interface version
    ├── UnsupportedError (NotImplementedError) a backend or a format can't do this, for a stated reason
    │   └── UnknownShapeError (also a CaptureError)  a shape depends on values that aren't known in a capture
    ├── SerializationError (ValueError)        an object or a file that can't be saved or loaded
    └── PluginError (RuntimeError)             a plugin that can't be loaded or breaks its promise

A message names the argument in backticks, says what is expected, and ends with what came: ``Received: units=-1``.
"""

from __future__ import annotations

__all__ = [
    "BackendError",
    "BackendIncompleteError",
    "BackendMismatchError",
    "BackendNotFoundError",
    "BackendUnavailableError",
    "CaptureAttributeError",
    "CaptureError",
    "DtypeError",
    "GradientError",
    "InvalidArgumentError",
    "InvalidTypeError",
    "KcoreError",
    "PluginError",
    "SerializationError",
    "ShapeError",
    "UnknownShapeError",
    "UnsupportedError",
]


class KcoreError(Exception):
    """The base of all errors that kcore raises on purpose."""


class InvalidArgumentError(KcoreError, ValueError):
    """An argument has a value that it can't take."""


class ShapeError(InvalidArgumentError):
    """A shape, a rank or an axis doesn't fit."""


class InvalidTypeError(KcoreError, TypeError):
    """An argument is an object of a type that it can't take."""


class DtypeError(InvalidTypeError):
    """A dtype is unknown, or the operation doesn't take it."""


class CaptureError(KcoreError, RuntimeError):
    """A value was asked for while a function is being captured, where only specs are known.

    Attributes:
        line: the user's line that asked: its file's name, its number and the function's name, or `None`.
    """

    line: tuple[str, int, str] | None = None


class CaptureAttributeError(CaptureError, AttributeError):
    """An attribute of the engine's tensors was asked for while a function is being captured."""


class GradientError(KcoreError, ValueError):
    """A gradient isn't defined, or target and source aren't connected."""


class BackendError(KcoreError, RuntimeError):
    """A backend as a whole can't be used."""


class BackendNotFoundError(BackendError, ValueError):
    """No backend of the requested name is installed."""


class BackendUnavailableError(BackendError, ImportError):
    """A backend is installed, and its engine can't be imported or used on this machine."""


class BackendMismatchError(BackendError, ValueError):
    """A variable of one backend is used while another one is active."""


class BackendIncompleteError(BackendError):
    """A backend lacks required primitives, or was written for another version of the interface."""


class UnsupportedError(KcoreError, NotImplementedError):
    """A backend or a format can't do what was asked, for the reason given."""


class UnknownShapeError(CaptureError, UnsupportedError):
    """A shape depends on values, which aren't known while a function is being captured."""


class SerializationError(KcoreError, ValueError):
    """An object or a file can't be saved or loaded."""


class PluginError(KcoreError, RuntimeError):
    """A plugin can't be loaded, or breaks what its hook promises."""
