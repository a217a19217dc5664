"""Passes over a listing: each takes one and returns one that means the same.

simplify   calls that change nothing, calls of constants, and calls made before disappear
prune      calls whose results nobody reads disappear
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from kcore.engine.primitives.internal import Internal
from kcore.engine.spec import Spec

from .instructions import Instruction, Listing

FOLD_LIMIT = 1 << 16
"""Constants of more elements than this are computed by the plan each time, and not kept."""


def simplify(listing: Listing, backend) -> Listing:
    """One walk that replaces what it can by tensors that are there already."""
    return _Simplifier(listing, backend).run()


class _Simplifier:
    def __init__(self, listing: Listing, backend):
        self.listing = listing
        self.backend = backend
        self.replaced: dict[int, int] = {}
        self.made_by: dict[int, Instruction] = {}
        self.seen: dict[object, list[int]] = {}

    def run(self) -> Listing:
        kept = []
        for instruction in self.listing.instructions:
            instruction.operands = [self.replaced.get(x, x) for x in instruction.operands]
            same = self._same(instruction)
            if same is None:
                kept.append(instruction)
                self.made_by.update(dict.fromkeys(instruction.results, instruction))
            else:
                self.replaced.update(zip(instruction.results, same, strict=True))
        self.listing.instructions = kept
        self.listing.outputs = [self.replaced.get(x, x) for x in self.listing.outputs]
        return self.listing

    def _same(self, instruction: Instruction) -> list[int] | None:
        """Numbers that hold the results already, if there are."""
        rule = RULES.get(instruction.name)
        if rule is not None:
            found = rule(self, instruction)
            if found is not None:
                return [found]
        if instruction.primitive.group == "elementwise":
            self._unbroadcast(instruction)
        if not isinstance(instruction.primitive, Internal):
            return self._folded(instruction) or self._repeated(instruction)
        return None

    def _folded(self, instruction: Instruction) -> list[int] | None:
        constants = self.listing.constants
        size = math.prod(instruction.specs[0].shape)
        if size > FOLD_LIMIT or not all(x in constants for x in instruction.operands):
            return None
        operands = [constants[x] for x in instruction.operands]
        value = instruction.primitive.evaluate(self.backend, operands, instruction.params)
        return [self.listing.constant(value, instruction.specs[0])]

    def _repeated(self, instruction: Instruction) -> list[int] | None:
        key = (
            instruction.name,
            tuple(map(self._identity, instruction.operands)),
            tuple(sorted(instruction.params.items())),
        )
        found = self.seen.get(key)
        if found is None:
            self.seen[key] = instruction.results
        return found

    def _identity(self, number: int):
        """Small constants are the same when they are equal."""
        if number not in self.listing.constants or self.listing.specs[number].shape != ():
            return number
        spec = self.listing.specs[number]
        return spec, np.asarray(self.backend.to_numpy(self.listing.constants[number])).tobytes()

    def _unbroadcast(self, instruction: Instruction) -> None:
        """An elementwise call broadcasts on its own: read what `broadcast_to` read, if the result's shape stays."""
        for position, x in enumerate(instruction.operands):
            maker = self.made_by.get(x)
            source = (
                self._broadcast_source(x)
                if maker is None
                else maker.operands[0]
                if maker.name == "broadcast_to"
                else None
            )
            if source is None:
                continue
            shapes = [
                self.listing.specs[source if i == position else o].shape for i, o in enumerate(instruction.operands)
            ]
            if np.broadcast_shapes(*shapes) == instruction.specs[0].shape:
                instruction.operands[position] = source

    def _broadcast_source(self, number: int) -> int | None:
        """The scalar that fills a constant made by `broadcast_to` during capture, if it is one."""
        tensor = self.listing.constants.get(number)
        spec = self.listing.specs[number]
        if (
            tensor is None
            or spec.shape == ()
            or not isinstance(tensor, np.ndarray)
            or any(tensor.strides)
            or not tensor.size
        ):
            return None
        return self.listing.constant(tensor[(0,) * tensor.ndim], Spec((), spec.dtype))

    def scalar_constant(self, number: int):
        """The value of a constant that has one value, else `None`."""
        if number not in self.listing.constants or self.listing.specs[number].shape != ():
            return None
        return np.asarray(self.backend.to_numpy(self.listing.constants[number])).item()


def _unchanged(simplifier: _Simplifier, instruction: Instruction) -> int | None:
    x = instruction.operands[0]
    return x if simplifier.listing.specs[x] == instruction.specs[0] else None


def _reshape(simplifier: _Simplifier, instruction: Instruction) -> int | None:
    maker = simplifier.made_by.get(instruction.operands[0])
    if maker is not None and maker.name == "reshape":
        instruction.operands = list(maker.operands)
    return _unchanged(simplifier, instruction)


