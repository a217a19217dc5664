"""The base of the recurrent layers that bring their own cell."""

from __future__ import annotations

from typing import Any

from kcore import activations, ops, registry
from kcore.layers._parts import describe, drop
from kcore.layers.input_spec import InputSpec
from kcore.layers.rnn._cell import RecurrentCell
from kcore.layers.rnn.rnn import RNN


class CellLayer(RNN):
    """An `RNN` whose constructor takes the options of its cell, and which shows them as its own.

    Args:
        cell_class: the class of the cell.
        arguments: what `locals()` gives at the start of the subclass's constructor: its arguments by name. Those that
            are the cell's options go to the cell, the others to `RNN`.
    """

    cell: RecurrentCell

    def __init__(self, cell_class: type[RecurrentCell], arguments: dict[str, Any]) -> None:
        options = {name: value for name, value in arguments.items() if name not in ("self", "kwargs", "__class__")}
        options |= arguments["kwargs"]
        drop(options, "use_cudnn")
        of_cell = {name: options.pop(name) for name in cell_class.CONFIG if name in options}
        shared = {name: options[name] for name in ("dtype", "trainable") if name in options}
        super().__init__(cell_class(**of_cell, **shared, name=registry.snake_case(cell_class.__name__)), **options)
        self.input_spec = InputSpec(ndim=3)

    @property
    def fused_options(self) -> dict[str, Any]:
        """The static parameters of the fused op."""
        return {"activation": "tanh", "recurrent_activation": "sigmoid", "reverse": self.go_backwards}

    def inputs_if_fusible(self, sequences: Any, mask: Any, training: Any) -> Any:
        """The inputs of all steps, after dropout, or `None` where the fused op doesn't compute what is asked for."""
        cell = self.cell
        gates = getattr(cell, "recurrent_activation", None)
        standard = cell.activation is activations.tanh and gates is activations.sigmoid
        dropping = training and cell.recurrent_dropout > 0
        if not standard or dropping or self.unroll or mask is not None:
            return None
        input_mask, _ = cell.masks(sequences.shape[0], training)
        return sequences if input_mask is None else ops.multiply(sequences, ops.expand_dims(input_mask, 1))

    def fused_weights(self) -> tuple[Any, Any, Any]:
        """Kernel, recurrent kernel and bias, as the fused op takes them."""
        cell, dtype = self.cell, self.compute_dtype
        bias = ops.zeros(cell.bias_shape, dtype=dtype) if cell.bias is None else ops.cast(cell.bias, dtype)
        return ops.cast(cell.kernel, dtype), ops.cast(cell.recurrent_kernel, dtype), bias

    def in_order_of_making(self, ys: Any) -> Any:
        """Outputs that are in the order of the inputs, in the order in which they were made."""
        return ops.flip(ys, axis=1) if self.go_backwards and self.return_sequences else ys

    def get_config(self) -> dict[str, Any]:
        config = super().get_config() | describe(self.cell, *self.cell.CONFIG) | describe(self, "activity_regularizer")
        del config["cell"]
        return config


def shows_cell(cls: type[CellLayer], cell: type[RecurrentCell]) -> None:
    """Gives the layer class a read-only property for each option of its cell's class."""
    for name in cell.CONFIG:
        setattr(cls, name, property(lambda self, name=name: getattr(self.cell, name), doc=f"The cell's `{name}`."))
