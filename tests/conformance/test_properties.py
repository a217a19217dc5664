"""Properties: every primitive has calls made up for it, the same at every run, and a failure shows the smallest."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kcore.conformance import load, run_case
from kcore.conformance.case import CASES
from kcore.conformance.properties import cases, draws
from kcore.engine.primitives import TABLE
from kcore.engine.spec import Spec
from kcore.extend import Capabilities, get_backend, required_primitives
from kcore_numpy import NumpyBackend

DTYPES = [dtype for dtype in Capabilities().dtypes if dtype != "bfloat16"]


@pytest.mark.parametrize("name", required_primitives())
@settings(max_examples=10)
@given(data=st.data())
def test_calls_are_valid_and_agree_with_the_rule_of_shapes(name, data):
    row = TABLE[name]
    made = draws.sample(draws.Draw(data.draw, st), row, draws.dtypes_of(row, DTYPES))
    specs = [Spec(np.shape(x), np.asarray(x).dtype.name) for x in made.operands]
    with np.errstate(all="ignore"):
        expected = np.asarray(row.reference(*made.operands, **made.params))
    assert row.spec(*specs, **made.params) == Spec(expected.shape, expected.dtype.name)


def test_the_same_calls_at_every_run():
    row, runs = TABLE["take"], ([], [])
    for run in runs:
        cases.try_all(lambda sample, run=run: run.append(sample.name), row, ["float32"], 5)
    assert runs[0] == runs[1]
    assert len(set(runs[0])) == 5


def test_the_smallest_call_is_named():
    def no_rows(sample):
        assert sample.operands[0].ndim < 2, "too many axes"

    with pytest.raises(AssertionError, match="too many axes") as caught:
        cases.try_all(no_rows, TABLE["flip"], ["float32"], 40)
    assert caught.value.__notes__[0] == "The smallest call found: flip(float32[0, 0]), {'axes': ()}."


def test_a_dtype_that_the_backend_has_not_is_not_asked():
    load("arrays")
    asked = []

    def negative(self, x):
        asked.append(x.dtype.name)
        return np.negative(x)

    capabilities = Capabilities(dtypes=("bool", "int32", "float32"))
    cls = type("Few", (NumpyBackend,), {"name": "few", "capabilities": capabilities, "negative": negative})
    assert run_case(CASES["property/negative"], cls()).outcome == "passed"
    assert set(asked) == {"int32", "float32"}


def test_without_hypothesis_the_extra_is_named(monkeypatch):
    load("arrays")
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    result = run_case(CASES["property/add"], get_backend("numpy"))
    assert result.outcome == "failed"
    assert "pip install 'kcore[conformance]'" in result.message
