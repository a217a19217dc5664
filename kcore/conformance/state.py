"""Nothing is remembered that shouldn't be, and nothing is left to chance."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from kcore.engine import primitives as P
from kcore.engine.function import Function
from kcore.engine.primitives import TABLE, Primitive, Sample
from kcore.engine.primitives.samples import floats

from .case import Case, case, family
from .primitives import needs, oracle, tensors

GROUP = "state"


def _mirrored(sample: Sample) -> Sample:
    return Sample(sample.name, tuple(np.array(np.flip(x)) for x in sample.operands), sample.params)


def _fresh(row: Primitive, sample: Sample, backend, check) -> None:
    other = _mirrored(sample)
    for run in (row, Function(lambda *xs: row(*xs, **sample.params))):
        params = sample.params if run is row else {}
        first = run(*tensors(backend, sample), **params)
        second = run(*tensors(backend, other), **params)
        for got, asked in ((first, sample), (second, other)):
            expected, dtype = oracle(row, asked)
            check.close(got, expected, op=row.name, dtype=dtype)


@family
def each_call_is_its_own() -> Iterator[Case]:
    """A second call, of other numbers and the same shapes, leaves the first result alone and isn't answered by it."""
    for row in TABLE.values():
        sample = next(iter(row.samples()))
        yield Case(
            f"fresh/{row.name}",
            partial(_fresh, row, sample),
            group=GROUP,
            op=row.name,
            needs=needs(row, sample),
            answer="Two calls, two results, eagerly and captured.",
            quick=False,
        )


HEAVY = {
    "sum": (lambda: (floats(64, 1000),), {"axes": (0, 1), "keepdims": False}),
    "matmul": (lambda: (floats(65, 130), floats(130, 67)), {}),
    "conv": (
        lambda: (floats(2, 17, 19, 5), floats(3, 3, 5, 7)),
        {"strides": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1), "groups": 1},
    ),
    "scatter_add": (lambda: (floats(5, 3), np.arange(600, dtype=np.int32) % 5, floats(600, 3)), {"axis": 0}),
    "cumsum": (lambda: (floats(40, 90),), {"axis": 1}),
    "exp": (lambda: (floats(3000),), {}),
}
"""Calls that an engine may cut into parts, whose order it must not leave to chance."""


def _repeated(name: str, backend, check) -> None:
    make, params = HEAVY[name]
    operands = [backend.asarray(x) for x in make()]
    first = np.array(check.numpy(TABLE[name](*operands, **params)))
    for _ in range(4):
        check.same_bits(TABLE[name](*operands, **params), first)


@family
def repeated_calls() -> Iterator[Case]:
    """The same call gives the same bits."""
    for name in HEAVY:
        yield Case(f"determinism/{name}", partial(_repeated, name), group="determinism", op=name, needs=(name,),
                   answer="The same bits, five times.")  # fmt: skip


@case("fresh/a tensor is apart from the array that it was made from", group=GROUP, op="Variable",
      answer="Writing into the array afterwards changes no variable.")  # fmt: skip
def variables_are_copies(backend, check):
    """A variable shares no memory with what it was made from, nor with what `numpy()` gives."""
    from kcore.engine.variable import Variable

    source = np.arange(3, dtype=np.float32)
    variable = Variable(source)
    source += 5
    taken = variable.numpy()
    taken += 7
    check.equal(variable, np.arange(3, dtype=np.float32))


@case("fresh/a captured step reads variables anew", group=GROUP, op="Variable",
      answer="The value at the time of the call.")  # fmt: skip
def captured_steps_read_variables(backend, check):
    """The value of a variable isn't baked into a captured step, and assignments leave it."""
    from kcore.engine.variable import Variable

    variable = Variable(np.zeros(2, np.float32))
    step = Function(lambda x: variable.assign_add(x).value * 2)
    one = backend.asarray(np.ones(2, np.float32))
    for expected in (2.0, 4.0):
        check.equal(step(one), np.full(2, expected, np.float32))
    variable.assign(np.full(2, 10, np.float32))
    check.equal(step(one), np.full(2, 22, np.float32))
    check.equal(variable, np.full(2, 11, np.float32))


@case("captured/a product is rounded before a sum", group=GROUP, op="multiply", needs=("unfused multiply-add",),
      answer="Each call rounds its result: captured functions give what eager calls give.")  # fmt: skip
def products_are_rounded(backend, check):
    """(1 + e) ** 2 - (1 + 2 e) is e ** 2, which is lost when the square is rounded to float32."""
    x, y = np.full(64, 1 + 2.0**-12, np.float32), np.full(64, 1 + 2.0**-11, np.float32)
    step = Function(lambda x, y: P.subtract(P.multiply(x, x), y))
    check.equal(step(backend.asarray(x), backend.asarray(y)), np.zeros(64, np.float32))
