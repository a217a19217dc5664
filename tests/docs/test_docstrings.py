"""The examples in all docstrings run, and print what they say."""

import doctest
import importlib.util
from pathlib import Path

import numpy as np
import pytest

import kcore

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
ROOTS = ("kcore", "kcore_numpy")


def modules():
    """The names of all modules, without importing them."""
    for root in ROOTS:
        folder = Path(importlib.util.find_spec(root).origin).parent
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder.parent).with_suffix("").parts
            if parts[-1] != "__main__":
                yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def examples(module):
    """The docstrings with examples in a module; they may use the module's names, `np`, `kcore` and `keras`."""
    names = {"np": np, "kcore": kcore, "keras": kcore, "__name__": "__main__"}
    return [test for test in doctest.DocTestFinder().find(module, module.__name__, extraglobs=names) if test.examples]


@pytest.mark.parametrize("name", list(modules()))
def test_the_examples_of_a_module_hold(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    report = []
    for test in examples(importlib.import_module(name)):
        runner.run(test, out=report.append)
    assert not report, "".join(report)


def test_a_wrong_example_is_caught():
    test = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert doctest.DocTestRunner(optionflags=FLAGS).run(test, out=lambda text: None).failed == 1
