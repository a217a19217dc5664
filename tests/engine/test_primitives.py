"""The table of primitives: its rows are complete, its spec rules true; and each backend passes the cases made of it."""

import numpy as np
import pytest

from kcore.conformance import load
from kcore.conformance.suite import ask
from kcore.engine.primitives import TABLE
from kcore.engine.spec import Spec

FAMILIES = {"value", "captured", "operands", "gradient", "second gradient", "captured gradient", "kink", "error"}
CASES = [case for case in load("arrays") if case.family in FAMILIES]
SAMPLES = [(name, sample) for name, row in TABLE.items() for sample in row.samples()]


def test_the_table_has_at_most_64_required_rows():
    assert len([row for row in TABLE.values() if row.required]) <= 64


@pytest.mark.parametrize("name", TABLE)
def test_rows_are_complete(name):
    row = TABLE[name]
    assert all((row.doc, row.group, callable(row.spec), callable(row.reference)))
    assert list(row.samples()), "a row needs samples"
    assert callable(row.vjps) or len(row.vjps) == len(row.operands)


@pytest.mark.parametrize(("name", "sample"), SAMPLES, ids=[f"{name}-{sample.name}" for name, sample in SAMPLES])
def test_the_spec_rule_agrees_with_the_reference(name, sample):
    row = TABLE[name]
    expected = np.asarray(row.reference(*sample.operands, **sample.params))
    specs = [Spec(np.shape(x), np.asarray(x).dtype.name) for x in sample.operands]
    assert row.spec(*specs, **sample.params) == Spec(expected.shape, expected.dtype.name)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_conformance(backend, case):
    ask(case, backend)
