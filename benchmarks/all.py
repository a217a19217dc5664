"""Measure everything, and renew what the documentation shows of it.

    python benchmarks/all.py --peers /path/to/python        about an hour, on a machine that does nothing else
    python benchmarks/all.py --peers /path/to/python --only growth,page
    python benchmarks/all.py --quick --assets /tmp/quick    small cases once, in minutes: does everything run?
    python benchmarks/all.py --only page                    draw and write only, from the measurements that are there

The parts: `compare` (`compare.py --what all`), `growth` (`growth.py`), `page` (`plot.py`, and the tables in
`benchmarks/README.md`). Measurements are kept in `docs/assets/`, where the page on performance takes them from.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ASSETS = HERE.parent / "docs" / "assets"
GROWING = "kcore-numpy,kcore-torch,kcore-jax,hand-torch,hand-jax,keras-torch"


def commands(options: argparse.Namespace) -> dict[str, list[str]]:
    """What each part runs."""
    peers = ["--peers", options.peers] if options.peers else []
    assets = Path(options.assets)
    comparing = ["--rounds", str(options.rounds)]
    growing = ["--who", GROWING] if options.peers else []
    if options.quick:
        who = "kcore-torch,hand-torch" if options.peers else "kcore-numpy,hand-numpy"
        comparing = ["--rounds", "1", "--workloads", "tiny,mlp,import", "--who", who]
        growing = ["--who", who, "--sweeps", "layers,batch", "--largest", "4"]
    return {
        "compare": ["compare.py", "--what", "all", *comparing, *peers, "--json", str(assets / "benchmarks.json")],
        "growth": ["growth.py", *growing, *peers, "--json", str(assets / "growth.json")],
        "page": ["plot.py", str(assets)],
    }


def renew_readme() -> None:
    """Put the tables where the README has a mark for them."""
    sys.path.insert(0, str(HERE.parent / "docs" / "_hooks"))
    from speed import TABLES  # pyright: ignore[reportMissingImports]

    path = HERE / "README.md"
    marked = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
    text = path.read_text(encoding="utf-8")
    path.write_text(marked.sub(lambda m: f"{m[1]}\n{TABLES[m[2]]()}\n\n{m[3]}", text), encoding="utf-8")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default="", help="the interpreter of an environment with Keras, PyTorch and JAX")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="small cases once")
    parser.add_argument("--assets", default=str(ASSETS), help="the folder for measurements and plots")
    parser.add_argument("--only", default="compare,growth,page", help="which parts")
    options = parser.parse_args()
    for part in options.only.split(","):
        script, *arguments = commands(options)[part]
        python = options.peers if part == "page" and options.peers else sys.executable
        subprocess.run([python, str(HERE / script), *arguments], check=True)
    if "page" in options.only.split(",") and Path(options.assets).resolve() == ASSETS:
        renew_readme()


if __name__ == "__main__":
    main()
