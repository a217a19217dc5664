"""`Callback`: what every callback derives from, and the names of its hooks."""

from __future__ import annotations

from typing import Any

#: Logs as hooks receive them: metric names to numbers.
Logs = dict[str, Any]

BATCH_HOOKS = tuple(f"on_{phase}_batch_{edge}" for phase in ("train", "test", "predict") for edge in ("begin", "end"))
PHASE_HOOKS = tuple(f"on_{phase}_{edge}" for phase in ("train", "test", "predict") for edge in ("begin", "end"))
EPOCH_HOOKS = ("on_epoch_begin", "on_epoch_end")


class Callback:
    """Something that is told how a `fit`, `evaluate` or `predict` goes.

    Override the hooks you need; the others cost nothing, for a hook that isn't overridden is never called. `logs` maps
    metric names to Python floats. In the batch hooks they are read from the device when they are first looked at, so a
    callback that ignores them doesn't make the host wait.

    Attributes:
        params: a dict with `epochs`, `steps` (None if unknown) and `verbose`.
        model: the model being trained, evaluated or asked. Set `model.stop_training = True` to end `fit` after the
            current batch.

    Example:
        >>> import kcore
        >>> class Announce(kcore.callbacks.Callback):
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         print(f"epoch {epoch} is over")
        >>> Announce().on_epoch_end(3)
        epoch 3 is over
    """

    def __init__(self) -> None:
        self.params: dict[str, Any] | None = None
        self.validation_data = None
        self._model: Any = None

    @property
    def model(self) -> Any:
        """The model that this callback was given to, or None."""
        return getattr(self, "_model", None)

    @model.setter
    def model(self, model: Any) -> None:
        self._model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Receive `params` before the first hook."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Receive the model before the first hook."""
        self._model = model

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Another name for `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Another name for `on_train_batch_end`."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Called before the first batch of epoch `epoch`, counted from 0. Only in `fit`."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Called after an epoch and its validation; `logs` hold training results, and validation's with `val_`."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a training batch; `batch` counts from 0 in each epoch."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a training batch; `logs` are the means over the epoch so far."""
        self.on_batch_end(batch, logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a batch of `evaluate` or of `fit`'s validation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a batch of `evaluate` or of `fit`'s validation."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a batch of `predict`."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a batch of `predict`; `logs["outputs"]` is what the model gave."""

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Called when `fit` begins."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Called when `fit` ends; `logs` are those of the last epoch."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Called when `evaluate`, or `fit`'s validation, begins."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Called when `evaluate`, or `fit`'s validation, ends."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Called when `predict` begins."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Called when `predict` ends."""


#: A training batch hook also counts as overridden when its Keras 2 name is.
OLD_NAMES = {"on_train_batch_begin": "on_batch_begin", "on_train_batch_end": "on_batch_end"}


def overrides(callback: Any, hook: str) -> bool:
    """Whether `callback` does anything in `hook`."""
    names = [hook, OLD_NAMES[hook]] if hook in OLD_NAMES else [hook]
    return any(_differs_from_base(callback, name) for name in names)


def _differs_from_base(callback: Any, name: str) -> bool:
    method = getattr(callback, name, None)
    return method is not None and getattr(method, "__func__", method) is not getattr(Callback, name)
