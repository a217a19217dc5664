"""What the pages say of speed is what was measured, and the sums of the benchmarks are right."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def scripts(monkeypatch):
    for folder in ("benchmarks", "docs/_hooks"):
        monkeypatch.syspath_prepend(str(ROOT / folder))


def test_the_tables_of_the_readme_are_those_of_the_measurements():
    import speed

    text = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    marked = re.findall(r"<!-- table: (\w+) -->\n(.*?)<!-- end -->", text, re.DOTALL)
    assert marked
    for name, table in marked:
        assert table.strip() == speed.TABLES[name]()


def test_every_table_of_the_page_has_rows():
    import speed

    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    names = re.findall(r"<!-- table: (\w+) -->", page)
    assert set(names) == set(speed.TABLES)
    assert all(len(speed.TABLES[name]().splitlines()) > 2 for name in names if name != "speed_machine")


def test_the_targets_on_the_page_are_those_of_the_script():
    import targets

    found = json.loads((ROOT / "docs" / "assets" / "benchmarks.json").read_text(encoding="utf-8"))
    assert found["targets"] == targets.report(found["tasks"], quiet=True)


def test_a_missed_target_is_printed(capsys):
    import targets

    rows = targets.report({"step": {"mlp": {"kcore-torch": [3.0], "hand-torch": [2.0], "keras-torch": [4.0]}}})
    assert [(row["against"], row["value"], row["kept"]) for row in rows] == [
        ("hand-torch", 1.5, False),
        ("keras-torch", 0.75, True),
    ]
    assert "1 of 2 targets are met" in capsys.readouterr().out


def test_a_machine_that_changes_its_speed_between_rounds_moves_no_ratio():
    import targets

    ours, theirs = [1.0, 3.0, 3.0], [2.0, 2.0, 6.0]
    assert targets.ratio_of(ours, theirs) == 0.5


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_the_exponent_is_that_of_the_upper_half(power):
    import growth

    sizes = [1, 10, 100, 1000, 10000]
    times = [7.0, 9.0, *(size**power for size in sizes[2:])]
    assert growth.exponent(sizes, times) == pytest.approx(power)


def test_what_grows_faster_than_its_peer_is_named():
    import growth

    sizes = [1, 2, 4, 8]
    points = {
        "kcore-numpy": [[size, size**2, 1.0] for size in sizes],
        "kcore-torch": [[size, size, 1.0] for size in sizes],
        "hand-torch": [[size, size, 1.0] for size in sizes],
    }
    curves = {who: growth.curve(found) for who, found in points.items()}
    assert [growth.worse(curves, who) for who in curves] == ["hand-torch", "", ""]
