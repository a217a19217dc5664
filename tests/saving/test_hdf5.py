"""Whole models and weights in HDF5: what comes back, what the file looks like, and what is refused."""

from __future__ import annotations

import json
import os

import h5py
import numpy as np
import pytest

import kcore as keras
from kcore import layers, saving
from kcore.errors import InvalidArgumentError, SerializationError, ShapeError
from kcore.saving._attributes import read_names, write_names

X = np.linspace(-1, 1, 24).reshape(6, 4).astype("float32")
Y = np.array([0, 1, 2, 0, 1, 2])


def classifier(name="classifier", units=5):
    return keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(units, activation="relu", name="hidden"),
            layers.BatchNormalization(name="norm"),
            layers.Dropout(0.5, name="drop"),
            layers.Dense(3, activation="softmax", name="out"),
        ],
        name=name,
    )


def compiled(optimizer="adam", **kwargs):
    model = classifier(**kwargs)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, steps=3):
    return [float(np.ravel(model.train_on_batch(X, Y))[0]) for _ in range(steps)]


def assert_same(got, expected):
    assert len(got) == len(expected)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_array_equal(a, b)


# ---- whole models


def test_model_comes_back_with_the_same_predictions(backend, tmp_path):
    model = compiled()
    train(model)
    model.save(tmp_path / "m.h5")
    again = saving.load_model(tmp_path / "m.h5")
    assert type(again) is type(model)
    assert again.get_config() == model.get_config()
    assert_same(again.get_weights(), model.get_weights())
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


OPTIMIZERS = [
    lambda: keras.optimizers.SGD(0.1, momentum=0.9),
    lambda: keras.optimizers.Adam(0.1, amsgrad=True),
    lambda: keras.optimizers.RMSprop(0.01, centered=True, momentum=0.5),
    lambda: keras.optimizers.Nadam(keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)),
    lambda: keras.optimizers.Adam(0.1, use_ema=True, gradient_accumulation_steps=2),
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_training_goes_on_exactly_where_it_stopped(backend, tmp_path, optimizer):
    model = compiled(optimizer())
    train(model)
    model.save(tmp_path / "m.h5")
    again = saving.load_model(tmp_path / "m.h5")
    assert train(again) == train(model)
    assert_same(again.get_weights(), model.get_weights())
    assert_same(again.optimizer.get_weights(), model.optimizer.get_weights())


def test_learning_rate_that_was_set_comes_back(backend, tmp_path):
    model = compiled()
    train(model, 1)
    model.optimizer.learning_rate = 0.125
    model.save(tmp_path / "m.h5")
    assert float(saving.load_model(tmp_path / "m.h5").optimizer.learning_rate) == 0.125


def test_model_that_was_not_compiled_comes_back_so(backend, tmp_path):
    classifier().save(tmp_path / "m.h5")
    assert not saving.load_model(tmp_path / "m.h5").compiled


def test_compile_can_be_left_out_at_both_ends(backend, tmp_path):
    model = compiled()
    model.save(tmp_path / "with.h5")
    model.save(tmp_path / "without.h5", include_optimizer=False)
    assert saving.load_model(tmp_path / "with.h5").compiled
    assert not saving.load_model(tmp_path / "with.h5", compile=False).compiled
    assert not saving.load_model(tmp_path / "without.h5").compiled


def test_frozen_layers_stay_frozen_and_training_goes_on(backend, tmp_path):
    model = classifier()
    model.get_layer("hidden").trainable = False
    model.compile(keras.optimizers.Adam(0.1), "sparse_categorical_crossentropy")
    train(model)
    model.save(tmp_path / "m.h5")
    again = saving.load_model(tmp_path / "m.h5")
    assert [layer.trainable for layer in again.layers] == [False, True, True, True]
    assert train(again) == train(model)


