"""Branches and loops, eager and captured, and what they do to gradients."""

from __future__ import annotations

import numpy as np
import pytest

from kcore import ops
from kcore.engine.autodiff import grad
from kcore.engine.function import Function
from kcore.errors import GradientError, InvalidArgumentError, ShapeError


@pytest.fixture(params=["eager", "captured"])
def run(request):
    """Run a function as it stands, or captured."""
    return (lambda f, *args: f(*args)) if request.param == "eager" else (lambda f, *args: Function(f)(*args))


def number(x):
    return ops.convert_to_numpy(x).tolist()


def test_cond(backend, run):
    f = lambda x: ops.cond(ops.sum(x) > 0, lambda: x * 2, lambda: -x)
    assert number(run(f, np.array([1.0, 2.0]))) == [2.0, 4.0]
    assert number(run(f, np.array([-1.0, -2.0]))) == [1.0, 2.0]
    slope = grad(lambda x: ops.sum(f(x)))
    assert number(run(slope, np.array([-1.0, -2.0]))) == [-1.0, -1.0]


def test_branches_of_different_shapes_are_an_error(backend):
    with pytest.raises(ShapeError, match="`true_fn` and `false_fn` must return tensors of the same shapes"):
        Function(lambda x: ops.cond(x[0] > 0, lambda: x, lambda: x[:1]))(np.ones(2))


@pytest.mark.parametrize(("index", "want"), [(0, 1.0), (1, 20.0), (2, 300.0), (-5, 1.0), (9, 300.0)])
def test_switch(backend, run, index, want):
    f = lambda i, x: ops.switch(i, [lambda v: v, lambda v: v * 20, lambda v: v * 300], x)
    assert number(run(f, np.int32(index), np.array(1.0))) == want


def test_while_loop(backend, run):
    f = lambda n: ops.while_loop(
        lambda i, total: i < n, lambda i, total: (i + 1, total + i), (ops.array(0), ops.array(0))
    )
    assert [number(x) for x in run(f, np.int32(5))] == [5, 10]
    f = lambda n: ops.while_loop(lambda i: i < n, lambda i: i + 1, ops.array(0), maximum_iterations=3)
    assert number(run(f, np.int32(5))) == 3


def test_while_loop_has_no_gradient(backend):
    f = Function(grad(lambda x: ops.while_loop(lambda v: v < 10, lambda v: (v * x,), (x,))[0]))
    with pytest.raises(GradientError, match="`while_loop` has no reverse-mode gradient"):
        f(np.array(2.0))


def test_fori_loop(backend, run):
    f = lambda n: ops.fori_loop(1, n, lambda i, total: {"sum": total["sum"] + i}, {"sum": 0})["sum"]
    assert number(run(f, np.int32(5))) == 10


def test_scan(backend, run):
    f = lambda xs: ops.scan(lambda c, x: (c * x, c), ops.array(1.0, "float64"), xs)
    last, before = run(f, np.array([2.0, 3.0, 4.0]))
    assert (number(last), number(before)) == (24.0, [1.0, 2.0, 6.0])
    last, before = run(
        lambda xs: ops.scan(lambda c, x: (c * x, c), ops.array(1.0, "float64"), xs, reverse=True),
        np.array([2.0, 3.0, 4.0]),
    )
    assert (number(last), number(before)) == (24.0, [12.0, 4.0, 1.0])
    slope = grad(lambda xs: f(xs)[0])
    assert number(run(slope, np.array([2.0, 3.0, 4.0]))) == [12.0, 8.0, 6.0]
    assert number(run(lambda: ops.scan(lambda c, _: (c + 1, c), ops.array(0), length=3)[1])) == [0, 1, 2]


def test_scan_over_different_lengths_is_an_error(backend):
    with pytest.raises(InvalidArgumentError, match="one length"):
        ops.scan(lambda c, x: (c, x), ops.array(0), (np.ones(2), np.ones(3)))


def test_map(backend, run):
    f = lambda xs: ops.map(lambda pair: {"product": pair[0] * pair[1]}, (xs, xs))["product"]
    assert number(run(f, np.array([1.0, 2.0, 3.0]))) == [1.0, 4.0, 9.0]
    assert number(run(lambda xs: ops.vectorized_map(ops.sum, xs), np.ones((2, 3)))) == [3.0, 3.0]


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_associative_scan(backend, run, count):
    x = np.arange(1.0, count + 1)
    assert number(run(lambda v: ops.associative_scan(lambda a, b: a + b, v), x)) == np.cumsum(x).tolist()
    want = np.cumsum(x[::-1])[::-1].tolist()
    assert number(run(lambda v: ops.associative_scan(lambda a, b: a + b, v, reverse=True), x)) == want
