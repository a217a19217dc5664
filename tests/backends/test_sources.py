"""What holds of every backend's source, its engine installed or not: the public door alone, and few lines."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = {
    **{path.name: path for path in sorted((ROOT / "backends").glob("kcore_*"))},
    "kcore_mlx": ROOT / "plugins" / "kcore-mlx" / "src" / "kcore_mlx",
}
SMALL = ("kcore_cupy", "kcore_jax", "kcore_mlx", "kcore_torch")
LIMIT = 600
"""Lines that aren't blank, docstrings and fast paths among them. NumPy has no engine below it: its convolutions, pools
and recurrent loops need more."""


def imported(path):
    """The modules that a file imports by their full names, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (
                f"{node.module}.{alias.name}" if node.module == "kcore" else node.module for alias in node.names
            )


@pytest.mark.parametrize("name", SOURCES)
def test_a_backend_imports_nothing_of_kcore_but_what_is_for_plugins(name):
    modules = {module for path in SOURCES[name].rglob("*.py") for module in imported(path)}
    assert {module for module in modules if module.partition(".")[0] == "kcore"} == {"kcore.extend"}


@pytest.mark.parametrize("name", SMALL)
def test_a_backend_is_small(name):
    texts = [path.read_text(encoding="utf-8") for path in SOURCES[name].rglob("*.py")]
    assert 100 < sum(bool(line.strip()) for text in texts for line in text.splitlines()) <= LIMIT


def test_an_import_in_a_function_is_seen(tmp_path):
    path = tmp_path / "module.py"
    path.write_text("def f():\n    from kcore import engine\n    import kcore.ops as ops\n    from . import near\n")
    assert set(imported(path)) == {"kcore.engine", "kcore.ops"}
