"""`Input` and `InputLayer`: where a model's data come in."""

from __future__ import annotations

from typing import Any

from kcore import config, dtypes, registry
from kcore.errors import InvalidArgumentError, UnsupportedError
from kcore.layers.layer import Layer
from kcore.ops.operation import KerasTensor, Node


@registry.builtin("layers")
class InputLayer(Layer):
    """The start of a graph of layers: one input of a model, described by its shape and dtype.

    Args:
        shape: the shape without the batch's dimension; `None` for a dimension of any size.
        batch_size: the batch's size, `None` for any.
        dtype: the dtype; `config.floatx()` if `None`.
        sparse: accepted when false: kcore has no sparse tensors.
        ragged: likewise.
        batch_shape: the shape with the batch's dimension, in the place of `shape` and `batch_size`.
        input_tensor: a `KerasTensor` to wrap; its shape and dtype are taken.
        optional: whether the model may be called with `None` for this input.
        name: a name.
        **kwargs: Keras 2's `input_shape` and `batch_input_shape`.

    Raises:
        InvalidArgumentError: no shape is given, or two are.
        UnsupportedError: `sparse` or `ragged` is true.

    Example:
        >>> InputLayer((3,), batch_size=2).output.shape
        (2, 3)
    """

    def __init__(
        self,
        shape=None,
        batch_size=None,
        dtype=None,
        sparse=None,
        ragged=None,
        batch_shape=None,
        input_tensor=None,
        optional=False,
        name=None,
        **kwargs,
    ):
        shape = kwargs.pop("input_shape", shape)
        batch_shape = kwargs.pop("batch_input_shape", batch_shape)
        if sparse or ragged:
            raise UnsupportedError(f"An input must be dense. Received: sparse={sparse}, ragged={ragged}")
        super().__init__(name=name, **kwargs)
        if input_tensor is not None:
            batch_shape, dtype = input_tensor.shape, dtype or input_tensor.dtype
        self.batch_shape = _batch_shape(self.name, shape, batch_size, batch_shape)
        self._dtype = dtypes.standardize_dtype(dtype or config.floatx())
        self.optional = optional
        self.sparse = self.ragged = False
        self.supports_masking = True
        self.built = True
        output = KerasTensor(self.batch_shape, self._dtype, name=self.name)
        Node(self, (), {}, output)

    def call(self, *args):
        """An input isn't called; a model puts its data here.

        Raises:
            UnsupportedError: always.
        """
        raise UnsupportedError(f"Input '{self.name}' can't be called: pass data to the model instead.")

    @property
    def dtype(self) -> str:
        """The dtype of the data."""
        return self._dtype

    def get_config(self) -> dict[str, Any]:
        """`batch_shape`, `dtype`, `sparse`, `ragged`, `name` and `optional`."""
        return {
            "batch_shape": self.batch_shape,
            "dtype": self.dtype,
            "sparse": self.sparse,
            "ragged": self.ragged,
            "name": self.name,
            "optional": self.optional,
        }

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_inbound_nodes": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__({**state, "_inbound_nodes": []})
        Node(self, (), {}, KerasTensor(self.batch_shape, self._dtype, name=self.name))


def _batch_shape(name: str, shape: Any, batch_size: int | None, batch_shape: Any) -> tuple[int | None, ...]:
    if (shape is None) == (batch_shape is None):
        raise InvalidArgumentError(
            f"Input '{name}' needs exactly one of `shape` and `batch_shape`. Received: shape={shape}, "
            f"batch_shape={batch_shape}"
        )
    if batch_shape is not None and batch_size is not None and next(iter(batch_shape), None) != batch_size:
        raise InvalidArgumentError(
            f"Input '{name}' has its batch's size in `batch_shape` already. Received: batch_size={batch_size}, "
            f"batch_shape={batch_shape}"
        )
    full = (batch_size, *((shape,) if isinstance(shape, int) else shape)) if batch_shape is None else tuple(batch_shape)
    if any(dim is not None and (not hasattr(dim, "__index__") or int(dim) < 0) for dim in full):
        raise InvalidArgumentError(f"`shape` of input '{name}' must hold integers or `None`. Received: shape={full}")
    return tuple(None if dim is None else int(dim) for dim in full)


def Input(
    shape=None,
    batch_size=None,
    dtype=None,
    sparse=None,
    ragged=None,
    batch_shape=None,
    name=None,
    tensor=None,
    optional=False,
    **kwargs,
) -> Any:
    """Describe an input of a model: what layers are called on to describe the rest.

    Args:
        shape: the shape without the batch's dimension; `None` for a dimension of any size.
        batch_size: the batch's size, `None` for any.
        dtype: the dtype; `config.floatx()` if `None`.
        sparse: accepted when false: kcore has no sparse tensors.
        ragged: likewise.
        batch_shape: the shape with the batch's dimension, in the place of `shape` and `batch_size`.
        name: the name of the input, and of its layer.
        tensor: a `KerasTensor` whose shape and dtype to take.
        optional: whether the model may be called with `None` for this input.
        **kwargs: Keras 2's `batch_input_shape`.

    Returns:
        A `KerasTensor`.

    Raises:
        InvalidArgumentError: no shape is given, or two are.

    Example:
        >>> Input((28, 28, 1)).shape
        (None, 28, 28, 1)
    """
    layer = InputLayer(
        shape,
        batch_size,
        dtype,
        sparse,
        ragged,
        batch_shape,
        input_tensor=tensor,
        optional=optional,
        name=name,
        **kwargs,
    )
    return layer.output
