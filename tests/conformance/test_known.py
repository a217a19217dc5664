"""The known inconsistencies between backends: every one is a case, and every backend gives the answer."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from kcore.conformance.case import CASES
from kcore.conformance.known import ITEMS
from kcore.conformance.runner import run_case

HOOK = Path(__file__).parents[2] / "docs" / "_hooks" / "tables.py"
NAMES = [name for names in ITEMS.values() for name in names]


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_is_kcores(name, backend):
    result = run_case(CASES[name], backend)
    if result.outcome == "gap":
        pytest.skip(result.message)
    if result.error is not None:
        raise result.error


def test_no_item_is_left_out():
    assert sorted(ITEMS) == list(range(1, 72))


def test_every_case_has_an_answer_and_sources():
    for name in NAMES:
        assert CASES[name].answer.endswith("."), name
        assert CASES[name].sources, name


@pytest.fixture
def tables(monkeypatch):
    """What makes the tables of the documentation."""
    monkeypatch.syspath_prepend(str(HOOK.parent))
    return runpy.run_path(str(HOOK))


def test_the_page_of_answers_has_every_item(tables):
    table = tables["answers"]()
    for item in range(1, 72):
        assert f"\n| {item} | " in table
    assert "[K#19721](https://github.com/keras-team/keras/issues/19721)" in table


def test_the_page_of_tolerances_has_every_row(tables):
    from kcore.conformance.tolerances import TOLERANCES

    text = tables["tolerances"]()
    assert all(f"`{op}`" in text for op in TOLERANCES if op != "*")
    assert "any other op" in text
    assert "| float32 | 0.0001 | 0.001 |" in tables["slopes"]()
