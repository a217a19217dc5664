"""What is MLX's own: laziness, memory, operators, and where the plugin goes around MLX."""

import ast
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest

import kcore
from kcore import layers, ops
from kcore.extend import get_backend, use_backend

SOURCES = sorted((Path(__file__).parents[1] / "src").rglob("*.py"))


@pytest.fixture(autouse=True)
def backend():
    with use_backend("mlx") as active:
        yield active


def test_the_plugin_uses_the_public_door_alone():
    nodes = [node for path in SOURCES for node in ast.walk(ast.parse(path.read_text()))]
    modules = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.level == 0}
    modules |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    assert {name for name in modules if name.partition(".")[0] == "kcore"} == {"kcore.extend"}
    assert sum(len(path.read_text().splitlines()) for path in SOURCES) <= 600


def active_memory_after(work):
    mx.synchronize()
    before = mx.get_active_memory()
    keep = work()
    mx.synchronize()
    del keep
    return mx.get_active_memory() - before


def test_captured_steps_keep_no_graph():
    total = kcore.Variable(np.zeros(1000, "float32"))
    step = kcore.Function(lambda x: total.assign_add(ops.tanh(x)).value)
    x = mx.ones(1000)
    step(x)
    assert active_memory_after(lambda: [step(x) for _ in range(500)] and None) < 100 * 4000
    np.testing.assert_allclose(total.numpy(), 501 * np.tanh(np.ones(1000)), rtol=1e-5)


def test_eager_assignments_keep_no_graph():
    total = kcore.Variable(np.zeros(1000, "float32"))

    def assign():
        for _ in range(500):
            total.assign_add(np.ones(1000, "float32"))

    assert active_memory_after(assign) < 4e5
    assert total.numpy()[0] == 500


def test_an_eager_chain_keeps_a_bounded_graph():
    def chain():
        x = ops.zeros(1000)
        for _ in range(5000):
            x = ops.add(x, 1.0)
        return x

    assert active_memory_after(chain) < 1e7
    assert chain()[0].item() == 5000


def test_what_is_read_is_read_only(backend):
    with pytest.raises(ValueError, match="read-only"):
        backend.to_numpy(mx.zeros(3))[0] = 1


def test_bfloat16_is_read_as_float32(backend):
    array = backend.to_numpy(backend.asarray([1.0, 2.5], "bfloat16"))
    assert (array.dtype, array.tolist()) == (np.float32, [1.0, 2.5])


def test_a_handle_that_is_changed_changes_no_variable():
    x = mx.ones(3)
    variable = kcore.Variable(np.zeros(3, "float32"))
    variable.assign(x)
    x += 1
    x[0] = 7
    assert variable.numpy().tolist() == [1, 1, 1]


def test_operators_leave_variables_and_tracers_to_kcore():
    variable = kcore.Variable(np.array([2.0, 3.0], "float32"))
    x = mx.array([5.0, 3.0])
    assert (x * variable).tolist() == [10, 9]
    assert (x == variable).tolist() == [False, True]
    slope = kcore.grad(lambda v: ops.sum(mx.array(2.0) * v))(mx.array(3.0))
    assert slope.item() == 2
    with pytest.raises(TypeError, match="unsupported operand"):
        x + object()


@pytest.mark.parametrize("name", ["exp", "sin", "cos", "sigmoid"])
def test_float64_has_the_precision_of_float64(backend, name):
    x = np.linspace(-4, 4, 100)
    reference = {"sigmoid": lambda x: 1 / (1 + np.exp(-x))}.get(name) or getattr(np, name)
    np.testing.assert_allclose(backend.to_numpy(getattr(ops, name)(x)), reference(x), rtol=1e-15)


def test_erf_keeps_its_digits_near_zero(backend):
    x = np.array([1e-6, 1e-3, 0.1, 0.49, 0.51], "float32")
    want = [1.1283791671e-6, 1.1283787910e-3, 0.1124629160, 0.5116682612, 0.5292436198]
    np.testing.assert_allclose(backend.to_numpy(ops.erf(x)), want, rtol=4e-7)


