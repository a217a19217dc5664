"""The files of a new backend's package, made from the table of primitives."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator
from string import Template

from kcore.engine.backend import INTERFACE_VERSION, required_primitives
from kcore.engine.primitives import TABLE
from kcore.version import __version__


def files(name: str) -> dict[str, str]:
    """The text of each file of the package, by its path in it.

    Args:
        name: the backend's name: lower-case letters, digits and underscores.
    """
    values = {
        "name": name,
        "dist": f"kcore-{name.replace('_', '-')}",
        "module": f"kcore_{name}",
        "cls": f"{name.title().replace('_', '')}Backend",
        "kcore": __version__,
        "version": INTERFACE_VERSION,
        "count": len(required_primitives()),
        "unfilled": "\n".join(f'    "{primitive}",' for primitive in required_primitives()),
        "methods": "\n".join(_methods()),
    }
    return {Template(path).substitute(values): Template(text).substitute(values) for path, text in _FILES.items()}


def _methods() -> Iterator[str]:
    """A method for each required primitive, group by group."""
    group = ""
    for name, signature in required_primitives().items():
        if TABLE[name].group != group:
            group = TABLE[name].group
            yield f"    # ---- {group}\n"
        yield method(name, signature)


def method(name: str, signature: inspect.Signature) -> str:
    """A primitive's method, not filled in.

    Example:
        >>> print(method("exp", required_primitives()["exp"]))
            def exp(self, x):
                \"\"\"e to the power of x.\"\"\"
                raise NotImplementedError("exp")
        <BLANKLINE>
    """
    return (
        f"    def {name}({_parameters(signature)}):\n"
        f"{_docstring(TABLE[name].doc)}\n"
        f'        raise NotImplementedError("{name}")\n'
    )


def _parameters(signature: inspect.Signature) -> str:
    """`self` and the parameters, without the mark for positional ones."""
    kind = inspect.Parameter
    plain = [
        p.replace(kind=kind.POSITIONAL_OR_KEYWORD) if p.kind is kind.POSITIONAL_ONLY else p
        for p in signature.parameters.values()
    ]
    first = kind("self", kind.POSITIONAL_OR_KEYWORD)
    return str(inspect.Signature([first, *plain]))[1:-1]


def _docstring(doc: str) -> str:
    text = textwrap.fill(f"{doc}.", 104)
    closing = "\n" if "\n" in text else ""
    return textwrap.indent(f'"""{text}{closing}"""', " " * 8)


_PYPROJECT = """\
[build-system]
requires = ["hatchling>=1.21"]
build-backend = "hatchling.build"

[project]
name = "$dist"
version = "0.1.0"
description = "A backend of kcore."
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["kcore>=$kcore"]

[project.optional-dependencies]
test = ["hypothesis>=6.100", "pytest>=8.2", "ruff>=0.6"]

[project.entry-points."kcore.backends"]
$name = "$module:$cls"

[tool.hatch.build.targets.wheel]
packages = ["src/$module"]

[tool.pytest.ini_options]
testpaths = ["tests"]
addopts = ["--kcore-backend=$name", "--kcore-level=arrays"]

[tool.ruff]
line-length = 120

[tool.ruff.lint]
select = ["B", "E", "F", "I", "UP"]
"""

_INIT = '''\
"""A backend of kcore."""

from .backend import $cls

__all__ = ["$cls"]
'''

_BACKEND = '''\
"""`$cls`: kcore's primitives, one method each.

Array operands are positional, static parameters come by keyword and are always given: axes are sorted and not negative,
padding is in explicit pairs, images have their channels last, the operands of a call have one dtype. What each
primitive does in every detail is its entry in kcore's documentation ("The interface"), and what conformance asks.
"""

from __future__ import annotations

import numpy as np
from kcore.extend import Backend, Capabilities, Gap

UNFILLED = (
$unfilled
)
"""The primitives that aren't written yet. Take a name out when its method is there: a gap that works is a failure."""


class $cls(Backend):
    """Write a line on your engine here."""

    name = "$name"
    interface_version = $version
    capabilities = Capabilities(gaps=tuple(Gap(name, "notimpl", "named in UNFILLED") for name in UNFILLED))

    # ---- tensors: NumPy's arrays, until you put your engine's in their place

    def asarray(self, x, dtype=None):
        """A tensor from numbers, nested lists, NumPy arrays or tensors; it keeps their dtype where none is given."""
        return np.asarray(x, dtype)

    def to_numpy(self, x):
        """The tensor as a NumPy array."""
        return np.asarray(x)

    def is_tensor(self, x):
        """Whether x is a tensor of the engine."""
        return isinstance(x, (np.ndarray, np.generic))

$methods'''

_TEST = '''\
"""Everything that kcore asks of a backend."""

from kcore.conformance.suite import *  # noqa: F403
'''

_CI = """\
name: tests
on: [push, pull_request]
jobs:
  tests:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: python -m pip install -e ".[test]"
      - run: python -m ruff check
      - run: python -m pytest
"""

_README = """\
# $dist

A backend of [kcore](https://pypi.org/project/kcore/), named `$name`, made by `kcore new-backend $name`.

```
$$ pip install -e ".[test]"
$$ kcore backends
$$ pytest
```

`pytest` asks the backend all that kcore's conformance suite asks, one test a question. A primitive that isn't written
yet is an expected failure; what is written must be right.

## What is to be done

1. `src/$module/backend.py`: put your engine's tensors into `asarray`, `to_numpy` and `is_tensor`. If their dtypes
   aren't called as NumPy's, write `dtype_of` too.
2. Fill in the $count primitives, in the order of the file, and take each one's name out of `UNFILLED`.
   `pytest -k exp` asks about one.
3. Say in `capabilities` which dtypes and devices there are, and what the engine can't do, with the reason.
4. Ask for more: `--kcore-level=all` in `pyproject.toml`. Models train as soon as the primitives are right:
   `KERAS_BACKEND=$name kcore demo`.
5. Only then make it fast: `compile`, `fused`, `inplace` of `kcore.extend.Backend`.

The guide "Write a backend in an afternoon" in kcore's documentation goes through these steps.
"""

_FILES = {
    "pyproject.toml": _PYPROJECT,
    "README.md": _README,
    ".github/workflows/tests.yml": _CI,
    "src/$module/__init__.py": _INIT,
    "src/$module/backend.py": _BACKEND,
    "tests/test_conformance.py": _TEST,
}
