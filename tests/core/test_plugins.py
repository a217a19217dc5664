"""Plugins: found, guarded, reported."""

import importlib.metadata
import sys
import types
import warnings

import pytest

from kcore import config, plugins, registry
from kcore.errors import BackendError, BackendUnavailableError, InvalidTypeError, PluginError
from kcore.plugins import entry_points as announcements


@pytest.fixture(autouse=True)
def fresh(keras_home, monkeypatch):
    """No plugin but the installed ones, before and after each test."""
    monkeypatch.delenv("KCORE_PLUGINS", raising=False)
    objects = dict(registry.get_custom_objects())
    plugins.reload()
    yield
    plugins.reload()
    registry.get_custom_objects().clear()
    registry.get_custom_objects().update(objects)


@pytest.fixture
def hookimpl():
    from kcore.extend import hookimpl

    return hookimpl


@pytest.fixture
def module(monkeypatch):
    """Make an importable module from source text."""

    def make(name, source):
        made = types.ModuleType(name)
        exec(source, made.__dict__)
        monkeypatch.setitem(sys.modules, name, made)
        return made

    return make


@pytest.fixture
def announce(monkeypatch):
    """Announce entry points as installed packages would."""

    def make(group, *entries):
        points = [importlib.metadata.EntryPoint(name, value, group) for name, value in entries]
        real = importlib.metadata.entry_points(group=group)
        monkeypatch.setattr(
            announcements, "entry_points", lambda group=group, wanted=group: [*real, *points] if group == wanted else []
        )

    return make


PLUGIN = """
from kcore.extend import hookimpl

def double(x):
    return 2 * x

@hookimpl
def kcore_serializable_objects():
    return {"module_plugin>double": double}

@hookimpl
def kcore_callbacks(model):
    return [model + "!"]
"""


def test_the_installed_backend_is_found_with_its_source():
    entry = plugins.backend_entries()["numpy"]
    version = importlib.metadata.version("kcore")
    assert (entry.source, entry.version) == (f"kcore {version} (entry point)", version)
    assert "numpy" in plugins.backend_names()
    assert plugins.backend_class("numpy").__name__ == "NumpyBackend"


def test_an_unknown_backend_is_a_key_error():
    with pytest.raises(KeyError, match=r"nobody"):
        plugins.backend_class("nobody")


def test_a_backend_is_added_and_removed():
    class One:
        pass

    class Two:
        pass

    plugins.add_backend("mine", One)
    plugins.add_backend("mine", One)
    assert plugins.backend_class("mine") is One
    assert plugins.backend_entries()["mine"].source == "added in this program"
    with pytest.raises(
        BackendError, match=r"`name` must be free. Received: name='mine'.*One.*`remove_backend\('mine'\)`"
    ):
        plugins.add_backend("mine", Two)
    plugins.remove_backend("mine")
    assert "mine" not in plugins.backend_names()


@pytest.mark.parametrize(
    ("name", "cls", "message"),
    [
        ("two words", int, "`name` must be a name, as 'numpy'. Received: name='two words'"),
        (None, int, "Received: name=None"),
        ("mine", 3, "`cls` must be a class. Received: cls=3"),
    ],
)
def test_a_backend_needs_a_name_and_a_class(name, cls, message):
    with pytest.raises(InvalidTypeError, match=message):
        plugins.add_backend(name, cls)


def test_a_backend_that_cannot_be_imported_says_where_it_comes_from(announce):
    announce("kcore.backends", ("broken", "no_such_module:Backend"))
    assert "broken" in plugins.backend_names()
    with pytest.raises(
        BackendUnavailableError,
        match=r"the backend 'broken', from .*\(entry point\), can't be imported: ModuleNotFound",
    ):
        plugins.backend_class("broken")
    assert plugins.backend_class("numpy").__name__ == "NumpyBackend"


def test_two_packages_with_a_backend_of_one_name_are_reported_and_the_first_is_kept(announce):
    announce("kcore.backends", ("numpy", "another:Backend"))
    with pytest.warns(plugins.PluginWarning, match=r"plugin 'numpy'.*kcore .* brings a backend of that name too"):
        assert plugins.backend_class("numpy").__name__ == "NumpyBackend"


def test_a_plugin_offers_backends_that_are_imported_when_they_are_used(hookimpl, module):
    class Direct:
        pass

    class Plugin:
        @hookimpl
        def kcore_backends(self):
            return {"direct": Direct, "lazy": "lazy_module:Lazy", "wrong": "lazy_module:Missing"}

    plugins.register_plugin(Plugin(), "offers")
    assert {"direct", "lazy", "wrong"} <= set(plugins.backend_names())
    assert plugins.backend_entries()["lazy"].source == "plugin offers"
    module("lazy_module", "class Lazy: pass")
    assert plugins.backend_class("direct") is Direct
    assert plugins.backend_class("lazy").__name__ == "Lazy"
    with pytest.raises(
        BackendUnavailableError, match=r"'wrong', from plugin offers, can't be imported: AttributeError"
    ):
        plugins.backend_class("wrong")


