"""What is PyTorch's own: loading, dtypes that it lacks arithmetic for, gradients it must not record, devices."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import kcore
from kcore import layers, ops
from kcore.engine import primitives as P
from kcore.engine.function import Function
from kcore.engine.primitives import TABLE
from kcore.extend import Spec

torch = pytest.importorskip("torch")
_convolution = pytest.importorskip("kcore_torch._convolution")


@pytest.fixture(autouse=True)
def backend():
    """The PyTorch backend, active."""
    with kcore.use_backend("torch") as active:
        yield active


def test_without_torch_the_error_names_the_extra():
    code = (
        "import sys, kcore; sys.modules['torch'] = None\n"
        "try: kcore.use_backend('torch')\n"
        "except ImportError as err: print(type(err).__name__, 'kcore[torch]' in str(err))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "BackendUnavailableError True"


UNSIGNED = [
    pytest.param(row, sample, dtype, id=f"{name}-{sample.name}-{dtype}")
    for name, row in TABLE.items()
    for sample in row.samples()
    for dtype in ("uint16", "uint32", "uint64")
    if any(np.asarray(x).dtype == np.int32 for x in sample.operands[:1]) and "dtype" not in sample.params
]


@pytest.mark.parametrize(("row", "sample", "dtype"), UNSIGNED)
def test_every_primitive_of_integers_takes_wide_unsigned_ones(backend, row, sample, dtype):
    """The bits of the samples, among them the extremes, taken for unsigned numbers."""
    bits = dtype.replace("uint", "int")
    operands = [np.asarray(x) for x in sample.operands]
    operands = [x.astype(bits).view(dtype) if x.dtype == np.int32 else x for x in operands]
    if row.name in ("take", "scatter", "scatter_add"):
        operands[1] = np.asarray(sample.operands[1])
    expected = np.asarray(row.reference(*operands, **sample.params))
    tensors = [backend.asarray(x) for x in operands]
    for f in (row, Function(lambda *xs, **params: row(*xs, **sample.params))):
        got = backend.to_numpy(f(*tensors, **sample.params) if f is row else f(*tensors))
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("dtype", ["uint16", "uint32", "uint64"])
def test_extremes_of_unsigned_numbers(backend, dtype):
    top = np.iinfo(dtype).max
    x, y = np.array([0, 1, top // 2, top // 2 + 1, top], dtype), np.array([1, 3, 7, 2, top], dtype)
    for name in ("floor_divide", "remainder", "less", "maximum", "minimum", "add", "subtract", "power"):
        expected = np.asarray(TABLE[name].reference(x, y))
        np.testing.assert_array_equal(backend.to_numpy(TABLE[name](backend.asarray(x), backend.asarray(y))), expected)
    wide = backend.to_numpy(P.cast(backend.asarray(x), dtype="float64"))
    np.testing.assert_array_equal(wide, x.astype("float64"))
    floats = backend.asarray(np.array([-1.0, np.nan, 2.7, 1e30, np.inf]))
    np.testing.assert_array_equal(backend.to_numpy(P.cast(floats, dtype=dtype)), np.array([0, 0, 2, top, top], dtype))


def test_the_lowest_integer_by_minus_one_wraps(backend):
    """The processor's division traps there."""
    for dtype in ("int8", "int16", "int32", "int64"):
        low = np.iinfo(dtype).min
        x, y = backend.asarray(np.array([low, low], dtype)), backend.asarray(np.array([-1, 0], dtype))
        assert P.floor_divide(x, y).tolist() == [low, 0]
        assert P.remainder(x, y).tolist() == [0, 0]


def test_bfloat16_trains(backend):
    layer = layers.Dense(3, dtype="bfloat16")
    y = layer(np.ones((2, 4), "float32"))
    assert y.dtype is torch.bfloat16
    assert layer.kernel.numpy().dtype == np.float32
    gradient = kcore.grad(lambda x: ops.cast(ops.sum(layer(x)), "float32"))(
        backend.asarray(np.ones((2, 4)), "bfloat16")
    )
    np.testing.assert_allclose(backend.to_numpy(gradient)[0], layer.kernel.numpy().sum(1), rtol=0.02, atol=0.02)


def test_a_plan_records_no_autograd_graph(backend):
    weight = torch.nn.Parameter(torch.ones(3))
    result = Function(lambda w: P.multiply(w, w))(weight)
    assert not result.requires_grad
    assert backend.to_numpy(weight).tolist() == [1, 1, 1]


def test_eager_ops_are_seen_by_torchs_own_autograd():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    ops.sum(ops.square(x)).backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2.0, 4.0]


@pytest.mark.parametrize("array", [np.arange(6.0)[::-1], np.broadcast_to(1.5, (2, 3)), np.arange(3.0).astype(">f8")])
def test_any_numpy_array_becomes_a_tensor(backend, array):
    np.testing.assert_array_equal(backend.to_numpy(backend.asarray(array)), array)


