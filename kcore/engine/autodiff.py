"""Reverse-mode differentiation, over the nodes that tracers remember: the same walk in eager mode and in a capture,
of any order.

    backward(targets, cotangents, sources)      the walk; everything below calls it
    grad  value_and_grad  vjp                   of functions of tensors
    GradientTape                                of whatever ran inside the block, by variables or watched tensors
    stop_gradient  custom_gradient              what a gradient doesn't flow through, or flows through in your own way

A gradient rule is made of primitives, so its results remember how they were made whenever somebody outside still
records: that is how second derivatives come about.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from contextvars import ContextVar
from typing import Any

from kcore import tree
from kcore.dtypes import is_float
from kcore.errors import GradientError

from . import active
from . import primitives as P
from .primitives.movement import unbroadcast
from .tracing import Node, Tracer, current_capture, eager, gradient_path, recording, spec_of, stop_recording, value_of

_tapes: ContextVar[tuple[Any, ...]] = ContextVar("kcore_tapes", default=())
_depth: ContextVar[int] = ContextVar("kcore_grad_depth", default=0)


def backward(targets: Sequence[Any], cotangents: Sequence[Any], sources: Sequence[Tracer]) -> list[Any]:
    """The gradient of sum(targets * cotangents) by each source; `None` where there is no path.

    Args:
        targets: tensors; those that aren't tracers depend on nothing.
        cotangents: one a target, of its shape and dtype; `None` for zero.
        sources: tracers.
    """
    grads: dict[Any, Any] = {}
    for target, g in zip(targets, cotangents, strict=True):
        if isinstance(target, Tracer) and g is not None:
            _accumulate(grads, target.key, g)
    wanted = {source.key for source in sources}
    for node in reversed(_path_nodes(targets, wanted)):
        keys = [(node, i) for i in range(len(node.specs))]
        cts = [grads.get(key) if key in wanted else grads.pop(key, None) for key in keys]
        if any(g is not None for g in cts):
            _backward_node(node, cts, grads)
    return [grads.get(source.key) for source in sources]


def _path_nodes(targets, source_keys) -> list[Node]:
    """The nodes between sources and targets, in the order in which they ran."""
    found: set[Node] = set()
    stack = [t.node for t in targets if isinstance(t, Tracer) and t.node is not None]
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack.extend(x.node for x in node.operands if isinstance(x, Tracer) and x.node is not None)
    depends: set[Node] = set()
    ordered = sorted(found, key=lambda node: node.order)
    for node in ordered:
        if any(isinstance(x, Tracer) and (x.key in source_keys or x.node in depends) for x in node.operands):
            depends.add(node)
    return [node for node in ordered if node in depends]


def _accumulate(grads: dict, key, g) -> None:
    grads[key] = g if key not in grads else P.add(grads[key], g)


def _backward_node(node: Node, cts: list, grads: dict) -> None:
    with gradient_path(node.path):
        for x, g in zip(node.operands, _operand_cotangents(node, cts), strict=True):
            if g is not None and isinstance(x, Tracer) and is_float(x.dtype):
                _accumulate(grads, x.key, unbroadcast(g, x.shape) if node.primitive.group == "elementwise" else g)


def _operand_cotangents(node: Node, cts: list) -> Any:
    rules, operands, params = node.primitive.vjps, node.operands, node.params
    outputs = node.outputs
    if node.several:
        if not node.primitive.takes_none:
            cts = [
                zeros(spec) if g is None and is_float(spec.dtype) else g
                for g, spec in zip(cts, node.specs, strict=True)
            ]
        return rules(tuple(cts), tuple(outputs), *operands, **params)
    if callable(rules):
        return rules(cts[0], outputs[0], *operands, **params)
    wanted = (isinstance(x, Tracer) and is_float(x.dtype) for x in operands)
    return [
        rule(cts[0], outputs[0], *operands, **params) if rule and want else None
        for rule, want in zip(rules, wanted, strict=True)
    ]


def zeros(spec) -> Any:
    """A tensor of zeros of this spec."""
    return P.broadcast_to(active.current().scalar(0, spec.dtype), shape=spec.shape)


def ones(spec) -> Any:
    """A tensor of ones of this spec."""
    return P.broadcast_to(active.current().scalar(1, spec.dtype), shape=spec.shape)


def leaf(x) -> Any:
    """A tensor of its own to differentiate by, with x's value."""
    if isinstance(x, Tracer):
        return P.identity(x)
    if current_capture() is not None:
        return P.identity(_as_constant(x))
    x = active.current().asarray(x)
    return Tracer(spec_of(x), x)


