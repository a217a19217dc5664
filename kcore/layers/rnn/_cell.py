"""The base of the recurrent cells: their weights, their dropout, and the split of a step into two parts.

A step of a cell is `advance(project(inputs), states)`: `project` depends on the input only, so that a layer does it for
all steps as one large product, and `advance` is what is left to do step by step.

Dropout masks are drawn before the loop and are the same at all steps. A layer holds them for the time of a call (see
`held_masks`); a cell that is called by itself draws new ones each time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from kcore import activations, constraints, initializers, ops, random, regularizers
from kcore.layers._parts import check_positive, check_rate, describe, drop, known_dim, project
from kcore.layers.layer import Layer

State = list[Any]


class RecurrentCell(Layer):
    """A cell with an input kernel, a recurrent kernel and a bias.

    Args:
        units: length of the output.
        activation: a function or its name.
        use_bias: whether there is a bias.
        kernel_initializer: what fills `kernel`, of shape `(features, gates * units)`.
        recurrent_initializer: what fills `recurrent_kernel`, of shape `(units, gates * units)`.
        bias_initializer: what fills `bias`.
        kernel_regularizer: a penalty on the kernel.
        recurrent_regularizer: a penalty on the recurrent kernel.
        bias_regularizer: a penalty on the bias.
        kernel_constraint: what is applied to the kernel after each update.
        recurrent_constraint: what is applied to the recurrent kernel after each update.
        bias_constraint: what is applied to the bias after each update.
        dropout: the fraction of inputs that is dropped in training.
        recurrent_dropout: the fraction of states that is dropped in training, where they are multiplied with the
            kernel.
        seed: an integer, for dropout masks of its own.
        **kwargs: options of every layer.
    """

    gates = 1
    bias: Any
    CONFIG: tuple[str, ...] = (
        "units",
        "activation",
        "use_bias",
        *(
            f"{weight}_{kind}"
            for kind in ("initializer", "regularizer", "constraint")
            for weight in ("kernel", "recurrent", "bias")
        ),
        "dropout",
        "recurrent_dropout",
        "seed",
    )
    """Names of the options that a config holds."""

    _untracked = Layer._untracked | {"_held"}

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        drop(kwargs, "implementation")
        super().__init__(**kwargs)
        self.units = check_positive("units", units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.recurrent_constraint = constraints.get(recurrent_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.dropout = check_rate("dropout", dropout)
        self.recurrent_dropout = check_rate("recurrent_dropout", recurrent_dropout)
        self.seed = seed
        self.seed_generator = random.SeedGenerator(seed)
        self.state_size: Any = self.units
        self.output_size = self.units
        self._held: tuple[Any, Any] | None = None

    @property
    def bias_shape(self) -> tuple[int, ...]:
        """The shape of the bias."""
        return (self.gates * self.units,)

    def build(self, input_shape: Any) -> None:
        features = known_dim(self, input_shape, -1)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(features, self.gates * self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel",
            shape=(self.units, self.gates * self.units),
            initializer=self.recurrent_initializer,
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=self.bias_shape,
                initializer=self.fill_bias,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def fill_bias(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        """The first value of the bias."""
        return self.bias_initializer(shape, dtype=dtype)

    @property
    def input_bias(self) -> Any:
        """The part of the bias that is added to the projected input, or `None`."""
        return self.bias

    def project(self, inputs: Any) -> Any:
        """`inputs @ kernel + bias` for inputs of any rank: `(..., features)` gives `(..., gates * units)`."""
        return project(inputs, self.kernel, self.input_bias)

    def advance(self, projected: Any, states: Sequence[Any], recurrent_mask: Any = None) -> tuple[Any, State]:
        """One step: the output and the new states, from the projected input, the states, and the mask by which the
        first
        state is multiplied where it meets the recurrent kernel."""
        raise NotImplementedError

    def call(self, inputs: Any, states: Any, training: bool | None = False) -> tuple[Any, State]:
        states = list(states) if isinstance(states, (list, tuple)) else [states]
        input_mask, recurrent_mask = self.masks(inputs.shape[0], training)
        x = inputs if input_mask is None else ops.multiply(inputs, input_mask)
        return self.advance(self.project(x), states, recurrent_mask)

    def masks(self, batch_size: Any, training: Any) -> tuple[Any, Any]:
        """The masks of input `(batch, features)` and state `(batch, units)`, scaled, or `None` where nothing is
        dropped."""
        if not training:
            return None, None
        if self._held is not None:
            return self._held
        rates = ((self.dropout, self.kernel.shape[0]), (self.recurrent_dropout, self.units))
        first, second = (self._mask(rate, (batch_size, size)) for rate, size in rates)
        return first, second

    def get_dropout_mask(self, step_input: Any) -> Any:
        """The mask of the input of one step, or `None` if nothing is dropped: that of a running layer, or a new."""
        return self._mask(self.dropout, tuple(step_input.shape)) if self._held is None else self._held[0]

    def get_recurrent_dropout_mask(self, step_input: Any) -> Any:
        """The mask of the state of one step, of the shape of `step_input`; see `get_dropout_mask`."""
        return self._mask(self.recurrent_dropout, tuple(step_input.shape)) if self._held is None else self._held[1]

    def reset_dropout_mask(self) -> None:
        """Forgets the masks."""
        self._held = None

    def reset_recurrent_dropout_mask(self) -> None:
        """Forgets the masks."""
        self._held = None

    def _mask(self, rate: float, shape: tuple) -> Any:
        if rate == 0:
            return None
        return random.dropout(ops.ones(shape, dtype=self.compute_dtype), rate, seed=self.seed_generator)

    def get_initial_state(self, batch_size: Any = None) -> State:
        """Zeros for all states of a batch."""
        sizes = self.state_size if isinstance(self.state_size, (list, tuple)) else [self.state_size]
        return [ops.zeros((batch_size, size), dtype=self.compute_dtype) for size in sizes]

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | describe(self, *self.CONFIG)


@contextlib.contextmanager
def held_masks(cell: Any, batch_size: Any, training: Any) -> Iterator[None]:
    """Draws the dropout masks of a cell, and of the cells inside it, and keeps them until the end of the block."""
    cells = (
        [part for part in cell._flatten_layers() if isinstance(part, RecurrentCell)]
        if training and isinstance(cell, Layer)
        else []
    )
    for part in cells:
        part._held = part.masks(batch_size, training)
    try:
        yield
    finally:
        for part in cells:
            part._held = None


def matmul_masked(state: Any, mask: Any, kernel: Any) -> Any:
    """`(state * mask) @ kernel`."""
    return ops.matmul(state if mask is None else ops.multiply(state, mask), kernel)