def test_read_only_arrays_stay_as_they_are(backend):
    x = np.zeros(4)
    x.flags.writeable = False
    v = kcore.Variable(x)
    Function(lambda: v.assign_add(np.ones(4)))()
    assert x.tolist() == [0, 0, 0, 0]


ONEDNN = pytest.mark.skipif(
    not hasattr(torch.ops.mkldnn, "_linear_pointwise") or torch.cuda.is_available(),
    reason="no oneDNN, or a GPU",
)


@ONEDNN
class TestLargeProducts:
    """Products that oneDNN makes, here of small matrices."""

    X, W, BIAS = (np.random.default_rng(4).normal(size=s) for s in ((40, 30), (30, 20), (20,)))

    @pytest.fixture
    def calls(self, monkeypatch):
        """Which products were oneDNN's."""
        done, product = [], torch.ops.mkldnn._linear_pointwise
        monkeypatch.setattr(_convolution, "LARGE", 1)
        monkeypatch.setattr(torch.ops.mkldnn, "_linear_pointwise", lambda *xs: done.append(xs[0].shape) or product(*xs))
        return done

    def trained(self, x, w, bias):
        """The numbers of a layer, and the gradients of their squares' sum in one vector."""
        y, pull = kcore.vjp(lambda *xs: ops.square(ops.matmul(xs[0], xs[1]) + xs[2]), x, w, bias)
        return ops.concatenate([ops.ravel(y), *map(ops.ravel, pull(ops.ones_like(y)))])

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_values_and_gradients(self, backend, calls, dtype):
        x, w, bias = (a.astype(dtype) for a in (self.X, self.W, self.BIAS))
        step = Function(self.trained)
        got = backend.to_numpy(step(*map(backend.asarray, (x, w, bias))))
        y = self.X @ self.W + self.BIAS
        expected = [y**2, 2 * y @ self.W.T, self.X.T @ (2 * y), (2 * y).sum(0)]
        np.testing.assert_allclose(got, np.concatenate([a.ravel() for a in expected]), rtol=2e-5, atol=1e-4)
        assert calls == ([(40, 30), (40, 20)] if dtype == "float32" else []), "forwards, and x's gradient"

    def test_a_layer_with_its_bias(self, backend, calls):
        layer = layers.Dense(20)
        layer.build((None, 30))
        layer.set_weights([self.W, self.BIAS])
        np.testing.assert_allclose(
            backend.to_numpy(layer(self.X.astype("float32"))), self.X @ self.W + self.BIAS, rtol=1e-5, atol=1e-5
        )
        assert calls == [(40, 30)]

    def test_a_share_of_nothing_is_nan(self, backend, calls):
        x = np.full((4, 3), np.inf, "float32")
        x[1], x[2] = np.nan, 0
        got = backend.to_numpy(Function(P.matmul)(backend.asarray(x), backend.asarray(np.zeros((3, 2), "float32"))))
        np.testing.assert_array_equal(got[:, 0], [np.nan, np.nan, 0, np.nan])
        assert calls


def test_one_axis_is_convolved_in_channels_last_memory_in_a_plan_too(backend):
    x, kernel = torch.ones(2, 9, 4), torch.ones(3, 4, 8)
    params = {"strides": (1,), "padding": ((1, 1),), "dilation": (1,), "groups": 1}
    function = backend.bind("conv", params, [Spec((2, 9, 4), "float32"), Spec((3, 4, 8), "float32")])
    assert function(x, kernel).is_contiguous()


def test_the_device_is_the_best_there_is(backend):
    best = "cuda" if torch.cuda.is_available() else "cpu"
    assert backend.device == backend.devices()[0] == f"{best}:0"
    assert backend.asarray([1.0]).device.type == best


class TestThreads:
    """A plan of small arrays runs on one thread, and what the user has set holds again after it."""

    @pytest.fixture(autouse=True)
    def threads(self):
        before = torch.get_num_threads()
        torch.set_num_threads(2)
        yield
        torch.set_num_threads(before)

    @pytest.mark.parametrize(("size", "number"), [(4096, 1), (4097, 2)])
    def test_a_plan_of_small_arrays_wakes_no_other(self, backend, monkeypatch, size, number):
        seen = []
        monkeypatch.setattr(backend, "exp", lambda x: seen.append(torch.get_num_threads()) or torch.exp(x))
        exp = Function(ops.exp)
        for _ in range(2):
            np.testing.assert_allclose(backend.to_numpy(exp(backend.asarray(np.zeros(size, "float32")))), 1.0)
            assert torch.get_num_threads() == 2
        assert seen[-1] == number

    def test_after_an_error_too(self, backend, monkeypatch):
        def fails(x):
            raise ZeroDivisionError(torch.get_num_threads())

        monkeypatch.setattr(backend, "exp", fails)
        with pytest.raises(ZeroDivisionError, match=r"^1\b"):
            Function(ops.exp)(backend.asarray(np.zeros(1, "float32")))
        assert torch.get_num_threads() == 2
