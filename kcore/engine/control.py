"""Control flow: `cond`, `while_loop` and `scan`.

In eager mode each is the Python statement it looks like. In a capture each is one node that holds its bodies as
graphs; tensors that a body uses from around it become operands. `scan` and `cond` have gradients; the number of
rounds of a `while_loop` isn't known, so it has none.

Notation in this file: `free` are the tensors a body uses from around it, `carry` what goes from step to step, `xs`
and `ys` what is read and written step by step along their first axis.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kcore import tree
from kcore.dtypes import is_float
from kcore.errors import GradientError, InvalidArgumentError, ShapeError

from . import active, autodiff
from . import primitives as P
from .graph import Graph, capture_body
from .primitives.internal import internal
from .spec import Spec
from .tracing import current_capture, infer, spec_of


def _tensors(structure) -> list[Any]:
    backend = active.current()
    return [x if hasattr(x, "spec") or backend.is_tensor(x) else backend.asarray(x) for x in tree.flatten(structure)]


def cond(pred, true_fn: Callable[..., Any], false_fn: Callable[..., Any], *operands):
    """One of two functions, by a condition.

    Args:
        pred: a bool scalar.
        true_fn, false_fn: functions of the operands that return the same structure of tensors, shapes and dtypes.
        operands: tensors or structures of tensors.

    Returns:
        What the chosen one returns.

    Raises:
        ShapeError: in a capture, the two don't return the same shapes and dtypes.
    """
    if current_capture() is None or not hasattr(pred, "spec"):
        operands = tree.pack_sequence_as(operands, _tensors(operands))
        return true_fn(*operands) if bool(pred) else false_fn(*operands)
    flat = _tensors(operands)
    structures: list[Any] = []

    def body(fn):
        def run(*inputs):
            result = fn(*tree.pack_sequence_as(operands, list(inputs)))
            structures.append(result)
            return _tensors(result)

        return capture_body(run, [spec_of(x) for x in flat])

    (yes, yes_free), (no, no_free) = body(true_fn), body(false_fn)
    if yes.output_specs != no.output_specs:
        raise ShapeError(
            "`true_fn` and `false_fn` must return tensors of the same shapes and dtypes. "
            f"Received: {', '.join(map(str, yes.output_specs))} and {', '.join(map(str, no.output_specs))}"
        )
    outputs = P_COND(pred, *yes_free, *no_free, *flat, yes=yes, no=no, counts=(len(yes_free), len(no_free)))
    return tree.pack_sequence_as(structures[0], list(outputs))


def _branches(operands, counts):
    first, second = counts
    yes, no, shared = operands[:first], operands[first : first + second], operands[first + second :]
    return [*yes, *shared], [*no, *shared]


def _cond_compute(backend, pred, *operands, yes, no, counts):
    from .plan import program_of

    for_yes, for_no = _branches(operands, counts)
    run_yes, run_no = program_of(yes, backend), program_of(no, backend)
    return tuple(backend.cond(pred, lambda: run_yes(*for_yes), lambda: run_no(*for_no)))


def _cond_vjps(cts, outs, pred, *operands, yes, no, counts):
    def pull(graph, position):
        def run(*arguments):
            own = _branches(arguments, counts)[position]
            pairs = zip(own, _branches(range(len(arguments)), counts)[position], strict=True)
            grads = dict(zip((i for _, i in pairs), _pull_graph(graph, own, cts), strict=True))
            return [
                grads.get(i, autodiff.zeros(spec_of(x))) if is_float(spec_of(x).dtype) else x
                for i, x in enumerate(arguments)
            ]

        return run

    return (None, *cond(pred, pull(yes, 0), pull(no, 1), *operands))


def _pull_graph(graph: Graph, operands, cts) -> list[Any]:
    """The cotangents of a graph's inputs; zeros where nothing flows."""
    leaves = [autodiff.leaf(x) for x in operands]
    outputs = graph.apply(*leaves)
    wanted = [g if is_float(spec_of(out).dtype) else None for g, out in zip(cts, outputs, strict=True)]
    grads = autodiff.backward(outputs, wanted, leaves)
    return [autodiff.zeros(x.spec) if g is None else g for g, x in zip(grads, leaves, strict=True)]


P_COND = internal(
    "cond",
    "pred *operands",
    "yes no counts",
    spec=lambda pred, *operands, yes, no, counts: yes.output_specs,
    vjps=_cond_vjps,
    compute=_cond_compute,
    doc="one of two graphs",
)


