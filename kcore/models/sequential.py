"""`Sequential`: layers one after the other."""

from __future__ import annotations

from typing import Any

from kcore import dtype_policies, dtypes, registry, tree
from kcore.errors import InvalidArgumentError, UnsupportedError
from kcore.layers import InputLayer, Layer
from kcore.layers._call_arguments import CallArguments
from kcore.ops.operation import KerasTensor, Node

from .graph import Graph
from .model import Model


@registry.builtin("models")
class Sequential(Model):
    """Layers one after the other, each with one input and one output.

    Where the shape of the input is known (an `Input` first, or `input_shape` of the first layer), the model is built as
    layers are added. Else it is built by its first call, or by `build`.

    Args:
        layers: the layers to add.
        trainable: whether training changes the model.
        name: a name.
        **kwargs: `dtype`.

    Raises:
        InvalidArgumentError: something that isn't a layer, or a name that is taken.

    Example:
        >>> model = Sequential([Input((3,)), layers.Dense(2, name="dense")])
        >>> [layer.name for layer in model.layers]
        ['dense']
    """

    _untracked = Model._untracked | {"_stack"}

    def __init__(self, layers=None, trainable=True, name=None, **kwargs):
        super().__init__(name=name, trainable=trainable, **kwargs)
        self._stack: list[Layer] = []
        for layer in layers or []:
            self.add(layer)

    @property
    def input_dtype(self) -> str:
        """The dtype that floating inputs are cast to: that of variables; each layer casts to what it computes in."""
        return self.variable_dtype

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Add a layer at the end.

        Args:
            layer: a layer, a model, or what `Input` returns.
            rebuild: accepted for Keras's signature; building is cheap here.

        Raises:
            InvalidArgumentError: not a layer, a taken name, an `Input` that isn't first, or a layer with several
                outputs.
        """
        layer = self._checked(layer)
        if not self._stack and not isinstance(layer, InputLayer) and (start := _start_of(layer)) is not None:
            self.add(start)
        if self._graph is not None:
            self._append_call(layer)
        self._stack.append(layer)
        if isinstance(layer, InputLayer):
            self._set_graph(Graph(layer.output, layer.output, name=self.name))
        self._forget_trainer_functions()

    def _checked(self, layer: Any) -> Layer:
        history = getattr(layer, "_keras_history", None)
        if history is not None and isinstance(history.operation, InputLayer):
            layer = history.operation
        if not isinstance(layer, Layer):
            raise InvalidArgumentError(f"`layer` must be a layer. Received: layer={layer!r} of {type(layer)}")
        if any(layer.name == other.name for other in self._stack):
            raise InvalidArgumentError(
                f"The layers of model '{self.name}' must have different names. Received: layer={layer!r}, and the "
                "names "
                f"{[other.name for other in self._stack]}"
            )
        if isinstance(layer, InputLayer) and self._stack:
            raise InvalidArgumentError(
                f"An `Input` must come first. Received: layer={layer!r} after {self._stack[-1]!r}"
            )
        return layer

    def _append_call(self, layer: Layer) -> None:
        from kcore.layers import _call_context

        with _call_context.scope(self):
            output = layer(self._known_graph("add").outputs)
        if not isinstance(output, KerasTensor):
            if isinstance(output, (list, tuple)) and len(output) == 1:
                output = output[0]
            else:
                _detach(layer._inbound_nodes[-1])
                raise InvalidArgumentError(
                    "Every layer of a Sequential must have one output; use a functional model. Received: "
                    f"layer={layer!r} with outputs {output}"
                )
        self._set_graph(Graph(self._known_graph("add").inputs, output, name=self.name))

    def pop(self, rebuild: bool = True) -> Layer | None:
        """Remove the last layer.

        Args:
            rebuild: accepted for Keras's signature.

        Returns:
            The layer, or `None` if the model is empty.
        """
        if not self._stack or isinstance(self._stack[-1], InputLayer):
            return None
        layer = self._stack.pop()
        graph = self._graph
        if graph is not None:
            node = graph.node_of(graph.flat_outputs[0])
            previous = node.input_tensors[0]
            _detach(node)
            self._set_graph(Graph(graph.inputs, previous, name=self.name))
        elif not self._stack:
            self.built = False
        self._forget_trainer_functions()
        return layer

    def _forget_trainer_functions(self) -> None:
        """Training steps were captured for other layers."""
        if self.compiled:
            for make in (self.make_train_function, self.make_test_function, self.make_predict_function):
                make(force=True)

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the input layer."""
        return [layer for layer in self._stack if not isinstance(layer, InputLayer)]

    def _sublayers(self) -> list[Layer]:
        own = super(Model, self)._sublayers()
        return list({id(layer): layer for layer in (*vars(self).get("_stack", ()), *own)}.values())

    def build(self, input_shape: Any = None) -> None:
        """Build the layers for an input of a shape.

        Args:
            input_shape: the shape with the batch's dimension.

        Raises:
            InvalidArgumentError: no shape is given, or the model has no layers.
        """
        self._build_from(input_shape, None)

    def _build_from(self, input_shape: Any, dtype: str | None) -> None:
        if self._graph is not None:
            return
        if input_shape is None or not self._stack:
            raise InvalidArgumentError(
                f"Model '{self.name}' needs layers and an `input_shape` to be built. Received: "
                f"input_shape={input_shape}, layers={self._stack}"
            )
        stack, self._stack = self._stack, []
        self.add(InputLayer(batch_shape=tuple(input_shape), dtype=dtype))
        for layer in stack:
            self.add(layer)

    def _build_for(self, call: CallArguments) -> None:
        """The first call makes a graph from the shape of its only input; a nested input stays a loop over the
        layers."""
        inputs = call.first
        if self.built or not self._stack:
            return
        if tree.is_nested(inputs):
            self._note_build({"self": self, **call.shapes()})
        else:
            self._build_from(
                (None, *call.shapes()[call.signature.names[0]][1:]), dtypes.standardize_dtype(inputs.dtype)
            )
            self._build_shapes = {"input_shape": self.input_shape}

    def call(self, inputs, training=None, mask=None):
        """Call the layers one after the other.

        Args:
            inputs: a tensor; for a first layer that takes several, their structure.
            training: whether in training mode.
            mask: the mask of the inputs.

        Returns:
            The last layer's output.
        """
        if self._graph is not None:
            return super().call(inputs, training=training, mask=mask)
        if not self._stack:
            raise UnsupportedError(f"Model '{self.name}' has no layers to call.")
        for layer in self._stack:
            inputs = layer(inputs)
        return inputs

    def get_build_config(self) -> dict[str, Any] | None:
        """The shape of the input, if it is known."""
        return None if self._graph is None else {"input_shape": self.input_shape}

    def predict_classes(self, x: Any, batch_size: int | None = None, verbose: Any = 0) -> Any:
        """Keras 2: the class that `predict` finds likeliest for each sample, as integers.

        Args:
            x: the inputs.
            batch_size: samples a step.
            verbose: as for `predict`.
        """
        scores = self.predict(x, batch_size=batch_size, verbose=verbose)
        return scores.argmax(axis=-1) if scores.shape[-1] > 1 else (scores > 0.5).astype("int32")

    def predict_proba(self, x: Any, batch_size: int | None = None, verbose: Any = 0) -> Any:
        """Keras 2: the same as `predict`."""
        return self.predict(x, batch_size=batch_size, verbose=verbose)

    def get_config(self) -> dict[str, Any]:
        """The name and the layers, the input layer included."""
        config = {
            "name": self.name,
            "trainable": self._trainable,
            "dtype": dtype_policies.saved_form(self.dtype_policy),
            "layers": [registry.serialize_keras_object(layer) for layer in self._stack],
        }
        return config if self._graph is None else {**config, "build_input_shape": self.input_shape}

    @classmethod
    def from_config(cls, config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
        """Make a model from what `get_config` returned, or from Keras 2's list of layers.

        Args:
            config: the configuration.
            custom_objects: classes and functions by name.
        """
        if isinstance(config, list):
            config = {"layers": config}
        with registry.custom_object_scope(custom_objects or {}):
            model = cls(name=config.get("name"))
            for data in config["layers"]:
                model.add(registry.deserialize_keras_object(data, group="layers"))
        model._trainable = config.get("trainable", True)
        shape = config.get("build_input_shape")
        if model._graph is None and model._stack and isinstance(shape, (list, tuple)) and shape:
            model.build(tuple(shape))
        return model


def _start_of(layer: Layer) -> InputLayer | None:
    """An input layer for a first layer that knows the shape of its input."""
    shape, dtype = layer._batch_input_shape, layer.variable_dtype
    if shape is None and isinstance(layer, Model) and layer._graph is not None and len(layer._graph.flat_inputs) == 1:
        shape, dtype = layer._graph.flat_inputs[0].shape, layer._graph.flat_inputs[0].dtype
    return None if shape is None else InputLayer(batch_shape=shape, dtype=dtype)


def _detach(node: Node) -> None:
    """Forget a call that a popped layer was part of, if it was the layer's last."""
    for parent in node.parent_nodes:
        outbound = parent.operation._outbound_nodes
        outbound[:] = [other for other in outbound if other is not node]
    if node.operation._inbound_nodes[-1] is node:
        node.operation._inbound_nodes.pop()
