"""The manager: finds plugins, takes each in whole or not at all, and calls their hooks one by one."""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from kcore import registry
from kcore.errors import PluginError

from .entry_points import PLUGIN_GROUP, announced, source_of
from .hooks import HOOK_NAMES, PROJECT, Hooks
from .problems import Problem, report

if TYPE_CHECKING:
    import pluggy

_lock = threading.RLock()
_manager: pluggy.PluginManager | None = None


def load_plugins() -> pluggy.PluginManager:
    """Load the installed plugins and those of `KCORE_PLUGINS`, once, and return the pluggy manager that holds them."""
    global _manager
    with _lock:
        if _manager is None:
            import pluggy

            _manager = pluggy.PluginManager(PROJECT)
            _manager.add_hookspecs(_marked_hooks(pluggy))
            for point in announced(PLUGIN_GROUP):
                _guarded_load(point.name, source_of(point), point.load)
            for module in filter(None, map(str.strip, os.environ.get("KCORE_PLUGINS", "").split(","))):
                _guarded_load(module, "KCORE_PLUGINS", lambda module=module: importlib.import_module(module))
        return _manager


def forget_plugins() -> None:
    """Forget all plugins; the installed ones are loaded again at the next use."""
    global _manager
    _manager = None


def register_plugin(plugin: object, name: str | None = None) -> str:
    """Add a plugin in this program.

    Args:
        plugin: a module or an object with functions marked with `hookimpl`.
        name: how it is called in messages; its `__name__` if None.

    Returns:
        The name under which it is known, for `unregister_plugin`.

    Raises:
        PluginError: a hook that doesn't exist or doesn't take these arguments, or a plugin that is there already.
    """
    known_as = name or str(getattr(plugin, "__name__", type(plugin).__name__))
    _register(known_as, plugin)
    return known_as


def unregister_plugin(name: str) -> None:
    """Remove a plugin that `register_plugin` added; what it registered for saving stays known."""
    load_plugins().unregister(name=name)


def collect(hook: str, **arguments: Any) -> list:
    """Call a hook of every plugin and put their results in one list; a plugin that fails is reported and left out.

    Args:
        hook: one of the names in `Hooks`, whose result is a list.
        **arguments: the hook's arguments.

    Returns:
        What the plugins gave, the plugin registered last first.
    """
    return [item for _, result in call_each(hook, arguments) for item in result]


def _marked_hooks(pluggy: Any) -> type:
    mark = pluggy.HookspecMarker(PROJECT)
    for name in HOOK_NAMES:
        mark(getattr(Hooks, name))
    return Hooks


def _guarded_load(name: str, source: str, load: Callable[[], object]) -> None:
    try:
        _register(name, load())
    except Exception as err:
        report(Problem(name, source, err))


def _register(name: str, plugin: object) -> None:
    """Register a plugin whole or not at all: pluggy keeps one whose validation failed."""
    import pluggy

    manager = load_plugins()
    if manager.has_plugin(name) or manager.is_registered(plugin):
        raise PluginError(f"`plugin` must not be registered twice. Received: {name!r}")
    try:
        manager.register(plugin, name=name)
        unknown = sorted(hook.name for hook in manager.get_hookcallers(plugin) or () if hook.spec is None)
        if unknown:
            raise PluginError(
                f"plugin {name!r} implements unknown hooks: {', '.join(unknown)}; the hooks are {', '.join(HOOK_NAMES)}"
            )
        _register_serializable(name, plugin, manager)
    except (pluggy.PluginValidationError, PluginError) as err:
        if manager.is_registered(plugin):
            manager.unregister(plugin)
        raise err if isinstance(err, PluginError) else PluginError(f"plugin {name!r}: {err}") from err


def _register_serializable(name: str, plugin: object, manager: pluggy.PluginManager) -> None:
    for impl in manager.hook.kcore_serializable_objects.get_hookimpls():
        if impl.plugin is plugin:
            objects: Any = impl.function()
            for key, obj in dict(objects).items():
                package, separator, short = key.partition(">")
                if not separator:
                    raise PluginError(f"plugin {name!r}: an object's name must be 'package>name'. Received: {key!r}")
                registry.register_keras_serializable(package, short)(obj)


def call_each(hook: str, arguments: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Call the implementations of a hook one by one, so that one that fails doesn't take the others with it."""
    caller = getattr(load_plugins().hook, hook)
    for impl in reversed(caller.get_hookimpls()):
        try:
            result = impl.function(*(arguments[name] for name in impl.argnames))
            if not isinstance(result, Iterable):
                raise PluginError(f"`{hook}` must return a list or a dict. Received: {result!r}")
        except Exception as err:
            report(Problem(impl.plugin_name, f"hook {hook}", err))
            continue
        yield impl.plugin_name, result
