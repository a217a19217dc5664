"""`Model`: a layer that holds layers, and can be trained, saved and summarized."""

from __future__ import annotations

import copy
from typing import Any

from kcore import registry, tree
from kcore.engine.selection import get_backend
from kcore.engine.variable import moving_to
from kcore.errors import InvalidArgumentError, UnsupportedError
from kcore.layers import Layer
from kcore.layers._call_arguments import CallArguments, shapes_of
from kcore.layers._symbolic import map_shapes
from kcore.ops import masks
from kcore.ops.operation import KerasTensor, any_symbolic

from ._inputs import fit_inputs, input_names
from ._saving import SavingMethods
from ._training import TrainingMethods
from .graph import Graph


def _is_functional(args: tuple, kwargs: dict[str, Any]) -> bool:
    given = len(args) + ("inputs" in kwargs) + ("outputs" in kwargs)
    return given >= 2 and (len(args) != 1 or "inputs" not in kwargs)


@registry.builtin("models")
class Model(TrainingMethods, SavingMethods, Layer):
    """Layers that make up one function, with what it takes to train and save it.

    `Model(inputs, outputs)` is a functional model: the calls between some `KerasTensor`s and others. A subclass makes
    its layers in `__init__` and calls them in `call`.

    Args:
        inputs: a `KerasTensor`, or a list or dictionary of them.
        outputs: likewise; computed from `inputs`.
        name: a name.
        **kwargs: as of every layer: `trainable`, `dtype`.

    Raises:
        InvalidArgumentError: the graph isn't connected, has a cycle, or two of its layers have one name.

    Example:
        >>> inputs = Input((3,))
        >>> model = Model(inputs, inputs * 2.0)
        >>> model(np.ones((1, 3))).shape
        (1, 3)
    """

    _untracked = Layer._untracked | {"_graph", "_own_trainer", "history", "_set_optimizer", "_set_loss"}

    def __new__(cls, *args, **kwargs):
        if cls is Model and _is_functional(args, kwargs):
            from .functional import Functional

            return super().__new__(Functional, *args, **kwargs)  # type: ignore[arg-type]
        instance = super().__new__(cls, *args, **kwargs)
        vars(instance).setdefault("_graph", None)
        return instance

    def __init__(self, *args, inputs=None, outputs=None, name=None, **kwargs):
        given = dict(zip(("inputs", "outputs", "name"), args, strict=False))
        inputs, outputs, name = given.get("inputs", inputs), given.get("outputs", outputs), given.get("name", name)
        super().__init__(name=name, **kwargs)
        self._graph: Graph | None = None
        if inputs is not None or outputs is not None:
            if inputs is None or outputs is None:
                raise InvalidArgumentError(
                    f"Model '{self.name}' needs both `inputs` and `outputs`, or neither. Received: inputs={inputs}, "
                    f"outputs={outputs}"
                )
            self._set_graph(Graph(inputs, outputs, name=self.name))

    def _set_graph(self, graph: Graph) -> None:
        self._graph = graph
        self.built = True

    def _sublayers(self) -> list[Layer]:
        own = super()._sublayers()
        if self._graph is None:
            return own
        return list({id(layer): layer for layer in (*self._graph.layers, *own)}.values())

    @property
    def layers(self) -> list[Layer]:
        """The layers, in the order of the graph or of their attributes."""
        return self._sublayers()

    @layers.setter
    def layers(self, value: Any) -> None:
        raise AttributeError("`Model.layers` can't be set: it lists the layers of the graph and of the attributes.")

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """One layer, by its name or its place in `layers`.

        Args:
            name: the layer's name.
            index: its place.

        Raises:
            InvalidArgumentError: there is no such layer, or not exactly one of the arguments is given.
        """
        if (name is None) == (index is None):
            raise InvalidArgumentError(f"Give either `name` or `index`. Received: name={name!r}, index={index!r}")
        layers = self.layers
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise InvalidArgumentError(
                    f"`index` must be below {len(layers)}, the number of layers. Received: index={index}"
                )
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        raise InvalidArgumentError(
            f"`name` must be that of a layer of model '{self.name}': {[layer.name for layer in layers]}. Received: "
            f"name={name!r}"
        )

    def to_backend(self, name: str, device: str | None = None) -> Model:
        """A twin of the model on another backend, with the same weights and, if compiled, the same optimizer's state,
        metrics and random generators: both go on with the same numbers.

        Args:
            name: a backend's name.
            device: a device of that backend; its best one by default.

        Returns:
            A new model, to be used inside `with kcore.use_backend(name)`. This one is left as it is.

        Raises:
            BackendNotFoundError: no such backend is installed.
            InvalidArgumentError: it has no such device.

        Example:
            >>> model = kcore.Sequential([Input((2,)), layers.Dense(1)])
            >>> twin = model.to_backend("numpy")
            >>> twin is model, np.array_equal(twin.get_weights()[0], model.get_weights()[0])
            (False, True)
        """
        backend = get_backend(name)
        with moving_to(backend if device is None else backend.on_device(device)):
            return copy.deepcopy(self)

    @property
    def inputs(self) -> Any:
        """The list of a functional model's input `KerasTensor`s; `None` for another model."""
        return None if self._graph is None else list(self._graph.flat_inputs)

    @property
    def outputs(self) -> Any:
        """The list of a functional model's output `KerasTensor`s; `None` for another model."""
        return None if self._graph is None else list(self._graph.flat_outputs)

    @property
    def input(self) -> Any:
        """A functional model's inputs in their structure."""
        return self._known_graph("input").inputs

    @property
    def output(self) -> Any:
        """A functional model's outputs in their structure."""
        return self._known_graph("output").outputs

    @property
    def input_shape(self) -> Any:
        """The shapes of a functional model's inputs in their structure."""
        return shapes_of(self._known_graph("input_shape").inputs)

    @property
    def output_shape(self) -> Any:
        """The shapes of a functional model's outputs in their structure."""
        return shapes_of(self._known_graph("output_shape").outputs)

    @property
    def input_names(self) -> list[str]:
        """The names of a functional model's inputs; empty for another model."""
        return [] if self._graph is None else input_names(self._graph)

    @property
    def output_names(self) -> list[str]:
        """The names of the layers that compute a functional model's outputs, with a suffix where one computes
        several."""
        if self._graph is None:
            return []
        names: list[str] = []
        for x in self._graph.flat_outputs:
            base = self._graph.node_of(x).operation.name
            candidates = [base, *(f"{base}_{i}" for i in range(1, len(self._graph.flat_outputs)))]
            names.append(next(name for name in candidates if name not in names))
        return names

    def _known_graph(self, what: str) -> Graph:
        if self._graph is None:
            raise AttributeError(
                f"`{self.name}.{what}` isn't known: only a functional model, or a `Sequential` whose input shape is "
                "known, has it."
            )
        return self._graph

    @property
    def input_dtype(self) -> str:
        """The dtype that floating inputs are cast to: that which `call` computes in; where the model is made of layers,
        that of variables, as each layer casts to its own."""
        return self.compute_dtype if self._graph is None else self.variable_dtype

    def build(self, input_shape: Any = None) -> None:
        """Make the weights, from the inputs' shape alone.

        Args:
            input_shape: a shape with the batch's dimension, or a structure of shapes.

        Raises:
            InvalidArgumentError: `call` can't be evaluated on inputs of this shape.
        """
        if self._graph is not None or input_shape is None:
            return
        inputs = map_shapes(lambda shape: KerasTensor(shape, self.input_dtype), input_shape)
        call = CallArguments(self, (inputs,), {})
        call.populate(False)
        self._infer(call)

    def _build_for(self, call: CallArguments) -> None:
        """A call builds the layers inside anyway, so a model without a `build` of its own is only noted as built."""
        if self.built or type(self).build is not Model.build:
            super()._build_for(call)
        else:
            self._path = self.path
            self._note_build({"self": self, **dict(list(call.shapes().items())[:1])})

    def get_build_config(self) -> dict[str, Any] | None:
        """The shape that the model was built with; `None` for a functional model, which needs none."""
        config = None if self._graph is not None else super().get_build_config()
        return {"input_shape": next(iter(config.values()))} if config and len(config) == 1 else config

    def call(self, inputs, training=None, mask=None):
        """Run the graph of a functional model; written by other subclasses.

        Args:
            inputs: a tensor, or the structure of tensors that was declared; a dictionary may go by the inputs' names.
            training: whether in training mode.
            mask: masks of the inputs, in their structure.

        Returns:
            The outputs in the structure that was declared.

        Raises:
            ShapeError: an input's shape isn't the declared one.
            UnsupportedError: a subclass didn't write `call`.
        """
        if self._graph is None:
            raise UnsupportedError(
                f"Model '{self.name}' can't be called: write `call` in {type(self).__name__}, or make it from "
                "`inputs` and `outputs`."
            )
        values = fit_inputs(self._graph, inputs)
        for x, one in zip(values, tree.flatten(mask), strict=False) if mask is not None else ():
            if one is not None:
                masks.set_mask(x, one)
        results = self._graph.run(values, _call_operation)
        count = len(self._graph.flat_outputs)
        for loss in results[count:]:
            super().add_loss(loss)
        return tree.pack_sequence_as(self._graph.outputs, results[:count])

    def add_loss(self, loss: Any) -> None:
        """Add a term to the loss that training minimizes.

        Args:
            loss: as for every layer; a functional model also takes a `KerasTensor` computed from its inputs.

        Raises:
            InvalidArgumentError: a `KerasTensor` doesn't depend on the model's inputs alone.
        """
        if self._graph is None or not any_symbolic(loss):
            super().add_loss(loss)
            return
        graph = self._graph
        self._graph = Graph(graph.inputs, graph.outputs, (*graph.extra, *tree.flatten(loss)), self.name)

    @property
    def stateful(self) -> bool:
        """Whether a layer keeps a state from one batch to the next."""
        return any(layer.stateful for layer in self._flatten_layers()[1:])

    @stateful.setter
    def stateful(self, value: bool) -> None:
        if value:
            raise AttributeError("`Model.stateful` can't be set: it says whether a layer of the model is stateful.")

    def reset_states(self) -> None:
        """Set the states of all stateful layers back to their start."""
        for layer in self._flatten_layers()[1:]:
            reset = getattr(layer, "reset_states", None) or getattr(layer, "reset_state", None)
            if layer.stateful and reset is not None and not isinstance(layer, Model):
                reset()

    reset_state = reset_states

    def summary(
        self,
        line_length=None,
        positions=None,
        print_fn=None,
        expand_nested=False,
        show_trainable=False,
        layer_range=None,
    ) -> None:
        """Print a table of the layers, their output shapes and parameters.

        Args:
            line_length: the width in characters.
            positions: where each column ends: fractions of the width, or characters.
            print_fn: what is called with the text; the standard output if `None`.
            expand_nested: whether the layers of nested models are listed.
            show_trainable: whether a column says which layers are trainable.
            layer_range: two names, or patterns, of the first and the last layer to list.
        """
        from .summary import print_summary

        print_summary(
            self,
            line_length=line_length,
            positions=positions,
            print_fn=print_fn,
            expand_nested=expand_nested,
            show_trainable=show_trainable,
            layer_range=layer_range,
        )

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """Make a model from what `get_config` returned.

        Args:
            config: of a functional model in Keras 3's form or in Keras 2's, or the constructor's arguments.
            custom_objects: classes and functions by name.
        """
        from .functional import functional_from_config

        with registry.custom_object_scope(custom_objects or {}):
            if {"layers", "input_layers", "output_layers"} <= config.keys():
                return functional_from_config(cls, config)
            return super().from_config(config)


def _call_operation(operation: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    return operation(*args, **kwargs)
