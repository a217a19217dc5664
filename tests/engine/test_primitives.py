"""Every row of the primitive table over its samples, on every backend.

Value, dtype, shape, gradients to second order, captured = eager.
"""

import numpy as np
import pytest

from kcore.engine import primitives as P
from kcore.engine.autodiff import vjp
from kcore.engine.function import Function
from kcore.engine.primitives import TABLE
from kcore.engine.spec import Spec

ULPS = {
    "exp": 4,
    "expm1": 4,
    "log": 4,
    "log1p": 4,
    "sin": 4,
    "cos": 4,
    "tanh": 4,
    "sigmoid": 6,
    "erf": 4,
    "power": 6,
    "arctan2": 4,
}
LOOSE = {
    "sum",
    "prod",
    "cumsum",
    "matmul",
    "conv",
    "conv_transpose",
    "conv_kernel_grad",
    "fold",
    "scatter_add",
    "scatter_add_along_axis",
}
CASES = [(name, sample) for name, row in TABLE.items() for sample in row.samples()]
SMOOTH = [
    (name, sample) for name, sample in CASES if sample.grad and (callable(TABLE[name].vjps) or any(TABLE[name].vjps))
]


def named(cases):
    return pytest.mark.parametrize(("name", "sample"), cases, ids=[f"{name}-{sample.name}" for name, sample in cases])


def tensors(backend, sample):
    return [backend.asarray(x) for x in sample.operands]


def assert_close(got, expected, name):
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    if expected.dtype.kind != "f":
        np.testing.assert_array_equal(got, expected)
        return
    eps = np.finfo(expected.dtype).eps
    np.testing.assert_allclose(
        got, expected, rtol=eps * (64 if name in LOOSE else ULPS.get(name, 1)), atol=eps * (16 if name in LOOSE else 0)
    )


def test_the_table_has_at_most_64_required_rows():
    assert len([row for row in TABLE.values() if row.required]) <= 64


@pytest.mark.parametrize("name", TABLE)
def test_rows_are_complete(name):
    row = TABLE[name]
    assert all((row.doc, row.group, callable(row.spec), callable(row.reference)))
    assert list(row.samples()), "a row needs samples"
    assert callable(row.vjps) or len(row.vjps) == len(row.operands)


@named(CASES)
def test_value_dtype_and_shape_agree_with_the_reference(backend, name, sample):
    row = TABLE[name]
    expected = np.asarray(row.reference(*sample.operands, **sample.params))
    got = row(*tensors(backend, sample), **sample.params)
    assert_close(np.asarray(backend.to_numpy(got)), expected, name)


@named(CASES)
def test_the_spec_rule_agrees_with_the_reference(name, sample):
    row = TABLE[name]
    expected = np.asarray(row.reference(*sample.operands, **sample.params))
    specs = [Spec(np.shape(x), np.asarray(x).dtype.name) for x in sample.operands]
    assert row.spec(*specs, **sample.params) == Spec(expected.shape, expected.dtype.name)


@named(CASES)
def test_captured_agrees_with_eager(backend, name, sample):
    row = TABLE[name]
    operands = tensors(backend, sample)
    eager = backend.to_numpy(row(*operands, **sample.params))
    captured = backend.to_numpy(Function(lambda *xs: row(*xs, **sample.params))(*operands))
    np.testing.assert_array_equal(captured, eager)


@named(CASES)
def test_operands_are_never_written_to(backend, name, sample):
    before = [np.array(x) for x in sample.operands]
    operands = tensors(backend, sample)
    TABLE[name](*operands, **sample.params)
    Function(lambda *xs: P.identity(TABLE[name](*xs, **sample.params)))(*operands)
    for x, y in zip(operands, before, strict=True):
        np.testing.assert_array_equal(backend.to_numpy(x), y)


def projected(name, sample, backend):
    """The sample's floating operands in float64, and the row as a scalar function of them.

    The result times fixed random numbers.
    """
    row, random = TABLE[name], np.random.default_rng(11)
    places = [i for i, x in enumerate(sample.operands) if np.asarray(x).dtype.kind == "f"]
    params = {k: "float64" if (k, v) == ("dtype", "float32") else v for k, v in sample.params.items()}
    wide = [np.asarray(x, np.float64) if i in places else x for i, x in enumerate(sample.operands)]
    weights = random.normal(size=np.shape(row.reference(*sample.operands, **sample.params)))

    def f(*xs):
        operands = list(wide)
        for i, x in zip(places, xs, strict=True):
            operands[i] = x
        operands = [x if hasattr(x, "spec") else backend.asarray(x) for x in operands]
        out = P.multiply(row(*operands, **params), backend.asarray(weights))
        return P.sum(out, axes=tuple(range(weights.ndim)), keepdims=False)

    return f, [wide[i] for i in places]


def slopes(f, xs, directions, backend):
    """The directional derivative, by the gradient rule and by central differences (or `None` where the operands are
    empty)."""
    _, pullback = vjp(f, *map(backend.asarray, xs))
    grads = pullback(backend.asarray(np.ones((), np.float64)))
    rule = sum(float(np.sum(backend.to_numpy(g) * d)) for g, d in zip(grads, directions, strict=True))
    h = 1e-5
    ahead, behind = ([backend.asarray(x + s * h * d) for x, d in zip(xs, directions, strict=True)] for s in (1, -1))
    return rule, (float(f(*ahead)) - float(f(*behind))) / (2 * h)


