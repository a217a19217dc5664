"""What a plan does with memory: views that it keeps, parts written side by side, operands that it writes over."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import kcore
from kcore import Function, Variable, layers, ops
from kcore.engine import active, plan
from kcore.engine import primitives as P
from kcore.engine.active import activate
from kcore.engine.autodiff import grad, value_and_grad
from kcore.engine.fused import FUSED_OPS
from kcore.engine.variable import pack
from kcore_numpy import NumpyBackend

X = np.random.default_rng(5).normal(size=(6, 4)).astype("float32")


def entry(function):
    (captured,) = function.cache.values()
    return captured.plan


def packed():
    a, b = Variable(np.arange(12.0, dtype="float32").reshape(4, 3)), Variable(np.ones(3, "float32"))
    return pack([a, b]), a, b


class TestViews:
    def test_an_update_in_place_is_seen(self, backend):
        flat, a, b = packed()
        step = Function(lambda x: P.add(P.matmul(x, a.value), b.value))
        move = Function(lambda: flat.assign(P.multiply(flat.value, 2.0)))
        for factor in (1, 2, 4):
            expected = X @ (np.arange(12.0).reshape(4, 3) * factor) + factor
            np.testing.assert_allclose(backend.to_numpy(step(X)), expected, rtol=1e-5)
            move()

    def test_a_tensor_in_the_variables_place_gives_new_views(self, backend):
        flat, a, _ = packed()
        step = Function(lambda: P.multiply(a.value, 1.5))
        for factor in (1.0, 3.0):
            flat.assign(np.full(15, factor, "float32"))
            np.testing.assert_array_equal(backend.to_numpy(step()), np.full((4, 3), 1.5 * factor))

    def test_a_member_that_is_assigned_is_read_anew(self, backend):
        _, a, _ = packed()
        step = Function(lambda: P.multiply(a.value, 1.5))
        step()
        a.assign(np.full((4, 3), 2.0, "float32"))
        np.testing.assert_array_equal(backend.to_numpy(step()), np.full((4, 3), 3.0))

    def test_a_view_of_scattered_memory_is_not_kept(self, backend):
        if backend.immutable or not backend.is_contiguous(backend.asarray(X)):
            pytest.skip("not run: the engine's tensors are immutable, or no views are kept of them")
        scattered = backend.asarray(np.arange(24, dtype="float32"))[::2]
        assert not backend.is_contiguous(scattered)
        variable = Variable(np.zeros(12, "float32"))
        variable.store(scattered)
        step = Function(lambda: P.reshape(variable.value, shape=(3, 4)))
        before = backend.to_numpy(step()).copy()
        variable.load()[:] = 7.0
        np.testing.assert_array_equal(before.ravel(), np.arange(0, 24, 2))
        np.testing.assert_array_equal(backend.to_numpy(step()), np.full((3, 4), 7.0))


class TestJoins:
    def join(self, a, b, c):
        """Parts that are written in place, with and without a `reshape`, and one that isn't: a cast has two readers."""
        product, total = P.matmul(a, b), P.sum(a, axes=(0,), keepdims=False)
        twice = P.multiply(c, 2.0)
        flat = P.concat(P.reshape(product, shape=(product.size,)), total, twice, axis=0)
        return P.multiply(flat, 3.0), twice

    def test_parts_are_right(self, backend):
        b, c = X.T[:, :5].copy(), np.arange(7, dtype="float32")
        step = Function(self.join)
        for scale in (1, 2):
            joined, twice = step(X * scale, b, c)
            expected = np.concatenate([(X * scale @ b).ravel(), (X * scale).sum(0), c * 2]) * 3
            np.testing.assert_allclose(backend.to_numpy(joined), expected, rtol=1e-5, atol=1e-5)
            np.testing.assert_array_equal(backend.to_numpy(twice), c * 2)

    def test_results_of_two_calls_share_no_memory(self, backend):
        step = Function(
            lambda a, b: P.concat(P.sum(a, axes=(0,), keepdims=False), P.sum(b, axes=(0,), keepdims=False), axis=0)
        )
        first = step(X, X)
        kept = backend.to_numpy(first).copy()
        step(X * 9, X * 9)
        np.testing.assert_array_equal(backend.to_numpy(first), kept)

    def test_parts_of_every_kind_are_right(self, backend):
        """Parts with another reader, a view of another part, and an input among them."""

        def joined(a, b):
            product = P.matmul(a, b)
            across = P.permute_dims(product, axes=(1, 0))
            parts = product, across, a, P.add(b, b)
            flat = P.concat(*(P.reshape(x, shape=(x.size,)) for x in parts), axis=0)
            return P.multiply(flat, 2.0), P.add(product, 1.0)

        step, b = Function(joined), X.T[:, :5].copy()
        for scale in (1, 2):
            flat, product = map(backend.to_numpy, step(X * scale, b))
            ab = X * scale @ b
            expected = np.concatenate([ab.ravel(), ab.T.ravel(), (X * scale).ravel(), (b + b).ravel()]) * 2
            np.testing.assert_allclose(flat, expected, rtol=1e-5, atol=1e-5)
            np.testing.assert_allclose(product, ab + 1, rtol=1e-5, atol=1e-5)

    def test_numpy_writes_side_by_side(self):
        with kcore.use_backend("numpy"):
            step = Function(self.join)
            step(X, X.T[:, :5].copy(), np.arange(7, dtype="float32"))
        text = entry(step).source.text
        assert len(entry(step).layout.joins) == 1
        assert text.count("out=") >= 3 and "copy" in text


