"""The public names: sorted and documented. (Their examples run in tests/docs.)"""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from operator import attrgetter

import pytest

from kcore import ops
from kcore.ops.operation import OPS


def _natural(name: str) -> list:
    """Classes before functions, and numbers by size: log1p before log10."""
    return [name[0].islower(), *(int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name))]


def test_all_is_sorted_and_complete():
    assert ops.__all__ == sorted(ops.__all__, key=_natural)
    assert len(set(ops.__all__)) == len(ops.__all__)
    assert not set(OPS) - set(ops.__all__) - set(ops.image.__all__)
    assert ops.image.__all__ == sorted(ops.image.__all__)
    assert ops.linalg.__all__ == sorted(ops.linalg.__all__)
    assert all(hasattr(ops, name) for name in ops.__all__)


@pytest.mark.parametrize("name", [*ops.__all__, *(f"image.{name}" for name in ops.image.__all__)])
def test_every_name_is_documented(name):
    function = attrgetter(name)(ops)
    doc = inspect.getdoc(function) or ""
    summary = doc.split("\n")[0]
    assert summary.endswith("."), name
    parameters = inspect.signature(function).parameters
    if not summary.startswith("Another name of") and inspect.isfunction(function) and parameters:
        assert "Args:" in doc, name


def test_importing_ops_brings_no_array_library_but_numpy():
    code = (
        "import kcore.ops, sys; print([m for m in ('torch', 'jax', 'tensorflow', 'cupy', 'h5py') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
