"""Every primitive, on every sample of the table, eagerly, bound as a plan binds it, and into a buffer."""

from __future__ import annotations

import numpy as np
import pytest

from kcore.engine.primitives import TABLE
from kcore_numpy import NumpyBackend

CASES = [
    pytest.param(row, sample, id=f"{name}: {sample.name}")
    for name, row in TABLE.items()
    if row.required
    for sample in row.samples()
]
TOLERANCE = {"float16": 2e-3, "float32": 3e-6, "float64": 1e-12}


def read_only(x) -> np.ndarray:
    x = np.array(x)
    x.flags.writeable = False
    return x


def check(got, expected) -> None:
    expected = np.asarray(expected)
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    tolerance = TOLERANCE.get(expected.dtype.name, 0)
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("row", "sample"), CASES)
def test_eager_call_matches_the_reference(numpy_backend, row, sample):
    got = numpy_backend.functions[row.name](*map(read_only, sample.operands), **sample.params)
    check(got, row.reference(*sample.operands, **sample.params))


@pytest.mark.parametrize(("row", "sample"), CASES)
def test_bound_call_matches_the_reference(numpy_backend, row, sample):
    specs = [numpy_backend.spec_of(np.asarray(x)) for x in sample.operands]
    function = numpy_backend.bind(row.name, sample.params, specs)
    with numpy_backend.run_context():
        got = function(*map(read_only, sample.operands))
    check(got, row.reference(*sample.operands, **sample.params))


@pytest.mark.parametrize(("row", "sample"), [c for c in CASES if c.values[0].name in NumpyBackend.inplace])
def test_call_into_a_buffer_matches_the_reference(numpy_backend, row, sample):
    expected = np.asarray(row.reference(*sample.operands, **sample.params))
    buffer = np.empty(expected.shape, expected.dtype)
    with numpy_backend.run_context():
        numpy_backend.inplace[row.name](*map(read_only, sample.operands), out=buffer, **sample.params)
    check(buffer, expected)


def elementwise_into_operand():
    for case in CASES:
        row, sample = case.values
        if (
            row.group == "elementwise"
            and len({np.shape(o) for o in sample.operands}) == 1
            and np.ndim(sample.operands[0])
        ):
            for position, operand in enumerate(sample.operands):
                if operand.dtype == np.asarray(row.reference(*sample.operands, **sample.params)).dtype:
                    yield pytest.param(row, sample, position, id=f"{case.id}, {position}")


@pytest.mark.parametrize(("row", "sample", "position"), list(elementwise_into_operand()))
def test_elementwise_call_into_an_operand_matches_the_reference(numpy_backend, row, sample, position):
    operands = [np.array(o) for o in sample.operands]
    with numpy_backend.run_context():
        numpy_backend.inplace[row.name](*operands, out=operands[position], **sample.params)
    check(operands[position], row.reference(*sample.operands, **sample.params))
