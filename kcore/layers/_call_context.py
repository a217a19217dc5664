"""Which layer is being called or built right now: its path, its training flag, the outermost call.

A layer's `__call__` and `build` run inside `scope(layer, ...)`. Scopes nest as the calls do; the innermost is
`current()`. From it come the path in error messages and variable names (`model/dense/kernel`), the `training` flag of
nested layers, and the layer whose call started it all (it forgets the losses of the call before).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, NamedTuple

from kcore.engine import tracing
from kcore.engine.variable import name_scope


class Scope(NamedTuple):
    """One level of nesting.

    Attributes:
        layer: the layer being called or built.
        path: the names from the outermost layer to this one, joined by `/`.
        training: the training flag that nested layers inherit, `None` where nothing said.
    """

    layer: Any
    path: str
    training: bool | None


_scope: ContextVar[Scope | None] = ContextVar("kcore_layer_scope", default=None)
_learning_phase: ContextVar[bool | None] = ContextVar("kcore_learning_phase", default=None)


def current() -> Scope | None:
    """The innermost scope, or `None` outside of any layer."""
    return _scope.get()


@contextlib.contextmanager
def scope(layer: Any, training: bool | None = None) -> Iterator[Scope]:
    """Enter `layer`; entering the layer that is innermost already (its `build` inside its call) keeps the scope.

    Args:
        layer: the layer whose code runs next.
        training: its training flag; `None` inherits the flag of the scope around.
    """
    outer = _scope.get()
    if outer is not None and outer.layer is layer and training in (None, outer.training):
        yield outer
        return
    path = layer.name if outer is None else f"{outer.path}/{layer.name}"
    inherited = outer.training if training is None and outer is not None else training
    inner = Scope(layer, path, inherited)
    token = _scope.set(inner)
    try:
        with name_scope(layer.name), tracing.layer_path(path):
            yield inner
    finally:
        _scope.reset(token)


def path_of(layer: Any) -> str:
    """The path of `layer` if its code is running now, else its name."""
    inner = _scope.get()
    return inner.path if inner is not None and inner.layer is layer else layer.name


def resolve_training(explicit: Any, default: Any) -> Any:
    """The training flag of a call: the argument, else the surrounding call's, else the learning phase, else the
    default, else `False`.

    Args:
        explicit: what the caller passed as `training`, `None` if nothing.
        default: the default of the parameter `training` of the layer's `call`.
    """
    outer = _scope.get()
    inherited = outer.training if outer is not None else None
    for flag in (explicit, inherited, _learning_phase.get(), default):
        if flag is not None:
            return flag
    return False


def set_learning_phase(training: bool | None) -> None:
    """Set the training flag of calls for which nothing else says it; `None` forgets it."""
    _learning_phase.set(training)


def learning_phase() -> bool | None:
    """What `set_learning_phase` set."""
    return _learning_phase.get()
