"""One case a primitive: its value on calls that Hypothesis makes up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from kcore.conformance import primitives
from kcore.conformance.case import Case, family
from kcore.engine.primitives import TABLE, Primitive, Sample
from kcore.errors import UnsupportedError

from . import draws

FEW, MANY = 3, 20
"""How many calls the quick form makes, and the full one. An engine that compiles each call anew takes 0.1 s for one."""


def library() -> Any:
    """Hypothesis.

    Raises:
        UnsupportedError: it isn't installed.
    """
    try:
        import hypothesis
    except ImportError as err:
        raise UnsupportedError(
            "Conformance makes calls up with Hypothesis, which isn't installed. `pip install 'kcore[conformance]'`."
        ) from err
    return hypothesis


def try_all(question: Callable[[Sample], None], row: Primitive, dtypes: list[str], count: int) -> None:
    """Ask a question of some calls of a row; the error is that of the smallest call that goes wrong, which it names."""
    hypothesis = library()

    @hypothesis.strategies.composite
    def samples(draw: Any) -> Sample:
        return draws.sample(draws.Draw(draw, hypothesis.strategies), row, dtypes)

    def told(sample: Sample) -> None:
        try:
            question(sample)
        except Exception as err:
            err.add_note(f"The smallest call found: {sample.name}.")
            raise

    settings = hypothesis.settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        verbosity=hypothesis.Verbosity.quiet,
        phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    settings(hypothesis.given(samples())(told))()


def _property(row: Primitive, count: int, backend, check) -> None:
    gaps = {gap.name for gap in backend.capabilities.gaps}
    known = [dtype for dtype in backend.capabilities.dtypes if f"dtype:{dtype}" not in gaps]
    question = partial(primitives.ask_value, row, backend=backend, check=check)
    try_all(question, row, draws.dtypes_of(row, known), count)


@family
def cases() -> Iterator[Case]:
    """A few calls of each row for the quick form, and many."""
    for label, count in ((", a few calls", FEW), ("", MANY)):
        for row in TABLE.values():
            if row.required:
                yield Case(
                    f"property/{row.name}{label}",
                    partial(_property, row, count),
                    group=f"primitives: {row.group}",
                    op=row.name,
                    needs=(row.name,),
                    quick=count == FEW,
                )
