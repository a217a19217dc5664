"""`NativeGradientTape`: gradients by the engine's own autodiff, for code that calls the engine directly.

The core's tape sees what arrives at primitives. A layer that calls `torch.nn.functional` on its tensors, or a
`torch.nn.Module`, is differentiated by PyTorch's tape alone. Inside a `NativeGradientTape` variables are the engine's
own tensors, which it tracks, and everything runs eagerly. Fused ops run as their composites, since an engine's tape
can't see through a fast path.

    core (`GradientTape`)        eager and captured, every backend, every order
    native                       eager only, where the engine has a tape: PyTorch
"""

from __future__ import annotations

from typing import Any

from kcore import tree
from kcore.dtypes import is_float
from kcore.errors import CaptureError, GradientError, UnsupportedError

from . import active, autodiff, tracing


class NativeGradientTape:
    """Records what runs inside the `with` block on the engine's own tape.

    Trainable variables are watched on their own. A tensor is watched by `x = tape.watch(x)`.

    Args:
        persistent: allow `gradient` more than once.

    Raises:
        UnsupportedError: the active backend's engine has no tape.
        CaptureError: a function is being captured.

    Example:
        >>> import kcore
        >>> with kcore.use_backend("numpy"):
        ...     NativeGradientTape()
        Traceback (most recent call last):
        kcore.errors.UnsupportedError: Backend 'numpy' has no autodiff of its own. Use `kcore.GradientTape`, which works
        on every backend.
    """

    recording = False
    """Whether the core records: never here."""

    native: Any = None
    """The engine's autodiff."""

    def __init__(self, persistent: bool = False) -> None:
        backend = active.current()
        if backend.native_autodiff is None:
            raise UnsupportedError(
                f"Backend '{backend.name}' has no autodiff of its own. Use `kcore.GradientTape`, which works on every "
                "backend."
            )
        if tracing.is_capturing():
            raise CaptureError("A function that uses `NativeGradientTape` can't be captured; run it eagerly.")
        self.persistent = persistent
        self.native = backend.native_autodiff
        self._leaves: dict[int, tuple[Any, Any]] = {}
        self._used = False

    def __enter__(self) -> NativeGradientTape:
        self._token = autodiff.enter(self)
        return self

    def __exit__(self, *exc) -> None:
        autodiff.leave(self._token)

    def watch(self, x: Any) -> Any:
        """Watch a tensor or a variable (or a structure of them); returns what to compute with."""
        return tree.map_structure(self._watch_one, x)

    def _watch_one(self, x: Any) -> Any:
        if id(x) not in self._leaves:
            self._leaves[id(x)] = (x, self.native.leaf(x.load() if hasattr(x, "assign") else x))
        return self._leaves[id(x)][1]

    def read(self, variable: Any) -> Any:
        """The variable's value, tracked if it is trainable."""
        if id(variable) in self._leaves:
            return self._leaves[id(variable)][1]
        tracked = variable.trainable and is_float(variable.dtype)
        return self._watch_one(variable) if tracked else variable.load()

    def watched_variables(self) -> list:
        """The variables that were read inside the block."""
        return [x for x, _ in self._leaves.values() if hasattr(x, "assign")]

    def gradient(self, target: Any, sources: Any, output_gradients: Any = None) -> Any:
        """The gradient of the target (summed, if it isn't a scalar) by the sources.

        Args:
            target: a tensor, or a structure of tensors whose gradients add up.
            sources: variables, watched tensors, or tensors computed inside the block, in any structure.
            output_gradients: cotangents of the target; ones by default.

        Returns:
            The structure of `sources`, with a tensor for each, or `None` where the target doesn't depend on it.

        Raises:
            GradientError: called twice on a tape that isn't persistent.
        """
        if self._used and not self.persistent:
            raise GradientError("`gradient` can be called once on a tape. Use `persistent=True` to call it again.")
        self._used = True
        targets = tree.flatten(target)
        given = [None] * len(targets) if output_gradients is None else tree.flatten(output_gradients)
        cotangents = [None if g is None else active.current().asarray(g) for g in given]
        leaves = [self._tracked(x) for x in tree.flatten(sources)]
        known = [x for x in leaves if x is not None]
        found = iter(self.native.gradients(targets, cotangents, known, self.persistent))
        return tree.pack_sequence_as(sources, [None if x is None else next(found) for x in leaves])

    def _tracked(self, source: Any) -> Any:
        """What the engine knows a source by; `None` for a variable that wasn't read."""
        if id(source) in self._leaves:
            return self._leaves[id(source)][1]
        return None if hasattr(source, "assign") else source
