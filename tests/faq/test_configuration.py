"""The FAQ's rows on configuration: 1, 22, 25."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

import kcore as keras
from kcore import config
from kcore.errors import BackendNotFoundError

ROOT = Path(__file__).resolve().parents[2]


def test_row_1_the_citation_file_is_complete():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "title", "authors", "license", "message"} <= set(cited)


def test_row_22_the_configuration_is_written_when_it_is_missing(keras_home):
    assert config.floatx() == "float32"
    written = json.loads((keras_home / "keras.json").read_text())
    assert written == {"image_data_format": "channels_last", "epsilon": 1e-07, "floatx": "float32", "backend": "numpy"}


def test_row_22_the_configuration_is_obeyed(keras_home):
    (keras_home / "keras.json").write_text(
        '{"floatx": "float64", "epsilon": 1e-5, "image_data_format": "channels_first"}'
    )
    config.reload()
    assert (config.floatx(), config.epsilon(), config.image_data_format()) == ("float64", 1e-5, "channels_first")


def test_row_22_the_environment_overrides_the_backend(keras_home, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "nosuchengine")
    config.reload()
    with pytest.raises(BackendNotFoundError, match="nosuchengine"):
        keras.ops.add(1, 2)


def test_row_25_a_model_runs_on_a_backend_chosen_by_name(backend):
    with keras.use_backend(backend.name):
        assert keras.config.backend() == backend.name
        assert float(keras.ops.convert_to_numpy(keras.ops.sum(np.ones(3, "float32")))) == 3.0