def test_functional_model_with_shared_and_nested_parts(backend, tmp_path):
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    shared = layers.Dense(3, name="shared")
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(2, name="inside")], name="inner")
    joined = layers.Concatenate(name="joined")([shared(a), shared(b)])
    model = keras.Model([a, b], [inner(joined), layers.Dense(1, name="o")(joined * 2.0)], name="two")
    model.compile(
        "sgd", loss={"inner": "mse", "o": keras.losses.MeanAbsoluteError()}, loss_weights={"inner": 0.5, "o": 2.0}
    )
    targets = {"inner": np.ones((6, 2)), "o": np.ones((6, 1))}
    model.train_on_batch([X, -X], targets)
    model.save(tmp_path / "m.h5")
    again = saving.load_model(tmp_path / "m.h5")
    for got, expected in zip(again.predict([X, -X], verbose=0), model.predict([X, -X], verbose=0), strict=True):
        np.testing.assert_array_equal(got, expected)
    assert again.train_on_batch([X, -X], targets) == model.train_on_batch([X, -X], targets)


def test_open_group_can_be_written_and_read(backend, tmp_path):
    model = compiled()
    with h5py.File(tmp_path / "many.h5", "w") as file:
        model.save(file.create_group("first"))
        saving.save_weights(model, file.create_group("weights"))
    with h5py.File(tmp_path / "many.h5", "r") as file:
        assert_same(saving.load_model(file["first"]).get_weights(), model.get_weights())
        other = classifier()
        other.load_weights(file["weights"])
        assert_same(other.get_weights(), model.get_weights())


def test_layout_is_that_of_keras_2(backend, tmp_path):
    model = compiled()
    train(model, 1)
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "r") as file:
        assert {"keras_version", "backend", "model_config", "training_config"} <= set(file.attrs)
        config = json.loads(file.attrs["model_config"])
        assert (config["class_name"], len(config["config"]["layers"])) == ("Sequential", 5)
        training = json.loads(file.attrs["training_config"])
        assert (training["loss"], training["metrics"]) == ("sparse_categorical_crossentropy", ["accuracy"])
        assert training["optimizer_config"]["class_name"] == "Adam"
        group = file["model_weights"]
        assert [n.decode() for n in group.attrs["layer_names"]] == ["hidden", "norm", "drop", "out"]
        names = [n.decode() for n in group["norm"].attrs["weight_names"]]
        assert [n.split("/")[-1] for n in names] == ["gamma", "beta", "moving_mean", "moving_variance"]
        np.testing.assert_array_equal(group["norm"][names[2]][:], model.get_layer("norm").get_weights()[2])
        state = [n.decode().split("/")[-1] for n in file["optimizer_weights"].attrs["weight_names"]]
        assert state[:2] == ["iteration", "learning_rate"]
        assert [n.split("_")[-1] for n in state[2:]] == ["momentum", "velocity"] * 6


@pytest.mark.parametrize("given", [{"auto_scale_loss": False}, {"native_autodiff": True}, {"run_eagerly": True}])
def test_what_compile_was_told_comes_back(backend, tmp_path, given):
    model = classifier()
    model.compile("sgd", "mean_squared_error", steps_per_execution=3, **given)
    model.save(tmp_path / "m.h5")
    assert saving.load_model(tmp_path / "m.h5").get_compile_config() == model.get_compile_config()


def test_long_lists_of_names_are_split_as_in_keras(backend, tmp_path):
    names = [f"{letter * 7000}" for letter in "abcdefghijkl"]
    model = keras.Sequential([keras.Input((1,)), *(layers.Dense(1, name=name) for name in names)])
    model.save_weights(tmp_path / "w.h5")
    with h5py.File(tmp_path / "w.h5", "r") as file:
        assert {"layer_names0", "layer_names1"} <= set(file.attrs)
        assert "layer_names" not in file.attrs
        assert [len(file.attrs[f"layer_names{i}"]) for i in (0, 1)] == [9, 3]
    weights = model.get_weights()
    model.set_weights([w + 1 for w in weights])
    model.load_weights(tmp_path / "w.h5")
    assert_same(model.get_weights(), weights)


