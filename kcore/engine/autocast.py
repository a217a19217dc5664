"""The dtype in which variables are read: what a layer with a mixed dtype policy says while its `call` runs.

A variable keeps its own dtype. Inside `autocast("float16")` reading it gives its value in float16, by a `cast` that is
differentiated and captured like any other call; so the gradient arrives in the variable's dtype.
"""

from __future__ import annotations

from contextvars import ContextVar

_wanted: ContextVar[str | None] = ContextVar("kcore_autocast", default=None)

current = _wanted.get
"""The dtype of the innermost scope, or `None`: no function of its own, as each read of a variable asks."""


class autocast:
    """Context manager: floating variables that allow it are read in this dtype; in their own for `None`.

    Example:
        >>> import kcore
        >>> v = kcore.Variable([1.0, 2.0])
        >>> with autocast("float16"):
        ...     (kcore.ops.dtype(v.value), v.dtype)
        ('float16', 'float16')
        >>> v.dtype
        'float32'
    """

    def __init__(self, dtype: str | None):
        self._dtype = dtype

    def __enter__(self) -> None:
        self._token = _wanted.set(self._dtype)

    def __exit__(self, *exc) -> None:
        _wanted.reset(self._token)
