"""Broken backends of installed packages: each says what is wrong with it, and the others still work.

The packages are real ones as far as Python can tell: a module, and a `dist-info` folder that announces it.
"""

import importlib
import itertools
import re
import sys
import textwrap

import numpy as np
import pytest

import kcore
from kcore import extend, plugins
from kcore.cli import main
from kcore.engine import active
from kcore.errors import BackendError, BackendIncompleteError, BackendUnavailableError

WHOLE = """
    from kcore.extend import get_backend

    class Engine(type(get_backend("numpy"))):
        name = "broken"
"""


@pytest.fixture
def install(tmp_path, monkeypatch, keras_home):
    """Install a distribution with one module, whose class `Engine` is the backend `broken`."""
    numbers, modules = itertools.count(1), []
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv("KCORE_PLUGINS", raising=False)

    def make(source, distribution="kcore-broken"):
        module = f"a_broken_engine_{next(numbers)}"
        modules.append(module)
        (tmp_path / f"{module}.py").write_text(textwrap.dedent(source))
        info = tmp_path / f"{distribution.replace('-', '_')}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[kcore.backends]\nbroken = {module}:Engine\n")
        importlib.invalidate_caches()
        plugins.reload()

    yield make
    for name in modules:
        sys.modules.pop(name, None)
    active.LOADED.pop("broken", None)
    monkeypatch.undo()
    plugins.reload()


def others_work():
    with extend.use_backend("numpy"):
        return kcore.ops.add([1.0], [2.0]).tolist() == [3.0]


def row(capsys):
    """What `kcore backends` says of it; the command ends well, and shows the others."""
    capsys.readouterr()
    assert main(["backends"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(re.match(r"numpy .* available$", line) for line in lines)
    return next(line for line in lines if line.startswith("broken"))


def fails(error, match):
    with pytest.raises(error, match=match) as caught:
        extend.use_backend("broken")
    assert others_work()
    return str(caught.value)


def test_a_whole_one_is_found_and_works(install, capsys):
    install(WHOLE)
    with extend.use_backend("broken"):
        assert kcore.ops.add([1.0], [2.0]).tolist() == [3.0]
    assert re.search(r"kcore-broken 1\.2 \(entry point\) .* available$", row(capsys))


def test_one_that_misses_methods_lists_them(install, capsys):
    install(WHOLE + "        exp = None\n        asarray = __import__('kcore').extend.Backend.asarray\n")
    said = fails(BackendIncompleteError, "Backend class Engine isn't complete:")
    assert "\n  exp(x, /): missing" in said
    assert "\n  asarray: missing" in said
    assert said.count("\n") == 2
    assert "not available: Backend class Engine isn't complete: exp(x, /): missing and 1 more" in row(capsys)


def test_one_with_a_wrong_parameter_name_says_which(install, capsys):
    install(WHOLE + "\n        def reshape(self, x, *, size):\n            return x.reshape(size)\n")
    said = fails(BackendIncompleteError, r"\n  reshape: must take `shape=`; it is reshape\(self, x, \*, size\)")
    assert said.count("\n") == 1
    assert "reshape: must take `shape=`" in row(capsys)


def test_one_for_an_older_interface_says_what_changed(install, capsys, monkeypatch):
    changes = {1: "The first version.", 2: "`frob` takes `axis`.", 3: "`grunt` is new."}
    monkeypatch.setattr("kcore.engine.selection.INTERFACE_VERSION", 3)
    monkeypatch.setattr("kcore.engine.selection.INTERFACE_CHANGES", changes)
    install(WHOLE + "        interface_version = 1\n")
    with pytest.raises(BackendIncompleteError) as caught:
        extend.use_backend("broken")
    assert str(caught.value).startswith(
        "Backend 'broken' was written for version 1 of the interface; this kcore has version 3. What changed since:\n"
        "  2: `frob` takes `axis`.\n  3: `grunt` is new.\n"
    )
    assert "'The backend interface, version by version' in docs/reference/interface.md" in str(caught.value)
    assert "was written for version 1 of the interface" in row(capsys)
    assert others_work()


def test_one_for_a_newer_interface_needs_a_newer_kcore(install, capsys):
    newer = extend.INTERFACE_VERSION + 1
    install(WHOLE + f"        interface_version = {newer}\n")
    fails(BackendIncompleteError, f"written for version {newer} .* has version {newer - 1}. It needs a newer kcore.")
    assert f"was written for version {newer} of the interface" in row(capsys)


def test_one_whose_engine_is_missing_says_who_tells_how_to_install_it(install, capsys):
    install("import no_such_engine")
    fails(
        BackendUnavailableError,
        r"its engine can't be imported: No module named 'no_such_engine'. Install it as kcore-broken says, or choose",
    )
    assert row(capsys).endswith("not available: No module named 'no_such_engine'")


def test_one_of_kcore_whose_engine_is_missing_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    monkeypatch.delitem(active.LOADED, "cupy", raising=False)
    with pytest.raises(BackendUnavailableError, match=r"Install it with `pip install 'kcore\[cupy\]'`, or choose"):
        extend.use_backend("cupy")
    assert others_work()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise OSError('no driver')", "OSError: no driver"),
        ("def Engine(: pass", r"SyntaxError: "),
        ("Motor = 1", "AttributeError: .*Engine"),
    ],
)
def test_one_that_fails_at_import_says_why(install, capsys, source, said):
    install(source)
    fails(BackendUnavailableError, rf"'broken', from kcore-broken 1\.2 \(entry point\), can't be imported: {said}")
    assert re.search(f"not available: {said}", row(capsys))