def test_name_that_no_attribute_holds_is_refused(tmp_path):
    with h5py.File(tmp_path / "w.h5", "w") as file, pytest.raises(SerializationError, match="at most 64512 bytes"):
        write_names(file, "layer_names", ["x" * 64513])


@pytest.mark.parametrize("names", [[], ["a"], ["é" * 10, "b"], ["x" * 100] * 2000])
def test_names_come_back(tmp_path, names):
    with h5py.File(tmp_path / "w.h5", "w") as file:
        write_names(file, "n", names)
        assert read_names(file, "n") == names


# ---- weights


def test_weights_go_into_the_same_architecture(backend, tmp_path):
    model, other = classifier(), classifier(name="other")
    model.save_weights(tmp_path / "w.h5")
    other.load_weights(tmp_path / "w.h5")
    assert_same(other.get_weights(), model.get_weights())


def test_weights_of_a_whole_model_can_be_loaded(backend, tmp_path):
    model, other = compiled(), classifier()
    model.save(tmp_path / "m.h5")
    other.load_weights(tmp_path / "m.h5")
    assert_same(other.get_weights(), model.get_weights())


def test_by_name_loads_shared_names_and_leaves_the_rest(backend, tmp_path):
    model = classifier()
    model.save_weights(tmp_path / "w.h5")
    other = keras.Sequential([keras.Input((4,)), layers.Dense(5, name="hidden"), layers.Dense(9, name="new")])
    new = other.get_layer("new").get_weights()
    other.load_weights(tmp_path / "w.h5", by_name=True)
    assert_same(other.get_layer("hidden").get_weights(), model.get_layer("hidden").get_weights())
    assert_same(other.get_layer("new").get_weights(), new)


@pytest.mark.parametrize("by_name", [False, True])
def test_mismatch_names_the_layer_and_changes_nothing(backend, tmp_path, by_name):
    classifier(units=7).save_weights(tmp_path / "w.h5")
    model = classifier()
    before = model.get_weights()
    with pytest.raises(ShapeError, match=r"layer 'hidden' has shape \(4, 5\). Received: shape=\(4, 7\) in the file"):
        model.load_weights(tmp_path / "w.h5", by_name=by_name)
    assert_same(model.get_weights(), before)


@pytest.mark.parametrize("by_name", [False, True])
def test_skip_mismatch_leaves_those_layers_alone(backend, tmp_path, by_name):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(5, name="same"), layers.Dense(2, name="other")])
    saved = keras.Sequential([keras.Input((4,)), layers.Dense(5, name="same"), layers.Dense(3, name="other")])
    saved.save_weights(tmp_path / "w.h5")
    before = model.get_layer("other").get_weights()
    with pytest.warns(UserWarning, match="Left alone: .*layer 'other'"):
        model.load_weights(tmp_path / "w.h5", by_name=by_name, skip_mismatch=True)
    assert_same(model.get_layer("same").get_weights(), saved.get_layer("same").get_weights())
    assert_same(model.get_layer("other").get_weights(), before)


def test_number_of_layers_must_fit(backend, tmp_path):
    classifier().save_weights(tmp_path / "w.h5")
    other = keras.Sequential([keras.Input((4,)), layers.Dense(5, name="hidden")])
    with pytest.raises(InvalidArgumentError, match=r"the 1 layers of model .*\['hidden'\]. Received: 3 layers"):
        other.load_weights(tmp_path / "w.h5")


def test_number_of_weights_must_fit(backend, tmp_path):
    keras.Sequential([keras.Input((4,)), layers.Dense(5, name="d", use_bias=False)]).save_weights(tmp_path / "w.h5")
    other = keras.Sequential([keras.Input((4,)), layers.Dense(5, name="d")])
    with pytest.raises(InvalidArgumentError, match="Layer 'd' has 2 weights. Received: 1 in the file"):
        other.load_weights(tmp_path / "w.h5")


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__(name="subclassed")
        self.first = layers.Dense(3, name="first")
        self.second = layers.Dense(2, name="second")
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

    def call(self, x):
        return self.second(self.first(x)) * self.scale


