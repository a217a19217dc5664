"""The command `kcore`."""

import sys
import textwrap

import pytest

from kcore import plugins
from kcore.cli import main
from kcore.cli._alias import _KerasFinder


@pytest.fixture(autouse=True)
def settings(keras_home, monkeypatch):
    monkeypatch.delenv("KCORE_PLUGINS", raising=False)
    plugins.reload()
    yield
    plugins.reload()


@pytest.fixture
def script(tmp_path, monkeypatch):
    """Write a script, and undo what running one does to the process."""
    monkeypatch.setattr(sys, "argv", ["kcore"])
    monkeypatch.setattr(sys, "path", list(sys.path))

    def write(text):
        path = tmp_path / "script.py"
        path.write_text(textwrap.dedent(text))
        return str(path)

    yield write
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _KerasFinder)]
    for name in [name for name in sys.modules if name.partition(".")[0] == "keras"]:
        del sys.modules[name]


def test_config_shows_each_setting_and_its_source(capsys, keras_home, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "other")
    (keras_home / "keras.json").write_text('{"floatx": "float64"}')
    assert main(["config"]) == 0
    lines = [line.split(None, 2) for line in capsys.readouterr().out.splitlines()]
    assert ["backend", "other", "KERAS_BACKEND"] in lines
    assert ["floatx", "float64", str(keras_home / "keras.json")] in lines
    assert ["epsilon", "1e-07", "default"] in lines


def test_backends_shows_the_installed_one_and_the_default(capsys):
    assert main(["backends"]) == 0
    out = capsys.readouterr().out
    assert any(line.startswith("numpy ") and line.endswith(" available") for line in out.splitlines())
    assert "Default: numpy" in out


def test_backends_says_why_one_cannot_be_used(capsys, monkeypatch):
    class Unfinished:
        pass

    monkeypatch.setenv("KERAS_BACKEND", "nobody")
    plugins.add_backend("unfinished", Unfinished)
    try:
        assert main(["backends"]) == 0
    finally:
        plugins.remove_backend("unfinished")
    out = capsys.readouterr().out
    line = next(line for line in out.splitlines() if line.startswith("unfinished"))
    assert "added in this program" in line
    assert "not available: " in line
    assert "No backend named 'nobody' is installed." in out


def test_backends_lists_broken_plugins(capsys, monkeypatch):
    monkeypatch.setenv("KCORE_PLUGINS", "no_such_plugin")
    with pytest.warns(plugins.PluginWarning, match="no_such_plugin"):
        assert main(["backends"]) == 0
    assert "Broken plugin 'no_such_plugin' (KCORE_PLUGINS): ModuleNotFoundError" in capsys.readouterr().out


def test_run_gives_a_script_kcore_for_keras(capsys, script):
    path = script(
        """
        import sys
        import keras
        import keras.config as settings
        from keras.tree import flatten
        import kcore.tree
        print(keras.__name__, settings.floatx(), flatten([1]), flatten is kcore.tree.flatten, __name__, sys.argv[1:])
        """
    )
    assert main(["run", path, "--epochs", "3"]) == 0
    assert capsys.readouterr().out == "kcore float32 [1] True __main__ ['--epochs', '3']\n"


def test_run_leaves_the_modules_of_kcore_as_they_are(script):
    import kcore.tree

    before = (kcore.tree.__spec__, kcore.tree.__name__, kcore.__spec__)
    main(["run", script("import keras.tree")])
    assert (kcore.tree.__spec__, kcore.tree.__name__, kcore.__spec__) == before
    assert sys.modules["keras.tree"] is kcore.tree


def test_a_module_that_kcore_lacks_is_an_import_error(script):
    with pytest.raises(ModuleNotFoundError, match=r"keras\.nothing"):
        main(["run", script("import keras.nothing")])


def test_a_script_that_is_not_there_is_an_error(capsys):
    assert main(["run", "nowhere.py"]) == 1
    assert capsys.readouterr().err == "kcore: `script` must be a file. Received: script='nowhere.py'\n"


def test_a_broken_settings_file_is_an_error(capsys, keras_home):
    (keras_home / "keras.json").write_text("{")
    assert main(["config"]) == 1
    assert "keras.json must hold JSON" in capsys.readouterr().err


def test_tables_use_rich_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["config"]) == 0
    assert "channels_last" in capsys.readouterr().out


def test_a_command_is_needed(capsys):
    with pytest.raises(SystemExit):
        main([])
    assert "COMMAND" in capsys.readouterr().err
