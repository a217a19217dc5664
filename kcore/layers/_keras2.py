"""What a layer of Keras 2 had and one of Keras 3 has not: shape arguments of the constructor, and queries by call
index."""

from __future__ import annotations

from typing import Any

from kcore import tree
from kcore.errors import InvalidArgumentError
from kcore.ops import masks

from ._call_arguments import shapes_of

INPUT_ARGUMENTS = ("input_shape", "input_dim", "batch_input_shape", "batch_shape", "batch_size", "input_dtype")


def take_batch_shape(kwargs: dict[str, Any]) -> tuple[int | None, ...] | None:
    """Take the constructor arguments that say what the layer's input looks like, and make one batch shape of them.

    Args:
        kwargs: the constructor's keyword arguments; those taken are removed.

    Returns:
        The shape with the batch's size (or `None`) first, or `None` if nothing says it.
    """
    batch_size = kwargs.pop("batch_size", None)
    full = kwargs.pop("batch_input_shape", None) or kwargs.pop("batch_shape", None)
    kwargs.pop("batch_shape", None)
    shape, dim = kwargs.pop("input_shape", None), kwargs.pop("input_dim", None)
    if full is not None:
        return tuple(full)
    if shape is None and dim is None:
        return None
    return (batch_size, *((dim,) if shape is None else (shape,) if isinstance(shape, int) else shape))


class Keras2:
    """The part of `Layer` that has to do with Keras 2: the symbolic calls that were made, by index."""

    name: str
    _inbound_nodes: list[Any]
    _batch_input_shape: tuple[int | None, ...] | None

    @property
    def input_shape(self) -> Any:
        """The shape of the input, or the structure of shapes: of all symbolic calls, or of the constructor's
        argument."""
        return self._shape_of_all("input_tensors")

    @property
    def output_shape(self) -> Any:
        """The shape of the output, or the structure of shapes, which is the same for all symbolic calls."""
        return self._shape_of_all("outputs")

    def _shape_of_all(self, side: str) -> Any:
        shapes = [shapes_of(_single(getattr(node, side))) for node in self._inbound_nodes]
        what = "input_shape" if side == "input_tensors" else "output_shape"
        if not shapes:
            if side == "input_tensors" and self._batch_input_shape is not None:
                return self._batch_input_shape
            raise AttributeError(
                f"`{self.name}.{what}` isn't known: layer '{self.name}' was never called symbolically."
            )
        if any(shape != shapes[0] for shape in shapes):
            raise AttributeError(
                f"`{self.name}.{what}` is ambiguous: layer '{self.name}' was called on several shapes ({shapes}). "
                f"Use `get_{what}_at(node_index)`."
            )
        return shapes[0]

    def get_input_at(self, node_index: int) -> Any:
        """The `KerasTensor`s that symbolic call number `node_index` took: one, or a list."""
        return _single(self._node_at(node_index).input_tensors)

    def get_output_at(self, node_index: int) -> Any:
        """The `KerasTensor`s that symbolic call number `node_index` returned."""
        return self._node_at(node_index).outputs

    def get_input_shape_at(self, node_index: int) -> Any:
        """The shapes that symbolic call number `node_index` took."""
        return shapes_of(self.get_input_at(node_index))

    def get_output_shape_at(self, node_index: int) -> Any:
        """The shapes that symbolic call number `node_index` returned."""
        return shapes_of(self.get_output_at(node_index))

    def get_input_mask_at(self, node_index: int) -> Any:
        """The masks of the inputs of symbolic call number `node_index`."""
        return tree.map_structure(masks.get_mask, self.get_input_at(node_index))

    def get_output_mask_at(self, node_index: int) -> Any:
        """The masks of the outputs of symbolic call number `node_index`."""
        return tree.map_structure(masks.get_mask, self.get_output_at(node_index))

    @property
    def input_mask(self) -> Any:
        """The masks of the inputs of the only symbolic call."""
        return tree.map_structure(masks.get_mask, self.input)  # type: ignore[attr-defined]

    @property
    def output_mask(self) -> Any:
        """The masks of the outputs of the only symbolic call."""
        return tree.map_structure(masks.get_mask, self.output)  # type: ignore[attr-defined]

    def _node_at(self, node_index: int) -> Any:
        if not -len(self._inbound_nodes) <= node_index < len(self._inbound_nodes):
            calls = len(self._inbound_nodes)
            raise InvalidArgumentError(
                f"`node_index` must name one of the {calls} symbolic calls of layer '{self.name}'. Received: "
                f"{node_index}"
            )
        return self._inbound_nodes[node_index]


def _single(tensors: Any) -> Any:
    return tensors[0] if isinstance(tensors, (list, tuple)) and len(tensors) == 1 else tensors
