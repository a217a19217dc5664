"""The suite on every installed backend, and its quick form on backends that forgive nothing."""

from __future__ import annotations

import pytest
from strict_backends import ReadOnly, Strict

from kcore.conformance import load, run_case
from kcore.conformance.suite import ask
from kcore.extend import get_backend

ELSEWHERE = ("primitives", "errors", "gradients at kinks", "known")
"""Groups whose cases are tests beside what they are about: `tests/engine/test_primitives.py`, `test_known.py`."""
CASES = [
    case
    for case in load()
    if not case.group.startswith(ELSEWHERE)
    and case.family not in ("known", "layer value", "layer captured", "layer config", "layer gradient")
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_conformance(backend, case):
    ask(case, backend, backend if case.pair else None)


FORGIVEN = [case for case in CASES if case.quick or case.family in ("operands", "fresh")]
PAIRS = [case for case in CASES if case.pair and case.quick]


@pytest.mark.parametrize("case", PAIRS, ids=lambda case: case.name)
def test_each_pair_both_ways(backend, backend_names, case):
    others = [get_backend(name) for name in backend_names if name != backend.name]
    if not others:
        pytest.skip("not run: one engine alone is installed")
    for other in others:
        ask(case, backend, other)
        ask(case, other, backend)


@pytest.mark.parametrize("cls", [ReadOnly, Strict])
@pytest.mark.parametrize("case", FORGIVEN, ids=lambda case: case.name)
def test_quick_form_of_a_backend_that_forgives_nothing(case, cls, made):
    backend = made(cls)
    result = run_case(case, backend, backend)
    assert result.outcome != "failed", result.message


@pytest.fixture(scope="module")
def made():
    """One instance of each class."""
    instances = {}
    return lambda cls: instances.setdefault(cls, cls())
