"""The options of `kcore.conformance.suite`, for pytest: an entry point of the group `pytest11`."""

from __future__ import annotations

from typing import Any


def pytest_addoption(parser: Any) -> None:
    """Add the options."""
    group = parser.getgroup("kcore", "conformance of kcore's backends")
    group.addoption(
        "--kcore-backend",
        action="append",
        metavar="NAME",
        help="a backend for `kcore.conformance.suite` to ask (may be given again, or with commas)",
    )
    group.addoption(
        "--kcore-level",
        choices=("arrays", "inference", "training", "all"),
        default="all",
        help="what the suite asks for (default: %(default)s)",
    )
    group.addoption("--kcore-quick", action="store_true", help="the quick form of the suite: about a minute")
