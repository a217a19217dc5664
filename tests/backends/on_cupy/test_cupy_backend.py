"""What of the CuPy backend can be known without a GPU; the tests of all backends compute with it where there is one."""

from __future__ import annotations

import inspect
import re

import pytest

import kcore_cupy.backend
from kcore.engine.selection import check_backend
from kcore_cupy import CupyBackend
from kcore_numpy import _array_module, _blocks, _convolution, _depthwise, _indexing, _movement, _window

SHARED = (_array_module, _blocks, _convolution, _depthwise, _indexing, _movement, _window)


def names_used() -> set[str]:
    """The names of the array module that the backend and the code that it shares with NumPy refer to."""
    sources = [inspect.getsource(module) for module in (kcore_cupy.backend, *SHARED)]
    dotted = {name for source in sources for name in re.findall(r"\b(?:xp|cupy)((?:\.\w+)+)", source)}
    return {name.lstrip(".") for name in dotted} | set(_array_module.FUNCTIONS.values())


def has(module, dotted: str) -> bool:
    for part in dotted.split("."):
        if not hasattr(module, part):
            return False
        module = getattr(module, part)
    return True


def test_the_class_is_complete():
    check_backend(CupyBackend)


def test_the_class_is_found_by_its_name():
    from kcore import plugins

    assert plugins.backend_class("cupy") is CupyBackend


def test_every_name_that_it_uses_is_cupys():
    cupy = pytest.importorskip("cupy", reason="needs CuPy")
    used = names_used()
    assert {"add", "lib.stride_tricks.as_strided", "cuda.is_available", "cuda.runtime.getDevice"} <= used
    assert [name for name in sorted(used) if not has(cupy, name)] == []


def test_every_name_that_it_uses_of_the_extensions_is_cupys():
    cupyx = pytest.importorskip("cupyx", reason="needs CuPy")
    used = re.findall(r"\bcupyx\.(\w+)", inspect.getsource(kcore_cupy.backend))
    assert {"scatter_add", "scatter_max"} <= set(used)
    assert [name for name in used if name != "scipy" and not hasattr(cupyx, name)] == []


def test_without_a_gpu_the_error_says_so():
    cupy = pytest.importorskip("cupy", reason="needs CuPy")
    if cupy.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(ImportError, match="finds no GPU"):
        CupyBackend()
