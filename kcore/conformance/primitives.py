"""Every primitive on every sample of its row: value, capture, operands, gradients to second order, errors."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from kcore.engine import primitives as P
from kcore.engine.autodiff import vjp
from kcore.engine.function import Function
from kcore.engine.primitives import TABLE, Primitive, Sample

from . import _gradients
from .case import Case, case, family
from .tolerances import tolerance

KINDS = ("value", "captured", "operands", "gradient", "second gradient", "captured gradient")
MOVED = tuple(row.name for row in TABLE.values() if row.group in ("movement", "indexing"))
SIGNED = {"negative", "absolute", "multiply", "sqrt", "where", *MOVED} - {"scatter_add", "scatter_add_along_axis"}
"""The rows in whose results even the sign of a zero is looked at."""


def tensors(backend, sample: Sample) -> list:
    """A sample's operands, as tensors of the backend that share no memory with it."""
    return [backend.asarray(np.array(x)) for x in sample.operands]


def oracle(row: Primitive, sample: Sample) -> tuple[np.ndarray, str]:
    """What a primitive gives on a sample, in float64 where rounding matters; and the dtype that it must have."""
    with np.errstate(all="ignore"):
        plain = np.asarray(row.reference(*sample.operands, **sample.params))
        if plain.dtype.kind != "f" or tolerance(row.name).ulps("float32") <= 1:
            return plain, plain.dtype.name
        wide = [np.asarray(x, np.float64) if np.asarray(x).dtype.kind == "f" else x for x in sample.operands]
        return np.asarray(row.reference(*wide, **sample.params)), plain.dtype.name


def needs(row: Primitive, sample: Sample, kind: str = "value") -> tuple[str, ...]:
    """The capabilities that a question asks for.

    Gradients are tried in `gradient_dtype`, whatever the sample's dtype. A plan leaves out calls that change nothing.
    """
    if "gradient" in kind:
        return (row.name,)
    dtypes = [np.asarray(x).dtype.name for x in sample.operands] + [sample.params.get("dtype")]
    return (*(() if kind == "captured" else (row.name,)), *dict.fromkeys(f"dtype:{d}" for d in dtypes if d))


def _compare(row: Primitive, sample: Sample, check, got) -> None:
    expected, dtype = oracle(row, sample)
    check.close(got, expected, op=row.name, dtype=dtype)
    if row.name in SIGNED:
        check.same_signs(got, expected)


def ask_value(row: Primitive, sample: Sample, backend, check) -> None:
    """The value of a row on a sample is that of the reference, and a tensor of the backend."""
    got = row(*tensors(backend, sample), **sample.params)
    check.true(backend.is_tensor(got), f"the result is no tensor of the backend, but {type(got).__name__}")
    _compare(row, sample, check, got)


def _captured(row: Primitive, sample: Sample, backend, check) -> None:
    run = Function(lambda *xs: row(*xs, **sample.params))
    operands = tensors(backend, sample)
    _compare(row, sample, check, run(*operands))
    _compare(row, sample, check, run(*operands))


def _operands(row: Primitive, sample: Sample, backend, check) -> None:
    operands = tensors(backend, sample)
    row(*operands, **sample.params)
    Function(lambda *xs: P.identity(row(*xs, **sample.params)))(*operands)
    for i, (x, before) in enumerate(zip(operands, sample.operands, strict=True)):
        same = np.array_equal(check.numpy(x), before, equal_nan=np.asarray(before).dtype.kind == "f")
        check.true(same, f"operand {i} was written to")


def _problem(row: Primitive, sample: Sample, dtype: str) -> _gradients.Problem:
    def with_dtype(name: str) -> dict:
        return {k: name if (k, v) == ("dtype", "float32") else v for k, v in sample.params.items()}

    return _gradients.Problem(
        run=lambda *xs: (row(*xs, **with_dtype(dtype)),),
        oracle=lambda *xs: (row.reference(*xs, **with_dtype("float64")),),
        arrays=tuple(np.asarray(x, np.float64) if np.asarray(x).dtype.kind == "f" else x for x in sample.operands),
        places=_gradients.floating_places(sample.operands),
    )


def _gradient(row: Primitive, sample: Sample, backend, check) -> None:
    dtype = _gradients.gradient_dtype(backend)
    _gradients.check_first(_problem(row, sample, dtype), backend, check, dtype)


def _second_gradient(row: Primitive, sample: Sample, backend, check) -> None:
    dtype = _gradients.gradient_dtype(backend)
    _gradients.check_second(_problem(row, sample, dtype), backend, check, dtype)


def _captured_gradient(row: Primitive, sample: Sample, backend, check) -> None:
    dtype = _gradients.gradient_dtype(backend)
    _gradients.check_captured(_problem(row, sample, dtype), backend, check, dtype)


RUNS = dict(zip(KINDS, (ask_value, _captured, _operands, _gradient, _second_gradient, _captured_gradient), strict=True))


def is_smooth(row: Primitive, sample: Sample) -> bool:
    """Whether gradients of a row are compared with finite differences on a sample."""
    has_rule = callable(row.vjps) or any(row.vjps)
    return bool(sample.grad and has_rule and _gradients.floating_places(sample.operands))


EDGES = ("specials", "ties", "zero size", "empty", "extremes", "kink", "padding", "repeated", "int32", "uint8")
"""Words in the names of the samples that the quick form doesn't leave out."""


def is_quick(kind: str, place: int, sample: Sample) -> bool:
    """Whether a question is part of the quick form: of a row's first sample, and values at edges."""
    if kind == "value":
        return place == 0 or any(word in sample.name for word in EDGES)
    return kind == "gradient" and place == 0


