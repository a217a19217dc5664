"""What is JAX's own: loading, 64 bits, donation, tracing. Everything else is tested for all backends alike."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import kcore
from kcore import ops
from kcore.engine import control
from kcore.engine import primitives as P
from kcore.engine.function import Function
from kcore.engine.primitives import TABLE
from kcore.engine.random import random_bits
from kcore.engine.variable import pack

jax = pytest.importorskip("jax")
SAMPLES = [(row, sample) for row in TABLE.values() if row.required for sample in row.samples()]
WIDER = {"float32": "float64", "int32": "int64", "uint32": "uint64"}


def expected(row, sample) -> np.ndarray:
    return np.asarray(row.reference(*sample.operands, **sample.params))


def named(samples):
    return pytest.mark.parametrize(("row", "sample"), samples, ids=[f"{row.name}-{s.name}" for row, s in samples])


@pytest.fixture(autouse=True)
def jax_backend():
    """The JAX backend, active."""
    with kcore.use_backend("jax") as active:
        yield active


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_class_is_there_without_jax():
    assert python("import sys, kcore_jax; print(kcore_jax.JaxBackend.name, 'jax' in sys.modules)") == "jax False"


def test_without_jax_the_error_names_the_extra():
    code = (
        "import sys, kcore; sys.modules['jax'] = None\n"
        "try: kcore.use_backend('jax')\n"
        "except ImportError as err: print(type(err).__name__, 'kcore[jax]' in str(err))"
    )
    assert python(code) == "BackendUnavailableError True"


@pytest.mark.parametrize("dtype", ["float64", "int64", "uint64"])
def test_64_bits_stay(jax_backend, dtype):
    x = jax_backend.asarray(np.arange(3), dtype)
    assert jax_backend.dtype_of(P.add(x, 1)) == dtype
    assert jax_backend.dtype_of(x * 2 + x) == dtype
    assert jax_backend.dtype_of(Function(lambda x: P.add(x, x))(np.arange(3, dtype=dtype))) == dtype


@named([(row, s) for row, s in SAMPLES if any(np.asarray(x).dtype.name in WIDER for x in s.operands)])
def test_every_primitive_takes_64_bits(jax_backend, row, sample):
    operands = [np.asarray(x) for x in sample.operands]
    operands = [x.astype(WIDER.get(x.dtype.name, x.dtype)) for x in operands]
    params = {k: WIDER.get(v, v) if k == "dtype" else v for k, v in sample.params.items()}
    wanted = np.asarray(row.reference(*operands, **params))
    got = jax_backend.to_numpy(Function(lambda *xs: row(*xs, **params))(*operands))
    assert got.dtype == wanted.dtype
    np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-12)


def test_the_defaults_of_jax_stay():
    assert jax.numpy.zeros(3).dtype == "float32"
    assert jax.numpy.arange(3).dtype == "int32"
    assert jax.jit(lambda x: x)(np.zeros(3)).dtype == "float32"


def test_what_somebody_holds_outlives_a_captured_update():
    v = kcore.Variable([1.0, 2.0])
    step = Function(lambda: v.assign_add([1.0, 1.0]))
    step()
    held = v.value
    step()
    assert held.tolist() == [2.0, 3.0]
    assert v.numpy().tolist() == [3.0, 4.0]


def test_what_somebody_holds_of_a_pack_outlives_a_captured_update():
    v, w = kcore.Variable([1.0, 2.0]), kcore.Variable([3.0])
    flat = pack([v, w])
    assert flat is not None
    step = Function(lambda: (v.assign_add([1.0, 1.0]), w.assign(w.value * 2.0)))
    held = flat.value, v.value
    step()
    assert [x.tolist() for x in held] == [[1.0, 2.0, 3.0], [1.0, 2.0]]
    assert flat.numpy().tolist() == [2.0, 3.0, 6.0]


def test_state_that_nobody_holds_is_donated():
    v = kcore.Variable(np.zeros(1000, np.float32))
    step = Function(lambda: v.assign(v.value + 1.0))
    step()
    before = v.load()
    step()
    assert before.is_deleted()


def test_an_array_given_to_a_variable_stays_its_owners(jax_backend):
    given = jax_backend.asarray([1.0, 2.0])
    v = kcore.Variable(given)
    Function(lambda: v.assign(v.value + 1.0))()
    assert given.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_argument_may_be_changed_after_the_call(dtype):
    x = np.ones(1 << 18, dtype)
    total = Function(lambda x: ops.sum(ops.sin(x)))
    total(x)
    got = total(x)
    x[:] = 7
    np.testing.assert_allclose(float(got), np.sin(1.0) * x.size, rtol=1e-4)


@named([(row, s) for row, s in SAMPLES if s.operands and expected(row, s).shape == np.shape(s.operands[0]) != ()])
def test_results_share_no_memory_with_operands(jax_backend, row, sample):
    operands = [jax_backend.asarray(x) for x in sample.operands]
    result = Function(lambda *xs: row(*xs, **sample.params))(*operands)
    if result.size:
        assert result.unsafe_buffer_pointer() not in [x.unsafe_buffer_pointer() for x in operands]


def test_bodies_with_constants_can_be_compiled_again(jax_backend):
    def step(carry, x):
        carry = carry + x * (jax_backend.asarray(np.float32(2)) + 1.0)
        return carry, ops.cast(carry, "int32") + 1

    run = Function(lambda xs: control.scan(step, jax_backend.asarray(np.float32(0)), xs))
    for length in (3, 4):
        total, ys = run(np.ones(length, np.float32))
        assert (float(total), ys.tolist()) == (3.0 * length, [3 * i + 4 for i in range(length)])


def test_control_flow_stays_in_the_program(jax_backend):
    def count(x):
        n, _ = control.while_loop(lambda n, x: x > 1.0, lambda n, x: (n + 1, x / 2.0), (np.int32(0), x))
        return control.cond(n > 3, lambda: n * 10, lambda: n)

    run = Function(count)
    assert [int(run(np.float32(x))) for x in (4, 100)] == [2, 70]
    assert run.stats()["size"] == 1


def test_a_captured_function_is_compiled_once():
    traced = []

    def f(x):
        traced.append(x)
        return ops.sum(x * 2.0)

    run = Function(f)
    assert [float(run(np.full(3, i, np.float32))) for i in range(3)] == [0.0, 6.0, 12.0]
    assert len(traced) == 1


def test_random_bits_are_those_of_the_composite(jax_backend):
    key = jax_backend.asarray(np.array([123, 45], np.uint32))
    fast = random_bits(key, shape=(3, 5))
    np.testing.assert_array_equal(np.asarray(fast), np.asarray(random_bits.composite(key, shape=(3, 5))))


def test_ops_can_be_traced_by_jax_itself(jax_backend):
    f = jax.jit(lambda x: ops.softmax(ops.matmul(x, x) * 0.5))
    x = jax_backend.asarray(np.eye(3, dtype=np.float32))
    np.testing.assert_allclose(np.asarray(f(x)), np.asarray(ops.softmax(ops.matmul(x, x) * 0.5)), rtol=1e-6)


def compiled(call) -> int:
    """How many programs a call compiles."""
    made = []

    def count(event, seconds, **about):
        made.append(event.endswith("backend_compile_duration"))

    jax.monitoring.register_event_duration_secs_listener(count)
    try:
        call()
    finally:
        jax.monitoring.unregister_event_duration_listener(count)
    return sum(made)


def test_an_eager_call_is_one_program_and_the_next_is_none(jax_backend):
    x = jax_backend.asarray(np.arange(1, 24, dtype=np.int32))
    assert [compiled(lambda: P.floor_divide(x, x)) for _ in range(2)] == [1, 0]
    assert compiled(lambda: jax_backend.asarray(np.zeros((3, 11), np.float32))) == 0
    assert compiled(lambda: jax_backend.copy(x)) == 0


CONVOLUTIONS = {
    "blocks of samples": ((6, 300, 300, 1), (3, 3, 1, 2), (2, 2), ((1, 1), (1, 1)), (1, 1)),
    "a product a tap": ((3, 9, 8, 16), (3, 2, 16, 5), (2, 1), ((1, 2), (0, 3)), (1, 2)),
    "cropped": ((5, 11, 4), (4, 4, 2), (3,), ((-1, 2),), (2,)),
}


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_the_gradient_by_a_kernel_is_the_adjoint(jax_backend, case):
    shape, size, strides, padding, dilation = CONVOLUTIONS[case]
    random = np.random.default_rng(0)
    how = {"strides": strides, "padding": padding, "dilation": dilation, "groups": 1}
    x, kernel = random.normal(size=shape), random.normal(size=size)
    along = P.conv(jax_backend.asarray(x), jax_backend.asarray(kernel), **how)
    y = random.normal(size=along.shape)
    grad = P.conv_kernel_grad(jax_backend.asarray(x), jax_backend.asarray(y), size=size[:-2], **how)
    assert grad.shape == size
    np.testing.assert_allclose(np.sum(np.asarray(grad) * kernel), np.sum(np.asarray(along) * y), rtol=1e-10)
