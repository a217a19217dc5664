"""Plans whose memory is poisoned: right ones are right still, and a wrong decision about memory is named."""

from __future__ import annotations

import numpy as np
import pytest

import kcore
from kcore import Function, Variable, layers
from kcore.conformance.models.description import trained
from kcore.conformance.models.generate import generate
from kcore.engine import plan as plans
from kcore.engine import primitives as P
from kcore.engine.plan import buffers
from kcore.engine.plan.buffers import _Planner
from kcore.engine.plan.poison import poisoning

SEEDS = range(48)
X = np.random.default_rng(3).normal(size=(5, 4)).astype("float32")


@pytest.fixture
def in_place(backend):
    """The backend under test, if plans decide where its results are written."""
    if not backend.inplace:
        pytest.skip("the engine decides where results are written")
    return backend


@pytest.mark.parametrize("group", range(4))
def test_random_models_are_trained_as_eagerly(in_place, group):
    for seed in SEEDS[group::4]:
        description = generate(seed)
        with poisoning():
            captured = trained(description)
        for found, expected in zip(captured, trained(description, eagerly=True), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4, err_msg=f"seed {seed}")


def recurrent(eagerly):
    """A model whose step has loops, and a branch: gradients are used at every second batch."""
    kcore.utils.set_random_seed(1)
    cells = layers.StackedRNNCells([layers.LSTMCell(4), layers.GRUCell(3)])
    model = kcore.Sequential([
        layers.Input((5, 4)), layers.RNN(cells, return_sequences=True),
        layers.Bidirectional(layers.SimpleRNN(3, recurrent_dropout=0.2)), layers.Dense(1),
    ])  # fmt: skip
    optimizer = kcore.optimizers.SGD(0.1, momentum=0.9, gradient_accumulation_steps=2)
    model.compile(optimizer, "mse", run_eagerly=eagerly)
    x = np.random.default_rng(4).normal(size=(8, 5, 4)).astype("float32")
    model.fit(x, np.ones((8, 1), "float32"), batch_size=2, epochs=2, verbose=0)
    return model.get_weights()


def test_bodies_of_loops_are_poisoned_too(in_place):
    with poisoning():
        captured = recurrent(False)
    for found, expected in zip(captured, recurrent(True), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_random_models_use_all_kinds_of_places(monkeypatch):
    """Else the comparison would say little."""
    layouts = []
    made = plans.plan_buffers
    monkeypatch.setattr(plans, "plan_buffers", lambda *args: layouts.append(made(*args)) or layouts[-1])
    with kcore.use_backend("numpy"), poisoning():
        for seed in range(8):
            trained(generate(seed))
    used = {
        kind: sum(len(getattr(layout, kind)) for layout in layouts)
        for kind in ("into", "fused", "block", "joins", "slots", "freed")
    }
    used["blocks used again"] = sum(len(x.block) + len(x.joins) - len(x.block_sizes) for x in layouts)
    assert min(used.values()) >= 3, used


def test_memory_that_is_given_up_is_filled(in_place):
    total = Variable(np.ones((5, 4), "float32"))
    before = total.load()
    with poisoning():
        step = Function(lambda x: total.assign(P.concat(P.negative(total.value), x, axis=1)[:, 4:]))
        step(X)
    assert np.isnan(in_place.to_numpy(before)).all()
    np.testing.assert_array_equal(total.numpy(), X)


def test_plans_are_plain_again_afterwards():
    with kcore.use_backend("numpy"):
        with poisoning():
            assert buffers.SMALLEST_KEPT == 1
        step = Function(P.negative)
        step(X)
    (captured,) = step.cache.values()
    assert "guard" not in captured.plan.source.text
    assert buffers.SMALLEST_KEPT > 1


class ViewsShareNothing(_Planner):
    def _find_roots(self):
        super()._find_roots()
        for instruction in self.listing.instructions:
            if instruction.name in self.backend.views:
                self.roots.update({x: frozenset((x,)) for x in instruction.results})


class LaterReadersAreForgotten(_Planner):
    def _deaths(self):
        first: dict[int, int] = {}
        for position, instruction in enumerate(self.listing.instructions):
            for x in instruction.operands:
                first.setdefault(x, position)
        return {x: first.get(x, position) for x, position in super()._deaths().items()}


class OutputsAreForgotten(_Planner):
    def _place(self, position, instruction):
        self.leaving = frozenset()
        super()._place(position, instruction)


class AnyInputIsDonated(_Planner):
    def __init__(self, listing, backend, donated):
        super().__init__(listing, backend, set(listing.inputs))


FAULTS = {
    "a view is thought to share no memory": (ViewsShareNothing, r"reads operand %\d+ .* was given up after `"),
    "only the first reader counts": (LaterReadersAreForgotten, r"reads operand %\d+ .* was given up after `"),
    "an output is left in a kept block": (OutputsAreForgotten, r"Output \d+ of a plan .* memory that the plan keeps"),
    "an input is written over that isn't donated": (AnyInputIsDonated, "wrote into an input that wasn't donated"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_decision_is_named(in_place, fault, monkeypatch):
    planner, message = FAULTS[fault]
    monkeypatch.setattr(buffers, "_Planner", planner)

    def run():
        Function(lambda x: P.multiply(x, x))(in_place.asarray(X))
        for seed in range(8):
            trained(generate(seed))

    with poisoning(), pytest.raises(AssertionError, match=message):
        run()
