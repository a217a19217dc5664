"""What is shown while a loop runs."""

from __future__ import annotations

import contextlib
import io

import pytest

from kcore.callbacks import CallbackList, ProgbarLogger
from kcore.callbacks.progbar import Progbar


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_values_are_means_over_the_steps():
    bar = Progbar(3, verbose=0)
    bar.update(1, [("loss", 1.0)])
    bar.update(3, [("loss", 4.0)])
    assert bar.means() == {"loss": 3.0}


def test_stateful_values_are_shown_as_they_are():
    bar = Progbar(3, verbose=0, stateful_metrics=["acc"])
    bar.add(1, [("acc", 0.1)])
    bar.add(1, [("acc", 0.7)])
    assert bar.means() == {"acc": 0.7}


def test_without_a_terminal_one_line_is_written_at_the_end(capsys):
    bar = Progbar(2, verbose=1)
    bar.update(1, [("loss", 1.0)])
    assert capsys.readouterr().out == ""
    bar.update(2, [("loss", 3.0)])
    out = capsys.readouterr().out
    assert out.startswith("2/2 - 0s - ")
    assert out.endswith("/step - loss: 2.0000\n")


def test_an_unknown_length_is_shown_as_such():
    bar = Progbar(None, verbose=2)
    bar.update(4)
    assert bar.text().startswith("4/Unknown - ")


def test_a_terminal_line_is_redrawn_with_a_bar(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with contextlib.redirect_stdout(Terminal()) as terminal:
        bar = Progbar(4, width=8, verbose=1, interval=0.0)
        for step in range(1, 5):
            bar.update(step, [("loss", 0.5)])
    out = terminal.getvalue()
    assert out.count("\r") == 4
    assert out.count("\n") == 1
    assert "loss: 0.5000" in out
    assert "━" * 8 in out


def test_small_and_large_values_are_readable():
    bar = Progbar(1, verbose=0)
    bar.update(1, [("a", 1e-6), ("b", 0.0), ("c", 12.5)])
    assert bar.text().endswith("a: 1.0000e-06 - b: 0.0000 - c: 12.5000")


def epochs_of(logger, verbose):
    joined = CallbackList(logger)
    joined.set_params({"verbose": verbose, "epochs": 2, "steps": 3})
    joined.on_train_begin()
    for epoch in range(2):
        joined.on_epoch_begin(epoch)
        for batch in range(3):
            joined.on_train_batch_end(batch, {"loss": 1.0})
        joined.on_test_begin()
        joined.on_test_batch_end(0, {"loss": 9.0})
        joined.on_test_end({"loss": 9.0})
        joined.on_epoch_end(epoch, {"loss": 0.5, "val_loss": 9.0})
    joined.on_train_end()


@pytest.mark.parametrize("verbose", [1, 2])
def test_each_epoch_has_a_title_and_a_line(capsys, verbose):
    epochs_of(ProgbarLogger(), verbose)
    lines = capsys.readouterr().out.splitlines()
    assert [lines[0], lines[2]] == ["Epoch 1/2", "Epoch 2/2"]
    assert len(lines) == 4
    assert lines[1].startswith("3/3 - 0s - ")
    assert lines[1].endswith(" - loss: 0.5000 - val_loss: 9.0000")


def test_silence(capsys):
    epochs_of(ProgbarLogger(), 0)
    assert capsys.readouterr().out == ""


class Unread(dict):
    def items(self):
        raise AssertionError("the logs were read")


def test_logs_are_not_read_when_nothing_is_drawn():
    joined = CallbackList(ProgbarLogger())
    joined.set_params({"verbose": 1, "epochs": 1, "steps": 3})
    joined.on_epoch_begin(0)
    joined.on_train_batch_end(0, Unread())
