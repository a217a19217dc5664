"""`CallbackList`: calls the hooks of several callbacks, and only those that do something."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from kcore.callbacks.callback import BATCH_HOOKS, EPOCH_HOOKS, PHASE_HOOKS, Callback, Logs, overrides
from kcore.callbacks.history import History
from kcore.callbacks.progbar_logger import ProgbarLogger
from kcore.errors import InvalidTypeError

_HOOKS = BATCH_HOOKS + EPOCH_HOOKS + PHASE_HOOKS


class CallbackList(Callback):
    """Several callbacks that are called as one, in order.

    Args:
        callbacks: a callback, an iterable of callbacks (possibly nested in lists or tuples), or None.
        add_history: whether to add a `History` where there is none.
        add_progbar: whether to add a `ProgbarLogger` where there is none.
        model: the model to hand to them.
        params: what to hand to their `set_params`.

    Raises:
        InvalidTypeError: something in `callbacks` has no hooks.
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks = list(_flat(callbacks))
        if add_progbar and not self._has(ProgbarLogger):
            self.callbacks.append(ProgbarLogger())
        if add_history and not self._has(History):
            self.callbacks.append(History())
        self._called: dict[str, list[Callable[..., Any]]] = {}
        if params:
            self.set_params(params)
        if model is not None:
            self.set_model(model)

    def append(self, callback: Callback) -> None:
        """Add `callback` at the end."""
        self.callbacks.extend(_flat(callback))
        self._called.clear()

    def __iter__(self) -> Iterator[Any]:
        return iter(self.callbacks)

    def set_params(self, params: dict[str, Any]) -> None:
        """Hand `params` to every callback."""
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Hand the model to every callback, and its history to the model."""
        super().set_model(model)
        for callback in self.callbacks:
            callback.set_model(model)
            if isinstance(callback, History):
                model.history = callback

    def called(self, hook: str) -> list[Callable[..., Any]]:
        """The bound methods that `hook` stands for; empty when no callback overrides it."""
        if hook not in self._called:
            self._called[hook] = self._overriding(hook)
        return self._called[hook]

    def _overriding(self, hook: str) -> list[Callable[..., Any]]:
        return [getattr(callback, hook) for callback in self.callbacks if overrides(callback, hook)]

    def _has(self, kind: type) -> bool:
        return any(isinstance(callback, kind) for callback in self.callbacks)


def _flat(callbacks: Any) -> Iterator[Any]:
    if callbacks is None:
        return
    if isinstance(callbacks, CallbackList):
        yield from callbacks.callbacks
    elif isinstance(callbacks, Iterable):
        for callback in callbacks:
            yield from _flat(callback)
    elif hasattr(callbacks, "on_epoch_end") and hasattr(callbacks, "set_model"):
        yield callbacks
    else:
        raise InvalidTypeError(
            "`callbacks` must hold `kcore.callbacks.Callback` objects, alone or in a list. "
            f"Received: callbacks={callbacks!r}"
        )


def _forward(hook: str) -> Callable[..., None]:
    numbered = hook not in PHASE_HOOKS

    def call_numbered(self: CallbackList, number: int, logs: Logs | None = None) -> None:
        for method in self.called(hook):
            method(number, logs)

    def call(self: CallbackList, logs: Logs | None = None) -> None:
        for method in self.called(hook):
            method(logs)

    function = call_numbered if numbered else call
    function.__name__ = hook
    function.__doc__ = f"Call `{hook}` of every callback that overrides it."
    return function


for _hook in _HOOKS:
    setattr(CallbackList, _hook, _forward(_hook))
CallbackList.on_batch_begin = CallbackList.on_train_batch_begin
CallbackList.on_batch_end = CallbackList.on_train_batch_end
