"""A penalty on what passes through."""

from __future__ import annotations

from typing import Any

from kcore import registry, regularizers
from kcore.layers._parts import SameShape, check_number, describe


@registry.builtin("layers")
class ActivityRegularization(SameShape):
    """Returns its input, and adds `l1 * sum(|x|) + l2 * sum(x**2)`, divided by the batch size, to the loss.

    Args:
        l1: weight of the sum of absolute values.
        l2: weight of the sum of squares.
        **kwargs: options of every layer.

    Returns: the input.

    >>> import numpy as np
    >>> layer = ActivityRegularization(l1=0.5)
    >>> layer(np.ones((1, 4), "float32")).shape, [float(loss) for loss in layer.losses]
    ((1, 4), [2.0])
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        self.l1 = check_number("l1", l1)
        self.l2 = check_number("l2", l2)
        kwargs.pop("activity_regularizer", None)
        super().__init__(activity_regularizer=regularizers.L1L2(l1=self.l1, l2=self.l2), **kwargs)

    def call(self, inputs: Any) -> Any:
        return inputs

    def get_config(self) -> dict[str, Any]:
        config = super().get_config() | describe(self, "l1", "l2")
        config.pop("activity_regularizer", None)
        return config
