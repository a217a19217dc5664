"""Pool first: `max_pool(relu(x))` becomes `relu(max_pool(x))`, and their pullbacks change places too.

Both functions are monotonic, so the values are the same; so are the gradients: where a window's largest element isn't
positive, nothing flows either way, and else the same element is the largest, before and after. The activation and its
pullback then work on the pooled tensor, a quarter of the elements for windows of 2x2.
"""

from __future__ import annotations

from typing import NamedTuple

from .instructions import Instruction, Listing


class _Pair(NamedTuple):
    """A fused op's call, and that of its pullback if there is one."""

    call: Instruction
    pullback: Instruction | None


def pool_first(listing: Listing) -> Listing:
    """Run the pass."""
    while any(_try(instruction, listing) for instruction in listing.instructions if instruction.name == "max_pool"):
        pass
    return listing


def _try(instruction: Instruction, listing: Listing) -> bool:
    """Exchange a pool with the activation before it, if there is one and nothing forbids it."""
    maker = next((i for i in listing.instructions if instruction.operands[0] in i.results), None)
    if maker is None or maker.name != "relu" or not _meets_the_image(instruction):
        return False
    readers: dict[int, list[Instruction]] = {}
    for each in listing.instructions:
        for x in each.operands:
            readers.setdefault(x, []).append(each)
    activation, pool = _pair(maker, readers), _pair(instruction, readers)
    if activation is None or pool is None or not _alone(activation, pool, readers, listing.outputs):
        return False
    _exchange(activation, pool, listing)
    return True


def _meets_the_image(pool: Instruction) -> bool:
    """Whether no window is all padding, which counts as -inf."""
    pairs = zip(pool.params["size"], pool.params["padding"], strict=True)
    return all(lo < size and hi < size for size, (lo, hi) in pairs)


def _pair(call: Instruction, readers: dict[int, list[Instruction]]) -> _Pair | None:
    """The call with what reads its residuals; None if that isn't its pullback alone."""
    found = readers.get(call.results[-1], [])
    if not found:
        return _Pair(call, None)
    return _Pair(call, found[0]) if len(found) == 1 and found[0].name == "pullback" else None


def _alone(activation: _Pair, pool: _Pair, readers: dict[int, list[Instruction]], outputs: list[int]) -> bool:
    """Whether nothing else reads the activations, or what flows between the pullbacks."""
    between: list[tuple[int, tuple[Instruction | None, ...]]] = [
        (activation.call.results[0], (pool.call, pool.pullback))
    ]
    if (activation.pullback is None) != (pool.pullback is None):
        return False
    if pool.pullback is not None and activation.pullback is not None:
        flow = pool.pullback.results[0]
        if flow not in activation.pullback.operands:
            return False
        between.append((flow, (activation.pullback,)))
    return all(
        x not in outputs and all(any(reader is each for each in own) for reader in readers.get(x, []))
        for x, own in between
    )


def _exchange(activation: _Pair, pool: _Pair, listing: Listing) -> None:
    """Each of the two instructions does what the other did, and so do their pullbacks.

    A pullback's operands are what it reads of the call's own operand, the cotangent, and the residuals.
    """
    (x,), active_rest = activation.call.operands, activation.call.results[-1]
    pooled, pooled_rest = pool.call.results
    between = listing.number(pool.call.specs[0])
    _swap(activation.call, pool.call)
    activation.call.operands, activation.call.results = [x], [between, pooled_rest]
    pool.call.operands, pool.call.results = [between], [pooled, active_rest]
    if activation.pullback is None or pool.pullback is None:
        return
    first, last = pool.pullback, activation.pullback
    shape, given, result = listing.specs[between], first.operands[-2], last.results
    flow = listing.number(shape)
    _swap(first, last)
    first.operands = [*(between for _ in first.operands[:-2]), given, active_rest]
    last.operands = [*(x for _ in last.operands[:-2]), flow, pooled_rest]
    first.results, first.specs, first.params = [flow], (shape,), {**first.params, "specs": (shape,)}
    last.results = result


def _swap(a: Instruction, b: Instruction) -> None:
    """Exchange all that two instructions are, but not their places."""
    for name in ("primitive", "operands", "params", "results", "specs", "path"):
        mine, other = getattr(a, name), getattr(b, name)
        setattr(a, name, other)
        setattr(b, name, mine)
