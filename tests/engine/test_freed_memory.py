"""Freed memory stays with the process, unless the environment says otherwise."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import resource
import numpy as np
from kcore.engine.memory import keep_freed

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(1 << 20, "uint8")
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

kept = keep_freed()
np.ones(1 << 20, "uint8")
print(kept, sum(faults() for _ in range(10)) > 1000)
"""


def _run(**env) -> list[str]:
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_", "KCORE_KEEP"))}
    command = [sys.executable, "-c", PROGRAM]
    return subprocess.run(command, env={**ours, **env}, check=True, capture_output=True, text=True).stdout.split()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's settings")
def test_blocks_come_back_without_page_faults():
    kept, faulted = _run()
    assert kept == "True"
    assert faulted == "False"


@pytest.mark.parametrize(
    "env", [{"KCORE_KEEP_FREED": "0"}, {"MALLOC_MMAP_THRESHOLD_": "131072"}, {"GLIBC_TUNABLES": "glibc.malloc.check=0"}]
)
def test_the_environment_decides(env):
    assert _run(**env)[0] == "False"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's settings")
def test_without_it_the_system_hands_pages_out_again():
    assert _run(MALLOC_MMAP_THRESHOLD_="131072") == ["False", "True"]