class Choosy(NumpyBackend):
    """Its products of whole operands make their own memory."""

    name = "choosy"

    def writes(self, name, specs, whole):
        return super().writes(name, specs, whole) and not (name == "matmul" and all(whole))


def test_a_backend_chooses_what_it_is_given_memory_for():
    big = np.random.default_rng(1).normal(size=(96, 96)).astype("float32")

    def products(x, w):
        kept, made = P.matmul(P.permute_dims(x, axes=(1, 0)), w), P.matmul(P.reshape(x, shape=(96, 96)), w)
        flat = P.concat(*(P.reshape(y, shape=(y.size,)) for y in (kept, made)), axis=0)
        return P.multiply(flat, 2.0)

    with activate(Choosy()):
        step = Function(products)
        result = step(big.reshape(96, 96), big)
    np.testing.assert_allclose(result, 2 * np.concatenate([(big.T @ big).ravel(), (big @ big).ravel()]), rtol=1e-5)
    written = [line for line in entry(step).source.text.splitlines() if "out=" in line]
    (join, _), *others = entry(step).layout.joins.values()
    assert not others
    assert [entry(step).listing.instructions[writer].name for writer in join.writers] == ["matmul", "reshape"]
    assert len(written) == 2, "the transposed product, and a copy of the other one"


def model():
    kcore.utils.set_random_seed(2)
    made = kcore.Sequential([
        layers.Input((4,)), layers.Dense(16, activation="relu"), layers.BatchNormalization(), layers.Dropout(0.3),
        layers.Dense(8, activation="relu"), layers.Dense(3, activation="softmax"),
    ])  # fmt: skip
    made.compile(kcore.optimizers.Adam(0.05, epsilon=1e-2, clipnorm=1.0), "sparse_categorical_crossentropy")
    return made


def test_steps_are_what_eager_steps_are(backend):
    """Weights that a user holds don't move either."""
    x, y = np.tile(X, (4, 1)), np.arange(24) % 3
    weights, held = [], None
    for eagerly in (False, True):
        made = model()
        made.run_eagerly = eagerly
        made.fit(x, y, epochs=2, batch_size=7, verbose=0)
        held = made.weights[0].value
        before = backend.to_numpy(held).copy()
        made.fit(x, y, epochs=1, batch_size=7, verbose=0)
        np.testing.assert_array_equal(backend.to_numpy(held), before)
        weights.append(made.get_weights())
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)


