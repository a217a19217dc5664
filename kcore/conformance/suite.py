"""The suite as tests. A plugin's own test file is one line:

    from kcore.conformance.suite import *

It asks the backends that the option `--kcore-backend` or the environment variable `KCORE_CONFORMANCE_BACKENDS` names
(separated by commas), else the configured one. A declared gap is reported as an expected failure with its reason.
"""

from __future__ import annotations

import os
from typing import Any

__all__ = ["pytest_generate_tests", "test_conformance"]


def pytest_generate_tests(metafunc: Any) -> None:
    """Make one test of each case and backend."""
    if "kcore_question" not in metafunc.fixturenames:
        return
    from .catalog import load
    from .runner import questions

    cases = load(_option(metafunc.config, "level", "all"), quick=_option(metafunc.config, "quick", False))
    asked = list(questions(cases, _backends(metafunc.config)))
    names = [f"{case.name}-{backend.name}" + (f"-{other.name}" if other else "") for case, backend, other in asked]
    metafunc.parametrize("kcore_question", asked, ids=names)


def test_conformance(kcore_question: Any) -> None:
    """A backend gives the one answer to a question."""
    ask(*kcore_question)


def ask(case: Any, backend: Any, other: Any = None) -> None:
    """Run a case in a test.

    Args:
        case: the case.
        backend: the backend.
        other: the second backend of a case of pairs.

    Raises:
        AssertionError: the answer is wrong.
        pytest.xfail.Exception: the backend's gap.
    """
    import pytest

    from .runner import run_case

    result = run_case(case, backend, other)
    if result.outcome == "gap":
        pytest.xfail(result.message)
    if result.outcome == "failed":
        raise AssertionError(f"{result.name} on {result.backend}: {result.message}") from result.error


def _option(config: Any, name: str, default: Any) -> Any:
    return config.getoption(f"kcore_{name}", default)


def _backends(config: Any) -> list:
    from kcore.config import default_backend_name
    from kcore.engine.selection import get_backend

    given = _option(config, "backend", None) or [os.environ.get("KCORE_CONFORMANCE_BACKENDS", "")]
    names = [name.strip() for text in given for name in text.split(",") if name.strip()]
    return [get_backend(name) for name in names or [default_backend_name()]]
