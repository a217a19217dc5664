"""What a layer does with `KerasTensor`s: the shapes and dtypes of its outputs, and the note of the call."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from kcore import tree
from kcore.errors import CaptureError, InvalidTypeError
from kcore.ops import masks
from kcore.ops.operation import KerasTensor, Node, infer_outputs, symbolic_leaves

from . import _call_context
from ._call_arguments import CallArguments
from ._errors import naming_errors


class Symbolic:
    """The part of `Layer` that has to do with `KerasTensor`s."""

    compute_dtype: str
    call: Callable[..., Any]
    _build_for: Callable[[CallArguments], None]
    _convert: Callable[[Any], Any]
    _forget_losses: Callable[[], None]
    _run: Callable[[CallArguments], Any]

    def _run_symbolically(self, call: CallArguments) -> Any:
        args, kwargs = call.given
        if type(self).compute_output_spec is not Symbolic.compute_output_spec:
            outputs = self.compute_output_spec(*args, **kwargs)
        else:
            outputs = self._infer(call)
        self._forget_losses()
        if all(x.record_history for x in symbolic_leaves((args, kwargs))):
            Node(self, args, kwargs, outputs)
        return outputs

    def _infer(self, call: CallArguments) -> Any:
        """What a call on `KerasTensor`s returns: `KerasTensor`s, with masks where real outputs would have them."""
        tensors = call.symbolic_tensors()

        def run(tracers):
            values = {id(x): self._convert(tracer) for x, tracer in zip(tensors, tracers, strict=True)}
            outputs = self._run(call.substitute(values))
            return outputs, [masks.get_mask(x) for x in tree.flatten(outputs)]

        try:
            outputs, found = infer_outputs(run, (tensors,))
        except CaptureError:
            if type(self).compute_output_shape is Symbolic.compute_output_shape:
                raise
            return self._described_by_shape(call.shapes())
        for x, mask in zip(tree.flatten(outputs), found, strict=True):
            if mask is not None and x is not mask:
                masks.set_mask(x, mask)
        return outputs

    def _described_by_shape(self, shapes: dict[str, Any]) -> Any:
        """The outputs as `compute_output_shape` describes them, for a `call` that can't be evaluated without values."""
        parameters = inspect.signature(self.compute_output_shape).parameters
        one = len(parameters) == 1 or f"{next(iter(shapes))}_shape" not in parameters
        described = (
            self.compute_output_shape(*list(shapes.values())[:1])
            if one
            else self.compute_output_shape(
                **{f"{name}_shape": shape for name, shape in shapes.items() if f"{name}_shape" in parameters}
            )
        )
        return map_shapes(lambda shape: KerasTensor(shape, self.compute_dtype), described)

    def compute_output_spec(self, *args, **kwargs):
        """The shapes and dtypes of the outputs, as `KerasTensor`s: by abstract evaluation of `call`, without values.

        Args:
            *args: `call`'s arguments, `KerasTensor`s in the place of tensors.
            **kwargs: likewise.
        """
        call = CallArguments(self, args, kwargs)
        training = _call_context.resolve_training(call.training, call.signature.training_default)
        with _call_context.scope(self, training), naming_errors(self, call):
            self._build_for(call)
            call.populate(training)
            outputs = self._infer(call)
        self._forget_losses()
        return outputs

    def compute_output_shape(self, *args, **kwargs):
        """The shape, or structure of shapes, of the outputs for an input of a shape.

        Args:
            *args: a shape (or structure of shapes) for each of `call`'s tensor arguments; the batch's dimension comes
                first.
            **kwargs: the same by name: `query_shape` for `call`'s argument `query`.
        """
        named = {name.removesuffix("_shape"): shape for name, shape in kwargs.items()}
        first = next(iter(named), None)
        if first is not None and first not in self._call_names():
            args = (*args, named.pop(first))

        def describe(shape):
            return map_shapes(lambda s: KerasTensor(s, self.compute_dtype), shape)

        outputs = self.compute_output_spec(
            *map(describe, args), **{name: describe(shape) for name, shape in named.items()}
        )
        return tree.map_structure(lambda x: x.shape if isinstance(x, KerasTensor) else None, outputs)

    def _call_names(self) -> tuple[str, ...]:
        return tuple(inspect.signature(self.call).parameters)


def map_shapes(fn: Callable[[tuple], Any], shapes: Any) -> Any:
    """`fn` of each shape in a structure of shapes; a tuple or list of integers and `None` is a shape."""
    if isinstance(shapes, dict):
        return {name: map_shapes(fn, shape) for name, shape in shapes.items()}
    if isinstance(shapes, (list, tuple)):
        if all(dim is None or isinstance(dim, int) for dim in shapes):
            return fn(tuple(shapes))
        return [map_shapes(fn, shape) for shape in shapes]
    raise InvalidTypeError(f"A shape must be a tuple of integers and `None`. Received: {shapes!r}")