def test_a_module_named_in_the_environment_is_loaded(module, monkeypatch):
    made = module("module_plugin", PLUGIN)
    monkeypatch.setenv("KCORE_PLUGINS", " module_plugin ,")
    assert plugins.collect("kcore_callbacks", model="m") == ["m!"]
    assert registry.get_registered_object("module_plugin>double") is made.double


def test_a_saved_name_is_looked_for_in_plugins_that_were_not_loaded_yet(module, monkeypatch):
    made = module("module_plugin", PLUGIN)
    monkeypatch.setenv("KCORE_PLUGINS", "module_plugin")
    stored = {
        "module": "builtins",
        "class_name": "function",
        "config": "module_plugin>double",
        "registered_name": "function",
    }
    assert registry.deserialize_keras_object(stored) is made.double


def test_an_announced_plugin_is_loaded(module, announce):
    module("module_plugin", PLUGIN)
    announce("kcore.plugins", ("mine", "module_plugin"))
    assert plugins.collect("kcore_callbacks", model="m") == ["m!"]


def test_a_broken_module_is_reported_once_and_the_others_are_loaded(module, announce, monkeypatch):
    module("module_plugin", PLUGIN)
    announce("kcore.plugins", ("gone", "no_such_module"), ("mine", "module_plugin"))
    with pytest.warns(
        plugins.PluginWarning, match=r"plugin 'gone' .*ModuleNotFoundError.*goes on without it"
    ) as caught:
        assert plugins.collect("kcore_callbacks", model="m") == ["m!"]
    assert len(caught) == 1
    assert [problem.name for problem in plugins.problems()] == ["gone"]


def test_a_hook_that_fails_leaves_the_others_alone(hookimpl):
    class Good:
        @hookimpl
        def kcore_callbacks(self):
            return ["good"]

    class Bad:
        @hookimpl
        def kcore_callbacks(self, model):
            raise ZeroDivisionError("no model")

    plugins.register_plugin(Good(), "good")
    plugins.register_plugin(Bad(), "bad")
    with pytest.warns(
        plugins.PluginWarning, match=r"plugin 'bad' \(hook kcore_callbacks\): ZeroDivisionError: no model"
    ):
        assert plugins.collect("kcore_callbacks", model=1) == ["good"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert plugins.collect("kcore_callbacks", model=1) == ["good"]


def test_a_hook_must_return_a_list(hookimpl):
    class Plugin:
        @hookimpl
        def kcore_file_formats(self):
            return 3

    plugins.register_plugin(Plugin(), "three")
    with pytest.warns(plugins.PluginWarning, match=r"`kcore_file_formats` must return a list or a dict. Received: 3"):
        assert plugins.collect("kcore_file_formats") == []


def test_the_plugin_registered_last_comes_first(hookimpl):
    def make(word):
        class Plugin:
            @hookimpl
            def kcore_data_adapters(self):
                return [word]

        return Plugin()

    plugins.register_plugin(make("a"), "a")
    plugins.register_plugin(make("b"), "b")
    assert plugins.collect("kcore_data_adapters") == ["b", "a"]
    plugins.unregister_plugin("b")
    assert plugins.collect("kcore_data_adapters") == ["a"]


def test_an_unknown_hook_is_refused_whole(hookimpl):
    class Plugin:
        @hookimpl
        def kcore_callback(self):
            return []

        @hookimpl
        def kcore_callbacks(self):
            return ["half registered"]

    with pytest.raises(
        PluginError, match=r"plugin 'typo' implements unknown hooks: kcore_callback; the hooks are kcore_backends"
    ):
        plugins.register_plugin(Plugin(), "typo")
    assert plugins.collect("kcore_callbacks", model=1) == []


def test_a_hook_with_another_argument_is_refused_whole(hookimpl):
    class Plugin:
        @hookimpl
        def kcore_callbacks(self, modle):
            return []

    with pytest.raises(PluginError, match=r"(?s)plugin 'typo': .*modle"):
        plugins.register_plugin(Plugin(), "typo")
    assert plugins.collect("kcore_callbacks", model=1) == []


def test_a_plugin_is_registered_once(hookimpl):
    class Plugin:
        @hookimpl
        def kcore_callbacks(self):
            return []

    plugin = Plugin()
    assert plugins.register_plugin(plugin) == "Plugin"
    with pytest.raises(PluginError, match=r"`plugin` must not be registered twice. Received: 'Plugin'"):
        plugins.register_plugin(plugin)


def test_an_object_for_saving_needs_a_package(hookimpl):
    class Plugin:
        @hookimpl
        def kcore_serializable_objects(self):
            return {"bare": test_a_plugin_is_registered_once}

    with pytest.raises(PluginError, match=r"an object's name must be 'package>name'. Received: 'bare'"):
        plugins.register_plugin(Plugin(), "bare")


def test_every_hook_is_described():
    assert plugins.HOOK_NAMES == (
        "kcore_backends",
        "kcore_serializable_objects",
        "kcore_callbacks",
        "kcore_data_adapters",
        "kcore_file_formats",
    )
    assert all("Returns:" in (getattr(plugins.Hooks, name).__doc__ or "") for name in plugins.HOOK_NAMES)


def test_the_default_backend_is_numpy():
    assert config.default_backend_name() == "numpy"
