"""Several cells as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kcore import ops, registry
from kcore.errors import InvalidArgumentError
from kcore.layers._parts import drop
from kcore.layers.layer import Layer


@registry.builtin("layers")
class StackedRNNCells(Layer):
    """Cells that feed each other at each step: the output of one is the input of the next.

    Args:
        cells: a list of cells.
        **kwargs: options of every layer.

    Returns: called as a cell, `(output of the last, list of the states of each)`.

    Raises:
        InvalidArgumentError: if a cell has no `call` or no `state_size`.

    >>> from kcore.layers.rnn.simple_rnn import SimpleRNNCell
    >>> StackedRNNCells([SimpleRNNCell(4), SimpleRNNCell(3)]).state_size
    [4, 3]
    """

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        drop(kwargs, "reverse_state_order")
        super().__init__(**kwargs)
        self.cells = list(cells)
        for cell in self.cells:
            if not callable(getattr(cell, "call", None)) or not hasattr(cell, "state_size"):
                raise InvalidArgumentError(f"`cells` must have `call` and `state_size`. Received: {cell!r}")

    @property
    def state_size(self) -> list[Any]:
        """The state sizes of the cells."""
        sizes = [cell.state_size for cell in self.cells]
        return [list(size) if isinstance(size, (list, tuple)) else size for size in sizes]

    @property
    def output_size(self) -> Any:
        """The size of the last cell's output."""
        return _output_size(self.cells[-1])

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """The first states of each cell."""
        return [_initial_state(cell, batch_size, self.compute_dtype) for cell in self.cells]

    def build(self, input_shape: Any) -> None:
        shape = tuple(input_shape)
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                cell.build(shape)
                cell.built = True
            size = _output_size(cell)
            shape = (shape[0], *(size if isinstance(size, (list, tuple)) else (size,)))

    def call(self, inputs: Any, states: Any, training: bool | None = False) -> tuple[Any, list[Any]]:
        new_states = []
        for cell, state in zip(self.cells, states, strict=True):
            inputs, new = cell(inputs, _as_list(state), training=training)
            new_states.append(_as_list(new))
        return inputs, new_states

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"cells": [registry.serialize_keras_object(cell) for cell in self.cells]}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        config = dict(config)
        cells = config.pop("cells")
        config["cells"] = [registry.deserialize_keras_object(cell, custom_objects=custom_objects) for cell in cells]
        return super().from_config(config)


def _output_size(cell: Any) -> Any:
    size = getattr(cell, "output_size", None)
    if size is not None:
        return size
    return cell.state_size[0] if isinstance(cell.state_size, (list, tuple)) else cell.state_size


def _initial_state(cell: Any, batch_size: Any, dtype: str) -> list[Any]:
    if hasattr(cell, "get_initial_state"):
        return _as_list(cell.get_initial_state(batch_size=batch_size))
    return [ops.zeros((batch_size, size), dtype=dtype) for size in _as_list(cell.state_size)]


def _as_list(states: Any) -> list[Any]:
    return list(states) if isinstance(states, (list, tuple)) else [states]
