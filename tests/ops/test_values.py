"""Values of ops against NumPy in float64, and the same values from captured functions."""

from __future__ import annotations

import numpy as np
import pytest

from kcore import ops
from kcore.engine.function import Function

from .cases import CASES, as_list, call, expected


def _compare(got, want) -> None:
    got = ops.convert_to_numpy(got)
    assert got.shape == want.shape
    assert got.dtype.kind == want.dtype.kind or {got.dtype.kind, want.dtype.kind} <= {"i", "u"}
    if got.dtype.kind == "f":
        np.testing.assert_allclose(got.astype("float64"), want.astype("float64"), rtol=2e-5, atol=3e-6)
    else:
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_value_is_numpys(backend, case):
    results = as_list(call(case))
    wanted = expected(case)
    assert len(results) == len(wanted)
    for got, want in zip(results, wanted, strict=True):
        _compare(got, want)


VALUE_DEPENDENT = {"nonzero", "unique", "bincount"}
CAPTURABLE = [c for c in CASES if c.name not in VALUE_DEPENDENT and any(isinstance(a, np.ndarray) for a in c.args)]


@pytest.mark.parametrize("case", CAPTURABLE, ids=str)
def test_captured_value_is_the_eager_one(backend, case):
    places = [i for i, a in enumerate(case.args) if isinstance(a, np.ndarray)]

    def run(*arrays):
        args = list(case.args)
        for place, array in zip(places, arrays, strict=True):
            args[place] = array
        return call(case, tuple(args))

    captured = Function(run)(*(case.args[i] for i in places))
    results, wanted = (map(ops.convert_to_numpy, as_list(r)) for r in (captured, call(case)))
    for got, want in zip(results, wanted, strict=True):
        assert got.dtype == want.dtype
        np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-7)
