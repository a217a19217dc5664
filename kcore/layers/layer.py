"""`Layer`: what every layer and every model is.

A call goes through these steps, each a method:

    bind        the arguments get the names that `call` gives them          CallArguments
    convert     arrays become tensors, floating ones in the compute dtype   _convert
    check       against `input_spec`                                        check_inputs
    build       on the first call, from the inputs' shapes                  _build_for
    populate    `training` and the masks that the tensors carry             CallArguments.populate
    run         `call` itself, or its abstract evaluation for KerasTensors  _run, _run_symbolically
    finish      activity penalty, masks of the outputs                      _penalize_activity, _mask_outputs

The parts of the class stand in files of their own: variables in `_weights`, losses in `_losses`, calls on
`KerasTensor`s in `_symbolic`, configurations in `_config`, what Keras 2 had in `_keras2`; the scope of a call in
`_call_context`.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any

from kcore import dtype_policies, dtypes, regularizers, tree
from kcore.dtype_policies import DTypePolicy
from kcore.engine import active, tracing
from kcore.engine import autocast as autocasting
from kcore.errors import InvalidArgumentError, UnsupportedError
from kcore.ops import masks
from kcore.ops._common import convert
from kcore.ops.operation import KerasTensor, Operation, any_symbolic

from . import _call_context, _tracking
from ._call_arguments import CallArguments, _is_tensor
from ._config import Config
from ._errors import check_dtypes, naming_errors
from ._keras2 import Keras2, take_batch_shape
from ._losses import Losses
from ._symbolic import Symbolic
from ._weights import Weights
from .input_spec import check_inputs


def _building(build: Callable[..., Any]) -> Callable[..., Any]:
    """A `build` method with what surrounds every build: the scope, eager mode, and the note that it happened."""

    @functools.wraps(build)
    def wrapper(self, *args, **kwargs):
        if self._is_building:
            return build(self, *args, **kwargs)
        self._is_building = True
        self._own_weights = [v for v in self._own_weights if not any(v is old for old in self._built_weights)]
        kept = len(self._own_weights)
        try:
            with tracing.eager(), _call_context.scope(self) as scope:
                self._path = scope.path
                build(self, *args, **kwargs)
        finally:
            self._is_building = False
        self._built_weights = self._own_weights[kept:]
        self._note_build(inspect.signature(build).bind(self, *args, **kwargs).arguments)

    return wrapper


class Layer(Config, Weights, Losses, Symbolic, Keras2, Operation):
    """A computation on tensors with variables of its own: the base of all layers and models.

    A subclass makes its variables in `build(input_shape)` (or in `__init__`) with `add_weight`, and computes in `call`.
    Layers, variables and metrics in its attributes, also in lists, tuples and dictionaries there, belong to it.

    Args:
        activity_regularizer: a regularizer of the outputs, or its name; its penalty is divided by the batch's size.
        trainable: whether training changes the variables.
        dtype: a dtype's name, a policy's or a `DTypePolicy`; `config.dtype_policy()` if `None`.
        autocast: whether floating inputs are cast to the compute dtype, and variables where `call` reads them.
        name: a name; made from the class's (`dense_1`) if `None`.
        **kwargs: what Keras 2 took: `input_shape`, `input_dim`, `batch_input_shape` (and `batch_size`): the shape of
            the input, so that a `Sequential` can be built at once; `weights`: the initial weights; `input_dtype`.

    Raises:
        InvalidArgumentError: an argument that no layer has.

    Example:
        >>> class Scale(Layer):
        ...     def build(self, input_shape):
        ...         self.gamma = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="gamma")
        ...     def call(self, x):
        ...         return x * self.gamma
        >>> Scale()(np.ones((2, 3))).shape
        (2, 3)
    """

    _untracked = frozenset(
        {
            "_build_shapes",
            "_built_weights",
            "_call_losses",
            "_frozen_weights",
            "_inbound_nodes",
            "_init_arguments",
            "_initial_weights",
            "_loss_functions",
            "_outbound_nodes",
            "_own_weights",
            "_ticks",
            "activity_regularizer",
            "input_spec",
        }
    )
    """Attributes in which no layers or variables are looked for."""

    _ticks: dict[str, int]
    _tick: int
    _path: str | None
    _batch_input_shape: tuple[int | None, ...] | None

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = _building(cls.__dict__["build"])

    def __new__(cls, *args, **kwargs):
        instance = super().__new__(cls, *args, **kwargs)
        vars(instance).update(
            _ticks={},
            _tick=_tracking.tick(),
            _trainable=True,
            _own_weights=[],
            _frozen_weights=[],
            _built_weights=[],
            _build_shapes={},
            _call_losses=[],
            _loss_functions=[],
            _is_building=False,
            _initial_weights=None,
            _batch_input_shape=None,
            _path=None,
            built=False,
        )
        return instance

    def __init__(self, *, activity_regularizer=None, trainable=True, dtype=None, autocast=True, name=None, **kwargs):
        super().__init__(name=name)
        self._initial_weights = kwargs.pop("weights", None)
        input_dtype = kwargs.pop("input_dtype", None)
        self._batch_input_shape = take_batch_shape(kwargs)
        if kwargs:
            unknown = ", ".join(f"{key}={value!r}" for key, value in kwargs.items())
            raise InvalidArgumentError(
                f"Layer '{self.name}' ({type(self).__name__}) got arguments it doesn't know. Received: {unknown}"
            )
        self._dtype_policy = dtype_policies.get(dtype or input_dtype)
        self._trainable = bool(trainable)
        self.autocast = autocast
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.input_spec = None
        self.supports_masking = False
        self.stateful = False

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self._untracked and vars(self).get(name) is not value:
            self._ticks[name] = _tracking.tick()
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        gone = vars(self).get(name)
        super().__delattr__(name)
        self._own_weights = [v for v in self._own_weights if v is not gone]

    def __getstate__(self) -> dict[str, Any]:
        """What is copied and pickled: everything but the symbolic calls that were made on it and the losses of the last
        call."""
        state = {**vars(self), "_inbound_nodes": [], "_outbound_nodes": [], "_call_losses": []}
        return {**state, "_init_arguments": ((), {})} if any_symbolic(self._init_arguments) else state

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        _tracking.advance(max([self._tick, *self._ticks.values()]))

    def _sublayers(self) -> list[Layer]:
        """The layers that this one holds directly."""
        return _tracking.find(self, Layer, self._untracked)

    @property
    def metrics(self) -> list[Any]:
        """The metrics in attributes of this layer and of the layers inside."""
        from kcore.metrics import Metric

        found = [m for layer in self._flatten_layers() for m in _tracking.find(layer, Metric, layer._untracked)]
        return list({id(metric): metric for metric in found}.values())

    @property
    def metrics_variables(self) -> list[Any]:
        """The variables of `metrics`."""
        return [v for metric in self.metrics for v in metric.variables]

    @property
    def path(self) -> str:
        """The names from the outermost layer to this one, joined by `/`: where it was built, or where it is running
        now."""
        scope = _call_context.current()
        return scope.path if scope is not None and scope.layer is self else self._path or self.name

    @property
    def dtype_policy(self) -> DTypePolicy:
        """The policy that says in which dtypes it computes and keeps its variables."""
        return self._dtype_policy

    @dtype_policy.setter
    def dtype_policy(self, value: Any) -> None:
        self._dtype_policy = dtype_policies.get(value)

    @property
    def dtype(self) -> str:
        """The dtype of its variables."""
        return self._dtype_policy.variable_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of its variables."""
        return self._dtype_policy.variable_dtype

    @property
    def compute_dtype(self) -> str:
        """The dtype it computes in."""
        return self._dtype_policy.compute_dtype

    @property
    def input_dtype(self) -> str:
        """The dtype that floating inputs are cast to."""
        return self.compute_dtype

    @_building
    def build(self, input_shape: Any) -> None:
        """Make the variables; a subclass overrides it. Called once, before the first call.

        Args:
            input_shape: the shape of `call`'s first argument (a tuple, `None` for an unknown dimension), or the
                structure of shapes. A `build` with several parameters gets one shape for each: `query_shape` for
                `call`'s argument `query`.
        """

    def _note_build(self, arguments: dict[str, Any]) -> None:
        self._build_shapes = {name: shape for name, shape in list(arguments.items())[1:] if shape is not None}
        self.built = True
        if self._initial_weights is not None:
            weights, self._initial_weights = self._initial_weights, None
            self.set_weights(weights)

    def _build_for(self, call: CallArguments) -> None:
        """Build for a call, if it wasn't built before."""
        if self.built:
            return
        shapes = call.shapes()
        parameters = list(inspect.signature(self.build).parameters.values())
        if len(parameters) == 1 or not shapes:
            self.build(*list(shapes.values())[:1] or [None])
            return
        named = {f"{name}_shape": shape for name, shape in shapes.items()}
        missing = [
            p.name
            for p in parameters
            if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD and p.name not in named
        ]
        if missing:
            raise InvalidArgumentError(
                f"`build` of layer '{self.path}' ({type(self).__name__}) has the parameters {missing}, for which "
                "`call` got no tensor. A `build` "
                f"with several parameters names them after `call`'s arguments: {list(named)}"
            )
        self.build(**{p.name: named[p.name] for p in parameters if p.name in named})

    def __call__(self, *args, **kwargs):
        """Call the layer on tensors, or on `KerasTensor`s to describe a model.

        Args:
            *args: `call`'s arguments. NumPy arrays become tensors.
            **kwargs: likewise. `training` is taken from the call around, or false, when it isn't given; `mask` from the
                inputs.

        Returns:
            What `call` returns.

        Raises:
            ShapeError: an input doesn't fit `input_spec`.
        """
        self._check_callable()
        call = CallArguments(self, args, kwargs)
        training = _call_context.resolve_training(call.training, call.signature.training_default)
        outermost = _call_context.current() is None
        with _call_context.scope(self, training), naming_errors(self, call):
            if outermost:
                self._forget_losses()
            call.convert(self._convert)
            if self.input_spec is not None:
                check_inputs(self.input_spec, call.first, self)
            self._build_for(call)
            call.populate(training)
            return self._run_symbolically(call) if call.is_symbolic else self._run(call)

    def _check_callable(self) -> None:
        if "_dtype_policy" not in vars(self):
            kind = type(self).__name__
            raise UnsupportedError(
                f"A layer of class {kind} was called before `super().__init__()`: {kind}.__init__ must call it first."
            )
        if not self.built:
            check_dtypes(self._dtype_policy, self)

    def _convert(self, x: Any) -> Any:
        """A tensor from an array, in the compute dtype if it is floating; anything that isn't an array as it is."""
        if isinstance(x, KerasTensor) or not _is_tensor(x) or getattr(x.dtype, "kind", "f") in "OUSM":
            return x
        dtype = dtypes.standardize_dtype(x.dtype)
        wanted = self.input_dtype if self.autocast and dtypes.is_float(dtype) else dtype
        if wanted == dtype and (isinstance(x, tracing.Tracer) or active.current().is_tensor(x)):
            return x
        converted = convert(x, dtype=wanted)
        if (mask := masks.get_mask(x)) is not None:
            masks.set_mask(converted, mask)
        return converted

    def _run(self, call: CallArguments) -> Any:
        policy = self._dtype_policy
        wanted = policy.compute_dtype if self.autocast and policy.compute_dtype != policy.variable_dtype else None
        if wanted == autocasting.current():
            outputs = self.call(*call.bound.args, **call.bound.kwargs)
        else:
            with autocasting.autocast(wanted):
                outputs = self.call(*call.bound.args, **call.bound.kwargs)
        self._penalize_activity(outputs)
        self._mask_outputs(call, outputs)
        return outputs

    def _mask_outputs(self, call: CallArguments, outputs: Any) -> None:
        """Note the outputs' masks, as `compute_mask` gives them."""
        passes_on = type(self).compute_mask is Layer.compute_mask
        if passes_on and (call.mask is None or not self.supports_masking):
            if call.mask is not None and not call.signature.takes_mask and not self._sublayers():
                self._warn_of_lost_mask()
            return
        leaves = tree.flatten(outputs)
        if passes_on and any(masks.get_mask(x) is not None for x in leaves):
            return
        found = tree.flatten(self.compute_mask(call.first, call.mask))
        for x, mask in zip(leaves, found, strict=False) if len(found) <= len(leaves) else ():
            if mask is not None and x is not None:
                masks.set_mask(x, mask)

    def _warn_of_lost_mask(self) -> None:
        if not vars(self).get("_warned_of_mask"):
            self._warned_of_mask = True
            warnings.warn(
                f"Layer '{self.path}' ({type(self).__name__}) got an input with a mask, and drops it: it doesn't "
                "support masking. Set "
                "`self.supports_masking = True` to pass masks on, or take `mask` in `call` to use them.",
                stacklevel=2,
            )

    def call(self, *args, **kwargs):
        """What the layer computes; written by each subclass.

        Args:
            *args: tensors, or structures of them.
            **kwargs: likewise. A parameter `training` gets the training flag, `mask` the mask of the first argument,
                and `x_mask` that of the argument `x`, when the caller doesn't give them.
        """
        raise UnsupportedError(f"Layer '{self.path}' can't be called: {type(self).__name__} must define `call`.")

    def symbolic_call(self, *args, **kwargs):
        """The same as calling the layer on `KerasTensor`s."""
        return self(*args, **kwargs)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The masks of the outputs: by default those of the inputs.

        Args:
            inputs: `call`'s first argument.
            previous_mask: its mask, boolean of shape `(batch, steps)`, or the structure of masks; `None` if there is
                none.

        Returns:
            A mask for each output, or `None`.
        """
        return previous_mask

    def assert_input_compatibility(self, inputs: Any) -> None:
        """Check inputs against `input_spec`, as each call does.

        Raises:
            ShapeError: a rank or shape doesn't fit.
        """
        if self.input_spec is not None:
            check_inputs(self.input_spec, inputs, self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"
