"""The report card: what it says, that it needs nothing else, and how it looks in a browser."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest

from kcore.conformance import load, run_all
from kcore.conformance.report import page, summarize, write_html, write_json
from kcore.extend import Gap, get_backend
from kcore_numpy import NumpyBackend

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--force-device-scale-factor=1",
)  # fmt: skip


class Wrong(NumpyBackend):
    name = "<wrong>"
    exp = staticmethod(np.cos)
    capabilities = dataclasses.replace(
        NumpyBackend.capabilities, gaps=(Gap("dtype:bfloat16", "never", "a & b", TypeError),)
    )


@pytest.fixture(scope="module")
def summary():
    backends = [get_backend("numpy"), Wrong()]
    cases = [c for c in load(quick=True) if c.op in ("exp", "add", "matmul", "asarray") or c.family == "kink"]
    return summarize(run_all(cases, backends), backends, level="all", quick=True)


class Page(HTMLParser):
    """What a page holds: its tags, what they refer to, its text, and whether each tag that is opened is closed."""

    VOID = ("meta", "link", "br", "img")

    def __init__(self, text):
        super().__init__()
        self.tags, self.refers, self.text, self.open = [], [], "", []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.refers += [value for name, value in attrs if name in ("src", "href", "action", "data")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_the_page_is_whole_and_needs_nothing_else(summary):
    text = page(summary)
    parsed = Page(text)
    assert parsed.open == []
    assert parsed.refers == []
    assert not {"script", "link", "img", "iframe"} & set(parsed.tags)
    assert not re.search(r"url\(|@import|https?://", text)
    assert "prefers-color-scheme: dark" in text


def test_the_page_says_what_was_found(summary):
    text = Page(page(summary)).text
    for expected in ("conforms", "failures", "value/exp/matrix", "off by", "<wrong>", "a & b", "makes no sense here"):
        assert expected in text


def test_the_data_counts_each_op(summary):
    (row,) = (row for row in summary["ops"] if (row["group"], row["op"]) == ("primitives: elementwise", "exp"))
    right, wrong = row["backends"]["numpy"], row["backends"]["<wrong>"]
    assert right["failed"] == 0
    assert wrong["failed"] > 0
    assert 0 < right["worst"]["float32"]["ulps"] <= right["worst"]["float32"]["allowed"] == 4
    assert wrong["worst"]["float32"]["ulps"] is None or wrong["worst"]["float32"]["ulps"] > 4


def test_the_files(summary, tmp_path):
    write_json(tmp_path / "out.json", summary)
    write_html(tmp_path / "out.html", summary)
    assert json.loads((tmp_path / "out.json").read_text()) == summary
    assert (tmp_path / "out.html").read_text(encoding="utf-8") == page(summary)


def pixels(path):
    """The pixels of a PNG as Chromium writes it (8 bits, RGB or RGBA): `(height, width, channels)`."""
    import struct
    import zlib

    data, at, parts = path.read_bytes(), 8, b""
    while at < len(data):
        (length,), kind = struct.unpack(">I", data[at : at + 4]), data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, _, colour = struct.unpack(">IIBB", body[:10])
        parts, at = parts + (body if kind == b"IDAT" else b""), at + 12 + length
    channels = {2: 3, 6: 4}[colour]
    lines = np.frombuffer(zlib.decompress(parts), np.uint8).reshape(height, 1 + width * channels)
    return unfiltered(lines[:, 0], lines[:, 1:].astype(int), channels).reshape(height, width, channels)


def unfiltered(kinds, lines, channels):
    """Undo the five filters of PNG, line by line."""
    above = np.zeros(lines.shape[1], int)
    for kind, line in zip(kinds, lines, strict=True):
        if kind == 1:
            line[:] = line.reshape(-1, channels).cumsum(0).ravel() & 255
        elif kind == 2:
            line[:] = (line + above) & 255
        elif kind in (3, 4):
            unfiltered_line(kind, line, above, channels)
        above = line
    return lines


def unfiltered_line(kind, line, above, channels):
    values, over = line.tolist(), above.tolist()
    for i, value in enumerate(values):
        left, up, corner = (values[i - channels], over[i], over[i - channels]) if i >= channels else (0, over[i], 0)
        guess = left + up - corner
        nearest = min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]
        values[i] = (value + ((left + up) // 2 if kind == 3 else nearest)) & 255
    line[:] = values


@pytest.fixture(scope="module")
def shots(summary, tmp_path_factory):
    if CHROMIUM is None:
        pytest.skip("not run: no Chromium is installed")
    folder = tmp_path_factory.mktemp("shots")
    write_html(folder / "report.html", summary)
    return {theme: shot(folder, theme) for theme in ("light", "dark")}


def shot(folder, theme):
    """A picture of the page, in a browser whose user prefers this theme."""
    target = folder / f"{theme}.png"
    scheme = {"dark": 0, "light": 1}[theme]
    options = [f"--blink-settings=preferredColorScheme={scheme}", f"--user-data-dir={folder / theme}"]
    options += ["--window-size=1000,900", f"--screenshot={target}", f"file://{folder / 'report.html'}"]
    command = [CHROMIUM, *FLAGS, *options]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return pixels(target)


def test_the_page_follows_the_readers_theme(shots):
    corner = {theme: picture[5, 5, :3].mean() for theme, picture in shots.items()}
    assert corner["light"] > 230
    assert corner["dark"] < 40


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_shows_verdicts_in_colour_and_fits_its_window(shots, theme):
    picture = shots[theme][..., :3].astype(int)
    red, green, blue = picture[..., 0], picture[..., 1], picture[..., 2]
    assert np.count_nonzero((green > red + 50) & (green > blue + 30)) > 500
    assert np.count_nonzero((red > green + 50) & (red > blue + 50)) > 500
    right_edge = picture[:, -8:].reshape(-1, 3)
    assert (np.abs(right_edge - picture[5, 5]) <= 2).all()