def test_a_pullback_learns_which_cotangents_are_wanted():
    numpy, seen = type(kcore.get_backend("numpy")), []
    entry = numpy.fused["lstm"]

    def noting(*arguments, wanted, **params):
        seen.append(wanted)
        grads = entry.backward(*arguments, **params)
        return tuple(g if want else None for g, want in zip(grads, wanted, strict=True))

    fused = {**numpy.fused, "lstm": dataclasses.replace(entry, backward=noting, chooses=True)}
    options = {"activation": "tanh", "recurrent_activation": "sigmoid", "reverse": False}
    rng = np.random.default_rng(0)
    operands = [rng.normal(size=size).astype("float32") for size in ((2, 3, 8), (2, 2), (2, 2), (2, 8))]

    def kernel_grad(x, h, c, kernel):
        return grad(lambda u: ops.sum(FUSED_OPS["lstm"](x, h, c, u, **options)[1]))(kernel)

    expected = kernel_grad(*operands)
    with active.activate(type("Noting", (numpy,), {"fused": fused})()):
        np.testing.assert_allclose(Function(kernel_grad)(*operands), expected, rtol=1e-6)
        np.testing.assert_allclose(kernel_grad(*operands), expected, rtol=1e-6)
    assert seen == [(False, False, False, True), (True,) * 4]


class TestSimplification:
    def test_a_mean_that_is_counted_by_its_elements_is_a_sum(self, backend):
        def run(x, factor):
            return P.multiply(P.divide(P.sum(x, axes=(0, 1), keepdims=False), 24.0), factor)

        for factor, divides in ((24.0, False), (12.0, True)):
            function = Function(lambda x, factor=factor: run(x, factor))
            np.testing.assert_allclose(backend.to_numpy(function(X)), X.sum() / 24 * factor, rtol=1e-5)
            assert ("divide" in [i.name for i in entry(function).listing.instructions]) is divides

    def test_a_quotient_by_zero_stays(self, backend):
        function = Function(lambda x: P.multiply(P.divide(x, 0.0), 0.0))
        assert np.isnan(backend.to_numpy(function(np.float32([1.0])))).all()

    def test_the_largest_share_is_looked_for_in_the_logits(self, backend):
        function = Function(lambda x: P.argmax(ops.softmax(x), axis=1))
        np.testing.assert_array_equal(backend.to_numpy(function(X)), X.argmax(1))
        if "softmax" in backend.fused:
            assert [i.name for i in entry(function).listing.instructions] == ["argmax"]

    def test_along_another_axis_it_isnt(self, backend):
        function = Function(lambda x: P.argmax(ops.softmax(x, axis=0), axis=1))
        shares = np.exp(X) / np.exp(X).sum(0)
        np.testing.assert_array_equal(backend.to_numpy(function(X)), shares.argmax(1))


@pytest.mark.parametrize("shape", [(6, 4), (3, 2, 4)])
def test_the_loss_of_a_softmax_and_its_gradient_come_from_the_logits(backend, shape):
    logits = X.reshape(shape)
    target = np.arange(6, dtype="int32").reshape(shape[:-1]) % 4

    def loss(x):
        return ops.sparse_categorical_crossentropy(target, ops.softmax(x))

    captured = Function(grad(lambda x: ops.sum(loss(x))))
    wide = logits.astype("float64")
    shares = np.exp(wide) / np.exp(wide).sum(-1, keepdims=True)
    np.testing.assert_allclose(backend.to_numpy(captured(logits)), shares - np.eye(4)[target], atol=1e-6)
    picked = np.take_along_axis(shares, target[..., None], -1)[..., 0]
    np.testing.assert_allclose(backend.to_numpy(Function(loss)(logits)), -np.log(picked), rtol=1e-5)


