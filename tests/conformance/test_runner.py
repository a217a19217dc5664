"""Cases, comparisons, gaps, the runner, the pytest suite and the command."""

from __future__ import annotations

import dataclasses
import json
import math
import subprocess
import sys

import numpy as np
import pytest

from kcore import config
from kcore.cli import main
from kcore.conformance import Case, Check, Mismatch, load, run_all, run_case
from kcore.conformance.case import CASES, case
from kcore.conformance.check import ulps
from kcore.conformance.tolerances import TOLERANCES, tolerance
from kcore.engine.primitives import TABLE
from kcore.errors import InvalidArgumentError
from kcore.extend import Gap, get_backend, register_backend, unregister_backend
from kcore_numpy import NumpyBackend


@pytest.fixture
def check():
    return Check(get_backend("numpy"), "exp")


def f32(*values):
    return np.array(values, np.float32)


WRONG = {
    "values": lambda check: check.equal(f32(1, 2), f32(1, 3)),
    "a shape": lambda check: check.equal(f32(1, 2), f32(1, 2)[:, None]),
    "a dtype": lambda check: check.equal(f32(1), np.array([1.0])),
    "nan for a number": lambda check: check.equal(f32(math.nan), f32(1)),
    "the number of results": lambda check: check.equal([f32(1)], [f32(1), f32(1)]),
    "none": lambda check: check.equal([None], [f32(1)]),
    "the sign of zero": lambda check: check.same_bits(f32(-0.0), f32(0.0)),
    "more than is allowed": lambda check: check.close(f32(1 + 5 * 2**-23), np.array([1.0])),
    "an infinity": lambda check: check.close(f32(math.inf), np.array([1e30])),
    "another infinity": lambda check: check.close(f32(math.inf), np.array([-math.inf])),
    "a nan": lambda check: check.close(f32(1), np.array([math.nan])),
    "an integer": lambda check: check.close(np.array([3]), np.array([2])),
    "the dtype asked for": lambda check: check.close(f32(1), f32(1), dtype="float64"),
    "a slope": lambda check: check.slope(1.0, 1.1, size=1.0, dtype="float64"),
    "a slope of nan": lambda check: check.slope(math.nan, 1.1, size=1.0, dtype="float64"),
    "a spec": lambda check: check.spec(f32(1), (2,)),
    "a condition": lambda check: check.true(False, "no"),
}


@pytest.mark.parametrize("name", WRONG)
def test_comparisons_raise(check, name):
    with pytest.raises(Mismatch):
        WRONG[name](check)


def test_comparisons_return_nothing(check):
    assert check.equal(f32(1), [1.0]) is None
    assert check.close([f32(1), f32(math.nan)], [f32(1), f32(math.nan)], dtype="float32") is None
    assert check.spec(f32(1, 2), (2,), "float32") is None


@pytest.mark.parametrize(
    ("raised", "message", "says"),
    [
        (None, "", "nothing was raised"),
        (TypeError("x"), "", "raised TypeError"),
        (ValueError("x"), "y", "doesn't match"),
    ],
)
def test_an_error_must_be_the_right_one(check, raised, message, says):
    def call():
        if raised is not None:
            raise raised

    with pytest.raises(Mismatch, match=says), check.raises(ValueError, message):
        call()


def test_the_error_is_counted_in_ulp():
    step = float(np.spacing(np.float32(3.0)))
    assert ulps(f32(3 + 2 * step), np.array([3.0])) == 2
    assert ulps(f32(3 + 2 * step, 1), np.array([3.0, 1.0]), "tensor") == 2
    assert ulps(f32(0), np.array([2.0**-149 * 0.25])) == 0.25
    assert ulps(f32(1e-6, 8), np.array([0.0, 8.0]), "tensor") == pytest.approx(1e-6 / np.spacing(np.float32(8)), 1e-3)
    assert ulps(f32(math.nan, math.inf), np.array([math.nan, math.inf])) == 0
    assert ulps(f32(), np.array([])) == 0


def test_the_worst_error_is_kept(check):
    for error in (1, 3, 2):
        check.close(f32(1 + error * 2**-23), np.array([1.0]))
    assert check.worst == {("exp", "float32"): 3.0}


def test_every_primitive_has_a_tolerance():
    assert TABLE.keys() <= TOLERANCES.keys()
    assert tolerance("no such op") is TOLERANCES["*"]
    assert tolerance("exp").ulps("int32") == 0


