"""The arguments of one call of a layer, by the names that its `call` gives them."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

from kcore import tree
from kcore.engine.spec import public_shape
from kcore.errors import InvalidTypeError
from kcore.ops import masks
from kcore.ops.operation import KerasTensor, any_symbolic, map_symbolic, symbolic_leaves


class CallSignature(NamedTuple):
    """What is known of a `call` method: its parameters without `self`, and the two that the caller fills in."""

    signature: inspect.Signature
    names: tuple[str, ...]
    training_default: Any
    takes_training: bool
    takes_mask: bool
    simple: bool
    """Whether one positional argument can be bound without looking further."""


_signatures: weakref.WeakKeyDictionary[Callable, CallSignature] = weakref.WeakKeyDictionary()


def signature_of(call: Callable[..., Any]) -> CallSignature:
    """The signature of an unbound `call` method; worked out once for each function."""
    known = _signatures.get(call)
    if known is None:
        known = _signatures[call] = _inspect(call)
    return known


def _inspect(call: Callable[..., Any]) -> CallSignature:
    parameters = list(inspect.signature(call).parameters.values())[1:]
    by_name = {p.name: p for p in parameters}
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters)
    default = by_name["training"].default if "training" in by_name else None
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return CallSignature(
        inspect.Signature(parameters),
        tuple(by_name),
        None if default is inspect.Parameter.empty else default,
        "training" in by_name,
        "mask" in by_name,
        bool(positional)
        and not takes_any
        and all(p.default is not p.empty for p in parameters[1:] if p.kind is not p.VAR_POSITIONAL),
    )


class CallArguments:
    """One call's arguments.

    Attributes:
        given: the positional and keyword arguments to note in the graph: as the caller wrote them.
        arguments: the arguments by parameter name, without those that `call` doesn't take.
        training: the flag that the caller passed, `None` if none.
        mask: the mask that the caller passed, `None` if none.
    """

    def __init__(self, layer: Any, args: tuple, kwargs: dict[str, Any]):
        self.signature = signature_of(type(layer).call)
        self.given = (args, kwargs)
        if len(args) == 1 and not kwargs and self.signature.simple:
            self.bound = inspect.BoundArguments(self.signature.signature, {self.signature.names[0]: args[0]})  # type: ignore[arg-type]
        else:
            self.bound = self._bind(layer, args, dict(kwargs))
        self.training = self.bound.arguments.get("training", kwargs.get("training"))
        self.mask = self.bound.arguments.get("mask", kwargs.get("mask"))

    def _bind(self, layer: Any, args: tuple, kwargs: dict[str, Any]) -> inspect.BoundArguments:
        if not self.signature.takes_training:
            kwargs.pop("training", None)
        if not self.signature.takes_mask:
            kwargs.pop("mask", None)
        try:
            return self.signature.signature.bind(*args, **kwargs)
        except TypeError as err:
            expected = f"{type(layer).__name__}.call{self.signature.signature}"
            raise InvalidTypeError(
                f"Layer '{layer.path}' ({type(layer).__name__}): {err}. Expected: {expected}"
            ) from None

    @property
    def arguments(self) -> dict[str, Any]:
        return self.bound.arguments

    @property
    def first(self) -> Any:
        """The first argument: what is called the layer's inputs; `None` if there is none."""
        return next(iter(self.arguments.values()), None)

    @property
    def is_symbolic(self) -> bool:
        """Whether a `KerasTensor` is among the arguments."""
        return any_symbolic(self.arguments)

    def convert(self, convert: Callable[[Any], Any]) -> None:
        """Replace every leaf of the arguments by what `convert` makes of it."""
        for name, value in self.arguments.items():
            self.arguments[name] = tree.map_structure(convert, value) if tree.is_nested(value) else convert(value)

    def tensors(self) -> dict[str, Any]:
        """The arguments that are, or hold, tensors; not the masks."""
        return {
            k: v for k, v in self.arguments.items() if not k.endswith("mask") and any(map(_is_tensor, tree.flatten(v)))
        }

    def shapes(self) -> dict[str, Any]:
        """The shape, or structure of shapes, of each argument that has one; unknown dimensions are `None`."""
        return {name: shapes_of(value) for name, value in self.tensors().items()}

    def populate(self, training: Any) -> None:
        """Fill in `training` and the masks that the tensors carry, where `call` takes them and the caller passed
        none."""
        if self.signature.takes_training:
            self.arguments["training"] = training
        tensors = self.tensors()
        first = next(iter(self.arguments), None)
        if self.mask is None and first in tensors:
            self.mask = masks_of(tensors[first])
            if self.signature.takes_mask and self.mask is not None:
                self.arguments["mask"] = self.mask
        for name, value in tensors.items():
            if f"{name}_mask" in self.signature.names and self.arguments.get(f"{name}_mask") is None:
                self.arguments[f"{name}_mask"] = masks_of(value)

    def symbolic_tensors(self) -> list[KerasTensor]:
        """The `KerasTensor`s among the arguments and the masks they carry, each once."""
        tensors = symbolic_leaves((self.arguments, self.mask))
        carried = symbolic_leaves([masks.get_mask(x) for x in tensors])
        return list({id(x): x for x in (*tensors, *carried)}.values())

    def substitute(self, values: dict[int, Any]) -> CallArguments:
        """The same call with `values[id(x)]` in the place of each `KerasTensor` x; the values carry the masks of
        those."""
        other = CallArguments.__new__(CallArguments)
        other.signature, other.given, other.training = self.signature, self.given, self.training

        def replace(x: KerasTensor) -> Any:
            value, mask = values[id(x)], masks.get_mask(x)
            if mask is not None:
                masks.set_mask(value, values.get(id(mask), mask))
            return value

        other.bound = inspect.BoundArguments(self.signature.signature, map_symbolic(replace, dict(self.arguments)))
        other.mask = map_symbolic(replace, self.mask)
        return other

    def describe(self) -> str:
        """The arguments for an error's text: `inputs=float32(2, 3), training=True`."""
        return ", ".join(f"{name}={_describe(value)}" for name, value in self.arguments.items() if value is not None)


def _is_tensor(x: Any) -> bool:
    return hasattr(x, "shape") and hasattr(x, "dtype")


def _describe(value: Any) -> str:
    if _is_tensor(value):
        return f"{str(value.dtype).rpartition('.')[2]}{public_shape(tuple(value.shape))}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_describe, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{k!r}: {_describe(v)}' for k, v in value.items())}}}"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def shapes_of(value: Any) -> Any:
    """The shapes in a structure of tensors, unknown dimensions as `None`; leaves that aren't tensors give `None`."""
    return tree.map_structure(lambda x: public_shape(tuple(x.shape)) if _is_tensor(x) else None, value)


def masks_of(value: Any) -> Any:
    """The masks that the tensors of a structure carry, in the same structure; `None` if none of them carries one."""
    if not tree.is_nested(value):
        return masks.get_mask(value)
    found = tree.map_structure(masks.get_mask, value)
    return None if all(mask is None for mask in tree.flatten(found)) else found
