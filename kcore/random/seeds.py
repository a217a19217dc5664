"""From what a user gives as `seed` to a key."""

from __future__ import annotations

from typing import Any

from kcore.engine import active, random
from kcore.errors import InvalidArgumentError

_process_wide: dict[str, tuple[Any, random.SeedGenerator]] = {}


def draw(seed: Any) -> Any:
    """The key to draw numbers with.

    Args:
        seed: an integer, a `SeedGenerator`, or `None`.

    Returns:
        A uint32 tensor of shape `(2,)`.

    Raises:
        InvalidArgumentError: `seed` is something else.
    """
    if seed is None:
        return _generator().next()
    if isinstance(seed, random.SeedGenerator):
        return seed.next()
    if isinstance(seed, int) and not isinstance(seed, bool):
        return active.current().asarray(random.make_key(seed))
    raise InvalidArgumentError(f"`seed` must be an integer, a `SeedGenerator` or None. Received: seed={seed!r}")


def _generator() -> random.SeedGenerator:
    """The active backend's process-wide generator: its state is a variable, so that a captured step draws new numbers
    at each replay."""
    name, epoch = active.current().name, random.global_key()
    known = _process_wide.get(name)
    if known is None or known[0] is not epoch:
        known = _process_wide[name] = (epoch, random.SeedGenerator())
    return known[1]
