"""One case a seed: the model of the seed, trained in a plan and eagerly, goes the way that NumPy goes in float64."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial

import numpy as np

from kcore import config
from kcore.conformance import gaps
from kcore.conformance.case import Case, family
from kcore.conformance.check import Check
from kcore.engine import active
from kcore.engine.backend import Backend
from kcore.engine.plan.poison import poisoning
from kcore.engine.selection import get_backend

from .description import Description, shown, trained, values
from .generate import generate
from .reduce import reduced

SEEDS, QUICK = 24, 0
"""How many seeds the full form and the quick form have."""


@functools.cache
def reference() -> Backend:
    """NumPy with the core's composites alone: a loop that a fast path gets wrong is right here."""
    cls = type(get_backend("numpy"))
    return type("Reference", (cls,), {"name": "reference", "fused": {}, "inplace": {}})()


def expected(description: Description) -> tuple[np.ndarray, np.ndarray]:
    """Losses and predictions of the reference, in float64."""
    before = config.floatx()
    config.set_floatx("float64")
    try:
        with active.activate(reference()):
            return trained(description)
    finally:
        config.set_floatx(before)


def compare(description: Description, check: Check, *, eagerly: bool) -> None:
    """Train the model on the active backend, and compare with the reference.

    Plans fill the memory that they give up, so that what a backend says of its views is tested too.

    Raises:
        AssertionError: a plan reads memory that it gave up.
        Mismatch: losses or predictions are further apart than the table allows.
    """
    losses, predictions = expected(description)
    with nullcontext() if eagerly else poisoning():
        found, predicted = trained(description, eagerly=eagerly)
    check.close(found.astype(np.float32), losses, op="model")
    check.close(predicted, predictions, op="model", dtype="float32")


def is_valid(description: Description) -> bool:
    """Whether the graph can be built."""
    try:
        values(description)
    except (ValueError, TypeError):
        return False
    return True


def _asked(seed: int, backend: Backend, check: Check) -> None:
    description = generate(seed)
    for eagerly in (False, True):
        try:
            compare(description, check, eagerly=eagerly)
        except Exception as err:
            if gaps.behind(err, backend) is None:
                err.add_note(_told(description, type(err), backend, eagerly=eagerly))
            raise


def _told(description: Description, error: type[Exception], backend: Backend, *, eagerly: bool) -> str:
    """How to see the failure again, and the smallest model that fails as this one did."""

    def fails(candidate: Description) -> bool:
        return is_valid(candidate) and raised(candidate) is error

    def raised(candidate: Description) -> type[Exception] | None:
        try:
            compare(candidate, Check(backend), eagerly=eagerly)
        except Exception as err:
            return type(err)
        return None

    how, seed = "run eagerly" if eagerly else "captured", description["seed"]
    again = f"`kcore conformance --backend {backend.name} --models 1 --seed {seed}`"
    return f"({how}; again: {again}) The smallest model that fails: {shown(reduced(description, fails))}."


def case_of(seed: int, *, quick: bool = False) -> Case:
    """The case of a seed."""
    return Case(
        f"model/seed {seed}",
        partial(_asked, seed),
        level="training",
        group="random models",
        op="random model",
        answer="The losses and predictions of NumPy in float64, in a plan and eagerly.",
        quick=quick,
    )


@family
def cases() -> Iterator[Case]:
    """The first seeds."""
    for seed in range(SEEDS):
        yield case_of(seed, quick=seed < QUICK)


def more(seed: int, count: int) -> list[Case]:
    """The cases of `count` seeds from `seed` on, whether they are known or not."""
    return [case_of(s) for s in range(seed, seed + count)]
