"""`Progbar`: how far a loop has come, on a terminal or in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from kcore.callbacks.output import say


class Progbar:
    """Shows steps done, the time for one and the means of values.

    On a terminal one line is redrawn in place (with rich); anywhere else, one plain line is written at the end.

    Args:
        target: how many steps there are, or None if unknown.
        width: columns of the bar.
        verbose: 0 shows nothing, 1 the bar (on a terminal), 2 one plain line at the end.
        interval: seconds between two redraws.
        stateful_metrics: names of values that are shown as they are; the others are averaged over the steps.
        unit_name: what a step is called.

    Example:
        >>> import kcore
        >>> bar = kcore.utils.Progbar(2, verbose=0)
        >>> bar.update(1, [("loss", 1.0)]); bar.update(2, [("loss", 3.0)])
        >>> bar.means()
        {'loss': 2.0}
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.stateful_metrics = set(stateful_metrics or ())
        self.unit_name = unit_name
        self._sums: dict[str, list[Any]] = {}
        self._seen = 0
        self._start = time.perf_counter()
        self._next_draw = 0.0
        self._line = _TerminalLine(width) if verbose == 1 and on_terminal() else None

    def due(self) -> bool:
        """Whether a redraw would show: false between two intervals, and where nothing is redrawn."""
        return self._line is not None and time.perf_counter() >= self._next_draw

    def update(
        self,
        current: int,
        values: Iterable[tuple[str, Any]] | None = None,
        finalize: bool | None = None,
    ) -> None:
        """Say that `current` steps are done.

        Args:
            current: the steps done so far.
            values: pairs of a name and its value for the steps since the last call.
            finalize: whether this is the end; None means when `current` reaches `target`.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        self._collect(current, values or ())
        self._seen = current
        if not self.verbose:
            return
        if finalize:
            self._finish()
        elif self.due():
            self._line.draw(self.text(), self._fraction())  # type: ignore[union-attr]
            self._next_draw = time.perf_counter() + self.interval

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Say that `n` more steps are done."""
        self.update(self._seen + n, values)

    def means(self) -> dict[str, Any]:
        """The values to be shown."""
        return {name: total / max(1, weight) for name, (total, weight) in self._sums.items()}

    def text(self) -> str:
        """The line without its bar, as `12/60 - 0s - 3ms/step - loss: 0.2500`."""
        seconds = time.perf_counter() - self._start
        parts = [
            f"{self._seen}/{'Unknown' if self.target is None else self.target}",
            f"{seconds:.0f}s",
            f"{_duration(seconds / max(1, self._seen))}/{self.unit_name}",
        ]
        parts += [f"{name}: {_number(value)}" for name, value in self.means().items()]
        return " - ".join(parts)

    def _collect(self, current: int, values: Iterable[tuple[str, Any]]) -> None:
        weight = max(1, current - self._seen)
        for name, value in values:
            if name in self.stateful_metrics:
                self._sums[name] = [value, 1]
            else:
                total, count = self._sums.get(name, (0.0, 0))
                self._sums[name] = [total + value * weight, count + weight]

    def _fraction(self) -> float | None:
        return None if not self.target else min(1.0, self._seen / self.target)

    def _finish(self) -> None:
        if self.target is None:
            self.target = self._seen
        if self._line is not None:
            self._line.draw(self.text(), 1.0, last=True)
        else:
            say(self.text())


def on_terminal() -> bool:
    """Whether standard output is a terminal."""
    return bool(getattr(sys.stdout, "isatty", lambda: False)())


class _TerminalLine:
    """One line of a terminal that is written over and over."""

    def __init__(self, width: int) -> None:
        from rich.console import Console

        self._console = Console(highlight=False)
        self._width = width

    def draw(self, text: str, fraction: float | None, last: bool = False) -> None:
        """Write `text` with a bar in front; `fraction` None means an unknown length."""
        from rich.control import Control
        from rich.segment import ControlType

        count, _, rest = text.partition(" - ")
        self._console.control(Control((ControlType.CARRIAGE_RETURN,), (ControlType.ERASE_IN_LINE, 2)))
        line = f"{count} {self._bar(fraction)} {rest}"
        self._console.print(line, end="\n" if last else "", overflow="ellipsis", no_wrap=True, crop=True)

    def _bar(self, fraction: float | None) -> str:
        done = round(self._width * (fraction or 0.0))
        return f"[green]{'━' * done}[/green][bright_black]{'━' * (self._width - done)}[/bright_black]"


def _duration(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.0f}s"
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.0f}ms"
    return f"{seconds * 1e6:.0f}us"


def _number(value: Any) -> str:
    value = float(np.mean(value))
    return f"{value:.4f}" if abs(value) > 1e-3 or value == 0 else f"{value:.4e}"