def while_loop(cond_fn: Callable[..., Any], body_fn: Callable[..., Any], init):
    """Repeat a function while a condition holds.

    Args:
        cond_fn: a function of the loop's variables that returns a bool scalar.
        body_fn: a function of the loop's variables that returns their next values: same structure, shapes and dtypes.
        init: their first values, a list or tuple (passed as separate arguments).

    Returns:
        Their last values, in the structure of `init`. There is no gradient: use `scan` where one is needed.
    """
    if current_capture() is None:
        state = tree.pack_sequence_as(init, _tensors(init))
        while bool(cond_fn(*state)):
            state = tree.pack_sequence_as(init, tree.flatten(body_fn(*state)))
        return state
    flat = _tensors(init)
    specs = [spec_of(x) for x in flat]
    test, test_free = capture_body(lambda *s: _tensors(cond_fn(*tree.pack_sequence_as(init, list(s)))), specs)
    body, body_free = capture_body(lambda *s: _tensors(body_fn(*tree.pack_sequence_as(init, list(s)))), specs)
    if list(body.output_specs) != specs:
        raise ShapeError(f"`body_fn` must keep shapes and dtypes. Received: {specs}, then {list(body.output_specs)}")
    outputs = P_WHILE(*test_free, *body_free, *flat, test=test, body=body, counts=(len(test_free), len(body_free)))
    return tree.pack_sequence_as(init, list(outputs))


def _while_compute(backend, *operands, test, body, counts):
    from .plan import program_of

    first, second = counts
    for_test, for_body, state = operands[:first], operands[first : first + second], operands[first + second :]
    proceed, step = program_of(test, backend), program_of(body, backend)
    return tuple(backend.while_loop(lambda s: proceed(*for_test, *s)[0], lambda s: step(*for_body, *s), state))


def _while_vjps(cts, outs, *operands, **params):
    raise GradientError(
        "`while_loop` has no reverse-mode gradient, as the number of its rounds isn't known. Use `scan` with a fixed "
        "length."
    )


P_WHILE = internal(
    "while_loop",
    "*operands",
    "test body counts",
    vjps=_while_vjps,
    compute=_while_compute,
    doc="a graph repeated while another holds",
    spec=lambda *operands, test, body, counts: tuple(operands[sum(counts) :]),
)


def scan(f: Callable[..., Any], init, xs=None, length: int | None = None, reverse: bool = False):
    """Run `f` along the first axis, carrying state: `carry, ys[t] = f(carry, xs[t])`.

    Args:
        f: `f(carry, x) -> (carry, y)`; the carry keeps its structure, shapes and dtypes; `y` is any structure (or
            `None`).
        init: the first carry.
        xs: a structure of tensors of one length along their first axis, or `None`.
        length: the number of steps, needed where `xs` is `None`.
        reverse: go from the last step to the first; `ys` are in the order of `xs` still.

    Returns:
        `(carry, ys)`, where `ys` has the steps along the first axis.
    """
    flat_xs = [] if xs is None else _tensors(xs)
    steps = _steps(flat_xs, length)
    if current_capture() is None:
        return _eager_scan(f, init, xs, flat_xs, steps, reverse)
    flat_init = _tensors(init)
    shape: list[Any] = []

    def run(*inputs):
        carry = tree.pack_sequence_as(init, list(inputs[: len(flat_init)]))
        x = None if xs is None else tree.pack_sequence_as(xs, list(inputs[len(flat_init) :]))
        carry, y = f(carry, x)
        shape[:] = [y]
        return [*_tensors(carry), *([] if y is None else _tensors(y))]

    carry_specs = [spec_of(x) for x in flat_init]
    body, free = capture_body(run, [*carry_specs, *(Spec(s.shape[1:], s.dtype) for s in map(spec_of, flat_xs))])
    if list(body.output_specs[: len(flat_init)]) != carry_specs:
        raise ShapeError(
            f"`f` must keep the carry's shapes and dtypes. Received: {carry_specs}, then "
            f"{list(body.output_specs[: len(flat_init)])}"
        )
    counts = (len(free), len(flat_init), len(flat_xs))
    outputs = P_SCAN(*free, *flat_init, *flat_xs, body=body, counts=counts, steps=steps, reverse=reverse, keep=True)
    ys = outputs[len(flat_init) : len(body.outputs)]
    return tree.pack_sequence_as(init, list(outputs[: len(flat_init)])), tree.pack_sequence_as(
        shape[0], list(ys)
    ) if ys else None


def _steps(flat_xs, length) -> int:
    lengths = {spec_of(x).shape[0] for x in flat_xs} | ({length} if length is not None else set())
    if len(lengths) != 1:
        raise InvalidArgumentError(f"`scan` takes `xs` of one length, or `length`. Received: lengths={sorted(lengths)}")
    return lengths.pop()


def index(x, t: int):
    """x[t]."""
    shape = spec_of(x).shape
    row = P.slice(x, start=(t, *(0,) * (len(shape) - 1)), stop=(t + 1, *shape[1:]), step=(1,) * len(shape))
    return P.reshape(row, shape=shape[1:])


def stack(xs):
    """Tensors of one shape along a new first axis."""
    return P.concat(*(P.reshape(x, shape=(1, *spec_of(x).shape)) for x in xs), axis=0)