def _tensor(x) -> Any:
    return x if isinstance(x, Tracer) else active.current().asarray(x)


def _as_constant(x) -> Any:
    capture = current_capture()
    assert capture is not None
    return capture.record(P.identity, (active.current().asarray(x),), {})


class _Deeper:
    """Count functions under differentiation, to know whether somebody outside still records."""

    def __enter__(self) -> None:
        self._token = _depth.set(_depth.get() + 1)

    def __exit__(self, *exc) -> None:
        _depth.reset(self._token)


def _recorded_outside() -> bool:
    return current_capture() is not None or _depth.get() > 0 or any(tape.recording for tape in _tapes.get())


def _release(value):
    """In eager mode with nobody recording outside, users get plain tensors."""
    return value if _recorded_outside() else tree.map_structure(value_of, value)


def vjp(f: Callable[..., Any], *primals):
    """The value of `f` and the function that pulls cotangents back (its transposed Jacobian).

    Args:
        f: a function of tensors, or of structures of tensors, that returns a structure of tensors.
        primals: where to evaluate it.

    Returns:
        `(f(*primals), pullback)`; `pullback(cotangents)` takes the structure of the output and returns a tuple, one
        entry a primal.

    Example:
        >>> import numpy as np
        >>> from kcore.engine import primitives as P
        >>> out, pullback = vjp(P.exp, np.float32(0))
        >>> float(pullback(np.float32(3))[0])
        3.0
    """
    leaves, out = _run(f, primals, range(len(primals)))

    def pullback(cotangents):
        flat = [g if g is None else _tensor(g) for g in tree.flatten(cotangents)]
        return tuple(_gradients(tree.flatten(out), flat, leaves))

    return _release(out), pullback


def _run(f, args, argnums):
    """Call `f` with leaves for the arguments to differentiate by: the leaves, and what it returned."""
    with _Deeper(), recording():
        wrapped = [tree.map_structure(leaf, x) if i in argnums else x for i, x in enumerate(args)]
        out = f(*wrapped)
    return [wrapped[i] for i in argnums], out


def _gradients(targets, cotangents, wrapped) -> list:
    """Gradients by structures of leaves, zeros where nothing flows; plain tensors unless somebody records outside."""
    with nullcontext() if _recorded_outside() else stop_recording():
        leaves = [x for structure in wrapped for x in tree.flatten(structure)]
        flat = backward(targets, cotangents, leaves)
        flat = [zeros(x.spec) if g is None else g for g, x in zip(flat, leaves, strict=True)]
    result, position = [], 0
    for structure in wrapped:
        count = len(tree.flatten(structure))
        result.append(tree.pack_sequence_as(structure, flat[position : position + count]))
        position += count
    return [_release(x) for x in result]