def test_one_that_fails_when_it_is_made_says_why(install, capsys):
    install(WHOLE + "\n        def __init__(self):\n            raise RuntimeError('the device is busy')\n")
    said = r"RuntimeError: the device is busy"
    fails(BackendUnavailableError, rf"Backend 'broken', from kcore-broken 1\.2 \(entry point\), can't be used: {said}")
    assert re.search(f"not available: {said}", row(capsys))


def test_one_that_is_no_backend_says_what_it_is(install, capsys):
    install("Engine = 3")
    fails(BackendIncompleteError, r"must be a subclass of `kcore.extend.Backend`. Received: 3")
    assert "not available: A backend must be a subclass" in row(capsys)


def test_of_two_packages_with_one_name_the_first_stays(install, capsys):
    install(WHOLE, "kcore-a")
    install("1 / 0", "kcore-b")
    with pytest.warns(
        plugins.PluginWarning, match=r"'broken' \(kcore-b 1.2 \(entry point\)\): .*uninstall one of them"
    ):
        assert plugins.backend_entries()["broken"].source == "kcore-a 1.2 (entry point)"
    with extend.use_backend("broken"):
        assert kcore.ops.add([1.0], [2.0]).tolist() == [3.0]
    assert main(["backends"]) == 0
    assert "Broken plugin 'broken' (kcore-b 1.2 (entry point)): PluginError: kcore-a" in capsys.readouterr().out
    assert others_work()


def test_a_name_that_the_program_took_is_taken(install):
    install(WHOLE)
    mine = type("Mine", (type(extend.get_backend("numpy")),), {"name": "mine"})
    extend.register_backend("mine", mine)
    try:
        with pytest.raises(BackendError, match="`name` must be free. Received: name='mine', which is taken by Mine"):
            extend.register_backend("mine", type(extend.get_backend("broken")))
        assert type(extend.get_backend("mine")) is mine
        assert others_work()
    finally:
        extend.unregister_backend("mine")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (None, "ModuleNotFoundError: No module named 'a_broken_plugin'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_plugin_of_the_environment_that_fails_is_told_of_once(install, tmp_path, monkeypatch, capsys, source, said):
    install(WHOLE)
    if source is not None:
        (tmp_path / "a_broken_plugin.py").write_text(source)
    monkeypatch.setenv("KCORE_PLUGINS", "a_broken_plugin")
    with pytest.warns(plugins.PluginWarning, match=rf"'a_broken_plugin' \(KCORE_PLUGINS\): {said}; kcore goes on"):
        assert re.search(" available$", row(capsys))
    assert main(["backends"]) == 0
    assert f"Broken plugin 'a_broken_plugin' (KCORE_PLUGINS): {said}" in capsys.readouterr().out
    assert others_work()


def test_a_model_trains_while_another_backend_is_broken(install):
    install("1 / 0")
    with extend.use_backend("numpy"):
        model = kcore.Sequential([kcore.Input((2,)), kcore.layers.Dense(1)])
        model.compile(optimizer="sgd", loss="mse")
        losses = model.fit(np.ones((8, 2), "float32"), np.ones((8, 1), "float32"), epochs=2, verbose=0).history["loss"]
    assert losses[1] < losses[0]
