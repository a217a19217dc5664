"""The settings of a run: `keras.json`, the environment, and what was set in the program.

The file is `$KERAS_HOME/keras.json`, or `~/.keras/keras.json`, or `.keras/keras.json` in the system's temporary
directory where the home can't be written. It holds `backend`, `floatx`, `epsilon` and `image_data_format`, is read at
the first use of a setting, and is written with the defaults when it is missing. `KERAS_BACKEND` overrides its
`backend`; the `set_` functions override both.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from kcore.errors import InvalidArgumentError

__all__ = [
    "Setting",
    "backend",
    "default_backend_name",
    "defaults_in_force",
    "dtype_policy",
    "epsilon",
    "floatx",
    "home",
    "image_data_format",
    "on_current_backend",
    "path",
    "reload",
    "set_backend",
    "set_dtype_policy",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "settings",
]

DEFAULTS = {"backend": "numpy", "floatx": "float32", "epsilon": 1e-7, "image_data_format": "channels_last"}
_FLOATX = ("float16", "bfloat16", "float32", "float64")
_DATA_FORMATS = ("channels_last", "channels_first")


class Setting(NamedTuple):
    """A setting's value and where it came from: `default`, a file, `KERAS_BACKEND`, or `set in this program`."""

    value: Any
    source: str


_settings: dict[str, Setting] = {}
_current_backend: list[Callable[[], str]] = []


def home() -> Path:
    """The directory of `keras.json` and of the cached data sets; it may not exist yet.

    >>> isinstance(home(), Path)
    True
    """
    chosen = os.environ.get("KERAS_HOME")
    if chosen:
        return Path(chosen).expanduser()
    base = Path(os.path.expanduser("~"))
    if not os.access(base, os.W_OK):
        import tempfile

        base = Path(tempfile.gettempdir())
    return base / ".keras"


def path() -> Path:
    """Where `keras.json` is looked for."""
    return home() / "keras.json"


def settings() -> dict[str, Setting]:
    """All settings by name, each with its value and its source; reads `keras.json` if that wasn't done yet.

    Raises:
        InvalidArgumentError: the file isn't a JSON object, or one of its values can't be taken.

    >>> sorted(settings())
    ['backend', 'epsilon', 'floatx', 'image_data_format']
    """
    if not _settings:
        _settings.update(_read())
    return dict(_settings)


def reload() -> None:
    """Forget all settings, so that the file and the environment are read again at the next use."""
    _settings.clear()


def floatx() -> str:
    """The default floating-point dtype: `float16`, `bfloat16`, `float32` or `float64`."""
    return _get("floatx")


def set_floatx(value: str) -> None:
    """Set the default floating-point dtype.

    Args:
        value: `"float16"`, `"bfloat16"`, `"float32"` or `"float64"`.

    Raises:
        InvalidArgumentError: any other value.
    """
    _set("floatx", value)


def epsilon() -> float:
    """The small number that keeps divisions and logarithms away from zero (1e-7 unless set)."""
    return _get("epsilon")


def set_epsilon(value: float) -> None:
    """Set the number that `epsilon` returns.

    Args:
        value: a number above 0.

    Raises:
        InvalidArgumentError: not a positive number.
    """
    _set("epsilon", value)


def image_data_format() -> str:
    """Where images have their channels: `channels_last` (height, width, channels) or `channels_first`."""
    return _get("image_data_format")


def set_image_data_format(data_format: str) -> None:
    """Set the default data format of images.

    Args:
        data_format: `"channels_last"` or `"channels_first"`.

    Raises:
        InvalidArgumentError: any other value.
    """
    _set("image_data_format", data_format)


def dtype_policy() -> Any:
    """The `DTypePolicy` of layers that are made without one: that of `floatx()` unless another was set."""
    return _policies().dtype_policy()


def set_dtype_policy(policy: Any) -> None:
    """Set the policy of layers that are made without one.

    Args:
        policy: a `DTypePolicy`, its name (`"float32"`, `"mixed_float16"`, ...), or `None` for that of `floatx()`.

    Raises:
        InvalidArgumentError: the name is no policy's.
    """
    _policies().set_dtype_policy(policy)


