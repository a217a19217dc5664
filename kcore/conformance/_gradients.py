"""Gradients of a backend against finite differences of the oracle, which runs in NumPy and float64.

Notation: `f(xs)` is the function under test times fixed random weights, summed; `d` and `e` are random directions;
`f'd` is the derivative along `d`, and `f''de` that of it along `e`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from kcore.engine import primitives as P
from kcore.engine.autodiff import vjp
from kcore.engine.function import Function

Arrays = Sequence[np.ndarray]


class Problem(NamedTuple):
    """A function to differentiate.

    Attributes:
        run: `run(*tensors) -> tuple of tensors`, on the backend.
        oracle: `oracle(*arrays) -> tuple of arrays`, in NumPy and float64.
        arrays: the operands, floating ones in float64.
        places: which operands are differentiated.
    """

    run: Callable[..., tuple]
    oracle: Callable[..., tuple]
    arrays: tuple
    places: tuple[int, ...]


def floating_places(arrays: Sequence[Any]) -> tuple[int, ...]:
    """The positions of the operands that are floating."""
    return tuple(i for i, x in enumerate(arrays) if np.asarray(x).dtype.kind == "f")


def gradient_dtype(backend) -> str:
    """The dtype in which a backend's gradients are tried: float64 if it has it."""
    gaps = {gap.name for gap in backend.capabilities.gaps}
    has_it = "float64" in backend.capabilities.dtypes and "dtype:float64" not in gaps
    return "float64" if has_it else "float32"


def check_first(problem: Problem, backend, check, dtype: str) -> None:
    """`f'd` by the backend's gradient is that of the oracle."""
    weights, (d,) = _weights(problem), _directions(problem, 1)
    grads = gradients(problem, backend, weights, dtype)
    terms = [np.asarray(backend.to_numpy(g), np.float64) * e for g, e in zip(grads, d, strict=True)]
    for g, e in zip(grads, d, strict=True):
        check.spec(g, e.shape, dtype)
    total, size = sum(map(np.sum, terms)), sum(np.sum(np.abs(t)) for t in terms)
    check.slope(float(total), _first_difference(problem, weights, d), size=float(size), dtype=dtype)


def check_second(problem: Problem, backend, check, dtype: str) -> None:
    """`f''de` by the backend's gradient of a gradient is that of the oracle."""
    weights, (d, e) = _weights(problem), _directions(problem, 2)

    def slope(*xs):
        total = backend.asarray(np.zeros((), dtype))
        for g, x in zip(_pull(problem, backend, weights, dtype, xs), d, strict=True):
            product = P.multiply(g, backend.asarray(x.astype(dtype)))
            total = P.add(total, P.sum(product, axes=tuple(range(x.ndim)), keepdims=False))
        return total

    xs = _tensors(problem, backend, dtype)
    grads = vjp(slope, *xs)[1](backend.asarray(np.ones((), dtype)))
    terms = [np.asarray(backend.to_numpy(g), np.float64) * x for g, x in zip(grads, e, strict=True)]
    size = sum(np.sum(np.abs(t)) for t in terms)
    expected = _second_difference(problem, weights, d, e)
    check.slope(float(sum(map(np.sum, terms))), expected, size=float(size), dtype=dtype, order=2)


def gradients(problem: Problem, backend, weights: Arrays, dtype: str) -> Sequence[Any]:
    """The gradient of `f` in each differentiated operand, as the backend's tensors."""
    return _pull(problem, backend, weights, dtype, _tensors(problem, backend, dtype))


def _pull(problem: Problem, backend, weights: Arrays, dtype: str, xs):
    fixed = [x if i in problem.places else backend.asarray(x) for i, x in enumerate(problem.arrays)]

    def run(*moving):
        operands = list(fixed)
        for i, x in zip(problem.places, moving, strict=True):
            operands[i] = x
        return problem.run(*operands)

    cotangents = tuple(backend.asarray(w.astype(dtype)) for w in weights)
    return vjp(run, *xs)[1](cotangents)


def _tensors(problem: Problem, backend, dtype: str):
    return [backend.asarray(np.asarray(problem.arrays[i]).astype(dtype)) for i in problem.places]


def _weights(problem: Problem) -> list[np.ndarray]:
    random = np.random.default_rng(11)
    return [random.normal(size=np.shape(y)) for y in problem.oracle(*problem.arrays)]


def _directions(problem: Problem, count: int) -> list[list[np.ndarray]]:
    random = np.random.default_rng(count)
    return [[random.normal(size=np.shape(problem.arrays[i])) for i in problem.places] for _ in range(count)]


def _value(problem: Problem, weights: Arrays, shift: Arrays) -> float:
    moved = [np.asarray(x) for x in problem.arrays]
    for i, s in zip(problem.places, shift, strict=True):
        moved[i] = moved[i].astype(np.float64) + s
    return float(sum(np.sum(y * w) for y, w in zip(problem.oracle(*moved), weights, strict=True)))


def _first_difference(problem: Problem, weights: Arrays, d: Arrays, h: float = 1e-4) -> float:
    def central(h):
        ends = [_value(problem, weights, [s * h * x for x in d]) for s in (1, -1)]
        return (ends[0] - ends[1]) / (2 * h)

    return (4 * central(h / 2) - central(h)) / 3


def _second_difference(problem: Problem, weights: Arrays, d: Arrays, e: Arrays, h: float = 2e-3) -> float:
    def mixed(h):
        corners = [
            s * t * _value(problem, weights, [h * (s * x + t * y) for x, y in zip(d, e, strict=True)])
            for s in (1, -1)
            for t in (1, -1)
        ]
        return sum(corners) / (4 * h * h)

    return (4 * mixed(h / 2) - mixed(h)) / 3


def check_captured(problem: Problem, backend, check, dtype: str) -> None:
    """The gradient is the same whether the function was captured or not."""
    weights = _weights(problem)
    eager = gradients(problem, backend, weights, dtype)
    captured = Function(lambda *xs: tuple(_pull(problem, backend, weights, dtype, xs)))
    got = captured(*_tensors(problem, backend, dtype))
    check.close(list(got), [np.asarray(backend.to_numpy(g)) for g in eager], op="*", dtype=dtype)
