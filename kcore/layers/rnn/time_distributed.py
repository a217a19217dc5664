"""A layer that is applied to each step."""

from __future__ import annotations

import inspect
from typing import Any

from kcore import ops, registry
from kcore.layers.core.wrapper import Wrapper
from kcore.layers.input_spec import InputSpec
from kcore.layers.layer import Layer
from kcore.layers.rnn.bidirectional import Bidirectional
from kcore.layers.rnn.rnn import RNN


@registry.builtin("layers")
class TimeDistributed(Wrapper):
    """Applies a layer to each step of a sequence, with the same weights.

    All steps go through the layer at once, as one batch of `batch * steps`: a batch normalization inside sees them all.

    Args:
        layer: the layer.
        **kwargs: options of every layer.

    Call arguments:
        inputs: `(batch, steps, ...)`.
        training: passed on.
        mask: `(batch, steps)`, or with more axes that belong to the step; passed on where the layer takes a mask.

    Returns: `(batch, steps, ...)`, with the mask of the input.

    >>> import numpy as np
    >>> from kcore.layers.core.dense import Dense
    >>> TimeDistributed(Dense(2))(np.ones((3, 5, 4), "float32")).shape
    (3, 5, 2)
    """

    def __init__(self, layer: Layer, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.supports_masking = True
        self.input_spec = InputSpec(min_ndim=2)
        parameters = inspect.signature(layer.call).parameters
        self._passed = {"training", "mask"} & set(parameters)

    def build(self, input_shape: Any) -> None:
        super().build((None, *input_shape[2:]))

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        batch, steps = inputs.shape[:2]
        options = {"training": training, "mask": self._inner_mask(mask)}
        y = self.layer(_merged(inputs), **{name: options[name] for name in self._passed})
        return ops.reshape(y, (batch, steps, *y.shape[1:]))

    def _inner_mask(self, mask: Any) -> Any:
        """The mask of the steps as one batch; a mask of whole steps isn't one of a recurrent layer's own steps."""
        whole = mask is not None and len(mask.shape) == 2
        return None if mask is None or (whole and isinstance(self.layer, (RNN, Bidirectional))) else _merged(mask)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        if mask is None or len(mask.shape) == 2:
            return mask
        inner = self.layer.compute_mask(_merged(inputs), _merged(mask))
        if inner is None:
            return ops.any(mask, axis=tuple(range(2, len(mask.shape))))
        return ops.reshape(inner, (*inputs.shape[:2], *inner.shape[1:]))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        inner = self.layer.compute_output_shape((None, *input_shape[2:]))
        return (*input_shape[:2], *inner[1:])


def _merged(x: Any) -> Any:
    """`(batch, steps, ...)` as `(batch * steps, ...)`."""
    return ops.reshape(x, (x.shape[0] * x.shape[1], *x.shape[2:]))
