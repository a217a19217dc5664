"""The manual of the hooks: what a plugin can add, one entry a hook."""

from __future__ import annotations

from typing import Any

PROJECT = "kcore"


class Hooks:
    """The hooks of kcore. A plugin implements those it needs, as functions of these names marked with `hookimpl`.

    An implementation may leave out arguments that it doesn't use. All implementations of a hook are called, the one
    that was registered last first, and their results are put together.

    >>> from kcore.extend import hookimpl
    >>> @hookimpl
    ... def kcore_serializable_objects():
    ...     return {"my_package>double": lambda x: 2 * x}
    """

    def kcore_backends(self) -> dict[str, type | str]:
        """Backends by name.

        Returns:
            For each name the `kcore.extend.Backend` subclass, or `"module:Class"`, which is imported when the backend
            is first used. A package that adds but a backend needs no hook: the entry point `kcore.backends` is enough.
        """
        raise NotImplementedError

    def kcore_serializable_objects(self) -> dict[str, Any]:
        """Classes and functions that may be named in saved models.

        Returns:
            For each `"package>name"` the object, as if it were decorated with `register_keras_serializable`.
        """
        raise NotImplementedError

    def kcore_callbacks(self, model: Any) -> list:
        """Callbacks that join every `fit`.

        Called once at the start of each `fit`; the callbacks come after those that the user gave.

        Args:
            model: the model to be trained.

        Returns:
            New `kcore.callbacks.Callback` objects for this run; an empty list to stay out of it.
        """
        raise NotImplementedError

    def kcore_data_adapters(self) -> list:
        """Kinds of input data that `fit`, `evaluate` and `predict` take.

        Returns:
            Subclasses of `kcore.training.DataAdapter`, which says how to write one; they are asked before kcore's own.
        """
        raise NotImplementedError

    def kcore_file_formats(self) -> list:
        """File formats of `model.save` and `load_model`.

        Returns:
            Objects with `name` (as `"onnx"`), `extensions` (as `(".onnx",)`), `save_model(model, path, **options)` and
            `load_model(path, custom_objects=None, compile=True)`. A format that goes one way only leaves one out.
        """
        raise NotImplementedError


HOOK_NAMES = tuple(name for name in vars(Hooks) if name.startswith("kcore_"))
