"""Errors that name the layer: what its code raised, and dtypes that it can't have."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kcore.dtype_policies import DTypePolicy
from kcore.engine import active
from kcore.errors import CaptureError, DtypeError

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


def check_dtypes(policy: DTypePolicy, layer: Any) -> None:
    """Check that the active backend has the dtypes of a layer's policy.

    Raises:
        DtypeError: it lacks one.
    """
    backend = active.current()
    reasons = {gap.name: gap.reason for gap in backend.capabilities.gaps}
    for dtype in (policy.compute_dtype, policy.variable_dtype):
        if f"dtype:{dtype}" in reasons:
            raise DtypeError(
                f"Layer '{layer.name}' ({type(layer).__name__}) has the dtype policy '{policy.name}', and backend "
                f"'{backend.name}' has no {dtype} ({reasons[f'dtype:{dtype}']}). Use another policy, such as "
                "'mixed_float16', or another backend."
            )


def _append(err: Exception, text: str) -> None:
    if len(err.args) == 1 and isinstance(err.args[0], str) and str(err) == err.args[0]:
        err.args = (f"{err.args[0]}\n{text}",)
    else:
        err.add_note(text)
