"""Keeping what variables held: for a step that some of them sit out, and for a step that leaves no trace."""

from __future__ import annotations

from collections.abc import Sequence

from kcore.engine import primitives as P
from kcore.engine import tracing
from kcore.engine.variable import Variable

from . import _gradients as G


def snapshot(variables: Sequence[Variable]) -> list:
    """The variables' values. Whoever holds a variable's value keeps it: assigning a new one doesn't write into it."""
    return [tracing.value_of(variable.value) for variable in variables]


def restore(variables: Sequence[Variable], values: Sequence) -> None:
    """Assign each variable its value."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


class Kept:
    """Context manager: what is assigned inside holds only where a condition is true; elsewhere the variables keep
    their values.

    Args:
        variables: variables, of one shape where there are `flags`.
        flags: boolean array of the variables' shape, or `None` for true everywhere.
        chosen: boolean tensor of shape `()`, or `None` for true.
    """

    def __init__(self, variables: Sequence[Variable], flags, chosen):
        self._variables = variables
        flags = None if flags is None else G.as_tensor(flags)
        both = flags is not None and chosen is not None
        self._condition = P.bitwise_and(flags, chosen) if both else (chosen if flags is None else flags)

    def __enter__(self) -> None:
        if self._condition is not None:
            self._before = snapshot(self._variables)

    def __exit__(self, kind, error, trace) -> None:
        if self._condition is None or error is not None:
            return
        for variable, before in zip(self._variables, self._before, strict=True):
            if variable.value is not before:
                variable.assign(P.where(self._condition, variable.value, before))
