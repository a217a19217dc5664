"""Which backend is used: checked, registered, found by name, and chosen for a part of a program.

register_backend   makes a class known, as an entry point would
get_backend        the object of a name, loaded and checked the first time
use_backend        chooses, from here on or for a block; `device` does so for the active backend's devices
"""

from __future__ import annotations

import inspect

from kcore import config, plugins
from kcore.errors import BackendError, BackendIncompleteError, BackendNotFoundError, BackendUnavailableError

from . import active, memory
from .backend import INTERFACE_CHANGES, INTERFACE_VERSION, Backend, signature
from .primitives import TABLE


def check_backend(cls: type) -> None:
    """Check a backend class whole.

    Raises:
        BackendIncompleteError: lists every method that is missing and every parameter that has another name, or says
            which interface version the class was written for.
    """
    if not (isinstance(cls, type) and issubclass(cls, Backend)):
        raise BackendIncompleteError(f"A backend must be a subclass of `kcore.extend.Backend`. Received: {cls!r}")
    if cls.interface_version != INTERFACE_VERSION:
        raise BackendIncompleteError(_other_version(cls))
    problems = [p for name, row in TABLE.items() for p in _method_problems(cls, name, row)]
    problems += [
        f"{name}: missing"
        for name in ("asarray", "to_numpy", "is_tensor")
        if getattr(cls, name) is getattr(Backend, name)
    ]
    if not cls.name:
        problems.append("name: missing")
    if problems:
        raise BackendIncompleteError(f"Backend class {cls.__name__} isn't complete:\n  " + "\n  ".join(problems))


def _other_version(cls: type[Backend]) -> str:
    version = cls.interface_version
    newer = version > INTERFACE_VERSION
    changes = [f"\n  {n}: {text}" for n, text in INTERFACE_CHANGES.items() if n > version]
    return (
        f"Backend '{cls.name}' was written for version {version} of the interface; this kcore has version "
        f"{INTERFACE_VERSION}. "
        + ("It needs a newer kcore." if newer else f"What changed since:{''.join(changes)}\n")
        + " See 'The backend interface, version by version' in docs/reference/interface.md."
    )


def _method_problems(cls: type, name: str, row):
    method = getattr(cls, name, None)
    if method is None:
        if row.required:
            yield f"{name}{signature(row)}: missing"
        return
    try:
        parameters = inspect.signature(method).parameters
    except (TypeError, ValueError):
        return
    accepts_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    missing = [p for p in row.params if p not in parameters]
    if missing and not accepts_any:
        yield f"{name}: must take {', '.join(f'`{p}=`' for p in missing)}; it is {name}{inspect.signature(method)}"


_hidden: dict[str, Backend] = {}
"""The installed backends that were loaded before another one was registered under their name."""


def register_backend(name: str, cls: type[Backend]) -> None:
    """Make a backend known in this process, as an entry point of an installed package would.

    Raises:
        BackendIncompleteError: the class isn't complete.
        BackendError: the name is taken by another class.
    """
    check_backend(cls)
    hides = not plugins.is_added(name)
    plugins.add_backend(name, cls)
    loaded = active.LOADED.pop(name, None)
    if hides and loaded is not None:
        _hidden[name] = loaded


def unregister_backend(name: str) -> None:
    """Forget a backend that `register_backend` made known; an installed one of that name comes into sight again, with
    the variables that live on it."""
    if plugins.is_added(name):
        plugins.remove_backend(name)
        active.LOADED.pop(name, None)
        if name in _hidden:
            active.LOADED[name] = _hidden.pop(name)


def get_backend(name: str) -> Backend:
    """The backend of this name, loaded and checked the first time.

    Raises:
        BackendNotFoundError: no such backend is installed.
        BackendUnavailableError: its engine isn't installed, or it failed to load.
    """
    if name not in active.LOADED:
        active.LOADED[name] = _loaded(name)
    return active.LOADED[name]


def _loaded(name: str) -> Backend:
    memory.keep_freed()
    try:
        cls = _find(name)
        check_backend(cls)
        return cls()
    except Exception as err:
        cause = err.__cause__ if isinstance(err, BackendUnavailableError) else err
        if isinstance(cause, ImportError):
            raise BackendUnavailableError(_without_engine(name, cause)) from err
        if isinstance(err, BackendError):
            raise
        source = plugins.backend_entries()[name].source
        raise BackendUnavailableError(
            f"Backend '{name}', from {source}, can't be used: {type(err).__name__}: {err}"
        ) from err


def _without_engine(name: str, missing: ImportError) -> str:
    distribution = plugins.backend_entries()[name].source.split()[0]
    how = f"with `pip install 'kcore[{name}]'`" if distribution == "kcore" else f"as {distribution} says"
    return (
        f"Backend '{name}' is known, but its engine can't be imported: {missing}. Install it {how}, or choose one of: "
        f"{', '.join(plugins.backend_names())}."
    )


def _find(name: str) -> type[Backend]:
    try:
        return plugins.backend_class(name)
    except KeyError:
        names = plugins.backend_names()
        raise BackendNotFoundError(
            f"There is no backend named '{name}'{_chosen_by(name)}. Installed: {', '.join(names) or 'none'}. "
            f"Choose one by KERAS_BACKEND, {config.path()} or `use_backend`, or install the package that provides it "
            "(`pip install 'kcore[torch]'`, or one by others)."
            + "".join(f"\nBroken {problem}." for problem in plugins.problems())
        ) from None


def _chosen_by(name: str) -> str:
    setting = config.settings()["backend"]
    return f", which was chosen by {setting.source}" if setting.value == name else ""


class use_backend:
    """Choose the backend, in this thread or task: from here on, or for what runs inside a `with` block.

    `kcore.config.set_backend` chooses for the whole process.

    Args:
        name: a backend's name.
        device: where its tensors are, as `"cpu"` or `"cuda:1"`; the backend's best device by default.

    Raises:
        BackendNotFoundError: no such backend is installed.
        BackendUnavailableError: its engine isn't installed, or it failed to load.
        InvalidArgumentError: it has no such device.

    Example:
        >>> import kcore
        >>> with kcore.use_backend("numpy"):
        ...     kcore.config.backend()
        'numpy'
    """

    def __init__(self, name: str, device: str | None = None):
        backend = get_backend(name)
        self._choose(backend if device is None else backend.on_device(device))

    def _choose(self, backend: Backend) -> None:
        self._backend, self._activation = backend, active.activate(backend)
        self._activation.__enter__()

    def __enter__(self) -> Backend:
        return self._backend

    def __exit__(self, *exc) -> None:
        self._activation.__exit__(*exc)


class device(use_backend):
    """Choose the device of the active backend, in this thread or task: from here on, or for what runs inside a `with`
    block.

    Variables that are made inside live there, and so does a model: it is used where it was made.

    Args:
        device_name: `"cpu"`, `"gpu"`, `"cuda:1"`, ...: one of `kcore.get_backend(name).devices()`.

    Raises:
        InvalidArgumentError: the active backend has no such device.

    Example:
        >>> import kcore
        >>> with kcore.device("cpu"):
        ...     kcore.Variable(1.0).backend.device
        'cpu:0'
    """

    def __init__(self, device_name: str):
        self._choose(active.current().on_device(device_name))


device_scope = device

__all__ = [
    "check_backend",
    "device",
    "device_scope",
    "get_backend",
    "register_backend",
    "unregister_backend",
    "use_backend",
]
