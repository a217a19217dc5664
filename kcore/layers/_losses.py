"""The penalties a layer adds to the loss: those of `add_loss`, of its weights' regularizers, of its activity."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from kcore import tree
from kcore.engine import tracing
from kcore.errors import InvalidArgumentError
from kcore.ops._common import cast, dtype_of, wide_float
from kcore.ops.operation import any_symbolic

from . import _call_context

_pending: weakref.WeakSet[Any] = weakref.WeakSet()
"""The layers that hold losses of their last call, so that a call which follows needs no walk where nobody adds any."""


class Losses:
    """The part of `Layer` that has to do with losses."""

    path: str
    activity_regularizer: Callable[[Any], Any] | None
    _call_losses: list[Any]
    _loss_functions: list[Callable[[], Any]]
    _is_building: bool

    def add_loss(self, loss: Any) -> None:
        """Add a term to the loss that training minimizes.

        Args:
            loss: a scalar tensor, or a structure of them, computed in `call`: it counts until the next call; or a
                function without
                arguments that returns one: added outside of `call`, it counts always.

        Raises:
            InvalidArgumentError: `loss` is a `KerasTensor`, and this isn't a functional model.

        Example:
            >>> class Penalty(Layer):
            ...     def call(self, x):
            ...         self.add_loss(ops.sum(x * x))
            ...         return x
        """
        if any_symbolic(loss):
            raise InvalidArgumentError(
                "`loss` must be a tensor computed in `call`; only a functional model takes a KerasTensor. Received: "
                f"loss={loss}, layer '{self.path}'"
            )
        for term in tree.flatten(loss):
            if callable(term) and not self._in_call():
                self._loss_functions.append(term)
            elif term is not None:
                self._call_losses.append(term)
                _pending.add(self)

    def _in_call(self) -> bool:
        return _call_context.current() is not None and not self._is_building

    @property
    def losses(self) -> list[Any]:
        """The scalar terms that the last call added here and in the layers inside, then the weights' penalties.

        What a captured call added (a step of `fit`) is gone when the step is over.
        """
        terms = []
        for layer in self._flatten_layers():  # type: ignore[attr-defined]
            terms += [term() if callable(term) else term for term in (*layer._call_losses, *layer._loss_functions)]
        if not tracing.is_capturing():
            terms = [term for term in terms if not isinstance(term, tracing.Tracer) or term.value is not None]
        return terms + [v.regularizer(v) for v in self.trainable_weights if v.regularizer is not None]  # type: ignore[attr-defined]

    def _forget_losses(self) -> None:
        """Forget what calls added (a new outermost call begins)."""
        if len(_pending):
            for layer in self._flatten_layers():  # type: ignore[attr-defined]
                layer._call_losses = []
                _pending.discard(layer)

    def _penalize_activity(self, outputs: Any) -> None:
        """Add the activity regularizer's penalty of each output, divided by the batch's size, in float32 at
        least."""
        if self.activity_regularizer is not None:
            for x in tree.flatten(outputs):
                if hasattr(x, "shape") and hasattr(x, "dtype"):
                    penalty = self.activity_regularizer(cast(x, wide_float(dtype_of(x))))
                    self.add_loss(penalty / (x.shape[0] if len(x.shape) else 1))