@pytest.mark.parametrize("axis", [0, 1, None])
def test_long_sums_keep_their_digits(backend, axis):
    x = np.random.default_rng(0).random((1111, 1100)).astype("float32")
    got = backend.to_numpy(ops.sum(x, axis))
    np.testing.assert_allclose(got, x.astype("float64").sum(axis), rtol=1e-6)


def test_indices_outside_are_clamped_when_read_and_dropped_when_written(backend):
    x, i = mx.array([1.0, 2.0, 3.0]), mx.array([1, 9])
    assert backend.take(x, i, axis=0).tolist() == [2, 3]
    assert backend.scatter(x, i, mx.array([5.0, 6.0]), axis=0).tolist() == [1, 5, 3]
    assert backend.scatter_add(x, i, mx.array([5.0, 6.0]), axis=0).tolist() == [1, 7, 3]
    assert backend.scatter_add_along_axis(x, i, mx.array([5.0, 6.0]), axis=0).tolist() == [1, 7, 3]


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint32", "int64"])
def test_indices_of_any_integer_dtype(backend, dtype):
    x, i = mx.arange(300), backend.asarray([2, 0], dtype)
    assert backend.take(x, i, axis=0).tolist() == [2, 0]
    assert backend.scatter_add(x, i, mx.array([5, 6]), axis=0)[:3].tolist() == [6, 1, 7]


def trained(name, x, y):
    with use_backend(name):
        kcore.utils.set_random_seed(1)
        model = kcore.Sequential(
            [
                kcore.Input((6, 6, 1)),
                layers.Conv2D(4, 3, padding="same", activation="relu"),
                layers.MaxPooling2D(),
                layers.Flatten(),
                layers.Dropout(0.3),
                layers.Dense(3, activation="softmax"),
            ]
        )
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
        start = [weight.numpy() for weight in model.weights]
        return start, model.fit(x, y, batch_size=8, epochs=3, verbose=0).history["loss"]


def test_training_agrees_with_numpy():
    random = np.random.default_rng(0)
    data = random.normal(size=(40, 6, 6, 1)).astype("float32"), random.integers(0, 3, 40).astype("uint8")
    (first, losses), (second, expected) = trained("mlx", *data), trained("numpy", *data)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(first, second, strict=True))
    np.testing.assert_allclose(losses, expected, atol=1e-5)


def test_the_gaps_are_the_documented_ones():
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    assert all(f"`{gap.name}`" in readme for gap in get_backend("mlx").capabilities.gaps)


@pytest.mark.parametrize("size", [0, 1024])
def test_sums_of_nothing_come_back(backend, size):
    """MLX's own may never do so; a long sum in whole blocks has one for a rest."""
    for _ in range(200):
        assert backend.sum(mx.ones((3, size)), axes=(1,), keepdims=False).tolist() == [size] * 3
    assert backend.prod(mx.zeros((0, 2), dtype=mx.int32), axes=(0, 1), keepdims=True).tolist() == [[1]]


def test_writes_of_no_elements_change_nothing(backend):
    x, none = mx.zeros((0, 2, 4)), mx.zeros((0, 1, 4), dtype=mx.int32)
    assert backend.scatter_add_along_axis(x, none, mx.zeros((0, 1, 4)), axis=1).shape == (0, 2, 4)
    assert backend.scatter_add(x, mx.array([1]), mx.zeros((0, 1, 4)), axis=1).shape == (0, 2, 4)


def test_volumes_are_convolved_in_groups(backend):
    x, kernel = mx.ones((1, 2, 2, 2, 2)), mx.array([2.0, 3.0]).reshape(1, 1, 1, 1, 2)
    params = {"strides": (1, 1, 1), "padding": ((0, 0),) * 3, "dilation": (1, 1, 1), "groups": 2}
    assert backend.conv(x, kernel, **params)[0, 0, 0, 0].tolist() == [2, 3]