@family
def cases() -> Iterator[Case]:
    """Each kind of question, for each row and sample."""
    for kind, run in RUNS.items():
        for row in TABLE.values():
            samples = [s for s in row.samples() if "gradient" not in kind or is_smooth(row, s)]
            for place, sample in enumerate(samples):
                yield Case(
                    f"{kind}/{row.name}/{sample.name}",
                    partial(run, row, sample),
                    group=f"primitives: {row.group}",
                    op=row.name,
                    needs=needs(row, sample, kind),
                    quick=is_quick(kind, place, sample),
                )


KINKS = {
    "absolute at 0": ("absolute", [0.0], [0.0]),
    "maximum of equals": ("maximum", [2.0, 2.0], [0.5, 0.5]),
    "minimum of equals": ("minimum", [2.0, 2.0], [0.5, 0.5]),
    "floor": ("floor", [1.0], [0.0]),
    "round": ("round", [0.5], [0.0]),
    "sign": ("sign", [3.0], [0.0]),
    "power 0 to the 2": ("power", [0.0, 2.0], [0.0, 0.0]),
    "power x to the 0": ("power", [3.0, 0.0], [0.0, np.log(3.0)]),
    "power 0 to the 0": ("power", [0.0, 0.0], [0.0, 0.0]),
}
"""The gradient where there is none: by name, the row, the operands, the answers."""


def _kink(name: str, xs: list[float], expected: list[float], backend, check) -> None:
    dtype = _gradients.gradient_dtype(backend)
    operands = [backend.asarray(np.asarray(x, dtype)) for x in xs]
    grads = vjp(TABLE[name], *operands)[1](backend.asarray(np.ones((), dtype)))
    check.close(list(grads), [np.asarray(x) for x in expected], op="*", dtype=dtype)


@family
def kinks() -> Iterator[Case]:
    """The gradients at kinks."""
    for name, (row, xs, expected) in KINKS.items():
        answer = f"The gradient is {', '.join(f'{x:g}' for x in expected)}."
        yield Case(f"kink/{name}", partial(_kink, row, xs, expected), group="gradients at kinks", op=row, answer=answer)


def _pullback(backend, f, xs, g) -> list:
    dtype = _gradients.gradient_dtype(backend)
    operands = [backend.asarray(np.asarray(x, dtype)) for x in xs]
    return list(vjp(f, *operands)[1](backend.asarray(np.asarray(g, dtype))))


@case("kink/largest of equals", group="gradients at kinks", op="max", answer="Equal elements share the gradient.")
def extremum_of_equals(backend, check):
    """An extremum shares its gradient between ties."""
    grads = _pullback(backend, lambda x: P.max(x, axes=(0,), keepdims=False), [[1.0, 3.0, 3.0, 3.0]], 1.0)
    check.close(grads, [np.array([0, 1 / 3, 1 / 3, 1 / 3])], op="*")


@case("kink/product through a zero", group="gradients at kinks", op="prod", answer="The product of the other factors.")
def product_through_a_zero(backend, check):
    """The gradient of a product is right where a factor is zero."""
    grads = _pullback(backend, lambda x: P.prod(x, axes=(0,), keepdims=False), [[3.0, 0.0, 3.0]], 1.0)
    check.equal(grads, [[0.0, 9.0, 0.0]])


@case(
    "kink/scatter twice into one place",
    group="gradients at kinks",
    op="scatter",
    answer="The last update gets the gradient.",
)
def repeated_scatter(backend, check):
    """The gradient of a scatter with equal indices goes to the last update."""
    index = backend.asarray(np.array([1, 1, 2], np.int32))
    grads = _pullback(backend, lambda x, u: P.scatter(x, index, u, axis=0), [np.zeros(3), np.ones(3)], [1.0, 2.0, 3.0])
    check.equal(grads[0], [1.0, 0.0, 0.0])
    check.equal(grads[1], [0.0, 2.0, 3.0])


BAD_CALLS = {
    "matmul of shapes that don't meet": (
        lambda a: P.matmul(a(2, 3), a(2, 3)),
        r"`matmul` takes \(\.\.\., m, k\).*x\.shape=\(2, 3\), y\.shape=\(2, 3\)",
    ),
    "add of shapes that don't broadcast": (lambda a: P.add(a(2), a(3)), r"must broadcast.*\(2,\), \(3,\)"),
    "reshape to another size": (
        lambda a: P.reshape(a(2, 3), shape=(5,)),
        r"`reshape` keeps the number of elements.*\(5,\)",
    ),
    "concat of other shapes": (
        lambda a: P.concat(a(2, 3), a(2, 4), axis=0),
        r"`concat` takes tensors that differ.*axis=0",
    ),
    "conv of other channels": (
        lambda a: P.conv(a(1, 3, 2), a(2, 3, 4), strides=(1,), padding=((0, 0),), dilation=(1,), groups=1),
        r"`conv` takes x of",
    ),
}
"""Calls that no backend may answer, and the core's words about them."""


def _bad_call(call, match: str, backend, check) -> None:
    with check.raises(ValueError, match):
        call(lambda *shape: backend.asarray(np.ones(shape, np.float32)))


@family
def errors() -> Iterator[Case]:
    """The errors that bad calls raise."""
    for name, (call, match) in BAD_CALLS.items():
        yield Case(
            f"error/{name}",
            partial(_bad_call, call, match),
            group="errors",
            op=name.partition(" ")[0],
            answer="A ValueError in the core's words.",
        )
