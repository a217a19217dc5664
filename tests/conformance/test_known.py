"""The known inconsistencies between backends: every one is a case, and every backend gives the answer."""

from __future__ import annotations

import pytest

import kcore
from kcore.conformance.case import CASES
from kcore.conformance.known import ITEMS, NOT_YET
from kcore.conformance.runner import run_case

NAMES = [name for names in ITEMS.values() for name in names]


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_is_kcores(name, backend):
    result = run_case(CASES[name], backend)
    if result.outcome == "gap":
        pytest.skip(result.message)
    if result.error is not None:
        raise result.error


def test_no_item_is_left_out():
    assert sorted(ITEMS.keys() | NOT_YET.keys()) == list(range(1, 72))


def test_every_case_has_an_answer_and_sources():
    for name in NAMES:
        assert CASES[name].answer.endswith("."), name
        assert CASES[name].sources, name


@pytest.mark.parametrize("path", sorted({path for paths in NOT_YET.values() for path in paths}))
def test_a_feature_that_is_not_there_yet_is_not_there(path):
    found = kcore
    for part in path.split("."):
        found = getattr(found, part, None)
    assert found is None, f"kcore.{path} exists: write its case, and take it out of NOT_YET"
