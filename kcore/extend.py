"""Everything that the author of a plugin may use; nothing else is promised to stay.

A backend subclasses `Backend`, with one method for each of `required_primitives()`, and is announced by the entry point
`kcore.backends` of its package or by `register_backend`. All other plugins mark functions with `hookimpl`, as `Hooks`
describes them, and are announced by the entry point `kcore.plugins` or by `register_plugin`.
"""

from __future__ import annotations

from pluggy import HookimplMarker

from kcore.dtypes import finfo, iinfo, is_bool, is_float, is_integer, itemsize, result_type, standardize_dtype
from kcore.engine.backend import (
    INTERFACE_VERSION,
    Backend,
    Capabilities,
    Fused,
    Gap,
    NativeAutodiff,
    required_primitives,
)
from kcore.engine.primitives.window import window_positions
from kcore.engine.selection import check_backend, get_backend, register_backend, unregister_backend, use_backend
from kcore.engine.spec import Spec, broadcast_shapes
from kcore.errors import BackendUnavailableError, UnsupportedError
from kcore.plugins import Hooks, register_plugin, unregister_plugin

__all__ = [
    "INTERFACE_VERSION",
    "Backend",
    "BackendUnavailableError",
    "Capabilities",
    "Fused",
    "Gap",
    "Hooks",
    "NativeAutodiff",
    "Spec",
    "UnsupportedError",
    "broadcast_shapes",
    "check_backend",
    "finfo",
    "get_backend",
    "hookimpl",
    "iinfo",
    "is_bool",
    "is_float",
    "is_integer",
    "itemsize",
    "register_backend",
    "register_plugin",
    "required_primitives",
    "result_type",
    "standardize_dtype",
    "unregister_backend",
    "unregister_plugin",
    "use_backend",
    "window_positions",
]

#: Marks a function of a plugin as the implementation of the hook of the same name.
hookimpl = HookimplMarker("kcore")
