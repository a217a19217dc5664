"""A training step of the CNN with the activation before the pool, and after it (`docs/decisions/0013`)."""

import argparse
import statistics
import sys
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks import seconds, trainer
from workloads import WORKLOADS, data

ROUNDS = 12


def main() -> None:
    """Both steps in one process, taking turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engines", default="numpy,torch")
    options = parser.parse_args()
    work = WORKLOADS["cnn"]
    arrays = data(work)
    for engine in options.engines.split(","):
        with mock.patch("kcore.engine.plan.pool_first", lambda listing: listing):
            before = trainer("kcore", engine, work, *arrays)
            before(work.steps)
        after = trainer("kcore", engine, work, *arrays)
        after(work.steps)
        pairs = [(seconds(before, work.steps), seconds(after, work.steps)) for _ in range(ROUNDS)]
        first, last = (statistics.median(times) / work.steps * 1e3 for times in zip(*pairs, strict=True))
        ratio = statistics.median(b / a for a, b in pairs)
        print(f"{engine:6} activation first {first:6.1f} ms, pool first {last:6.1f} ms, ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
