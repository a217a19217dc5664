"""The suite is tested: each planted fault is caught by the case that is named for it, and by its own words."""

from __future__ import annotations

import re

import pytest
from planted import FAULTS, Fault

from kcore import layers
from kcore.conformance import load, run_case
from kcore.conformance.case import CASES
from kcore.extend import check_backend
from kcore_numpy import NumpyBackend


class Healthy(NumpyBackend):
    """NumPy without its shortcuts in plans, so that a fault in a method is a fault everywhere."""

    name = "healthy"
    inplace = {}

    def bind(self, name, params):
        return super(NumpyBackend, self).bind(name, params)


SERVICES = {"scan", "while_loop", "cond"}


def broken(name: str, fault: Fault) -> NumpyBackend:
    """The backend with the fault."""
    attributes = {
        key: staticmethod(value) if callable(value) and key not in SERVICES else value
        for key, value in fault.overrides.items()
        if key != "core"
    }
    cls = type("Broken", (Healthy,), {**attributes, "name": f"broken: {name}"})
    check_backend(cls)
    return cls()


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
    result = run_case(CASES[fault.case], broken(name, fault))
    assert result.outcome == "failed", f"{fault.case} didn't see that {name}"
    assert re.search(fault.says, result.message), result.message


@pytest.mark.parametrize("name", sorted({fault.case for fault in FAULTS.values()}))
def test_the_case_finds_nothing_in_a_healthy_backend(name):
    result = run_case(CASES[name], Healthy())
    assert result.outcome == "passed", result.message


def test_there_are_enough_faults():
    assert len(FAULTS) >= 40
