"""The dense layer whose product is any Einstein sum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kcore import activations, constraints, initializers, ops, registry, regularizers
from kcore.errors import InvalidArgumentError
from kcore.layers._parts import describe, refuse
from kcore.layers.layer import Layer


@registry.builtin("layers")
class EinsumDense(Layer):
    """`activation(einsum(equation, x, kernel) + bias)`.

    Args:
        equation: as `"abc,cd->abd"`: the labels of the input, of the kernel and of the output. `...` stands for any
            number of axes, at the start or at the end of the input and of the output.
        output_shape: the sizes of the output's named axes without the batch axis, an integer or a sequence; `None`
            takes a size from the input.
        activation: a function or its name; `None` leaves the sum as it is.
        bias_axes: labels of the output's axes that the bias spans, as `"d"`; `None` for no bias.
        kernel_initializer: what fills `kernel`.
        bias_initializer: what fills `bias`.
        kernel_regularizer: a penalty on the kernel.
        bias_regularizer: a penalty on the bias.
        kernel_constraint: what is applied to the kernel after each update.
        bias_constraint: what is applied to the bias after each update.
        **kwargs: options of every layer.

    Returns: a tensor with the axes that `equation` names after its arrow.

    Raises:
        InvalidArgumentError: if the equation has another form, or `output_shape` contradicts the input's shape.

    >>> import numpy as np
    >>> EinsumDense("abc,cd->abd", output_shape=(None, 5), bias_axes="d")(np.ones((2, 3, 4), "float32")).shape
    (2, 3, 5)
    """

    def __init__(
        self,
        equation: str,
        output_shape: int | Sequence[int | None],
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        refuse(kwargs, "lora_rank", "lora_alpha", "gptq_unpacked_column_size", "quantization_config")
        super().__init__(**kwargs)
        self.equation = equation
        self.partial_output_shape = (output_shape,) if isinstance(output_shape, int) else tuple(output_shape)
        self.activation = activations.get(activation)
        self.bias_axes = bias_axes
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)

    def build(self, input_shape: Any) -> None:
        kernel_shape, bias_shape, _ = analyse(self.equation, self.bias_axes, input_shape, self.partial_output_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=kernel_shape,
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if bias_shape is not None:
            self.bias = self.add_weight(
                name="bias",
                shape=bias_shape,
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.built = True

    def call(self, inputs: Any) -> Any:
        x = ops.einsum(self.equation, inputs, self.kernel)
        if self.bias is not None:
            x = ops.add(x, self.bias)
        return self.activation(x)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        return analyse(self.equation, self.bias_axes, input_shape, self.partial_output_shape)[2]

    def get_config(self) -> dict[str, Any]:
        own = describe(
            self, "equation", "activation", "bias_axes", "kernel_initializer", "bias_initializer", "kernel_regularizer"
        )
        rest = describe(self, "bias_regularizer", "activity_regularizer", "kernel_constraint", "bias_constraint")
        return super().get_config() | {"output_shape": list(self.partial_output_shape)} | own | rest


def analyse(
    equation: str, bias_axes: str | None, input_shape: Any, partial: Sequence[int | None]
) -> tuple[Any, Any, Any]:
    """The shapes `(kernel, bias or None, output)` that an equation asks for, given the input's shape and the output's
    without its batch."""
    sides, arrow, result = equation.replace(" ", "").partition("->")
    source, comma, weight = sides.partition(",")
    if not arrow or not comma or "." in weight or "," in weight:
        raise InvalidArgumentError(f"`equation` must look like 'abc,cd->abd'. Received: equation={equation!r}")
    sizes, middle = _label_sizes(equation, source, tuple(input_shape))
    output_labels = _expand(result, len(middle))
    asked = _asked_sizes(equation, output_labels, tuple(partial))
    sizes |= dict(enumerate(middle))
    output_shape = _output_shape(equation, output_labels, sizes, asked)
    found = dict(sizes) | dict(zip(output_labels, output_shape, strict=True))
    kernel_shape = tuple(found.get(label) for label in weight)
    if None in kernel_shape:
        raise InvalidArgumentError(
            f"The kernel's shape {kernel_shape} in {equation!r} isn't known from the input {tuple(input_shape)}"
        )
    return kernel_shape, _bias_shape(equation, bias_axes, output_labels, output_shape), output_shape


def _expand(labels: str, count: int) -> list[str | int]:
    """The labels with `...` replaced by the integers from 0 to `count` (exclusive)."""
    before, dots, after = labels.partition("...")
    return [*before, *(range(count) if dots else ()), *after]


def _label_sizes(equation: str, source: str, shape: tuple) -> tuple[dict, tuple]:
    before, dots, after = source.partition("...")
    named = len(before) + len(after)
    if len(shape) < named or (not dots and len(shape) != named):
        raise InvalidArgumentError(f"The input of {equation!r} has {named} named axes. Received: input_shape={shape}")
    tail = len(shape) - len(after)
    sizes: dict[str | int, int | None] = dict(zip(before, shape, strict=False))
    sizes |= dict(zip(after, shape[tail:], strict=True))
    return sizes, shape[len(before) : tail]


def _asked_sizes(equation: str, labels: list, partial: tuple) -> dict:
    """The sizes that `output_shape` asks for, by label: those of the named axes but the batch axis."""
    named = [label for label in labels[1:] if isinstance(label, str)]
    if len(named) != len(partial):
        raise InvalidArgumentError(
            f"`output_shape` must give a size (or None) to the axes {named} of the output of {equation!r}. "
            f"Received: output_shape={partial}"
        )
    return dict(zip(named, partial, strict=True))


def _output_shape(equation: str, labels: list, sizes: dict, asked: dict) -> tuple:
    shape = []
    for label in labels:
        known, wanted = sizes.get(label), asked.get(label)
        if None not in (wanted, known) and wanted != known:
            raise InvalidArgumentError(
                f"`output_shape` must agree with the input, which has {known} at {label!r} of {equation!r}. "
                f"Received: {wanted}"
            )
        shape.append(known if wanted is None else wanted)
    return tuple(shape)


def _bias_shape(equation: str, axes: str | None, labels: list, shape: tuple) -> tuple | None:
    if not axes:
        return None
    unknown = [label for label in axes if label not in labels or shape[labels.index(label)] is None]
    if unknown:
        raise InvalidArgumentError(
            f"`bias_axes` must name axes of known size of the output of {equation!r}. Received: bias_axes={axes!r}"
        )
    first = min(labels.index(label) for label in axes)
    return tuple(size if label in axes else 1 for label, size in list(zip(labels, shape, strict=True))[first:])
