"""The examples in all docstrings run, and print what they say."""

import doctest
import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

import kcore

NUMBER = re.compile(r"-?\d+\.(\d*)(?:e[+-]?\d+)?")
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
USUAL = {
    "np": np,
    "kcore": kcore,
    "keras": kcore,
    **{name: getattr(kcore, name) for name in ("layers", "ops", "Input", "Layer", "Model", "Sequential", "Variable")},
}
ROOTS = ("kcore", "kcore_numpy")


class Rounded(doctest.OutputChecker):
    """Takes numbers that agree in the digits that the example shows."""

    def check_output(self, want, got, optionflags):
        if super().check_output(want, got, optionflags):
            return True
        pairs = list(zip(NUMBER.finditer(want), NUMBER.finditer(got), strict=False))
        same_text = super().check_output(NUMBER.sub("#", want), NUMBER.sub("#", got), optionflags)
        return same_text and all(self.agree(shown, found) for shown, found in pairs)

    @staticmethod
    def agree(shown, found):
        value = float(shown[0])
        scale = 10.0 ** -len(shown[1]) * (abs(value) if "e" in shown[0] else 1.0)
        return abs(value - float(found[0])) <= 0.501 * scale


def modules():
    """The names of all modules, without importing them."""
    for root in ROOTS:
        folder = Path(importlib.util.find_spec(root).origin).parent
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder.parent).with_suffix("").parts
            if parts[-1] != "__main__":
                yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def examples(module):
    """The docstrings with examples in a module; they may use the usual names, and the module's own."""
    names = {**USUAL, **vars(module), "__name__": "__main__"}
    return [test for test in doctest.DocTestFinder().find(module, module.__name__, globs=names) if test.examples]


@pytest.mark.parametrize("name", list(modules()))
def test_the_examples_of_a_module_hold(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner(Rounded(), optionflags=FLAGS)
    report = []
    for test in examples(importlib.import_module(name)):
        runner.run(test, out=report.append)
    assert not report, "".join(report)


@pytest.mark.parametrize(
    ("example", "failed"),
    [
        (">>> 1 + 1\n3\n", 1),
        (">>> [0.6669999957, 1.0]\n[0.667, 1.0]\n", 0),
        (">>> [0.668, 1.0]\n[0.667, 1.0]\n", 1),
        (">>> 'a', 0.5\n('b', 0.5)\n", 1),
        (">>> [0.5]\n[0.5, 0.5]\n", 1),
    ],
)
def test_a_wrong_example_is_caught(example, failed):
    test = doctest.DocTestParser().get_doctest(example, {}, "example", None, 0)
    assert doctest.DocTestRunner(Rounded(), optionflags=FLAGS).run(test, out=lambda text: None).failed == failed
