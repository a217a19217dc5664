"""Tracers, captures, graphs, plans and functions."""

import gc
import threading

import numpy as np
import pytest

from kcore.engine import plan as plans
from kcore.engine import primitives as P
from kcore.engine import tracing
from kcore.engine.autodiff import GradientTape, custom_gradient, grad, stop_gradient, value_and_grad, vjp
from kcore.engine.backend import current
from kcore.engine.control import cond, scan, while_loop
from kcore.engine.function import Function
from kcore.engine.spec import PLACEHOLDER, Spec, UnknownDim
from kcore.engine.tracing import infer
from kcore.engine.variable import Variable, name_scope, pack
from kcore.errors import CaptureError, GradientError, ShapeError


@pytest.fixture(autouse=True)
def checked_passes(monkeypatch):
    monkeypatch.setattr(plans, "CHECKING", True)


def total(x):
    return P.sum(x, axes=tuple(range(len(x.shape))), keepdims=False)


def array(*shape, dtype=np.float32):
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(dtype)


def plan_of(function):
    return next(iter(function.cache.values())).plan


class TestUnknownDims:
    def test_arithmetic_stays_unknown(self):
        dim = UnknownDim(PLACEHOLDER)
        for value in (dim + 1, 1 + dim, dim - 1, dim * 3, 3 * dim, dim // 2, -dim):
            assert isinstance(value, UnknownDim)

    def test_an_exact_ratio_is_known(self):
        dim = UnknownDim(PLACEHOLDER)
        assert (dim * 12) // dim == 12
        assert not isinstance((dim * 12) // dim, UnknownDim)

    def test_infer_gives_none_for_unknown_dimensions(self):
        spec = infer(lambda x: P.reshape(x, shape=(x.shape[0], x.shape[1] * x.shape[2])), Spec((None, 4, 5), "float32"))
        assert spec == Spec((None, 20), "float32")

    def test_an_unknown_dimension_broadcasts_to_a_known_one(self):
        assert infer(P.add, Spec((None, 3), "float32"), Spec((7, 3), "float32")).shape == (7, 3)


class TestCapture:
    def test_a_function_is_captured_once_per_shape(self):
        f = Function(lambda x: P.multiply(x, 2))
        for shape in ((2,), (2,), (3,)):
            np.testing.assert_array_equal(f(np.ones(shape, np.float32)), np.full(shape, 2, np.float32))
        assert f.stats()["size"] == 2
        assert f.stats()["hits"] == 1
        assert "other shapes" in f.stats()["reasons"][1]

    def test_python_values_are_static(self):
        f = Function(lambda x, double: P.multiply(x, 2) if double else x)
        assert float(f(np.float32(3), True)) == 6
        assert float(f(np.float32(3), False)) == 3

    @pytest.mark.parametrize("on", [True, False])
    def test_the_collector_of_garbage_rests_during_a_capture(self, on):
        seen = []

        def step(x, fails):
            seen.append(gc.isenabled())
            return P.multiply(x, 2) if not fails else bool(x)

        was = gc.isenabled()
        (gc.enable if on else gc.disable)()
        try:
            f = Function(step)
            f(np.ones(2, np.float32), False)
            with pytest.raises(CaptureError):
                f(np.ones((), np.float32), True)
            assert seen == [False, False]
            assert gc.isenabled() is on
        finally:
            (gc.enable if was else gc.disable)()

    def test_branching_on_a_value_names_the_line(self):
        def wrong(x):
            return x if total(x) > 0 else P.negative(x)

        with pytest.raises(
            CaptureError, match=r"turn a tensor into a bool.*test_tracing\.py, line \d+, in wrong.*run_eagerly"
        ):
            Function(wrong)(array(3))

    def test_a_tensor_that_leaks_is_refused(self):
        leaked = []
        Function(lambda x: leaked.append(P.negative(x)) or x)(array(2))
        with pytest.raises(CaptureError, match="used outside of it"):
            P.add(leaked[0], array(2))

    def test_the_graph_reads_like_a_program(self):
        f = Function(lambda x, y: P.tanh(P.matmul(x, y)))
        f(array(2, 3), array(3, 4))
        text = str(next(iter(f.cache.values())).graph)
        assert text.splitlines()[1].strip() == "%2: float32[2,4] = matmul(%0, %1)"
        assert "return %3" in text

    def test_the_checker_finds_a_wrong_spec(self):
        f = Function(P.negative)
        f(array(2))
        graph = next(iter(f.cache.values())).graph
        graph.check()
        graph.nodes[0].specs = (Spec((3,), "float32"),)
        with pytest.raises(CaptureError, match="the table says"):
            graph.check()

    def test_an_error_names_the_layer(self, backend):
        if any(gap.name == "index out of range" for gap in backend.capabilities.gaps):
            pytest.skip("the backend's programs don't raise")

        def run(x):
            with tracing.layer_path("model/dense"):
                return P.take(x, backend.asarray(np.array([5], np.int32)), axis=0)

        with pytest.raises(IndexError) as caught:
            Function(run)(backend.asarray(array(3)))
        assert any("model/dense" in note for note in caught.value.__notes__)

    def test_threads_share_a_function(self, backend):
        f = Function(lambda x: P.tanh(P.add(P.multiply(x, 2), 1)))
        x = array(200, 300)
        expected = np.tanh(x * 2 + 1)
        f(x)
        results = [None] * 8

        def work(i):
            from kcore.engine.selection import use_backend

            with use_backend(backend.name):
                results[i] = all(np.allclose(f(x), expected, atol=1e-6) for _ in range(10))

        threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        assert all(results)


class TestPlan:
    def test_common_calls_run_once(self):
        f = Function(lambda x: P.add(P.exp(x), P.exp(x)))
        f(array(3))
        assert [i.name for i in plan_of(f).listing.instructions] == ["exp", "add"]

    def test_calls_that_change_nothing_disappear(self):
        f = Function(lambda x: P.multiply(P.reshape(P.reshape(x, shape=(6,)), shape=(2, 3)), 1))
        f(array(2, 3))
        assert plan_of(f).listing.instructions == []

    def test_unused_calls_disappear(self):
        f = Function(lambda x: (P.exp(x), P.negative(x))[1])
        f(array(3))
        assert [i.name for i in plan_of(f).listing.instructions] == ["negative"]

    def test_adding_zero_stays(self):
        out = Function(lambda x: P.add(x, 0))(np.array([-0.0], np.float32))
        assert not np.signbit(current().to_numpy(out))[0]

    def test_an_argument_is_never_written_to(self, backend):
        x = array(300, 300)
        before = x.copy()
        given = backend.asarray(x)
        out = Function(lambda x: P.tanh(P.multiply(P.negative(P.reshape(x, shape=(90000,))), 2)))(given)
        np.testing.assert_array_equal(backend.to_numpy(given), before)
        np.testing.assert_allclose(backend.to_numpy(out), np.tanh(-before.reshape(-1) * 2), rtol=1e-5)

    def test_results_survive_the_next_call(self, backend):
        f = Function(lambda x: (P.add(P.multiply(x, 2), 1), P.reshape(P.exp(x), shape=(x.size,))))
        first = f(backend.asarray(np.zeros((100, 100), np.float32)))
        f(backend.asarray(np.ones((100, 100), np.float32)))
        np.testing.assert_array_equal(backend.to_numpy(first[0]), 1)
        np.testing.assert_array_equal(backend.to_numpy(first[1]), 1)

    def test_an_input_that_is_returned_is_a_copy(self):
        x = array(4)
        out = Function(P.identity)(x)
        assert not np.shares_memory(out, x)

    def test_memory_of_a_dying_operand_is_reused(self, backend):
        if not backend.inplace:
            pytest.skip("the backend writes nothing in place")
        f = Function(lambda x: total(P.exp(P.negative(P.multiply(x, x)))))
        f(backend.asarray(array(200, 200)))
        layout = plan_of(f).layout
        assert len(layout.block_sizes) == 1
        assert len(layout.into) == 2

    def test_blocks_are_poisoned_safely(self, backend):
        """Whatever the kept memory holds before a call, the result is the same."""
        if not backend.inplace:
            pytest.skip("the backend writes nothing in place")
        f = Function(lambda x: P.sum(P.matmul(P.tanh(P.matmul(x, x)), P.exp(x)), axes=(0,), keepdims=False))
        x = backend.asarray(array(100, 100))
        first = backend.to_numpy(f(x)).copy()
        for block in plan_of(f).source.blocks:
            block[:] = 255
        np.testing.assert_array_equal(backend.to_numpy(f(x)), first)


class TestVariables:
    def test_a_captured_step_reads_and_assigns(self, backend):
        count = Variable(0.0)
        step = Function(lambda x: count.assign_add(x).value)
        assert [float(step(np.float32(2))) for _ in range(3)] == [2, 4, 6]
        assert float(count) == 6
        assert step.stats()["size"] == 1

    def test_a_value_that_was_read_is_not_changed_by_a_step(self, backend):
        v = Variable(np.zeros(5000, np.float32))
        held = v.value
        step = Function(lambda: (v.assign(P.add(v.value, 1)), None)[1])
        step()
        step()
        np.testing.assert_array_equal(backend.to_numpy(held), 0)
        np.testing.assert_array_equal(v.numpy(), 2)

    def test_the_initial_value_is_a_copy(self):
        x = np.zeros(3, np.float32)
        v = Variable(x)
        x[:] = 7
        np.testing.assert_array_equal(v.numpy(), 0)

    def test_assigning_another_shape_names_the_variable(self):
        with name_scope("dense"):
            v = Variable(np.zeros((2, 3)), name="kernel")
        with pytest.raises(ShapeError, match=r"'dense/kernel'.*value\.shape=\(3, 2\), variable\.shape=\(2, 3\)"):
            v.assign(np.zeros((3, 2)))

    def test_packed_variables_are_views_of_one_vector(self, backend):
        a, b = Variable(np.ones((2, 3))), Variable(np.full(4, 2.0))
        flat = pack([a, b])
        np.testing.assert_array_equal(flat.numpy(), [1] * 6 + [2] * 4)
        flat.assign(flat.value * 3)
        np.testing.assert_array_equal(a.numpy(), np.full((2, 3), 3.0))
        b.assign(np.zeros(4))
        np.testing.assert_array_equal(flat.numpy(), [3] * 6 + [0] * 4)
        assert pack([a, b]) is flat
        assert pack([a]) is None

    def test_a_packed_value_that_was_read_is_not_changed(self, backend):
        a, b = Variable(np.ones(3)), Variable(np.ones(2))
        pack([a, b])
        held = a.value
        a.assign(np.zeros(3))
        b.assign(np.zeros(2))
        np.testing.assert_array_equal(backend.to_numpy(held), 1)
        np.testing.assert_array_equal(a.numpy(), 0)

    def test_packed_variables_in_a_step(self, backend):
        a, b = Variable(np.ones((2, 3))), Variable(np.full(3, 2.0))
        flat = pack([a, b])

        def step(x):
            with GradientTape() as tape:
                y = total(P.multiply(P.add(P.matmul(x, a.value), b.value), 1))
            ga, gb = tape.gradient(y, [a, b])
            grads = P.concat(P.reshape(ga, shape=(6,)), gb, axis=0)
            flat.assign(P.subtract(flat.value, P.multiply(grads, 0.5)))
            return total(a.value)

        after = Function(step)(np.ones((1, 2)))
        np.testing.assert_allclose(a.numpy(), 0.5)
        np.testing.assert_allclose(b.numpy(), 1.5)
        assert float(after) == 3

    def test_packed_variables_in_a_captured_loop_have_gradients(self, backend):
        a, b = Variable(2.0), Variable(3.0)
        pack([a, b])

        def step(x):
            with GradientTape() as tape:
                y = scan(lambda c, _: (P.multiply(c, P.add(a.value, b.value)), None), x, length=2)[0]
            return tape.gradient(y, [a, b])

        assert [float(g) for g in Function(step)(np.float32(1))] == [10, 10]

    def test_a_variable_cannot_be_assigned_in_a_captured_loop(self):
        v = Variable(0.0)
        with pytest.raises(CaptureError, match=r"is assigned inside the body of a captured loop"):
            Function(lambda x: scan(lambda c, _: (c, v.assign(c).value), x, length=3)[1])(np.float32(1))


class TestGradients:
    def test_third_order(self, backend):
        cube = lambda x: P.multiply(x, P.multiply(x, x))
        assert float(grad(grad(grad(cube)))(np.float32(2))) == 6
        assert float(Function(grad(grad(grad(cube))))(np.float32(2))) == 6

    def test_nested_functions_do_not_mix_up_their_variables(self):
        inner = lambda x: grad(lambda y: P.add(x, y))(np.float32(1))
        assert float(grad(lambda x: P.multiply(x, inner(x)))(np.float32(1))) == 1

    def test_a_value_that_is_no_scalar_is_refused(self):
        with pytest.raises(GradientError, match=r"floating scalar.*float32\[3\]"):
            grad(lambda x: x)(array(3))

    def test_structures_of_arguments(self):
        f = lambda p, x: total(P.multiply(p["w"], x))
        g = grad(f)({"w": array(3), "unused": array(2)}, np.full(3, 2, np.float32))
        np.testing.assert_array_equal(g["w"], 2)
        np.testing.assert_array_equal(g["unused"], 0)

    def test_vjp_of_several_outputs(self):
        out, pullback = vjp(lambda x: (P.exp(x), P.negative(x)), np.float32(0))
        assert [float(x) for x in out] == [1, 0]
        assert float(pullback((np.float32(2), np.float32(3)))[0]) == -1

    def test_stop_gradient(self):
        assert float(grad(lambda x: P.multiply(stop_gradient(x), x))(np.float32(3))) == 3

    def test_has_aux(self):
        (value, aux), g = value_and_grad(lambda x: (P.multiply(x, x), P.negative(x)), has_aux=True)(np.float32(3))
        assert (float(value), float(aux), float(g)) == (9, -3, 6)

    def test_custom_gradient(self, backend):
        @custom_gradient
        def strange(x, y):
            return P.add(x, y), lambda g: (P.multiply(g, 10), None)

        for run in (lambda f: f, Function):
            gx, gy = run(grad(strange, argnums=(0, 1)))(np.float32(1), np.float32(1))
            assert (float(gx), float(gy)) == (10, 0)
        assert float(strange(np.float32(1), np.float32(2))) == 3

    def test_results_outside_are_the_engines_own_tensors(self, backend):
        value, g = value_and_grad(lambda x: P.multiply(x, x))(backend.asarray(np.float32(3)))
        assert backend.is_tensor(value)
        assert backend.is_tensor(g)


class TestTape:
    def test_watched_tensors_and_variables(self, backend):
        v = Variable(3.0)
        with GradientTape() as tape:
            x = tape.watch(backend.asarray(np.float32(2)))
            y = P.multiply(P.multiply(x, x), v.value)
        dx, dv = tape.gradient(y, [x, v])
        assert (float(dx), float(dv)) == (12, 4)

    def test_second_derivative_by_nested_tapes(self, backend):
        v = Variable(3.0)
        with GradientTape() as outer:
            with GradientTape() as inner:
                y = P.multiply(v.value, P.multiply(v.value, v.value))
            slope = inner.gradient(y, v)
        assert float(slope) == 27
        assert float(outer.gradient(slope, v)) == 18

    def test_a_tape_is_used_once_unless_persistent(self):
        v = Variable(1.0)
        with GradientTape() as tape:
            y = v * v
        tape.gradient(y, v)
        with pytest.raises(GradientError, match="persistent=True"):
            tape.gradient(y, v)

    def test_an_unconnected_source(self):
        v, w = Variable(1.0), Variable([2.0])
        with GradientTape(persistent=True) as tape:
            y = v * v
        assert tape.gradient(y, w) is None
        assert tape.gradient(y, w, unconnected_gradients="zero").shape == (1,)

    def test_intermediate_results_are_sources(self):
        v = Variable(2.0)
        with GradientTape() as tape:
            middle = v * v
            y = middle * middle
        assert float(tape.gradient(y, middle)) == 8

    def test_frozen_variables_are_not_watched(self):
        v = Variable(2.0, trainable=False)
        with GradientTape() as tape:
            y = v * 3.0
        assert tape.gradient(y, v) is None

    def test_an_integer_target_is_refused(self):
        with GradientTape() as tape:
            x = tape.watch(np.int32(3))
        with pytest.raises(GradientError, match="floating dtype"):
            tape.gradient(x, x)

    def test_no_memory_is_kept(self):
        v = Variable(np.ones(1000))

        def once():
            with GradientTape() as tape:
                y = total(P.exp(v.value))
            return tape.gradient(y, v)

        once()
        gc.collect()
        before = len(gc.get_objects())
        for _ in range(50):
            once()
        gc.collect()
        assert len(gc.get_objects()) - before < 20


def recurrence(w, xs):
    carry, ys = scan(lambda c, x: (P.tanh(P.add(P.multiply(c, w), x)),) * 2, np.float64(0.5), xs)
    return P.add(total(P.multiply(ys, ys)), carry)


class TestControlFlow:
    xs = np.linspace(-1, 1, 5)

    def expected(self, w):
        c, value = 0.5, 0.0
        for x in self.xs:
            c = np.tanh(c * w + x)
            value += c * c
        return value + c

    def test_scan_is_the_loop(self, backend):
        for run in (lambda f: f, Function):
            np.testing.assert_allclose(float(run(recurrence)(np.float64(0.7), self.xs)), self.expected(0.7), rtol=1e-12)

    def test_scan_gradient_to_second_order(self, backend):
        h = 1e-6
        slope = (self.expected(0.7 + h) - self.expected(0.7 - h)) / (2 * h)
        first = lambda w: grad(recurrence)(w, self.xs)
        for run in (lambda f: f, Function):
            np.testing.assert_allclose(float(run(first)(np.float64(0.7))), slope, rtol=1e-6)
            curve = (float(first(np.float64(0.7 + 1e-5))) - float(first(np.float64(0.7 - 1e-5)))) / 2e-5
            np.testing.assert_allclose(float(run(grad(first))(np.float64(0.7))), curve, rtol=1e-5)

    def test_scan_backwards_keeps_the_order_of_ys(self, backend):
        def run(xs):
            return scan(lambda c, x: (P.add(c, x), P.add(c, x)), np.float32(0), xs, reverse=True)

        for f in (run, Function(run)):
            carry, ys = f(np.array([1, 2, 3], np.float32))
            assert float(carry) == 6
            np.testing.assert_array_equal(backend.to_numpy(ys), [6, 5, 3])

    def test_scan_uses_tensors_from_around_it(self, backend):
        f = lambda x, k: scan(lambda c, _: (P.multiply(c, P.exp(k)), None), x, length=3)[0]
        for run in (lambda f: f, Function):
            np.testing.assert_allclose(
                float(run(grad(f, argnums=1))(np.float64(2), np.float64(0.1))), 6 * np.exp(0.3), rtol=1e-12
            )

    def test_scan_refuses_a_changing_carry(self):
        with pytest.raises(ShapeError, match="keep the carry's shapes"):
            Function(lambda x: scan(lambda c, _: (P.reshape(c, shape=(1, 2)), None), x, length=2))(array(2))

    def test_cond(self, backend):
        f = lambda x: cond(P.less(0, x), lambda x: P.multiply(x, x), P.negative, x)
        for run in (lambda f: f, Function):
            assert [float(run(f)(backend.asarray(x, "float32"))) for x in (3, -3)] == [9, 3]
            assert [float(run(grad(f))(np.float32(x))) for x in (3, -3)] == [6, -1]

    def test_cond_refuses_branches_that_differ(self):
        with pytest.raises(ShapeError, match="must return tensors of the same shapes"):
            Function(lambda x: cond(P.less(0, x), lambda x: x, lambda x: P.reshape(x, shape=(1,)), x))(np.float32(1))

    def test_while_loop(self, backend):
        f = lambda x: while_loop(
            lambda i, a: P.less(i, 5), lambda i, a: (P.add(i, 1), P.multiply(a, 2)), (np.int32(0), x)
        )
        for run in (lambda f: f, Function):
            assert [float(x) for x in run(f)(np.float32(1))] == [5, 32]

    def test_while_loop_has_no_gradient(self):
        f = lambda x: while_loop(lambda a: P.less(a, 5), lambda a: (P.multiply(a, 2),), (x,))[0]
        with pytest.raises(GradientError, match="Use `scan`"):
            Function(grad(f))(np.float32(1))
