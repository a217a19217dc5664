"""Which part of what the user gave belongs to which output of the model."""

from __future__ import annotations

from typing import Any

from kcore import ops, tree
from kcore.errors import InvalidArgumentError


class Outputs:
    """The outputs of a model in one order, and their names.

    Args:
        model: the model; its `output_names` are used where it has as many as outputs.
        y_pred: what it gives, or the specs of that: one tensor, or dicts, lists and tuples of them.

    Attributes:
        names: a name an output; for a dict, its sorted keys.
    """

    def __init__(self, model: Any, y_pred: Any) -> None:
        paths = [path for path, _ in tree.flatten_with_path(y_pred)]
        self._by_key = isinstance(y_pred, dict)
        self._structure = tree.structure(y_pred)
        known = list(getattr(model, "output_names", None) or ())
        if self._by_key:
            self.names = ["_".join(map(str, path)) for path in paths]
        elif len(known) == len(paths):
            self.names = known
        else:
            self.names = [f"output_{number}" for number in range(1, len(paths) + 1)]

    def __len__(self) -> int:
        return len(self.names)

    def flatten(self, y_pred: Any) -> list[Any]:
        """The tensors of the outputs, in the order of `names`."""
        return tree.flatten(y_pred)

    def targets(self, y: Any, predictions: list[Any]) -> list[Any]:
        """The targets of the outputs; one of shape `(batch,)` becomes a column where the prediction is one."""
        return [
            _as_column(target, prediction) for target, prediction in zip(self.split(y, "y"), predictions, strict=True)
        ]

    def split(self, values: Any, argument: str) -> list[Any]:
        """Deal out `values` (targets, say) to the outputs.

        Args:
            values: one value for the only output, a dict by output name, a list or tuple with a value an output, or
                something nested as the outputs are.
            argument: what an error calls it.

        Returns:
            A value an output, None where there is none.

        Raises:
            InvalidArgumentError: a dict holds another name, or there are too many or too few values.
        """
        if values is None:
            return [None] * len(self)
        if isinstance(values, dict) and (len(self) > 1 or self._by_key or set(values) <= set(self.names)):
            return self._by_name(values, argument)
        if len(self) == 1:
            single = isinstance(values, (list, tuple)) and len(values) == 1
            return [values[0] if single else values]
        if isinstance(values, (list, tuple)) and len(values) == len(self):
            return list(values)
        if tree.is_nested(values) and tree.structure(values) == self._structure:
            return tree.flatten(values)
        named = ", ".join(self.names)
        raise InvalidArgumentError(
            f"`{argument}` must hold one entry for each of the model's {len(self)} outputs ({named}), in a list or in "
            f"a dict by name. Received: {_describe(values)}"
        )

    def _by_name(self, values: dict, argument: str) -> list[Any]:
        unknown = [str(name) for name in values if name not in self.names]
        if unknown and tree.structure(values) == self._structure:
            return tree.flatten(values)
        if unknown:
            raise InvalidArgumentError(
                f"The keys of `{argument}` must be names of the model's outputs, which are: {', '.join(self.names)}. "
                f"Received: {', '.join(unknown)}"
            )
        return [values.get(name) for name in self.names]


def _as_column(target: Any, prediction: Any) -> Any:
    if target is None or len(target.shape) != 1 or len(prediction.shape) != 2 or prediction.shape[-1] != 1:
        return target
    return ops.expand_dims(target, -1)


def _describe(values: Any) -> str:
    if isinstance(values, (list, tuple)):
        return f"a {type(values).__name__} of {len(values)}"
    return f"{type(values).__name__} of shape {tuple(values.shape)}" if hasattr(values, "shape") else repr(values)
