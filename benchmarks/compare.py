"""kcore side by side with Keras 3 and with loops written by hand.

    python benchmarks/compare.py                                        a step: kcore on NumPy, and NumPy by hand
    python benchmarks/compare.py --peers /path/to/python                ... and the Keras, torch and JAX found there
    python benchmarks/compare.py --workloads mlp,lstm --who kcore-numpy,keras-torch --rounds 5
    python benchmarks/compare.py --what all --peers /path/to/python --json results.json
    python benchmarks/compare.py --show results.json                    the tables of an earlier run

`tasks.py` says what can be measured. Each measurement has a process of its own; the implementations take turns, so
that a busy machine slows all of them alike. The number is the median over rounds of what a process reports, and a ratio
the median over rounds of the ratios within a round. Ratios are to the first implementation of `--base` that ran.
"""

from __future__ import annotations

import json
import statistics
import sys
from argparse import Namespace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from processes import compile_sources, in_process, interpreter, machine, parser
from targets import ratio_of, report
from tasks import TASKS


def measure(what: str, who: str, name: str, options: Namespace) -> float | None:
    """One measurement in a process of its own; None if it can't be taken."""
    lines = in_process(interpreter(who, options.peers), ["compare.py", "--measure", what, who, name], options.threads)
    return json.loads(lines[-1]) if lines else None


def compare(what: str, names: list[str], who: list[str], options: Namespace) -> dict:
    """The numbers of all rounds: `{workload: {implementation: [number]}}`."""
    taken: dict = {}
    for name in names:
        values: dict[str, list] = {each: [] for each in who}
        for number in range(options.rounds):
            for each in who:
                if number and None in values[each]:
                    continue
                values[each].append(measure(what, each, name, options))
        taken[name] = {each: found for each, found in values.items() if None not in found}
    return taken


def show(what: str, taken: dict, base: list[str]) -> None:
    """Print the medians, and the ratios to the base."""
    for name, row in taken.items():
        reference = next((each for each in base if each in row), None)
        print(f"\n{what}, {name}: {TASKS[what].unit}" + (f", and the ratio to {reference}" if reference else ""))
        for each, values in row.items():
            ratio = f"{ratio_of(values, row[reference]):7.2f}" if reference else ""
            print(f"  {each:14}{statistics.median(values):10.3f}{ratio}", flush=True)


def run(options: Namespace) -> None:
    """Take, print and save all measurements that were asked for, task by task."""
    compile_sources(options.peers)
    results: dict = {"machine": machine(options.peers), "tasks": {}, "units": {}, "rounds": {}}
    for what in TASKS if options.what == "all" else options.what.split(","):
        task = TASKS[what]
        asked = options.workloads.split(",") if options.workloads else task.names
        usual = [each for each in task.who if options.peers or each in {"kcore-numpy", "hand-numpy"}]
        who = [each for each in options.who.split(",") if each in task.who] if options.who else usual
        results["tasks"][what] = compare(what, [name for name in asked if name in task.names], who, options)
        results["units"][what], results["rounds"][what] = task.unit, options.rounds
        show(what, results["tasks"][what], options.base.split(","))
        if options.json:
            save(results, Path(options.json))
    report(results["tasks"])


def main() -> None:
    """The command line."""
    command_line = parser(__doc__)
    command_line.add_argument("--what", default="step", help="all, or which of " + ", ".join(TASKS))
    command_line.add_argument("--workloads", default="", help="which; by default all that a task makes sense for")
    command_line.add_argument("--who", default="", help="which of " + ", ".join(TASKS["step"].who))
    command_line.add_argument("--base", default="hand-torch,keras-torch,hand-numpy", help="what ratios are to")
    command_line.add_argument("--rounds", type=int, default=3)
    options = command_line.parse_args()
    if options.measure:
        what, who, name = options.measure
        kind, engine = who.split("-")
        print(json.dumps(TASKS[what].measure(kind, engine, name)))
    elif options.show:
        for what, taken in json.loads(Path(options.show).read_text())["tasks"].items():
            show(what, taken, options.base.split(","))
    else:
        run(options)


def save(results: dict, path: Path) -> None:
    """Write the results over those of the same tasks in a file."""
    parts = ("tasks", "units", "rounds")
    earlier = json.loads(path.read_text()) if path.exists() else {part: {} for part in parts}
    together = results | {part: earlier[part] | results[part] for part in parts}
    together["targets"] = report(together["tasks"], quiet=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(together, indent=1) + "\n")


if __name__ == "__main__":
    main()
