"""The examples in all docstrings run, and print what they say."""

import doctest
import importlib
import pkgutil

import pytest

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
ROOTS = ("kcore", "kcore_numpy")


def modules():
    for root in ROOTS:
        package = importlib.import_module(root)
        yield root
        yield from (found.name for found in pkgutil.walk_packages(package.__path__, f"{root}."))


def examples(module):
    """The docstrings with examples in a module, each with a fresh namespace."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    return [test for test in finder.find(module, module.__name__, extraglobs={"__name__": "__main__"}) if test.examples]


@pytest.mark.parametrize("name", [name for name in modules() if not name.endswith("__main__")])
def test_the_examples_of_a_module_hold(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    report = []
    for test in examples(importlib.import_module(name)):
        runner.run(test, out=report.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(report)


def test_a_wrong_example_is_caught():
    test = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert doctest.DocTestRunner(optionflags=FLAGS).run(test, out=lambda text: None).failed == 1
