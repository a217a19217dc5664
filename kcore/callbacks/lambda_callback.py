"""`LambdaCallback`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kcore.callbacks.callback import BATCH_HOOKS, EPOCH_HOOKS, PHASE_HOOKS, Callback
from kcore.errors import InvalidArgumentError

_HOOKS = (*EPOCH_HOOKS, *BATCH_HOOKS, *PHASE_HOOKS, "on_batch_begin", "on_batch_end")


class LambdaCallback(Callback):
    """A callback made of functions.

    Args:
        on_epoch_begin: called as `f(epoch, logs)`.
        on_epoch_end: called as `f(epoch, logs)`.
        on_train_begin: called as `f(logs)`.
        on_train_end: called as `f(logs)`.
        on_train_batch_begin: called as `f(batch, logs)`; `on_batch_begin` is another name.
        on_train_batch_end: called as `f(batch, logs)`; `on_batch_end` is another name.
        hooks: any other hook of `Callback`, by name.

    Raises:
        InvalidArgumentError: `Callback` has no hook of such a name.

    Example:
        >>> import kcore
        >>> shout = kcore.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
        >>> shout.on_epoch_end(0, {"loss": 0.25})
        0 0.25
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **hooks: Callable[..., Any] | None,
    ) -> None:
        super().__init__()
        hooks.update(
            on_epoch_begin=on_epoch_begin,
            on_epoch_end=on_epoch_end,
            on_train_begin=on_train_begin,
            on_train_end=on_train_end,
        )
        hooks["on_train_batch_begin"] = on_train_batch_begin or hooks.pop("on_batch_begin", None)
        hooks["on_train_batch_end"] = on_train_batch_end or hooks.pop("on_batch_end", None)
        for name, function in hooks.items():
            if name not in _HOOKS:
                raise InvalidArgumentError(
                    f"`LambdaCallback` knows the hooks {', '.join(sorted(_HOOKS))}. Received: {name}={function!r}"
                )
            if function is not None:
                setattr(self, name, function)
