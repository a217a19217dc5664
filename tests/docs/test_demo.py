"""The demo keeps its promise."""

import os
import re
import subprocess
import sys

import pytest


def demo(*arguments, **environment):
    command = [sys.executable, "-m", "kcore", "demo", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})


@pytest.mark.slow
def test_the_demo_reaches_its_goal_and_the_loaded_model_predicts_the_same(tmp_path, backend):
    result = demo("--model", str(tmp_path / "demo.h5"), KERAS_BACKEND=backend.name)
    assert result.returncode == 0, result.stdout + result.stderr
    accuracy = re.search(r"test accuracy ([\d.]+)%", result.stdout)
    assert accuracy is not None
    assert float(accuracy[1]) >= 97
    assert "the same, bit for bit" in result.stdout
    assert (tmp_path / "demo.h5").stat().st_size > 0


def test_a_demo_that_misses_its_goal_says_so_by_its_status(tmp_path):
    result = demo("--model", str(tmp_path / "demo.h5"), "--epochs", "1")
    assert result.returncode == 1
    assert "test accuracy" in result.stdout


def test_the_second_process_notices_other_predictions(tmp_path):
    import numpy as np

    demo("--model", str(tmp_path / "demo.h5"), "--epochs", "1")
    np.save(tmp_path / "expected.npy", np.zeros((355, 10), "float32"))
    command = [sys.executable, "-m", "kcore.cli._demo_check", str(tmp_path / "demo.h5"), str(tmp_path / "expected.npy")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "NOT the same" in result.stdout
