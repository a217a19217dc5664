"""Control flow: eagerly and captured, forwards and backwards, for no rounds at all."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from kcore.engine import control
from kcore.engine import primitives as P
from kcore.engine.autodiff import vjp
from kcore.engine.function import Function

from .case import Case, case, family

GROUP = "control flow"


def _both(f, *operands) -> Iterator:
    """What a function gives, eagerly and captured."""
    yield f(*operands)
    yield Function(f)(*operands)


def _scalar(backend, value, dtype: str = "float32"):
    return backend.asarray(np.array(value, dtype))


@case("control/cond takes one branch", group=GROUP, op="cond", answer="The first for true, the second for false.")
def cond_takes_one_branch(backend, check):
    """Each branch, and its gradient."""

    def choose(pred, x):
        return control.cond(pred, lambda x: P.multiply(x, 3.0), P.negative, x)

    x = _scalar(backend, 2.0)
    for pred, value, slope in ((True, 6.0, 3.0), (False, -2.0, -1.0)):
        flag = _scalar(backend, pred, "bool")
        for got in _both(choose, flag, x):
            check.equal(got, np.float32(value))
        for got in _both(lambda p, x: vjp(partial(choose, p), x)[1](x)[0], flag, x):
            check.equal(got, np.float32(slope * 2))


@case("control/while_loop counts its rounds", group=GROUP, op="while_loop", answer="As many rounds as the test allows.")
def while_loop_counts(backend, check):
    """The test is asked before each round; there may be none."""

    def count(limit):
        def body(rounds, total):
            return P.add(rounds, 1), P.multiply(total, 2.0)

        start = (_scalar(backend, 0, "int32"), _scalar(backend, 1.0))
        return control.while_loop(lambda rounds, total: P.less(rounds, limit), body, start)

    for limit in (0, 1, 5):
        for rounds, total in _both(count, _scalar(backend, limit, "int32")):
            check.equal(rounds, np.int32(limit))
            check.equal(total, np.float32(2.0**limit))


def _scan(reverse: bool, backend, check) -> None:
    rows = np.arange(1, 13, dtype=np.float32).reshape(4, 3)

    def step(carry, x):
        carry = P.add(P.multiply(carry, 0.5), x)
        return carry, P.multiply(carry, 2.0)

    def run(xs):
        return control.scan(step, backend.asarray(np.zeros(3, np.float32)), xs, reverse=reverse)

    carry, ys = np.zeros(3), np.zeros((4, 3))
    for t in reversed(range(4)) if reverse else range(4):
        carry = carry * 0.5 + rows[t]
        ys[t] = carry * 2
    for last, out in _both(run, backend.asarray(rows)):
        check.close(last, carry, op="*", dtype="float32")
        check.close(out, ys, op="*", dtype="float32")


def _scan_gradient(reverse: bool, backend, check) -> None:
    """d(sum of carry)/d(row t) is 0.5 to the number of steps after t."""

    def last(xs):
        step = lambda carry, x: (P.add(P.multiply(carry, 0.5), x), x)  # noqa: E731 - a step in a line
        return control.scan(step, backend.asarray(np.zeros(3, np.float32)), xs, reverse=reverse)[0]

    xs, g = (backend.asarray(np.ones(shape, np.float32)) for shape in ((4, 3), (3,)))
    powers = 0.5 ** np.arange(4.0)[:: 1 if reverse else -1]
    for got in _both(lambda xs: vjp(last, xs)[1](g)[0], xs):
        check.equal(got, np.repeat(powers[:, None], 3, 1).astype(np.float32))


@family
def scans() -> Iterator[Case]:
    """Steps in both directions, and their gradients."""
    for name, reverse in (("forwards", False), ("backwards", True)):
        for kind, run in (("", _scan), (", gradient", _scan_gradient)):
            yield Case(f"control/scan {name}{kind}", partial(run, reverse), group=GROUP, op="scan",
                       answer="The recurrence, a row at a time; rows of the result keep their places.")  # fmt: skip


@case("control/scan of no steps", group=GROUP, op="scan", answer="The first carry, and no rows.")
def scan_of_no_steps(backend, check):
    """Nothing to go through."""
    start, rows = backend.asarray(np.ones(2, np.float32)), backend.asarray(np.zeros((0, 2), np.float32))
    for carry, ys in _both(lambda c, xs: control.scan(lambda c, x: (P.add(c, x), x), c, xs), start, rows):
        check.equal(carry, np.ones(2, np.float32))
        check.equal(ys, np.zeros((0, 2), np.float32))
