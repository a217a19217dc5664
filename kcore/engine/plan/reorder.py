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
    while any(i.name == "max_pool" for i in listing.instructions) and _exchange_one(listing):
        pass
    return listing


def _exchange_one(listing: Listing) -> bool:
    """Exchange one pool with the activation before it; False if there is none to exchange."""
    made_by = {x: i for i in listing.instructions for x in i.results}
    for instruction in listing.instructions:
        maker = made_by.get(instruction.operands[0]) if instruction.name == "max_pool" else None
        if maker is not None and maker.name == "relu" and _meets_the_image(instruction):
            activation, pool = _pair(maker, listing), _pair(instruction, listing)
            if activation and pool and _are_alone(activation, pool, listing):
                _exchange(activation, pool, listing)
                return True
    return False


def _meets_the_image(pool: Instruction) -> bool:
    """Whether no window is all padding, which counts as -inf."""
    pairs = zip(pool.params["size"], pool.params["padding"], strict=True)
    return all(lo < size and hi < size for size, (lo, hi) in pairs)


def _pair(call: Instruction, listing: Listing) -> _Pair | None:
    """The call with what reads its residuals; None if that isn't its pullback alone."""
    readers = _readers(call.results[-1], listing)
    if not readers:
        return _Pair(call, None)
    return _Pair(call, readers[0]) if len(readers) == 1 and readers[0].name == "pullback" else None


def _are_alone(activation: _Pair, pool: _Pair, listing: Listing) -> bool:
    """Whether nothing else reads what the one call gives the other, and the one pullback the other."""
    if not _only_read_by(activation.call.results[0], (pool.call, pool.pullback), listing):
        return False
    if activation.pullback is None or pool.pullback is None:
        return activation.pullback is pool.pullback
    flow = pool.pullback.results[0]
    return activation.pullback.operands[-2] == flow and _only_read_by(flow, (activation.pullback,), listing)


def _only_read_by(x: int, own: tuple[Instruction | None, ...], listing: Listing) -> bool:
    return x not in listing.outputs and all(any(i is each for each in own) for i in _readers(x, listing))


def _readers(x: int, listing: Listing) -> list[Instruction]:
    return [i for i in listing.instructions if x in i.operands]


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
    pool.call.specs = activation.call.specs
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
