"""The Python code on the pages runs, in the order of the page; the commands that are named exist."""

import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page):
    """The Python blocks of a page with the lines on which they start."""
    text = page.read_text(encoding="utf-8")
    return [(text.count("\n", 0, match.start(1)), match[1]) for match in FENCE.finditer(text)]


def run(page, namespace):
    for line, code in blocks(page):
        if code.lstrip().startswith(">>>"):
            test = doctest.DocTestParser().get_doctest(code, namespace, str(page), str(page), line)
            report = []
            assert doctest.DocTestRunner().run(test, out=report.append, clear_globs=False).failed == 0, "".join(report)
            namespace.update(test.globs)
        else:
            exec(compile("\n" * line + code, str(page), "exec"), namespace)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: str(page.relative_to(ROOT)))
def test_the_code_on_a_page_runs(page, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    run(page, {"__name__": "__main__"})


def test_a_wrong_block_is_caught(tmp_path):
    page = tmp_path / "wrong.md"
    page.write_text("text\n\n```python\nassert 1 + 1 == 3\n```\n")
    with pytest.raises(AssertionError):
        run(page, {})


def test_the_readme_and_the_continuous_integration_run_the_same_command():
    command = "python -m pip install tox && tox run"
    assert f"$ {command}" in (ROOT / "README.md").read_text()
    assert command in (ROOT / ".ci" / "run").read_text().splitlines()


def test_every_decision_is_in_the_index():
    index = (ROOT / "docs" / "decisions" / "index.md").read_text()
    notes = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert notes == sorted(set(re.findall(r"\((\d{4}-[\w-]+\.md)\)", index)))
    assert [name[:4] for name in notes] == [f"{number:04}" for number in range(1, len(notes) + 1)]


def test_the_citation_has_the_version():
    from kcore.version import __version__

    assert f"\nversion: {__version__}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_tables_of_the_reference_come_from_the_code(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_hooks"))
    import tables

    from kcore.extend import INTERFACE_VERSION, required_primitives

    page = tables.on_page_markdown("<!-- table: primitives -->")
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(required_primitives())
    assert "| **u8** |" in tables.on_page_markdown("<!-- table: promotion -->")
    methods = tables.on_page_markdown("<!-- table: interface -->")
    required, _, optional = methods.partition("(optional)")
    assert re.findall(r"^### `(\w+)\(", required, re.MULTILINE) == list(required_primitives())
    assert "### `cholesky(x)`" in optional
    assert "### `conv(x, kernel, *, strides, padding, dilation, groups)`" in methods
    services = tables.on_page_markdown("<!-- table: services -->")
    assert "| `asarray(x, dtype=None)` |" in services
    assert "cholesky" not in services
    assert f"| {INTERFACE_VERSION} | " in tables.on_page_markdown("<!-- table: versions -->").splitlines()[-1]
    assert (
        "## The backend interface, version by version\n" in (ROOT / "docs" / "reference" / "interface.md").read_text()
    )
    lengths = dict(re.findall(r"^\| `(\w+)` \| \d+ \| \d+ \| (\d+) \|$", tables.backends(), re.MULTILINE))
    assert lengths.keys() >= {"numpy", "torch", "jax", "cupy", "mlx"}
    assert all(int(lines) > 100 for lines in lengths.values())
    assert "## `kcore_callbacks(model)`" in tables.on_page_markdown("<!-- table: hooks -->")


@pytest.mark.parametrize("command", ["demo", "backends", "config", "new-backend", "run"])
def test_the_commands_of_the_readme_exist(command):
    result = subprocess.run(
        [sys.executable, "-m", "kcore", command, "--help"], capture_output=True, text=True, check=True
    )
    assert f"usage: kcore {command}" in result.stdout