def value_and_grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False):
    """A function that returns the value of `f` and its gradient.

    Args:
        f: returns a scalar floating tensor (or `(scalar, aux)` with `has_aux`).
        argnums: which arguments to differentiate by: an index, or several; each may be a structure of tensors.
        has_aux: whether `f` returns something besides, which is passed on.

    Returns:
        A function with `f`'s arguments that returns `(value, gradient)` or `((value, aux), gradient)`.

    Raises:
        GradientError: the value isn't a floating scalar.

    Example:
        >>> import numpy as np
        >>> from kcore.engine import primitives as P
        >>> value, slope = value_and_grad(lambda x: P.multiply(x, x))(np.float32(3))
        >>> float(value), float(slope)
        (9.0, 6.0)
    """
    several = not isinstance(argnums, int)
    chosen: list[int] = list(argnums) if not isinstance(argnums, int) else [argnums]

    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        leaves, out = _run(lambda *a: f(*a, **kwargs), args, chosen)
        value, aux = out if has_aux else (out, None)
        _check_scalar(value)
        grads = _gradients([value], [ones(spec_of(value))], leaves)
        result = (_release(value), _release(aux)) if has_aux else _release(value)
        return result, tuple(grads) if several else grads[0]

    return wrapper


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False):
    """A function that returns the gradient of `f`: see `value_and_grad`.

    Example:
        >>> import numpy as np
        >>> from kcore.engine import primitives as P
        >>> cube = lambda x: P.multiply(x, P.multiply(x, x))
        >>> float(grad(cube)(np.float32(2))), float(grad(grad(cube))(np.float32(2)))
        (12.0, 12.0)
    """
    both = value_and_grad(f, argnums, has_aux)

    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        value, gradient = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return wrapper


def _check_scalar(value) -> None:
    spec = spec_of(value)
    if spec.shape != () or not is_float(spec.dtype):
        raise GradientError(
            f"`grad` takes a function whose value is a floating scalar; use `vjp` for other values, or reduce it "
            f"with `ops.sum`. Received: {spec}"
        )


def stop_gradient(x):
    """x, as a constant for gradients. Takes any structure of tensors."""
    return tree.map_structure(P.stop_gradient, x)


def custom_gradient(f: Callable[..., Any]):
    """Decorate a function that brings its own gradient.

    Args:
        f: returns `(output, gradient)`: a tensor or tuple of tensors, and a function that takes one cotangent an
            output and returns one cotangent a positional argument (`None` for no gradient).

    Example:
        >>> import numpy as np
        >>> from kcore.engine import primitives as P
        >>> @custom_gradient
        ... def clipped(x):
        ...     return x, lambda g: P.minimum(g, 1)
        >>> float(grad(lambda x: P.multiply(clipped(x), 5))(np.float32(1)))
        1.0
    """

    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        tape = current_tape()
        if tape is not None and tape.native is not None:
            return tape.native.custom(functools.partial(f, **kwargs), args)
        if not any(isinstance(x, Tracer) for x in tree.flatten(args)):
            return f(*args, **kwargs)[0]
        outputs, gradient = f(*args, **kwargs)
        several = isinstance(outputs, (tuple, list))
        flat = tuple(outputs) if several else (outputs,)
        results = P.custom(*flat, *args, count=len(flat), gradient=gradient)
        return results if several else results[0]

    return wrapper


