"""The public names, and what importing them brings."""

import importlib
import subprocess
import sys
import time

import pytest

import kcore

HEAVY = (
    "numpy",
    "h5py",
    "rich",
    "yaml",
    "pluggy",
    "torch",
    "jax",
    "cupy",
    "kcore_numpy",
    "kcore.engine",
    "kcore.layers",
)


def run(code):
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()


def test_importing_kcore_brings_nothing_heavy():
    loaded = run("import kcore, sys; print(*sys.modules)")
    assert not set(HEAVY) & set(loaded)


def test_importing_kcore_is_quick():
    start = time.perf_counter()
    run("import kcore")
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize("module", ["kcore", "kcore.extend"])
def test_every_exported_name_is_there_and_the_list_is_sorted(module):
    room = importlib.import_module(module)
    assert room.__all__ == sorted(room.__all__, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    assert all(getattr(room, name) is not None for name in room.__all__)


def test_every_room_can_be_entered():
    assert all(importlib.import_module(f"kcore.{room}") is getattr(kcore, room) for room in kcore._ROOMS)
    assert set(dir(kcore)) >= {*kcore.__all__, *kcore._ROOMS}


def test_the_names_for_type_checkers_are_the_names_at_run_time():
    import ast
    import inspect

    body = ast.parse(inspect.getsource(kcore)).body
    block = next(node for node in body if isinstance(node, ast.If))
    declared = {
        alias.name: node.module for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert declared == kcore._ORIGINS
    assert set(kcore.__all__) == {*kcore._ORIGINS, "__version__", "version"}


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'kcore' has no attribute 'nothing'"):
        _ = kcore.nothing


def test_the_version_is_that_of_the_distribution():
    from importlib.metadata import version

    assert kcore.version() == kcore.__version__ == version("kcore")