def _permute(simplifier: _Simplifier, instruction: Instruction) -> int | None:
    axes = instruction.params["axes"]
    maker = simplifier.made_by.get(instruction.operands[0])
    if maker is not None and maker.name == "permute_dims":
        axes = tuple(maker.params["axes"][a] for a in axes)
        instruction.operands, instruction.params = list(maker.operands), {"axes": axes}
    return instruction.operands[0] if axes == tuple(range(len(axes))) else None


def _neutral(value: float, positions: tuple[int, ...]):
    """Rule of a call with an operand that is this constant.

    It gives the other one, where that has the result's spec.
    """

    def rule(simplifier: _Simplifier, instruction: Instruction) -> int | None:
        for position in positions:
            other = instruction.operands[1 - position]
            if (
                simplifier.scalar_constant(instruction.operands[position]) == value
                and simplifier.listing.specs[other] == instruction.specs[0]
            ):
                return other
        return None

    return rule


def _multiply(simplifier: _Simplifier, instruction: Instruction) -> int | None:
    """A product with 1, and one that takes a quotient back: a mean counted as often as it has elements."""
    simplifier._unbroadcast(instruction)
    for position in (0, 1):
        maker = simplifier.made_by.get(instruction.operands[1 - position])
        factor = simplifier.scalar_constant(instruction.operands[position])
        if factor and maker is not None and maker.name == "divide" and maker.specs == instruction.specs:
            dividend, divisor = maker.operands
            same = simplifier.scalar_constant(divisor) == factor
            if same and math.isfinite(factor) and simplifier.listing.specs[dividend] == instruction.specs[0]:
                return dividend
    return _neutral(1, (0, 1))(simplifier, instruction)


def _argmax(simplifier: _Simplifier, instruction: Instruction) -> None:
    """The largest share of a softmax belongs to the largest logit."""
    maker = simplifier.made_by.get(instruction.operands[0])
    if maker is not None and maker.name == "softmax" and maker.params["axes"] == (instruction.params["axis"],):
        instruction.operands = maker.operands[:1]


def _reduce(simplifier: _Simplifier, instruction: Instruction) -> int | None:
    shape = simplifier.listing.specs[instruction.operands[0]].shape
    return _unchanged(simplifier, instruction) if all(shape[a] == 1 for a in instruction.params["axes"]) else None


RULES: dict[str, Callable[[_Simplifier, Instruction], int | None]] = {
    "cast": _unchanged,
    "broadcast_to": _unchanged,
    "reshape": _reshape,
    "permute_dims": _permute,
    "slice": _unchanged,
    "pad": _unchanged,
    "multiply": _multiply,
    "argmax": _argmax,
    "divide": _neutral(1, (1,)),
    "subtract": _neutral(0, (1,)),
    "sum": _reduce,
    "max": _reduce,
    "min": _reduce,
    "prod": _reduce,
}
"""What makes a call of a primitive needless. Adding 0 isn't there: it turns -0.0 into 0.0."""


def prune(listing: Listing) -> Listing:
    """Drop calls whose results nobody reads; a `scan` stops keeping states that no gradient asks for, and a pullback
    learns which cotangents are wanted."""
    needed = set(listing.outputs)
    kept = []
    for instruction in reversed(listing.instructions):
        if not needed.intersection(instruction.results):
            continue
        needed.update(instruction.operands)
        kept.append(_lighter(instruction, needed))
    listing.instructions = kept[::-1]
    return listing


def _lighter(instruction: Instruction, needed: set[int]) -> Instruction:
    if instruction.name == "scan":
        hidden = instruction.results[len(instruction.params["body"].outputs) :]
        instruction.params = {**instruction.params, "keep": bool(needed.intersection(hidden))}
    if instruction.name == "pullback":
        instruction.params = {**instruction.params, "wanted": tuple(x in needed for x in instruction.results)}
    return instruction


def check(listing: Listing) -> Listing:
    """Derive every spec again (run after each pass in tests).

    Raises:
        AssertionError: the listing contradicts the table.
    """
    known = {*listing.inputs, *listing.constants}
    for instruction in listing.instructions:
        late = [x for x in instruction.operands if x not in known]
        assert not late, f"{instruction.name} reads {late} before they are made"
        specs = instruction.primitive.spec(*(listing.specs[x] for x in instruction.operands), **instruction.params)
        specs = specs if isinstance(specs, tuple) else (specs,)
        assert specs == instruction.specs, f"{instruction.name} makes {specs}, not {instruction.specs}"
        known.update(instruction.results)
    assert known.issuperset(listing.outputs), "an output that nobody makes"
    return listing