def test_names_are_unique_and_levels_known():
    load()
    with pytest.raises(InvalidArgumentError, match="Two conformance cases are named 'value/exp/matrix'"):
        case("value/exp/matrix")(lambda backend, check: None)
    with pytest.raises(InvalidArgumentError, match="`level` must be one of"):
        Case("x/y", print, level="none")
    with pytest.raises(InvalidArgumentError, match="'family/question'"):
        Case("x", print)
    with pytest.raises(InvalidArgumentError, match="`level` must be one of"):
        load("none")


def test_levels_and_the_quick_form_are_parts_of_the_whole():
    parts = [load(level) for level in ("arrays", "inference", "training")]
    assert sum(map(len, parts)) == len(load())
    assert set(load(quick=True)) < set(load())


def test_a_program_s_settings_change_no_answer_and_are_put_back():
    seen = []

    def question(backend, check):
        seen.append((config.floatx(), config.epsilon(), config.image_data_format(), config.dtype_policy().name))
        config.set_floatx("float16")
        config.set_dtype_policy("mixed_float16")

    config.set_epsilon(0.5)
    config.set_image_data_format("channels_first")
    config.set_dtype_policy("mixed_bfloat16")
    before = config.settings()
    assert run_case(Case("settings/of the program", question), get_backend("numpy")).outcome == "passed"
    assert seen == [("float32", 1e-7, "channels_last", "float32")]
    assert config.settings() == before
    assert config.dtype_policy().name == "mixed_bfloat16"


def named(*gaps):
    capabilities = dataclasses.replace(NumpyBackend.capabilities, gaps=gaps)
    return type("Named", (NumpyBackend,), {"name": "named", "capabilities": capabilities})


def no_sort(x, *, axis):
    raise NotImplementedError("no sort")


def test_a_gap_covers_what_it_names():
    load()
    cls = named(Gap("argsort", "notyet", "the engine can't sort"))
    backend = type("NoSort", (cls,), {"argsort": staticmethod(no_sort)})()
    result = run_case(CASES["value/argsort/axis 0"], backend)
    assert (result.outcome, result.message) == ("gap", "argsort: the engine can't; the engine can't sort")
    assert run_case(CASES["value/exp/matrix"], backend).outcome == "passed"


def test_a_gap_covers_cases_that_run_into_it():
    from kcore import ops

    backend = type("NoSort", (named(Gap("argsort", "notimpl", "later")),), {"argsort": staticmethod(no_sort)})()
    sorts = Case("x/sort", lambda backend, check: ops.sort(backend.asarray(f32(2, 1))))
    assert run_case(sorts, backend).outcome == "gap"


def test_a_gap_may_be_a_pattern_of_case_names():
    load()
    result = run_case(CASES["value/exp/matrix"], named(Gap("value/exp/*", "never", "why"))())
    assert "it works, though" in result.message


def test_a_dtype_that_is_not_listed_is_a_gap():
    load()
    capabilities = dataclasses.replace(NumpyBackend.capabilities, dtypes=("bool", "int32", "float32"))
    backend = type("Few", (NumpyBackend,), {"name": "few", "capabilities": capabilities})()
    assert "not among `capabilities.dtypes`" in run_case(CASES["dtype/int8"], backend).message
    assert run_case(CASES["gradient/exp/matrix"], backend).outcome == "passed"


def test_settings_and_seeds_are_restored():
    from kcore import config, random

    drawn = []

    def spoils(backend, check):
        drawn.append(np.array(random.normal((2,))))
        config.set_floatx("float16")
        raise ValueError("x")

    for _ in range(2):
        assert run_case(Case("x/spoils", spoils), get_backend("numpy")).outcome == "failed"
    assert config.floatx() == "float32"
    np.testing.assert_array_equal(*drawn)


def test_pairs_are_asked_both_ways():
    asked = []
    pair = Case("x/pair", lambda backend, check: asked.append((backend.name, check.other.name)), pair=True)
    first, second = get_backend("numpy"), named()()
    results = run_all([pair], [first, second])
    assert asked == [("numpy", "named"), ("named", "numpy")]
    assert [r.name for r in results] == ["x/pair [to named]", "x/pair [to numpy]"]
    run_all([pair], [first])
    assert asked[2:] == [("numpy", "numpy")]