def test_weights_of_a_subclassed_model_with_a_weight_of_its_own(backend, tmp_path):
    model, other = Subclassed(), Subclassed()
    with pytest.raises(InvalidArgumentError, match="no weights yet"):
        model.save_weights(tmp_path / "w.h5")
    model(X)
    model.scale.assign(2.5)
    model.save_weights(tmp_path / "w.h5")
    with pytest.raises(InvalidArgumentError, match="no weights yet"):
        other.load_weights(tmp_path / "w.h5")
    other(X)
    other.load_weights(tmp_path / "w.h5")
    assert_same(other.get_weights(), model.get_weights())
    assert float(other.scale) == 2.5


# ---- custom objects


class Scaled(layers.Layer):
    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        return x * self.factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


def test_custom_objects_are_given_or_in_scope_or_refused(backend, tmp_path):
    model = keras.Sequential([keras.Input((4,)), Scaled(3.0), layers.Dense(2)])
    model.save(tmp_path / "m.h5")
    expected = model.predict(X, verbose=0)
    again = saving.load_model(tmp_path / "m.h5", custom_objects={"Scaled": Scaled})
    np.testing.assert_array_equal(again.predict(X, verbose=0), expected)
    with saving.CustomObjectScope({"Scaled": Scaled}):
        assert saving.load_model(tmp_path / "m.h5").layers[0].factor == 3.0
    with pytest.raises(SerializationError, match="'Scaled' is neither one of kcore's objects nor registered"):
        saving.load_model(tmp_path / "m.h5")


# ---- files


def test_missing_file(backend, tmp_path):
    for load in (saving.load_model, classifier().load_weights):
        with pytest.raises(FileNotFoundError, match="must name a file that exists"):
            load(tmp_path / "none.h5")


def test_file_of_something_else(backend, tmp_path):
    (tmp_path / "text.h5").write_text("not HDF5")
    with pytest.raises(SerializationError, match="must name an HDF5 file"):
        saving.load_model(tmp_path / "text.h5")
    with h5py.File(tmp_path / "foreign.h5", "w") as file:
        file["numbers"] = np.ones(3)
    with pytest.raises(SerializationError, match="no `model_config`"):
        saving.load_model(tmp_path / "foreign.h5")
    with pytest.raises(SerializationError, match="must have the attribute 'layer_names'"):
        classifier().load_weights(tmp_path / "foreign.h5")


@pytest.mark.parametrize("part", [0.3, 0.9, 0.999])
def test_truncated_file(backend, tmp_path, part):
    compiled().save(tmp_path / "m.h5")
    data = (tmp_path / "m.h5").read_bytes()
    (tmp_path / "m.h5").write_bytes(data[: int(len(data) * part)])
    with pytest.raises(SerializationError, match=r"m\.h5"):
        saving.load_model(tmp_path / "m.h5")


def test_damaged_configuration(backend, tmp_path):
    compiled().save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "a") as file:
        file.attrs["model_config"] = '{"class_name": "Sequential", '
    with pytest.raises(SerializationError, match="must be valid JSON"):
        saving.load_model(tmp_path / "m.h5")


def _replace_kernel(path, make):
    with h5py.File(path, "a") as file:
        group = file["hidden"]
        name = group.attrs["weight_names"][0].decode()
        shape = group[name].shape
        del group[name]
        make(file, group, name, shape)


