"""The suite is tested: each planted fault is caught by the case that is named for it, and by its own words."""

from __future__ import annotations

import re

import pytest
from planted import FAULTS, KINDS
from spoiled import Healthy, broken

from kcore import layers
from kcore.conformance import load, run_case
from kcore.conformance.case import CASES


@pytest.fixture(scope="module", autouse=True)
def cases():
    load()


@pytest.mark.parametrize("name", FAULTS)
def test_the_fault_is_caught(name, monkeypatch):
    fault = FAULTS[name]
    if "core" in fault.overrides:
        layer, method, spoil = fault.overrides["core"]
        cls = getattr(layers, layer)
        monkeypatch.setattr(cls, method, spoil(getattr(cls, method)))
    result = run_case(CASES[fault.case], broken(name, fault.overrides))
    assert result.outcome == "failed", f"{fault.case} didn't see that {name}"
    assert re.search(fault.says, result.message), result.message


@pytest.mark.parametrize("name", sorted({fault.case for fault in FAULTS.values()}))
def test_the_case_finds_nothing_in_a_healthy_backend(name):
    result = run_case(CASES[name], Healthy())
    assert result.outcome == "passed", result.message


ASKED = (
    "wrong value",
    "missing return",
    "swapped axis",
    "wrong dtype",
    "wrong shape for zero-size input",
    "writes into an input",
    "wrong gradient",
    "gradient wrong only at a kink or a tie",
    "NaN swallowed",
    "off-by-one padding",
    "unstable sort",
    "dropout active in inference",
    "stale state",
    "random bits that differ",
    "non-determinism",
    "wrong error type",
)
"""What a suite that compares backends must not miss."""


@pytest.mark.parametrize("kind", ASKED)
def test_each_kind_is_planted_more_than_once(kind):
    assert len(KINDS[kind]) >= 2


def test_there_are_enough_faults():
    assert len(FAULTS) == sum(map(len, KINDS.values())) >= 40
