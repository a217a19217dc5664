"""The line of the user's program that a message is about."""

from __future__ import annotations

import functools
import linecache
import os
import sys
from typing import NamedTuple

from kcore.errors import CaptureError

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class Line(NamedTuple):
    """A place in a program."""

    filename: str
    number: int
    function: str

    def __str__(self) -> str:
        source = linecache.getline(self.filename, self.number).strip()
        where = f"{os.path.basename(self.filename)}, line {self.number}, in {self.function}"
        return f"{where}: `{source}`" if source else where


def user_line() -> Line | None:
    """The innermost line that the user can change: outside of kcore, of installed packages, and of Python's library.

    Where all lines are of these, the innermost outside of kcore; `None` if there is none.
    """
    frame, other = sys._getframe(1), None
    while frame is not None:
        filename = frame.f_code.co_filename
        if not filename.startswith(_PACKAGE):
            line = Line(filename, frame.f_lineno, frame.f_code.co_name)
            if not filename.startswith(_installed()) and not filename.startswith("<frozen"):
                return line
            other = other or line
        frame = frame.f_back
    return other


@functools.cache
def _installed() -> tuple[str, ...]:
    import sysconfig

    paths = sysconfig.get_paths()
    return tuple({paths[name] + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")})


def capture_error(problem: str, advice: str, kind: type[CaptureError] = CaptureError) -> CaptureError:
    """The error that names the user's line, and keeps it.

    Args:
        problem: what can't be done, without a full stop.
        advice: what to write instead, in sentences.
        kind: its class.
    """
    line = user_line()
    err = kind(f"{problem} ({line or 'inside kcore'}). {advice}")
    err.line = line
    return err