def directions_for(xs, seed):
    random = np.random.default_rng(seed)
    return [random.normal(size=x.shape) for x in xs]


@named(SMOOTH)
def test_first_gradient_agrees_with_finite_differences(backend, name, sample):
    f, xs = projected(name, sample, backend)
    rule, numeric = slopes(f, xs, directions_for(xs, 1), backend)
    np.testing.assert_allclose(rule, numeric, rtol=1e-5, atol=1e-7)


@named(SMOOTH)
def test_second_gradient_agrees_with_finite_differences(backend, name, sample):
    f, xs = projected(name, sample, backend)
    inner = directions_for(xs, 2)

    def slope(*ys):
        _, pullback = vjp(f, *ys)
        total = backend.asarray(np.zeros((), np.float64))
        for g, d in zip(pullback(backend.asarray(np.ones((), np.float64))), inner, strict=True):
            total = P.add(total, P.sum(P.multiply(g, backend.asarray(d)), axes=tuple(range(d.ndim)), keepdims=False))
        return total

    rule, numeric = slopes(slope, xs, directions_for(xs, 3), backend)
    np.testing.assert_allclose(rule, numeric, rtol=1e-4, atol=1e-6)


@named(SMOOTH)
def test_captured_gradient_agrees_with_eager(backend, name, sample):
    f, xs = projected(name, sample, backend)

    def gradient(*ys):
        return vjp(f, *ys)[1](backend.asarray(np.ones((), np.float64)))

    xs = [backend.asarray(x) for x in xs]
    for eager, captured in zip(gradient(*xs), Function(gradient)(*xs), strict=True):
        np.testing.assert_allclose(backend.to_numpy(captured), backend.to_numpy(eager), rtol=1e-12, atol=1e-12)


KINKS = {
    "absolute at 0": (P.absolute, [0.0], [0.0]),
    "maximum of equals": (P.maximum, [2.0, 2.0], [0.5, 0.5]),
    "minimum of equals": (P.minimum, [2.0, 2.0], [0.5, 0.5]),
    "floor": (P.floor, [1.0], [0.0]),
    "round": (P.round, [0.5], [0.0]),
    "sign": (P.sign, [3.0], [0.0]),
    "power 0 to the 2": (P.power, [0.0, 2.0], [0.0, 0.0]),
    "power x to the 0": (P.power, [3.0, 0.0], [0.0, np.log(3.0)]),
    "power 0 to the 0": (P.power, [0.0, 0.0], [0.0, 0.0]),
}


@pytest.mark.parametrize("case", KINKS)
def test_gradients_at_kinks(backend, case):
    row, xs, expected = KINKS[case]
    grads = vjp(row, *(backend.asarray(np.float64(x)) for x in xs))[1](backend.asarray(np.float64(1)))
    np.testing.assert_allclose([float(g) for g in grads], expected, rtol=1e-12)


def test_extremum_shares_the_gradient_between_ties(backend):
    x = backend.asarray(np.array([1.0, 3.0, 3.0, 3.0]))
    (g,) = vjp(lambda x: P.max(x, axes=(0,), keepdims=False), x)[1](backend.asarray(np.float64(1)))
    np.testing.assert_allclose(backend.to_numpy(g), [0, 1 / 3, 1 / 3, 1 / 3])


def test_product_gradient_through_zeros(backend):
    x = backend.asarray(np.array([3.0, 0.0, 3.0]))
    (g,) = vjp(lambda x: P.prod(x, axes=(0,), keepdims=False), x)[1](backend.asarray(np.float64(1)))
    np.testing.assert_array_equal(backend.to_numpy(g), [0, 9, 0])


def test_repeated_scatter_gives_its_gradient_to_the_last_update(backend):
    x, i, u = (backend.asarray(a) for a in (np.zeros(3), np.array([1, 1, 2]), np.ones(3)))
    gx, gu = vjp(lambda x, u: P.scatter(x, i, u, axis=0), x, u)[1](backend.asarray(np.array([1.0, 2.0, 3.0])))
    np.testing.assert_array_equal(backend.to_numpy(gx), [1, 0, 0])
    np.testing.assert_array_equal(backend.to_numpy(gu), [0, 2, 3])


BAD_CALLS = {
    "matmul": (
        lambda a: P.matmul(a(2, 3), a(2, 3)),
        r"`matmul` takes \(\.\.\., m, k\).*x\.shape=\(2, 3\), y\.shape=\(2, 3\)",
    ),
    "add": (lambda a: P.add(a(2), a(3)), r"must broadcast.*\(2,\), \(3,\)"),
    "reshape": (lambda a: P.reshape(a(2, 3), shape=(5,)), r"`reshape` keeps the number of elements.*\(5,\)"),
    "concat": (lambda a: P.concat(a(2, 3), a(2, 4), axis=0), r"`concat` takes tensors that differ.*axis=0"),
    "conv": (
        lambda a: P.conv(a(1, 3, 2), a(2, 3, 4), strides=(1,), padding=((0, 0),), dilation=(1,), groups=1),
        r"`conv` takes x of",
    ),
}


@pytest.mark.parametrize("name", BAD_CALLS)
def test_errors_are_the_cores_and_name_the_shapes(backend, name):
    call, message = BAD_CALLS[name]
    with pytest.raises(ValueError, match=message):
        call(lambda *shape: backend.asarray(np.ones(shape, np.float32)))
