"""Several backends in one process: models belong to theirs, twins go on elsewhere, threads stay apart."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import numpy as np
import pytest

import kcore
from kcore import layers, ops
from kcore.engine import active
from kcore.errors import BackendMismatchError, BackendNotFoundError, InvalidArgumentError

RNG = np.random.default_rng(7)
X = RNG.normal(size=(48, 4)).astype("float32")
Y = np.arange(48) % 3


class Other(type(kcore.get_backend("numpy"))):
    """A second backend that is there in every environment."""

    name = "other"


class Compiled(Other):
    """One that likes single variables, as an engine does that compiles a whole program."""

    name = "compiled"
    packs = False


class TwoDevices(Other):
    """NumPy, with two names for where its arrays are."""

    name = "two"

    def devices(self):
        return ["cpu:0", "cpu:1"]


@pytest.fixture
def other():
    kcore.extend.register_backend("other", Other)
    yield kcore.get_backend("other")
    kcore.extend.unregister_backend("other")


def make_model():
    inputs = kcore.Input((4,))
    x = layers.Dense(8, activation="relu", name="hidden")(inputs) * ops.ones((8,))
    x = layers.Dropout(0.3)(layers.BatchNormalization()(x))
    model = kcore.Model(inputs, layers.Dense(3, activation="softmax")(x), name="classifier")
    model.compile(kcore.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def trained():
    kcore.utils.set_random_seed(3)
    model = make_model()
    model.fit(X, Y, epochs=2, verbose=0, shuffle=False)
    return model


def next_losses(model):
    return model.fit(X, Y, epochs=3, verbose=0, shuffle=False).history["loss"]


class TestTwin:
    def test_goes_on_with_the_same_numbers(self, backend, backend_names):
        model = trained()
        twins = {name: model.to_backend(name) for name in backend_names}
        expected = next_losses(model)
        for name, twin in twins.items():
            with kcore.use_backend(name) as home:
                np.testing.assert_allclose(next_losses(twin), expected, rtol=2e-5)
                assert all(v.backend is home for v in (*twin.variables, *twin.optimizer.variables))

    def test_leaves_the_model_as_it_was(self, backend):
        model = trained()
        before = model.get_weights()
        twin = model.to_backend("numpy")
        with kcore.use_backend("numpy"):
            next_losses(twin)
        for a, b in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)

    def test_of_a_subclass_and_its_own_layer(self, backend, other):
        class Scaled(layers.Layer):
            def build(self, shape):
                self.scale = self.add_weight(shape=(shape[-1],), initializer="ones")

            def call(self, x):
                return x * self.scale

        class Net(kcore.Model):
            def __init__(self):
                super().__init__()
                self.first, self.last = Scaled(), layers.Dense(2)

            def call(self, x):
                return self.last(self.first(x))

        net = Net()
        expected = net.predict(X, verbose=0)
        twin = net.to_backend("other")
        with kcore.use_backend("other"):
            np.testing.assert_allclose(twin.predict(X, verbose=0), expected, rtol=1e-5, atol=1e-6)

    def test_names_of_backends_and_devices_are_checked(self, backend):
        model = make_model()
        with pytest.raises(BackendNotFoundError, match="no backend named 'nonsense'"):
            model.to_backend("nonsense")
        with pytest.raises(
            InvalidArgumentError, match=r"must be one of backend 'numpy': cpu:0. Received: device='tpu'"
        ):
            model.to_backend("numpy", device="tpu")


def test_a_twin_s_optimizer_is_as_its_new_backend_likes_it():
    """One long vector where the engine is called often, single variables where it compiles the program."""
    with kcore.use_backend("numpy"):
        model = trained()
    kcore.extend.register_backend("compiled", Compiled)
    try:
        twin = model.to_backend("compiled")
        with kcore.use_backend("compiled"):
            there = next_losses(twin)
        back = twin.to_backend("numpy")
    finally:
        kcore.extend.unregister_backend("compiled")
    assert [m.trainable_weights[0].pack is None for m in (model, twin, back)] == [False, True, False]
    with kcore.use_backend("numpy"):
        np.testing.assert_allclose(there, next_losses(model), rtol=1e-5)
        assert next_losses(back) == pytest.approx(next_losses(model), rel=1e-5)


class TestMixUp:
    MESSAGE = (
        r"lives on '{home}', but the active backend is 'other'. Use it inside `with kcore.use_backend\('{home}'\)`, "
        r"or make a twin of its model with `model.to_backend\('other'\)`."
    )

    def test_of_two_devices_the_message_names_both(self):
        home, here = TwoDevices(), TwoDevices().on_device("cpu:1")
        with active.activate(home):
            v = kcore.Variable(1.0, name="v")
        message = (
            "Variable 'v' lives on 'two' on cpu:0, but the active backend is 'two' on cpu:1. Use it inside `with "
            "kcore.use_backend('two', 'cpu:0')`, or make a twin of its model with `model.to_backend('two', 'cpu:1')`."
        )
        with active.activate(here), pytest.raises(BackendMismatchError, match=re.escape(message)):
            ops.add(v, 1.0)

    @pytest.mark.parametrize("use", [
        lambda model: model(X),
        lambda model: model.predict(X, verbose=0),
        lambda model: model.evaluate(X, Y, verbose=0),
        lambda model: model.fit(X, Y, verbose=0),
        lambda model: model.train_on_batch(X, Y),
    ], ids=["call", "predict", "evaluate", "fit", "train_on_batch"])  # fmt: skip
    @pytest.mark.parametrize("make", [make_model, trained])
    def test_a_model_says_where_it_lives(self, backend, other, make, use):
        model = make()
        with (
            kcore.use_backend("other"),
            pytest.raises(BackendMismatchError, match=self.MESSAGE.format(home=backend.name)),
        ):
            use(model)
        use(model)

    def test_the_layer_is_named(self, backend, other):
        model = make_model()
        with kcore.use_backend("other"), pytest.raises(BackendMismatchError) as caught:
            model(X)
        assert "Variable 'hidden/kernel'" in str(caught.value)
        assert "Raised by layer 'classifier/hidden'" in str(caught.value)

    def test_variables(self, backend, other):
        variable = kcore.Variable(1.0, name="v")
        with kcore.use_backend("other"):
            for use in (lambda: variable + 1, lambda: variable.assign(2.0), kcore.Function(lambda: variable.value)):
                with pytest.raises(BackendMismatchError, match="Variable 'v' lives on"):
                    use()
            assert variable.numpy() == 1.0

    def test_what_needs_no_engine_works_anywhere(self, backend, other, tmp_path):
        model = trained()
        with kcore.use_backend("other"):
            model.save(tmp_path / "m.h5")
            weights = model.get_weights()
            twin = kcore.saving.load_model(tmp_path / "m.h5")
            np.testing.assert_array_equal(twin.get_weights()[0], weights[0])


class TestDevices:
    def test_the_first_cpu(self, backend):
        name = next((d for d in backend.devices() if d.startswith("cpu")), backend.devices()[0])
        with kcore.device(name.partition(":")[0]):
            place = kcore.Variable([1.0, 2.0]).backend
            assert place.device == name and float((ops.ones((2,)) * 3.0)[0]) == 3.0
            assert backend.on_device(name) is place

    def test_an_unknown_one(self, backend):
        with pytest.raises(
            InvalidArgumentError, match=f"one of backend '{backend.name}': .*Received: device='quantum:7'"
        ):
            kcore.device_scope("quantum:7")

    def test_use_backend_takes_one(self, backend):
        with kcore.use_backend(backend.name, backend.devices()[-1]) as place:
            assert place.device == backend.devices()[-1]


class TestChoosing:
    def test_as_a_statement_and_as_a_block(self, backend, other):
        def names():
            kcore.use_backend("other")
            yield kcore.config.backend()
            with kcore.use_backend("numpy"):
                yield kcore.config.backend()
            yield kcore.config.backend()
            kcore.device("cpu")
            yield kcore.config.backend()

        assert copy_context().run(lambda: list(names())) == ["other", "numpy", "other", "other"]
        assert kcore.config.backend() == backend.name


class TestThreads:
    def test_each_chooses_its_own_backend(self, backend, other):
        def name_inside(name):
            with kcore.use_backend(name):
                return kcore.config.backend(), type(ops.zeros((1,))).__module__.partition(".")[0]

        names = [backend.name, "other"] * 4
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(name_inside, names))
        assert [name for name, _ in found] == names
        assert len(set(found)) == 2

    def test_training_at_the_same_time(self, backend, backend_names, other):
        def losses(case):
            name, model = case
            with kcore.use_backend(name):
                return next_losses(model)

        names = [*backend_names, backend.name, "other"]
        with kcore.use_backend("numpy"):
            source = trained()
        alone = [losses((name, source.to_backend(name))) for name in names]
        with ThreadPoolExecutor(len(names)) as pool:
            together = list(pool.map(losses, [(name, source.to_backend(name)) for name in names]))
        assert alone == together

    def test_one_model_predicts_in_several(self, backend):
        model = trained()
        expected = model.predict(X, verbose=0)

        def predict(_):
            with kcore.use_backend(backend.name):
                return model.predict(X, verbose=0)

        with ThreadPoolExecutor(4) as pool:
            for result in pool.map(predict, range(12)):
                np.testing.assert_array_equal(result, expected)
