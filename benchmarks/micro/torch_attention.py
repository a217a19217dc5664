"""A training step of the Transformer on PyTorch with its attention kernel, and without (`docs/decisions/0014`)."""

import statistics
import sys
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks import seconds, trainer
from workloads import WORKLOADS, data

ROUNDS = 11
SIZES = ((64, 32, 8), (128, 8, 8), (256, 2, 8), (512, 2, 4), (512, 8, 2), (1024, 2, 2), (2048, 2, 2))


def main() -> None:
    """Both steps in one process, taking turns, for each of `SIZES`: tokens, samples, steps."""
    from kcore_torch import TorchBackend

    for tokens, batch, steps in SIZES:
        work = WORKLOADS["transformer"]._replace(shape=(tokens,), batch=batch, steps=steps)
        arrays = data(work)
        with mock.patch.dict(TorchBackend.fused):
            del TorchBackend.fused["attention"]
            before = trainer("kcore", "torch", work, *arrays)
            before(steps)
        after = trainer("kcore", "torch", work, *arrays)
        after(steps)
        pairs = [(seconds(before, steps), seconds(after, steps)) for _ in range(ROUNDS)]
        first, last = (statistics.median(times) / steps * 1e3 for times in zip(*pairs, strict=True))
        ratio = statistics.median(b / a for a, b in pairs)
        print(f"{tokens} tokens, batch {batch}: in steps {first:.1f} ms, one kernel {last:.1f} ms, ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
