"""Cases: what conformance asks of every backend, one question each, by name.

A case is a function `run(backend, check)`. The backend is active while it runs, the seed is set, and nothing that it
finds wrong is returned: `check`, whose helpers raise, is the only way to say so.

    @case("known/sign of nan is nan", group="specials", sources=("K#1",), answer="NaN, as in NumPy.")
    def sign_of_nan(backend, check):
        check.equal(ops.sign(backend.asarray(np.float32("nan"))), np.float32("nan"))

A family (every primitive on every sample) is a generator of cases, marked with `family`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kcore.errors import InvalidArgumentError

if TYPE_CHECKING:
    from kcore.engine.backend import Backend

    from .check import Check

LEVELS = ("arrays", "inference", "training")
"""What a backend may be asked for, from the least to the most: primitives and ops; models' outputs; `fit`."""


@dataclass(frozen=True, eq=False)
class Case:
    """One question to a backend.

    Attributes:
        name: what is asked, unique; the part before the first `/` is the family.
        run: `run(backend, check)`, which raises if the answer is wrong.
        level: one of `LEVELS`.
        group: the section of the report that it stands in.
        op: the row of the report, and of the table of tolerances, that it belongs to.
        needs: names of capabilities (a primitive, `"dtype:float16"`, ...): where the backend declares a gap of such a
            name, the case must fail with the gap's error.
        sources: where the question comes from (`"K#19721"`).
        answer: the one answer, in a sentence.
        quick: whether the quick form asks it too.
        pair: whether it is asked of two backends; `check.other` is the second one.
    """

    name: str
    run: Callable[[Backend, Check], None]
    level: str = "arrays"
    group: str = "other"
    op: str = ""
    needs: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    answer: str = ""
    quick: bool = True
    pair: bool = False

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise InvalidArgumentError(f"`level` must be one of {', '.join(LEVELS)}. Received: level={self.level!r}")
        if "/" not in self.name:
            raise InvalidArgumentError(f"`name` must be of the form 'family/question'. Received: name={self.name!r}")

    @property
    def family(self) -> str:
        """The part of the name before the first `/`."""
        return self.name.partition("/")[0]


CASES: dict[str, Case] = {}
"""Every case of the modules imported so far, by name."""


def add(cases: Iterable[Case]) -> None:
    """Make cases known.

    Raises:
        InvalidArgumentError: two cases have one name.
    """
    for new in cases:
        if new.name in CASES:
            raise InvalidArgumentError(f"Two conformance cases are named {new.name!r}.")
        CASES[new.name] = new


def case(name: str, **attributes):
    """Decorate `run(backend, check)` as a case.

    Args:
        name: the case's name, `"family/question"`.
        **attributes: the other attributes of `Case`.

    Returns:
        A decorator that gives the function back.
    """

    def decorate(run: Callable[[Backend, Check], None]):
        add([Case(name, run, **attributes)])
        return run

    return decorate


def family(generate: Callable[[], Iterable[Case]]):
    """Decorate a function that yields cases: all of them become known."""
    add(generate())
    return generate
