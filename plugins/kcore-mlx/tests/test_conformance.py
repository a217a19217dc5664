"""Everything that kcore asks of a backend."""

from kcore.conformance.suite import *  # noqa: F403
