"""`kcore new-backend`: what it writes loads, and says what is missing."""

import ast
import importlib
import re
import sys
import tomllib

import numpy as np
import pytest

from kcore import plugins
from kcore.cli import main
from kcore.conformance import load, run_all
from kcore.engine import primitives as P
from kcore.engine.primitives import TABLE
from kcore.extend import get_backend, register_backend, required_primitives, unregister_backend, use_backend


@pytest.fixture
def package(tmp_path, keras_home):
    assert main(["new-backend", "toy_one", "--into", str(tmp_path)]) == 0
    return tmp_path / "kcore-toy-one"


@pytest.fixture
def module(package, monkeypatch):
    """The written module, imported; its backend is registered for the test."""
    monkeypatch.syspath_prepend(str(package / "src"))
    made = importlib.import_module("kcore_toy_one")
    register_backend("toy_one", made.ToyOneBackend)
    yield importlib.import_module("kcore_toy_one.backend")
    unregister_backend("toy_one")
    for name in [name for name in sys.modules if name.partition(".")[0] == "kcore_toy_one"]:
        del sys.modules[name]


def test_it_writes_a_package_and_says_what_to_do(tmp_path, keras_home, capsys):
    assert main(["new-backend", "toy", "--into", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert f"pip install -e {tmp_path / 'kcore-toy'}" in out
    assert f"{len(required_primitives())} primitives" in out
    files = {str(path.relative_to(tmp_path / "kcore-toy")) for path in (tmp_path / "kcore-toy").rglob("*.*")}
    assert files >= {
        "pyproject.toml",
        "README.md",
        ".github/workflows/tests.yml",
        "src/kcore_toy/backend.py",
        "tests/test_conformance.py",
    }


def test_the_package_announces_the_class(package, module):
    project = tomllib.loads((package / "pyproject.toml").read_text())
    assert project["project"]["entry-points"]["kcore.backends"] == {"toy_one": "kcore_toy_one:ToyOneBackend"}
    assert project["project"]["name"] == "kcore-toy-one"
    assert "--kcore-backend=toy_one" in project["tool"]["pytest"]["ini_options"]["addopts"]


def test_every_required_primitive_is_a_method_that_says_what_it_means(module):
    for name, signature in required_primitives().items():
        method = vars(module.ToyOneBackend)[name]
        assert " ".join(method.__doc__.split()) == f"{TABLE[name].doc}."
        code = method.__code__
        keywords = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        assert keywords == TABLE[name].params, f"{name}{signature}"


def test_every_primitive_is_a_gap_and_raises(module):
    backend = get_backend("toy_one")
    assert [gap.name for gap in backend.capabilities.gaps] == list(required_primitives())
    assert {(gap.kind, gap.error) for gap in backend.capabilities.gaps} == {("notimpl", NotImplementedError)}
    with use_backend("toy_one"), pytest.raises(NotImplementedError, match=r"^exp\n"):
        P.exp(np.ones(3, "float32"))


def asked(*families):
    cases = [case for case in load("arrays", quick=True) if case.family in families]
    assert cases
    return run_all(cases, [get_backend("toy_one")])


def test_as_written_it_passes_for_what_is_there_and_lists_what_is_missing(module):
    results = asked("conversion", "value", "captured", "kink", "fused")
    wrong = [f"{result.name}: {result.message}" for result in results if result.outcome == "failed"]
    assert not wrong
    assert {result.outcome for result in results if result.case.family == "conversion"} == {"passed"}
    missing = {result.gap.name for result in results if result.case.family == "value"}
    assert missing == set(required_primitives())


def test_a_primitive_that_is_filled_in_leaves_the_list(module, monkeypatch):
    monkeypatch.setattr(module.ToyOneBackend, "exp", lambda self, x: np.exp(x))
    unregister_backend("toy_one")
    register_backend("toy_one", module.ToyOneBackend)
    outcomes = {r.outcome for r in asked("value") if r.case.op == "exp"}
    assert outcomes == {"failed"}
    gaps = tuple(gap for gap in module.ToyOneBackend.capabilities.gaps if gap.name != "exp")
    monkeypatch.setattr(module.ToyOneBackend, "capabilities", type(module.ToyOneBackend.capabilities)(gaps=gaps))
    unregister_backend("toy_one")
    register_backend("toy_one", module.ToyOneBackend)
    with np.errstate(all="ignore"):
        assert {r.outcome for r in asked("value") if r.case.op == "exp"} == {"passed"}


def test_the_test_file_is_one_import(package):
    body = ast.parse((package / "tests" / "test_conformance.py").read_text()).body
    assert [ast.unparse(node) for node in body[1:]] == ["from kcore.conformance.suite import *"]


def test_nothing_is_overwritten(package, tmp_path, capsys):
    (package / "mine").write_text("precious")
    assert main(["new-backend", "toy_one", "--into", str(tmp_path)]) == 1
    assert "whose folder isn't there yet. Received: 'toy_one'" in capsys.readouterr().err
    assert (package / "mine").read_text() == "precious"


@pytest.mark.parametrize("name", ["Toy", "two words", "1st", "a-b", "", "../up"])
def test_a_wrong_name_is_refused(tmp_path, keras_home, capsys, name):
    assert main(["new-backend", name, "--into", str(tmp_path)]) == 1
    assert f"lower-case letters, digits and underscores, as in numpy. Received: {name!r}" in capsys.readouterr().err
    assert not list(tmp_path.glob("kcore*"))


def test_a_name_that_is_taken_is_refused(tmp_path, keras_home, capsys):
    assert main(["new-backend", "numpy", "--into", str(tmp_path)]) == 1
    assert re.search(r"must be free. Received: 'numpy', which is a backend of kcore", capsys.readouterr().err)
    assert "toy" not in plugins.backend_names()