def test_the_command(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "kcore.conformance.load", lambda level, quick: [CASES["value/exp/matrix"], CASES["dtype/bfloat16"]]
    )
    path = tmp_path / "out.json"
    assert main(["conformance", "--backend", "numpy", "--json", str(path), "--quick"]) == 0
    told = capsys.readouterr().out
    assert "numpy: conforms; 1 passed" in told
    assert "NumPy has no bfloat16" in told
    summary = json.loads(path.read_text())
    assert [c["outcome"] for c in summary["cases"]] == ["passed", "gap"]
    assert summary["backends"][0]["gaps"][0]["cases"] == 1


def test_the_command_tells_of_a_gap_that_no_case_meets(capsys, monkeypatch):
    monkeypatch.setattr("kcore.conformance.load", lambda level, quick: [CASES["value/exp/matrix"]])
    register_backend("named", named(Gap("no such thing", "never", "why")))
    try:
        assert main(["conformance", "--backend", "named"]) == 0
        assert "NOTICE: no case meets the gap 'no such thing'" in capsys.readouterr().out
        assert main(["conformance", "--backend", "named", "--quick"]) == 0
        assert "NOTICE" not in capsys.readouterr().out
    finally:
        unregister_backend("named")


def test_the_command_asks_more_random_models(capsys, tmp_path):
    path = tmp_path / "out.json"
    assert main(["conformance", "--backend", "numpy", "--models", "2", "--seed", "100", "--json", str(path)]) == 0
    assert "random models  2 passed" in capsys.readouterr().out
    summary = json.loads(path.read_text())
    assert [case["name"] for case in summary["cases"]] == ["model/seed 100", "model/seed 101"]


def test_the_command_fails_where_a_case_fails(capsys, monkeypatch):
    load()
    monkeypatch.setattr("kcore.conformance.load", lambda level, quick: [CASES["value/exp/matrix"]])
    register_backend("wrong", type("Wrong", (NumpyBackend,), {"name": "wrong", "exp": staticmethod(np.cos)}))
    try:
        assert main(["conformance", "--backend", "numpy", "--backend", "wrong"]) == 1
    finally:
        unregister_backend("wrong")
    told = capsys.readouterr().out
    assert "FAILED on wrong: value/exp/matrix\n  off by" in told
    assert "numpy: conforms" in told


def test_an_unknown_backend_is_named(capsys):
    assert main(["conformance", "--backend", "nosuch"]) == 1
    assert "There is no backend named 'nosuch'" in capsys.readouterr().err


PLUGIN = """
import numpy as np
from kcore.extend import Gap, register_backend, Capabilities
from kcore_numpy import NumpyBackend

class Young(NumpyBackend):
    name = "young"
    capabilities = Capabilities(gaps=(Gap("argsort", "notimpl", "to be written"),))
    def argsort(self, x, *, axis):
        raise NotImplementedError("argsort")
    exp = staticmethod(np.cos)

register_backend("young", Young)
"""


def test_a_plugins_own_test_file_is_one_line(tmp_path):
    (tmp_path / "conftest.py").write_text(PLUGIN)
    (tmp_path / "test_it.py").write_text("from kcore.conformance.suite import *\n")
    options = [
        "--kcore-backend",
        "young",
        "--kcore-level",
        "arrays",
        "-k",
        "value/exp/ or value/argsort/ or value/add/",
    ]
    command = [sys.executable, "-m", "pytest", "-p", "kcore.conformance.pytest_plugin", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "value/exp/matrix on young: off by" in done.stdout
    assert "5 failed, 13 passed" in done.stdout
    assert "6 xfailed" in done.stdout


def test_a_fast_path_may_keep_nothing_for_its_pullback():
    load()
    entry = NumpyBackend.fused["average_pool"]

    def backward(residuals, cotangents, x, **params):
        assert residuals is None
        return entry.backward(entry.forward(x, **params)[1], cotangents, x, **params)

    keeps_nothing = dataclasses.replace(
        entry, forward=lambda x, **p: (entry.forward(x, **p)[0], None), backward=backward
    )
    fused = {**NumpyBackend.fused, "average_pool": keeps_nothing}
    backend = type("KeepsNothing", (NumpyBackend,), {"name": "keeps nothing", "fused": fused})()
    for name in ("fused gradient/average_pool/apart", "layer gradient/average_pooling2d"):
        assert run_case(CASES[name], backend).outcome == "passed"
