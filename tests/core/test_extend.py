"""The door for plugin authors: a backend of one's own, and the errors on the way there."""

import pytest

import kcore
from kcore import config, extend, plugins
from kcore.errors import BackendError, BackendIncompleteError, BackendNotFoundError, BackendUnavailableError


def numpy_backend():
    return type(extend.get_backend("numpy"))


@pytest.fixture
def mine():
    """A complete backend, registered for one test."""

    class Mine(numpy_backend()):
        name = "mine"

    extend.register_backend("mine", Mine)
    yield Mine
    extend.unregister_backend("mine")


def test_a_registered_backend_computes_in_its_scope_only(mine):
    with extend.use_backend("mine") as active:
        assert type(active) is mine
        assert config.backend() == "mine"
        assert kcore.ops.add([1.0], [2.0]).tolist() == [3.0]
    assert config.backend() == "numpy"


def test_a_registered_backend_is_chosen_by_the_configuration(mine, keras_home):
    config.set_backend("mine")
    assert kcore.ops.add([1.0], [2.0]).tolist() == [3.0]
    assert type(extend.get_backend(config.backend())) is mine


def test_a_registered_backend_hides_an_installed_one_until_it_is_removed():
    installed = extend.get_backend("numpy")
    variable = kcore.Variable(2.0)

    class Other(type(installed)):
        pass

    extend.register_backend("numpy", Other)
    try:
        assert type(extend.get_backend("numpy")) is Other
    finally:
        extend.unregister_backend("numpy")
    assert extend.get_backend("numpy") is installed
    assert float(kcore.ops.add(variable, 1.0)) == 3.0


def test_a_name_is_taken_once(mine):
    class Another(mine):
        pass

    with pytest.raises(BackendError, match="`name` must be free. Received: name='mine'"):
        extend.register_backend("mine", Another)


def test_all_that_is_missing_is_listed_at_once():
    class Empty(extend.Backend):
        name = "empty"

    with pytest.raises(BackendIncompleteError, match="Backend class Empty isn't complete") as caught:
        extend.register_backend("empty", Empty)
    missing = [name for name in extend.required_primitives() if f"\n  {name}(" in str(caught.value)]
    assert missing == list(extend.required_primitives())
    assert "empty" not in plugins.backend_names()


def test_a_backend_of_another_interface_version_is_refused():
    class Old(numpy_backend()):
        name = "old"
        interface_version = extend.INTERFACE_VERSION - 1

    with pytest.raises(BackendIncompleteError, match=r"'old' was written for version \d+ of the interface"):
        extend.register_backend("old", Old)


def test_a_backend_whose_engine_is_missing_says_what_to_install():
    class NoEngine(numpy_backend()):
        name = "noengine"

        def __init__(self):
            raise ImportError("No module named 'engine'")

    extend.register_backend("noengine", NoEngine)
    try:
        with pytest.raises(
            BackendUnavailableError, match=r"(?s)'noengine'.*No module named 'engine'.*choose one of:.*numpy"
        ):
            extend.use_backend("noengine")
    finally:
        extend.unregister_backend("noengine")


def test_an_unknown_backend_lists_the_installed_ones(keras_home):
    with pytest.raises(
        BackendNotFoundError, match=r"no backend named 'nobody'. Installed: .*numpy.*or install the package"
    ):
        extend.use_backend("nobody")


@pytest.mark.parametrize("source", ["file", "environment"])
def test_an_unknown_backend_of_the_configuration_says_who_chose_it(keras_home, monkeypatch, source):
    if source == "file":
        (keras_home / "keras.json").write_text('{"backend": "tensorflow"}')
    else:
        monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    config.reload()
    chooser = str(keras_home / "keras.json") if source == "file" else "KERAS_BACKEND"
    with pytest.raises(BackendNotFoundError, match=f"'tensorflow', which was chosen by {chooser}. Installed: .*numpy"):
        kcore.ops.add(1.0, 2.0)
    config.set_backend("numpy")
    assert kcore.ops.add(1.0, 2.0) == 3.0
