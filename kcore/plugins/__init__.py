"""Plugins: what a package of your own can add to kcore, and how it is found.

A plugin is a module (or any object) whose functions are marked with `kcore.extend.hookimpl` and named as one of the
hooks of `Hooks`, which is their manual. kcore finds plugins in three places:

- **entry points** of installed packages. `kcore.backends` names backend classes, and `kcore.plugins` plugin modules:

      [project.entry-points."kcore.backends"]
      mlx = "kcore_mlx:MlxBackend"

      [project.entry-points."kcore.plugins"]
      my_plugin = "my_package.kcore_plugin"

- **`KCORE_PLUGINS=module[,module]`** in the environment, for a plugin that isn't installed;
- **the program**: `kcore.extend.register_backend(name, cls)` and `kcore.extend.register_plugin(plugin)`.

Each is loaded on its own: one that is broken is reported once, with a `PluginWarning`, listed by `problems`, and
otherwise as if it were not there. No operation goes through a hook: they find things; a backend is called directly.
"""

from __future__ import annotations

from .backends import BackendEntry, add_backend, backend_class, backend_entries, backend_names, is_added, remove_backend
from .hooks import HOOK_NAMES, Hooks
from .manager import collect, load_plugins, register_plugin, unregister_plugin
from .problems import PluginWarning, Problem, problems

__all__ = [
    "HOOK_NAMES",
    "BackendEntry",
    "Hooks",
    "PluginWarning",
    "Problem",
    "add_backend",
    "backend_class",
    "backend_entries",
    "backend_names",
    "collect",
    "is_added",
    "load_plugins",
    "problems",
    "register_plugin",
    "reload",
    "remove_backend",
    "unregister_plugin",
]


def reload() -> None:
    """Forget what entry points and `KCORE_PLUGINS` brought; they are looked at again at the next use."""
    from .backends import forget_backends
    from .manager import forget_plugins
    from .problems import forget_problems

    forget_backends()
    forget_plugins()
    forget_problems()