def _eager_scan(f, carry, xs, flat_xs, steps, reverse):
    rows: list[Any] = []
    carry, structure = tree.pack_sequence_as(carry, _tensors(carry)), None
    for t in range(steps - 1, -1, -1) if reverse else range(steps):
        x = None if xs is None else tree.pack_sequence_as(xs, [index(x, t) for x in flat_xs])
        carry, structure = f(carry, x)
        rows.append([] if structure is None else _tensors(structure))
    if not rows:
        return carry, _no_rows(f, carry, xs, flat_xs)
    if structure is None:
        return carry, None
    columns = zip(*(rows[::-1] if reverse else rows), strict=True)
    return carry, tree.pack_sequence_as(structure, [stack(column) for column in columns])


def _no_rows(f, carry, xs, flat_xs):
    """What a scan of no steps writes: no rows of what a step would."""
    row = [Spec(s.shape[1:], s.dtype) for s in map(spec_of, flat_xs)]
    _, y = infer(f, carry, None if xs is None else tree.pack_sequence_as(xs, row))
    empty = [P.broadcast_to(active.current().scalar(0, s.dtype), shape=(0, *s.shape)) for s in tree.flatten(y) if s]
    return tree.pack_sequence_as(y, empty) if empty else None


def _scan_spec(*operands: Spec, body: Graph, counts, steps, reverse, keep):
    carried = body.output_specs[: counts[1]]
    written = [Spec((steps, *s.shape), s.dtype) for s in body.output_specs[counts[1] :]]
    before = [Spec((steps, *s.shape), s.dtype) for s in carried]
    return (*carried, *written, *before)


def _scan_compute(backend, *operands, body, counts, steps, reverse, keep):
    """Outputs: the last carry, the stacked ys, and if `keep` the carries before each step, for the gradient."""
    from .plan import program_of

    free, carry, xs = _parts(operands, counts)
    program = program_of(body, backend)

    def step(state, row):
        out = program(*free, *state, *row)
        return out[: counts[1]], (*out[counts[1] :], *state) if keep else out[counts[1] :]

    specs = [*body.output_specs[counts[1] :], *(body.output_specs[: counts[1]] if keep else ())]
    last, written = backend.scan(step, tuple(carry), tuple(xs), steps=steps, reverse=reverse, specs=specs)
    return (*last, *written, *(() if keep else (None,) * counts[1]))


def _parts(operands, counts):
    a, b, _ = counts
    return list(operands[:a]), list(operands[a : a + b]), list(operands[a + b :])


def _scan_vjps(cts, outs, *operands, body, counts, steps, reverse, keep):
    """Another scan, the other way round.

    At each step the body is run again and differentiated; cotangents of `free` add up.
    """
    free, init, xs = _parts(operands, counts)
    carried, ys_cts, before_cts = _filled(cts, init, body, counts, steps)
    before = list(outs[len(body.outputs) :])
    totals = [autodiff.zeros(spec_of(x)) for x in free if is_float(spec_of(x).dtype)]

    def f(carry, x):
        g_carry, g_free = carry
        g_ys, g_before, states, inputs = x
        grads = _pull_graph(body, [*free, *states, *inputs], [*g_carry, *g_ys])
        from_free, g_carry, g_inputs = _parts(grads, counts)
        kept = [g for g, x in zip(from_free, free, strict=True) if is_float(spec_of(x).dtype)]
        if g_before:
            g_carry = [P.add(a, b) for a, b in zip(g_carry, g_before, strict=True)]
        return (g_carry, [P.add(a, b) for a, b in zip(g_free, kept, strict=True)]), g_inputs

    (g_init, g_free), g_xs = scan(
        f, (carried, totals), (ys_cts, before_cts, before, xs), length=steps, reverse=not reverse
    )
    summed = iter(g_free)
    return (*(next(summed) if is_float(spec_of(x).dtype) else None for x in free), *g_init, *(g_xs or [None] * len(xs)))


def _filled(cts, init, body, counts, steps):
    """Cotangents of the last carry, the ys and the states before each step.

    Zeros for `None`, but none at all of the last kind if it is unused.
    """
    carry_specs = body.output_specs[: counts[1]]
    written = body.output_specs[counts[1] :]
    stacked = [Spec((steps, *s.shape), s.dtype) for s in (*written, *carry_specs)]
    full = [autodiff.zeros(s) if g is None else g for g, s in zip(cts, (*carry_specs, *stacked), strict=True)]
    hidden = len(body.outputs)
    used = any(g is not None for g in cts[hidden:])
    return full[: counts[1]], full[counts[1] : hidden], full[hidden:] if used else []


P_SCAN = internal(
    "scan",
    "*operands",
    "body counts steps reverse keep",
    spec=_scan_spec,
    vjps=_scan_vjps,
    compute=_scan_compute,
    doc="a graph run along the first axis, carrying state",
    takes_none=True,
)