def _policies() -> Any:
    """Where policies are made: a floor above this one, so it is loaded when it is first asked for."""
    return importlib.import_module("kcore.dtype_policies")


@contextmanager
def defaults_in_force() -> Iterator[None]:
    """In its block every setting but the backend is its default, and so is the dtype policy; then all is as it was.

    >>> set_epsilon(1e-3)
    >>> with defaults_in_force():
    ...     print(epsilon())
    1e-07
    """
    before, policy = settings(), _policies().chosen_policy()
    _settings.update({name: Setting(DEFAULTS[name], "default") for name in DEFAULTS.keys() - {"backend"}})
    set_dtype_policy(None)
    try:
        yield
    finally:
        _settings.clear()
        _settings.update(before)
        set_dtype_policy(policy)


def default_backend_name() -> str:
    """The name of the backend that is used where no `use_backend` is in force."""
    return _get("backend")


def set_backend(backend: str) -> None:
    """Set the backend that is used where no `use_backend` is in force. Tensors of the previous one stay what they are.

    Args:
        backend: the name of an installed backend; that it exists is checked when it is first used.

    Raises:
        InvalidArgumentError: not a name.
    """
    _set("backend", backend)


def backend() -> str:
    """The name of the backend that an operation called now would use."""
    return _current_backend[0]() if _current_backend else default_backend_name()


def on_current_backend(name: Callable[[], str]) -> None:
    """Say how the name of the active backend is found (for the engine, which this floor doesn't know)."""
    _current_backend[:] = [name]


def _get(name: str) -> Any:
    if not _settings:
        _settings.update(_read())
    return _settings[name].value


def _set(name: str, value: Any) -> None:
    checked = _check(name, value, "")
    settings()
    _settings[name] = Setting(checked, "set in this program")


def _read() -> dict[str, Setting]:
    file = path()
    found = {name: Setting(value, "default") for name, value in DEFAULTS.items()}
    stored = _load(file)
    if stored is None:
        _write_defaults(file)
    else:
        for name in DEFAULTS.keys() & stored.keys():
            found[name] = Setting(_check(name, stored[name], f" in {file}"), str(file))
    chosen = os.environ.get("KERAS_BACKEND")
    if chosen:
        found["backend"] = Setting(chosen, "KERAS_BACKEND")
    return found


def _load(file: Path) -> dict | None:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except OSError:
        return {}
    try:
        stored = json.loads(text)
    except ValueError as err:
        raise InvalidArgumentError(
            f"{file} must hold JSON; correct it, or delete it to get the defaults: {err}"
        ) from err
    if not isinstance(stored, dict):
        raise InvalidArgumentError(
            f"{file} must hold a JSON object, as {json.dumps(DEFAULTS)}. Received: {text[:80]!r}"
        )
    return stored


def _write_defaults(file: Path) -> None:
    """Write the defaults through a renamed draft; a place that can't be written is no reason to stop."""
    draft = file.with_name(f"keras.json.{os.getpid()}")
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(DEFAULTS, indent=4) + "\n", encoding="utf-8")
        draft.replace(file)
    with suppress(OSError):
        draft.unlink(missing_ok=True)


def _check(name: str, value: Any, where: str) -> Any:
    if name == "epsilon":
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
            raise InvalidArgumentError(f"`epsilon`{where} must be a number above 0. Received: epsilon={value!r}")
        return float(value)
    allowed = {"floatx": _FLOATX, "image_data_format": _DATA_FORMATS}.get(name)
    if allowed and value not in allowed:
        raise InvalidArgumentError(f"`{name}`{where} must be one of {', '.join(allowed)}. Received: {name}={value!r}")
    if not isinstance(value, str) or not value:
        raise InvalidArgumentError(f"`{name}`{where} must be a name. Received: {name}={value!r}")
    return value
