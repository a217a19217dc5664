"""Stores what the models of conformance's training table do: in float64, on NumPy, without fast paths.

python tests/conformance/make_trajectories.py
"""

from __future__ import annotations

import json
from pathlib import Path

from kcore import config
from kcore.conformance.training import table
from kcore.engine import active
from kcore_numpy import NumpyBackend


class Plain(NumpyBackend):
    """NumPy with the core's composites alone: a loop that a fast path gets wrong is right here."""

    name = "plain"
    fused = {}
    inplace = {}


def answers(name):
    """The loss of each epoch, and what the trained model predicts for the first rows."""
    model, losses = table.trained(name)
    x, _ = table.RUNS[name].data()
    return {"loss": losses, "predictions": model.predict(x[:4], verbose=0).tolist()}


def main():
    """Trains all models, and writes a line each."""
    config.set_floatx("float64")
    with active.activate(Plain()):
        lines = [f"{json.dumps(name)}: {json.dumps(answers(name))}" for name in table.RUNS]
    path = Path(table.__file__).with_name("trajectories.json")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