POOLS = {
    "2x2": ({"pool_size": 2}, (2, 6, 6, 3)),
    "overlapping, padded": ({"pool_size": 3, "strides": 2, "padding": "same"}, (2, 7, 7, 3)),
    "ties": ({"pool_size": 2}, (1, 4, 4, 2)),
}


class TestPoolFirst:
    """An activation before a pool changes places with it."""

    @pytest.fixture(autouse=True)
    def checked_passes(self, monkeypatch):
        monkeypatch.setattr(plan, "CHECKING", True)

    @staticmethod
    def order(backend, function):
        """Which of the two comes first; None on a backend that hasn't both as calls of its own."""
        both = {"relu", "max_pool"}
        names = [i.name for i in entry(function).listing.instructions if i.name in both]
        return names if both <= set(backend.fused) else None

    @pytest.mark.parametrize("name", POOLS)
    def test_values_and_gradients(self, backend, name):
        arguments, shape = POOLS[name]
        x = np.random.default_rng(3).normal(size=shape).astype("float32").round(0 if name == "ties" else 6)
        pool = layers.MaxPooling2D(**arguments)
        weights = np.random.default_rng(4).normal(size=pool.compute_output_shape(shape)).astype("float32")

        def loss(x):
            return ops.sum(ops.multiply(pool(ops.relu(ops.multiply(x, 1.5))), weights))

        step = Function(value_and_grad(loss))
        got = [backend.to_numpy(each) for each in step(x)]
        given = backend.asarray(x)
        np.testing.assert_allclose(got[0], backend.to_numpy(loss(given)), rtol=1e-5)
        np.testing.assert_array_equal(got[1], backend.to_numpy(grad(loss)(given)))
        assert self.order(backend, step) in (None, ["max_pool", "relu"])

    def test_an_activation_that_is_read_elsewhere_stays(self, backend):
        x = np.random.default_rng(3).normal(size=(1, 4, 4, 2)).astype("float32")
        pool = layers.MaxPooling2D(2)

        def both(x):
            active = ops.relu(ops.multiply(x, 1.5))
            return pool(active), ops.sum(active)

        step = Function(both)
        pooled, total = (backend.to_numpy(each) for each in step(x))
        raised = np.maximum(x * 1.5, 0)
        np.testing.assert_allclose(total, raised.sum(), rtol=1e-6)
        np.testing.assert_array_equal(pooled, raised.reshape(1, 2, 2, 2, 2, 2).max((2, 4)))
        assert self.order(backend, step) in (None, ["relu", "max_pool"])

    def test_one_pool_after_another(self, backend):
        x = np.random.default_rng(3).normal(size=(1, 8, 8, 2)).astype("float32")
        pool = layers.MaxPooling2D(2)

        def loss(x):
            return ops.sum(ops.square(pool(ops.relu(ops.multiply(pool(ops.relu(ops.multiply(x, 1.5))), 1.5)))))

        step = Function(grad(loss))
        np.testing.assert_allclose(
            backend.to_numpy(step(x)), backend.to_numpy(grad(loss)(backend.asarray(x))), rtol=1e-6
        )
        assert self.order(backend, step) in (None, ["max_pool", "relu", "max_pool", "relu"])


class TestSmall:
    """Which plans an engine is told to run on one thread."""

    def test_all_arrays_are_looked_at(self, backend):
        for size, small in ((64, True), (65, False)):
            products = Function(lambda x: ops.sum(ops.outer(x, x)))
            products(np.ones(size, "float32"))
            assert plan.is_small(entry(products).listing) is small

    def test_what_a_loop_holds_is_not_known(self, backend):
        loop = Function(lambda x: ops.while_loop(lambda i, s: i < 3, lambda i, s: (i + 1, s * 2), (0, x)))
        assert float(loop(np.float32(1))[1]) == 8
        assert not plan.is_small(entry(loop).listing)
