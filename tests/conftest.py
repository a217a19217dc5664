"""Fixtures for all tests: the backends under test, and fixed seeds."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("kcore", deadline=None, max_examples=50, derandomize=True, database=None)
settings.load_profile("kcore")


def pytest_configure(config: pytest.Config) -> None:
    """Give the tests settings of their own, whoever runs them."""
    os.environ["KERAS_HOME"] = tempfile.mkdtemp(prefix="kcore-tests-")
    os.environ.pop("KERAS_BACKEND", None)
    config.add_cleanup(lambda: shutil.rmtree(os.environ["KERAS_HOME"], ignore_errors=True))


@cache
def usable_backends() -> tuple[str, ...]:
    """The names of the installed backends whose engine works here; `KCORE_TEST_BACKENDS=a,b` narrows them."""
    from kcore import plugins
    from kcore.engine.selection import get_backend
    from kcore.errors import BackendUnavailableError

    names = []
    for name in plugins.backend_names():
        try:
            get_backend(name)
        except BackendUnavailableError:
            continue
        names.append(name)
    chosen = os.environ.get("KCORE_TEST_BACKENDS")
    return tuple(name for name in names if not chosen or name in chosen.split(","))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes `backend` once for each usable backend."""
    if "backend" in metafunc.fixturenames:
        metafunc.parametrize("backend", usable_backends(), indirect=True)


@pytest.fixture
def backend_names() -> tuple[str, ...]:
    """The names of all backends under test."""
    return usable_backends()


@pytest.fixture
def backend(request: pytest.FixtureRequest):
    """The backend under test, active while the test runs."""
    from kcore.engine.selection import use_backend

    with use_backend(request.param) as active:
        yield active


@pytest.fixture(autouse=True)
def settings_as_before() -> Iterator[None]:
    """A test begins with the default settings, and what it sets is gone afterwards."""
    from kcore import config

    with config.defaults_in_force():
        yield


@pytest.fixture(autouse=True)
def fixed_seeds() -> None:
    """The same random numbers for each test, whatever ran before it."""
    random.seed(1234)
    np.random.seed(1234)
    from kcore.engine.random import set_seed

    set_seed(1234)


@pytest.fixture
def keras_home(tmp_path, monkeypatch):
    """An empty `KERAS_HOME`, read afresh; the settings are restored afterwards."""
    from kcore import config

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    config.reload()
    yield tmp_path
    config.reload()