def test_links_and_numbers_in_other_files_are_not_followed(backend, tmp_path):
    model = classifier()
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["kernel"] = np.ones((4, 5), "float32")
    (tmp_path / "raw").write_bytes(np.ones(20, "float32").tobytes())

    def external_link(file, group, name, shape):
        group[name] = h5py.ExternalLink(str(secret), "/kernel")

    def soft_link(file, group, name, shape):
        group[name] = h5py.SoftLink("/out")

    def external_storage(file, group, name, shape):
        group.create_dataset(name, shape, "float32", external=[(str(tmp_path / "raw"), 0, 80)])

    def virtual(file, group, name, shape):
        layout = h5py.VirtualLayout(shape, "float32")
        layout[:] = h5py.VirtualSource(str(secret), "kernel", shape)
        group.create_virtual_dataset(name, layout)

    def text(file, group, name, shape):
        group[name] = "not numbers"

    cases = [
        (external_link, "is a link"),
        (soft_link, "is a link"),
        (external_storage, "in other files"),
        (virtual, "in other files"),
        (text, "must be an array of numbers"),
    ]
    for make, message in cases:
        model.save_weights(tmp_path / "w.h5")
        _replace_kernel(tmp_path / "w.h5", make)
        with pytest.raises(SerializationError, match=message):
            model.load_weights(tmp_path / "w.h5")


def test_huge_array_is_refused_by_its_shape_alone(backend, tmp_path):
    model = classifier()
    model.save_weights(tmp_path / "w.h5")

    def huge(file, group, name, shape):
        group.create_dataset(name, (1 << 40,), "float32", chunks=(1 << 10,))

    _replace_kernel(tmp_path / "w.h5", huge)
    with pytest.raises(ShapeError, match=r"Received: shape=\(1099511627776,\)"):
        model.load_weights(tmp_path / "w.h5")


def test_path_that_can_not_be_written(backend, tmp_path):
    with pytest.raises(InvalidArgumentError, match="must be in a folder that exists"):
        compiled().save(tmp_path / "none" / "m.h5")
    (tmp_path / "folder.h5").mkdir()
    with pytest.raises(SerializationError, match="can't be written"):
        compiled().save(tmp_path / "folder.h5")
    assert os.listdir(tmp_path) == ["folder.h5"]


def test_failed_save_keeps_the_old_file_and_leaves_nothing(backend, tmp_path):
    model = compiled()
    model.save(tmp_path / "m.h5")
    before = (tmp_path / "m.h5").read_bytes()

    class Broken(layers.Dense):
        @property
        def trainable_weights(self):
            raise RuntimeError("broken on purpose")

    bad = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    bad.layers[0].__class__ = Broken
    with pytest.raises(RuntimeError, match="broken on purpose"):
        bad.save_weights(tmp_path / "m.h5")
    assert os.listdir(tmp_path) == ["m.h5"]
    assert (tmp_path / "m.h5").read_bytes() == before


def test_overwrite_must_be_allowed(backend, tmp_path):
    model = classifier()
    model.save(tmp_path / "m.h5")
    with pytest.raises(InvalidArgumentError, match="`overwrite` is False"):
        model.save(tmp_path / "m.h5", overwrite=False)
    model.save(tmp_path / "m.h5")


def test_link_to_a_file_stays_a_link(backend, tmp_path):
    model = classifier()
    (tmp_path / "real").mkdir()
    (tmp_path / "m.h5").symlink_to(tmp_path / "real" / "m.h5")
    model.save(tmp_path / "m.h5")
    assert (tmp_path / "m.h5").is_symlink()
    assert_same(saving.load_model(tmp_path / "real" / "m.h5").get_weights(), model.get_weights())


def test_unknown_suffix_and_options(backend, tmp_path):
    model = classifier()
    with pytest.raises(InvalidArgumentError, match=r"must end in one of \.h5, \.hdf5"):
        model.save(tmp_path / "m.pickle")
    with pytest.raises(InvalidArgumentError, match="aren't known to the HDF5 format. Received: speed"):
        model.save(tmp_path / "m.h5", speed=1)


def test_optimizer_state_that_does_not_fit_starts_afresh_with_a_warning(backend, tmp_path):
    model = compiled()
    train(model, 1)
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "a") as file:
        group = file["optimizer_weights"]
        group.attrs["weight_names"] = group.attrs["weight_names"][:3]
    with pytest.warns(UserWarning, match="state of optimizer 'adam' doesn't fit"):
        again = saving.load_model(tmp_path / "m.h5")
    assert int(again.optimizer.iterations) == 0
    assert_same(again.get_weights(), model.get_weights())
