"""Measurements in processes of their own."""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def parser(description: str | None) -> argparse.ArgumentParser:
    """The options that all scripts take that measure in processes."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--peers", default="", help="the interpreter of an environment with Keras, PyTorch and JAX")
    made.add_argument("--threads", type=int, default=0, help="of BLAS and OpenMP; on a busy machine, 1 is fairer")
    made.add_argument("--json", default="", help="a file for all measurements; what it holds besides stays")
    made.add_argument("--show", default="", help="print such a file instead of measuring")
    made.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    return made


def in_process(python: str, arguments: list[str], threads: int = 0, timeout: float = 600) -> list[str]:
    """The lines that a script of this folder prints; if it fails, those up to there, and one to the user on why."""
    paths = [str(HERE.parent), str(HERE.parent / "backends"), os.environ.get("PYTHONPATH", "")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "TF_CPP_MIN_LOG_LEVEL": "3"}
    if threads:
        env |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    command = [python, str(HERE / arguments[0]), *arguments[1:]]
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=timeout)
    except subprocess.TimeoutExpired as err:
        print(f"  {' '.join(arguments)}: stopped after {timeout:g} s", file=sys.stderr)
        printed = err.stdout or ""
        return (printed.decode() if isinstance(printed, bytes) else printed).splitlines()
    if done.returncode:
        print(f"  {' '.join(arguments)}: {(done.stderr.strip().splitlines() or ['failed'])[-1][:200]}", file=sys.stderr)
    return done.stdout.splitlines()


def interpreter(who: str, peers: str) -> str:
    """Which Python runs an implementation: what needs NumPy alone runs in this one."""
    return peers if peers and who not in {"kcore-numpy", "hand-numpy"} else sys.executable


def compile_sources(peers: str) -> None:
    """Compile kcore's modules to bytecode, as an installer does with those of its peers."""
    folders = [str(HERE.parent / name) for name in ("kcore", "backends")]
    for python in {sys.executable, peers or sys.executable}:
        subprocess.run([python, "-m", "compileall", "-q", *folders], check=True)


def machine(peers: str) -> dict[str, str]:
    """What the measurements were taken on and with."""
    code = (
        "from importlib.metadata import version\n"
        "for name in ('kcore', 'numpy', 'keras', 'torch', 'jax'):\n"
        "    try: print(name, version(name))\n"
        "    except Exception: pass"
    )
    done = subprocess.run([peers or sys.executable, "-c", code], capture_output=True, text=True, check=True)
    info = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*: (.*)", info.read_text()) if info.exists() else None
    return {
        "processor": model[1] if model else platform.processor(),
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d"),
        "versions": ", ".join(done.stdout.splitlines()),
    }
