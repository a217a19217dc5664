"""Freed memory stays with the process, so that a training step's tensors are made of the memory of the step before.

By default glibc gives large blocks, and what becomes free at the end of its heap, back to the system, which hands them
out again page by page, each filled with zeros: thousands of page faults a step, a fifth of the time of a convolutional
network (`docs/decisions/0012-freed-memory.md`). Every engine on a CPU takes its memory from there.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
BLOCK, TOTAL = 1 << 26, (1 << 31) - 1
"""Blocks up to this size come from the heap; and this much may be free at its end. Bytes, as C integers."""


@functools.cache
def keep_freed() -> bool:
    """Ask the C library to keep freed memory.

    It isn't asked where the environment has settings for it (`MALLOC_...`, `GLIBC_TUNABLES`), with
    `KCORE_KEEP_FREED=0`, or where it isn't glibc.

    Returns:
        Whether it does.
    """
    chosen = any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ)
    if chosen or os.environ.get("KCORE_KEEP_FREED") == "0" or not sys.platform.startswith("linux"):
        return False
    library = ctypes.CDLL(None)
    if not (hasattr(library, "mallopt") and hasattr(library, "gnu_get_libc_version")):
        return False
    return bool(library.mallopt(M_MMAP_THRESHOLD, BLOCK)) and bool(library.mallopt(M_TRIM_THRESHOLD, TOTAL))
