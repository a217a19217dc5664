"""A recurrent layer in both directions."""

from __future__ import annotations

from typing import Any

from kcore import ops, registry, tree
from kcore.errors import InvalidArgumentError, InvalidTypeError
from kcore.layers._parts import describe
from kcore.layers.layer import Layer

MERGE_MODES = ("sum", "mul", "ave", "concat", None)


@registry.builtin("layers")
class Bidirectional(Layer):
    """Runs a recurrent layer along the sequence, and one like it from its end, and merges their outputs.

    Args:
        layer: a recurrent layer. It serves as a pattern: the two layers are made from its configuration, with weights
            of their own.
        merge_mode: how outputs are merged: `"concat"`, `"sum"`, `"ave"` (the mean), `"mul"`, or `None` for both.
        weights: the weights of both layers, a list of arrays, in place of initializers.
        backward_layer: the pattern of the backward layer, which has to have `go_backwards`; `None` for `layer`
            reversed.
        **kwargs: options of every layer.

    Where all outputs are returned, those of masked steps are 0: an output repeated from the step before would come from
    one side in one direction and from the other in the other.

    Call arguments:
        sequences: `(batch, steps, ...)`, or a list of it and the first states.
        initial_state: the first states of the forward layer, then those of the backward layer, in one list.
        mask: `(batch, steps)`, booleans.
        training: passed on.

    Returns: the merged outputs, all in the order of the input's steps, followed by the states of the forward layer
        and those of the backward layer if the layers return them.

    Raises:
        InvalidArgumentError: if `merge_mode` is another, or the two layers don't match.
        InvalidTypeError: if `layer` isn't a recurrent layer.

    Source: Schuster and Paliwal, "Bidirectional recurrent neural networks" (1997).

    >>> import numpy as np
    >>> from kcore.layers.rnn.lstm import LSTM
    >>> Bidirectional(LSTM(3, return_sequences=True))(np.ones((2, 5, 4), "float32")).shape
    (2, 5, 6)
    """

    def __init__(
        self,
        layer: Layer,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Layer | None = None,
        **kwargs: Any,
    ) -> None:
        for name, value in (("layer", layer), ("backward_layer", backward_layer)):
            if value is not None and not (isinstance(value, Layer) and hasattr(value, "go_backwards")):
                raise InvalidTypeError(
                    f"`{name}` must be a recurrent layer with `go_backwards`. Received: {name}={value!r}"
                )
        if merge_mode not in MERGE_MODES:
            raise InvalidArgumentError(
                f"`merge_mode` must be one of {MERGE_MODES}. Received: merge_mode={merge_mode!r}"
            )
        if layer._batch_input_shape is not None:
            kwargs.setdefault("batch_input_shape", layer._batch_input_shape)
        super().__init__(weights=weights, **kwargs)
        self.merge_mode = merge_mode
        self.forward_layer: Any = _copy(layer, "forward", layer.go_backwards)  # type: ignore[attr-defined]
        self.backward_layer: Any = _copy(backward_layer or layer, "backward", not layer.go_backwards)  # type: ignore[attr-defined]
        self._given_backward = backward_layer is not None
        self._check_match(backward_layer)
        self.return_sequences = self.forward_layer.return_sequences
        self.return_state = self.forward_layer.return_state
        for one in (self.forward_layer, self.backward_layer):
            one.zero_output_for_mask = self.return_sequences
        self.stateful = self.forward_layer.stateful
        self.supports_masking = True
        self.input_spec = self.forward_layer.input_spec

    def _check_match(self, given: Any) -> None:
        if given is None:
            return
        if given.go_backwards == self.forward_layer.go_backwards:
            raise InvalidArgumentError(
                "`backward_layer` must go in the other direction than `layer`: set `go_backwards`"
            )
        for name in ("return_sequences", "return_state", "stateful"):
            ours, theirs = getattr(self.forward_layer, name), getattr(given, name)
            if ours != theirs:
                raise InvalidArgumentError(
                    f"`layer` and `backward_layer` must agree in `{name}`. Received: {ours} and {theirs}"
                )

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        for layer in (self.forward_layer, self.backward_layer):
            if not layer.built:
                layer.build(sequences_shape)

    def __call__(self, sequences: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(sequences, (list, tuple)):
            sequences, *states = sequences
            if states:
                kwargs["initial_state"] = states
        return super().__call__(sequences, *args, **kwargs)

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool | None = None) -> Any:
        first, second = self._split_states(initial_state)
        options = {"mask": mask, "training": training}
        ahead = self.forward_layer(sequences, initial_state=first, **options)
        back = self.backward_layer(sequences, initial_state=second, **options)
        (y, *states), (y_back, *states_back) = (_as_list(ahead, self.return_state), _as_list(back, self.return_state))
        if self.return_sequences:
            y_back = ops.flip(y_back, axis=1)
        merged = self._merge(y, y_back)
        if not self.return_state:
            return merged
        return (*(merged if self.merge_mode is None else (merged,)), *states, *states_back)

    def _split_states(self, states: Any) -> tuple[Any, Any]:
        if states is None:
            return None, None
        flat = tree.flatten(states)
        if len(flat) % 2:
            raise InvalidArgumentError(
                f"`initial_state` of layer '{self.name}' must hold as many tensors for each direction. "
                f"Received: {len(flat)}"
            )
        return flat[: len(flat) // 2], flat[len(flat) // 2 :]

    def _merge(self, x: Any, y: Any) -> Any:
        if self.merge_mode == "concat":
            return ops.concatenate([x, y], axis=-1)
        if self.merge_mode == "sum":
            return ops.add(x, y)
        if self.merge_mode == "ave":
            return ops.multiply(ops.add(x, y), 0.5)
        return ops.multiply(x, y) if self.merge_mode == "mul" else (x, y)

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        one = self.forward_layer.compute_output_shape(sequences_shape)
        two = self.backward_layer.compute_output_shape(sequences_shape)
        (y, *states), (y_back, *states_back) = (one, two) if self.return_state else ((one,), (two,))
        if self.merge_mode is None:
            return (y, y_back, *states, *states_back)
        merged = (*y[:-1], y[-1] + y_back[-1]) if self.merge_mode == "concat" else y
        return (merged, *states, *states_back) if self.return_state else merged

    def compute_mask(self, _: Any, mask: Any = None) -> Any:
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        output = mask if self.return_sequences else None
        outputs = [output, output] if self.merge_mode is None else [output]
        if not self.return_state:
            return outputs if self.merge_mode is None else output
        count = len(tree.flatten([self.forward_layer.state_sizes, self.backward_layer.state_sizes]))
        return [*outputs, *(None for _ in range(count))]

    @property
    def states(self) -> Any:
        """The states of the forward layer, then those of the backward layer; `None` before they are made."""
        ahead, back = self.forward_layer.states, self.backward_layer.states
        return None if ahead is None or back is None else [*ahead, *back]

    def reset_states(self) -> None:
        """Sets the states of both layers to zero."""
        self.forward_layer.reset_states()
        self.backward_layer.reset_states()

    def reset_state(self) -> None:
        """The same as `reset_states()`."""
        self.reset_states()

    def get_config(self) -> dict[str, Any]:
        config = super().get_config() | describe(self, "merge_mode")
        config["layer"] = registry.serialize_keras_object(self.forward_layer)
        config["backward_layer"] = registry.serialize_keras_object(self.backward_layer)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        config = dict(config)
        for name in ("layer", "backward_layer"):
            if isinstance(config.get(name), dict):
                stored = {key: value for key, value in config[name].items() if key != "build_config"}
                config[name] = registry.deserialize_keras_object(stored, custom_objects=custom_objects)
        config.pop("num_constants", None)
        return super().from_config(config)


def _copy(layer: Any, direction: str, go_backwards: bool) -> Any:
    """A layer like `layer`, with weights of its own, that goes in a direction and is named after it."""
    name = layer.name
    for prefix in ("forward_", "backward_"):
        name = name.removeprefix(prefix)
    return type(layer).from_config({**layer.get_config(), "name": f"{direction}_{name}", "go_backwards": go_backwards})


def _as_list(outputs: Any, several: bool) -> list[Any]:
    return list(outputs) if several else [outputs]
