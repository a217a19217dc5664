"""`Function`: a Python function that is captured once and then replayed as a plan."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from kcore import tree

from . import active
from .autocast import current as wanted_dtype
from .graph import Graph
from .plan import Plan
from .spec import Spec
from .tracing import Capture, Tracer, current_capture, eager

TENSOR = object()
STATIC = frozenset({int, bool, str, bytes, type(None)})


def _signature(flat: list, backend) -> tuple[list, tuple]:
    """The tensors among the arguments, and what a plan depends on: their shapes and dtypes, and all other values."""
    tensors, key = [], []
    is_tensor, shape_of, dtype_of = backend.is_tensor, backend.shape_of, backend.dtype_of
    for x in flat:
        if type(x) in STATIC:
            key.append((type(x), x))
            continue
        if is_tensor(x):
            tensor = x
        else:
            tensor = backend.scalar(x, "float32") if type(x) is float else backend.argument(x)
        tensors.append(tensor)
        key.append((shape_of(tensor), dtype_of(tensor)))
    return tensors, tuple(key)


class Captured(NamedTuple):
    """What one capture gave.

    Attributes:
        plan: the program; its inputs are the arguments' tensors and then the variables read, its outputs the results
            and then the new values.
        reads: the variables read, each with whether its memory is overwritten.
        writes: the variables that get new values.
        loads, stores: the methods that give the first ones' tensors and take the last ones', looked up once.
        treedef: the structure of the result.
        leaves: its leaves: `TENSOR` for an output of the plan, else what the function returned.
    """

    plan: Plan
    graph: Graph
    reads: tuple
    writes: tuple
    loads: tuple
    stores: tuple
    treedef: Any
    leaves: tuple


class Function:
    """A function of tensors that runs as a plan.

    It is captured once for each combination of the arguments' structure, shapes and dtypes, the values of arguments
    that aren't tensors, the backend, and the dtype that a layer around reads variables in. Variables that it reads or
    assigns are found on their own.

    Args:
        fn: what to capture. It must not branch on a tensor's value.
        name: for messages.

    Raises:
        CaptureError: when it is called and can't be captured.

    Example:
        >>> import kcore
        >>> total = kcore.Variable(0.0)
        >>> add = Function(lambda x: total.assign_add(x).value * 2)
        >>> float(add(1.0)), float(add(1.5))
        (2.0, 5.0)
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None):
        self.fn = fn
        self.name = name or getattr(fn, "__name__", "function")
        self.cache: dict[Any, Captured] = {}
        self.calls = 0
        self.reasons: list[str] = []

    def __call__(self, *args):
        flat, structure = tree.flatten_with_structure(args)
        if current_capture() is not None or Tracer in map(type, flat):
            return self.fn(*args)
        backend = active.current()
        tensors, signature = _signature(flat, backend)
        key = structure, signature, backend, wanted_dtype()
        captured = self.cache.get(key)
        if captured is None:
            captured = self._capture(args, flat, key, backend)
        self.calls += 1
        return _run(captured, tensors)

    def _capture(self, args, flat, key, backend) -> Captured:
        self.reasons.append(self._reason(key))
        with no_collection():
            with eager(), Capture() as capture:
                entered = [
                    x if type(x) in STATIC else capture.input(Spec(*spec)) for x, spec in zip(flat, key[1], strict=True)
                ]
                result = self.fn(*tree.pack_sequence_as(args, entered))
                leaves, treedef = tree.flatten_with_structure(result)
            self.cache[key] = captured = close(capture, leaves, treedef, backend)
        return captured

    def _reason(self, key) -> str:
        if not self.cache:
            return "first call"
        last = next(reversed(self.cache))
        parts = (
            "another structure of arguments",
            "other shapes, dtypes or values",
            "another backend",
            "another dtype policy",
        )
        changed = [part for part, a, b in zip(parts, key, last, strict=True) if a != b]
        return f"{' and '.join(changed)}: {key[1]}"

    @property
    def last_seen(self) -> Any:
        """The structure of the arguments at the last capture and the specs of its leaves, `None` for values that
        aren't tensors; `None` before the first."""
        if not self.cache:
            return None
        structure, entries, _, _ = next(reversed(self.cache))
        return structure, [None if isinstance(entry[0], type) else Spec(*entry) for entry in entries]

    def stats(self) -> dict[str, Any]:
        """How the cache is used: `size`, `calls`, `hits`, and the `reasons` of each capture."""
        return {
            "size": len(self.cache),
            "calls": self.calls,
            "hits": self.calls - len(self.reasons),
            "reasons": list(self.reasons),
        }


@contextlib.contextmanager
def no_collection() -> Iterator[None]:
    """Context manager: Python doesn't look for cycles of garbage.

    A capture makes many objects and few cycles, and with an engine loaded there is much to look at.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def close(capture: Capture, leaves: list, treedef, backend) -> Captured:
    """End a capture: make its plan, with variables as further inputs and outputs."""
    reads = [(v, tracer) for v, tracer in capture.reads.values() if tracer.node is None]
    writes = list(capture.writes.values())
    kept = tuple(TENSOR if _is_tensor(x, backend) else x for x in leaves)
    outputs = [_as_tensor(x, capture, backend) for x, keep in zip(leaves, kept, strict=True) if keep is TENSOR]
    graph = Graph(
        [*capture.inputs, *(tracer for _, tracer in reads)],
        capture.nodes,
        [*outputs, *(_as_tensor(x, capture, backend) for _, x in writes)],
    )
    written = {id(v) for v, _ in writes}
    first = len(capture.inputs)
    donated = [first + i for i, (v, _) in enumerate(reads) if id(v) in written]
    plan = Plan(graph, backend, donated, range(first, first + len(reads)))
    seen = tuple((v, id(v) in written) for v, _ in reads)
    loads = tuple(v.load_to_write if changes else v.load for v, changes in seen)
    stores = tuple(v.store for v, _ in writes)
    return Captured(plan, graph, seen, tuple(v for v, _ in writes), loads, stores, treedef, kept)


def _is_tensor(x, backend) -> bool:
    return isinstance(x, Tracer) or hasattr(x, "assign") or backend.is_tensor(x)


def _as_tensor(x, capture: Capture, backend):
    if hasattr(x, "assign"):
        x = capture.read(x)
    return capture.adopt(x) if isinstance(x, Tracer) else x if backend.is_tensor(x) else backend.asarray(x)


def _run(captured: Captured, tensors: list):
    outputs = captured.plan(*tensors, *[load() for load in captured.loads])
    first = len(outputs) - len(captured.stores)
    for store, value in zip(captured.stores, outputs[first:], strict=True):
        store(value)
    results = iter(outputs)
    return tree.unflatten(captured.treedef, [next(results) if x is TENSOR else x for x in captured.leaves])
