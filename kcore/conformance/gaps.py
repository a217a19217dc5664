"""Which cases a backend's declared gaps cover, and whether they fail as declared.

A gap is strict: a case that needs what it names must raise its error, and one that works is a failure, so that the list
of gaps can't fall behind the backend.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from kcore.engine.backend import Backend, Gap

from .case import Case

_IN_PRIMITIVE = re.compile(r"(?:In primitive|While running) `(\w+)`")
"""What the core adds to an error of a primitive, called on its own or by a plan."""


def declared(case: Case, backend: Backend) -> Gap | None:
    """The gap that a case runs into: one whose name is among its needs, or is a pattern of case names (with a `/`)."""
    for gap in backend.capabilities.gaps:
        if gap.name in case.needs or ("/" in gap.name and fnmatchcase(case.name, gap.name)):
            return gap
    for need in case.needs:
        if need.startswith("dtype:") and need[6:] not in backend.capabilities.dtypes:
            return Gap(need, "notimpl", "not among `capabilities.dtypes`", Exception)
    return None


def behind(err: BaseException, backend: Backend) -> Gap | None:
    """The gap of a primitive that an error came from, though the case doesn't name it among its needs."""
    gaps = {gap.name: gap for gap in backend.capabilities.gaps}
    while err is not None:
        for note in getattr(err, "__notes__", ()):
            found = _IN_PRIMITIVE.search(note)
            gap = gaps.get(found[1]) if found else None
            if gap is not None and isinstance(err, gap.error):
                return gap
        following = err.__cause__ or err.__context__
        if following is None:
            return None
        err = following
    return None


def explain(gap: Gap) -> str:
    """A gap in a sentence."""
    return f"{gap.name}: {KINDS.get(gap.kind, gap.kind)}; {gap.reason}"


KINDS = {"notimpl": "not written yet", "notyet": "the engine can't", "never": "makes no sense here"}
"""What the kinds of gaps say to people."""