class GradientTape:
    """Records what runs inside the `with` block, to differentiate it afterwards.

    Trainable variables are watched on their own. A tensor is watched by `x = tape.watch(x)`: go on with what it
    returns, since the engine's own tensors carry no memory.

    Args:
        persistent: allow `gradient` more than once.
        watch_accessed_variables: whether variables are watched without asking.

    Example:
        >>> import kcore
        >>> v = kcore.Variable(3.0)
        >>> with GradientTape() as tape:
        ...     y = v * v
        >>> float(tape.gradient(y, v))
        6.0
    """

    native = None
    """The engine's own autodiff, on a tape that is the engine's: see `kcore.engine.native`."""

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True):
        self.persistent = persistent
        self.recording = False
        self._watch_accessed = watch_accessed_variables
        self._leaves: dict[int, tuple[Any, list[Tracer]]] = {}
        self._used = False

    def __enter__(self) -> GradientTape:
        self.recording = True
        self._token = enter(self)
        return self

    def __exit__(self, *exc) -> None:
        leave(self._token)
        self.recording = False

    def watch(self, x):
        """Watch a tensor or a variable (or a structure of them); returns what to compute with."""
        return tree.map_structure(self._watch_one, x)

    def _watch_one(self, x):
        if hasattr(x, "assign"):
            return self.read(x, watched=True)
        tracer = leaf(x)
        self._leaves.setdefault(id(x), (x, []))[1].append(tracer)
        return tracer

    def read(self, variable, watched: bool = False):
        """The variable's value, remembered if it is watched."""
        capture = current_capture()
        if capture is not None:
            return capture.read(variable)
        watching = [tape for tape in _tapes.get() if tape._watches(variable) or (watched and tape is self)]
        value = variable.load()
        if not watching:
            return value
        known = [t for tape in watching for t in tape._leaves.get(id(variable), (None, ()))[1] if t.value is value]
        tracer = known[0] if known else Tracer(variable.spec, value)
        for tape in watching:
            tracers = tape._leaves.setdefault(id(variable), (variable, []))[1]
            if all(t is not tracer for t in tracers):
                tracers.append(tracer)
        return tracer

    def _watches(self, variable) -> bool:
        return id(variable) in self._leaves or (self._watch_accessed and variable.trainable)

    def stop_recording(self):
        """Context manager: what runs inside isn't recorded."""
        return stop_recording()

    def watched_variables(self) -> list:
        """The variables that were read while recording."""
        return [x for x, _ in self._leaves.values() if hasattr(x, "assign")]

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients: str = "none"):
        """The gradient of the target (summed, if it isn't a scalar) by the sources.

        Args:
            target: a tensor, or a structure of tensors whose gradients add up.
            sources: variables, watched tensors, or tensors computed inside the block, in any structure.
            output_gradients: cotangents of the target; ones by default.
            unconnected_gradients: `"none"` or `"zero"`: what a source gets that the target doesn't depend on.

        Returns:
            The structure of `sources`, with a tensor or `None` for each.

        Raises:
            GradientError: called twice on a tape that isn't persistent.
        """
        if self._used and not self.persistent:
            raise GradientError(
                "`gradient` can be called once on a tape. Use `GradientTape(persistent=True)` to call it again."
            )
        self._used = True
        targets = tree.flatten(target)
        with nullcontext() if _recorded_outside() else stop_recording():
            given = [None] * len(targets) if output_gradients is None else tree.flatten(output_gradients)
            cts = [self._seed(t, g) for t, g in zip(targets, given, strict=True)]
            grads = self._by_source(targets, cts, tree.flatten(sources), unconnected_gradients == "zero")
        return _release(tree.pack_sequence_as(sources, grads))

    def _seed(self, target, given):
        spec = spec_of(target)
        if not is_float(spec.dtype):
            raise GradientError(f"`target` must have a floating dtype. Received: target={spec}")
        return ones(spec) if given is None else given

    def _by_source(self, targets, cts, sources, zero: bool) -> list:
        tracers = [self._tracers(x) for x in sources]
        flat = iter(backward(targets, cts, [t for ts in tracers for t in ts]))
        result = []
        for source, ts in zip(sources, tracers, strict=True):
            parts = [g for g in (next(flat) for _ in ts) if g is not None]
            total = functools.reduce(P.add, parts) if parts else None
            result.append(
                zeros(spec_of(source) if not hasattr(source, "assign") else source.spec)
                if total is None and zero
                else total
            )
        return result

    def _tracers(self, source) -> list[Tracer]:
        capture = current_capture()
        if capture is not None and hasattr(source, "assign"):
            return [capture.first_read(source)]
        if id(source) in self._leaves:
            return self._leaves[id(source)][1]
        return [source] if isinstance(source, Tracer) else []


def enter(tape: Any):
    """Make a tape the innermost one; returns what `leave` takes."""
    return _tapes.set((*_tapes.get(), tape))


def leave(token: Any) -> None:
    """Put the tapes back."""
    _tapes.reset(token)


def current_tape() -> Any:
    """The innermost tape, or `None`."""
    tapes = _tapes.get()
    return tapes[-1] if tapes else None


__all__ = [
    "GradientTape",
    "backward",
    "custom_gradient",
    "eager",
    "grad",
    "leaf",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]
