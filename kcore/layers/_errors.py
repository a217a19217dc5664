"""Naming the layer in an error that its code raised."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kcore.errors import CaptureError

if TYPE_CHECKING:
    from ._call_arguments import CallArguments


@contextlib.contextmanager
def naming_errors(layer: Any, call: CallArguments) -> Iterator[None]:
    """Add the layer's path, its class and the arguments to the text of an error; the innermost layer does it once."""
    try:
        yield
    except CaptureError:
        raise
    except Exception as err:
        if not hasattr(err, "kcore_layer"):
            with contextlib.suppress(AttributeError):
                err.kcore_layer = layer.path  # type: ignore[attr-defined]
            _append(err, f"Raised by layer '{layer.path}' ({type(layer).__name__}) called with {call.describe()}")
        raise


def _append(err: Exception, text: str) -> None:
    if len(err.args) == 1 and isinstance(err.args[0], str) and str(err) == err.args[0]:
        err.args = (f"{err.args[0]}\n{text}",)
    else:
        err.add_note(text)
