"""Settings: the file, the environment, the program."""

import json
import os
import re
import tempfile
from pathlib import Path

import pytest

from kcore import config
from kcore.errors import InvalidArgumentError

DEFAULTS = {"backend": "numpy", "floatx": "float32", "epsilon": 1e-7, "image_data_format": "channels_last"}


def write(home, text):
    (home / "keras.json").write_text(text if isinstance(text, str) else json.dumps(text))
    config.reload()


def test_the_file_is_written_with_the_defaults_when_it_is_missing(keras_home):
    assert config.floatx() == "float32"
    assert json.loads((keras_home / "keras.json").read_text()) == DEFAULTS
    assert [file.name for file in keras_home.iterdir()] == ["keras.json"]


def test_the_file_is_read_and_named_as_the_source(keras_home):
    write(keras_home, {"floatx": "float64", "epsilon": 1e-3, "image_data_format": "channels_first", "backend": "other"})
    assert (config.floatx(), config.epsilon(), config.image_data_format()) == ("float64", 1e-3, "channels_first")
    assert config.default_backend_name() == "other"
    assert config.settings()["floatx"].source == str(keras_home / "keras.json")


def test_what_the_file_leaves_out_has_its_default_and_what_it_adds_is_ignored(keras_home):
    write(keras_home, {"floatx": "float16", "unknown": 1})
    assert config.settings()["epsilon"] == (1e-7, "default")
    assert sorted(config.settings()) == sorted(DEFAULTS)


def test_an_existing_file_is_left_as_it_is(keras_home):
    write(keras_home, '{"floatx": "float16"}')
    config.set_floatx("float64")
    assert (keras_home / "keras.json").read_text() == '{"floatx": "float16"}'


def test_the_environment_chooses_the_backend(keras_home, monkeypatch):
    write(keras_home, {"backend": "other"})
    monkeypatch.setenv("KERAS_BACKEND", "third")
    config.reload()
    assert config.settings()["backend"] == ("third", "KERAS_BACKEND")


def test_the_program_overrides_the_environment(keras_home, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "third")
    config.reload()
    config.set_backend("fourth")
    assert config.settings()["backend"] == ("fourth", "set in this program")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"floatx": ', "must hold JSON; correct it, or delete it"),
        ("[1]", r"must hold a JSON object, as \{.*\}. Received: '\[1\]'"),
        ('{"floatx": "float8"}', r"`floatx` in .*keras.json must be one of float16, .*Received: floatx='float8'"),
        ('{"epsilon": "small"}', r"`epsilon` in .*keras.json must be a number above 0. Received: epsilon='small'"),
        ('{"image_data_format": "th"}', r"`image_data_format` in .* must be one of channels_last, channels_first"),
        ('{"backend": 3}', r"`backend` in .*keras.json must be a name. Received: backend=3"),
    ],
)
def test_a_broken_file_is_named_with_what_is_wrong(keras_home, content, message):
    write(keras_home, content)
    with pytest.raises(InvalidArgumentError, match=message):
        config.floatx()


@pytest.mark.parametrize(
    ("setter", "bad", "message"),
    [
        (config.set_floatx, "int8", r"`floatx` must be one of .* Received: floatx='int8'"),
        (config.set_floatx, None, r"Received: floatx=None"),
        (config.set_epsilon, -1, r"`epsilon` must be a number above 0. Received: epsilon=-1"),
        (config.set_epsilon, float("nan"), r"Received: epsilon=nan"),
        (config.set_epsilon, True, r"Received: epsilon=True"),
        (config.set_image_data_format, "tf", r"Received: image_data_format='tf'"),
        (config.set_backend, "", r"`backend` must be a name. Received: backend=''"),
    ],
)
def test_a_setter_refuses_what_it_cannot_take_and_changes_nothing(keras_home, setter, bad, message):
    before = config.settings()
    with pytest.raises(InvalidArgumentError, match=message):
        setter(bad)
    assert config.settings() == before


def test_setters_show_in_the_getters(keras_home):
    config.set_floatx("bfloat16")
    config.set_epsilon(1)
    config.set_image_data_format("channels_first")
    assert (config.floatx(), config.epsilon(), config.image_data_format()) == ("bfloat16", 1.0, "channels_first")
    assert isinstance(config.epsilon(), float)


def test_the_home_is_in_the_users_directory(monkeypatch, tmp_path):
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert config.home() == tmp_path / ".keras"


def test_the_temporary_directory_stands_in_for_a_home_that_cannot_be_written(monkeypatch, tmp_path):
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    assert config.home() == tmp_path / ".keras"


def test_keras_home_may_start_with_a_tilde(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", "~/settings")
    assert config.path() == tmp_path / "settings" / "keras.json"


def test_a_place_that_cannot_be_written_gives_the_defaults(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file" / "below"))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    config.reload()
    assert not (tmp_path / "file").is_dir()
    assert {name: setting.value for name, setting in config.settings().items()} == DEFAULTS
    config.reload()


def test_all_is_sorted_and_documented():
    assert config.__all__ == sorted(config.__all__, key=lambda name: (name.islower(), name))
    assert all(getattr(config, name).__doc__ for name in config.__all__)
    assert re.search("KERAS_HOME", config.__doc__ or "")
    assert isinstance(config.home(), Path)
