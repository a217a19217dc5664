"""Matrix products on PyTorch by MKL and by oneDNN (`docs/decisions/0015`), and training steps with both or MKL alone.

python benchmarks/micro/torch_products.py
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks import median_seconds, seconds, trainer
from workloads import WORKLOADS, data

SIZES = ((256, 128, 128), (2048, 128, 128), (2048, 128, 512), (2048, 512, 128), (128, 784, 512), (64, 9216, 128))
STEPS = ("mlp", "cnn", "transformer")
ROUNDS = 15


def onednn(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """x @ y."""
    return torch.ops.mkldnn._linear_pointwise(x, y.t(), None, "none", [], "")


def ways(rows: int, inner: int, columns: int) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """The products of a layer's step, each by MKL into given memory and by oneDNN."""
    x, w, g = torch.randn(rows, inner), torch.randn(inner, columns), torch.randn(rows, columns)
    pairs = {"x @ w": (x, w), "g @ w.T": (g, w.t()), "x.T @ g": (x.t(), g)}
    outs = {name: torch.empty(a.shape[0], b.shape[1]) for name, (a, b) in pairs.items()}
    return {
        name: (lambda a=a, b=b, out=outs[name]: torch.mm(a, b, out=out), lambda a=a, b=b: onednn(a, b))
        for name, (a, b) in pairs.items()
    }


def step(name: str) -> float:
    """A step by oneDNN's products over one by MKL's alone, both in this process, taking turns."""
    from kcore_torch import _convolution

    work = WORKLOADS[name]
    arrays = data(work)
    with mock.patch.object(_convolution, "LARGE", float("inf")):
        before = trainer("kcore", "torch", work, *arrays)
        before(work.steps)
    after = trainer("kcore", "torch", work, *arrays)
    after(work.steps)

    def by_mkl() -> None:
        with mock.patch.object(_convolution, "LARGE", float("inf")):
            before(work.steps)

    return statistics.median(seconds(after, work.steps) / seconds(by_mkl) for _ in range(ROUNDS))


def main() -> None:
    """A line for each size of product, then one for each step."""
    for size in SIZES:
        cells = []
        for name, (mkl, dnn) in ways(*size).items():
            times = [(median_seconds(mkl, 20), median_seconds(dnn, 20)) for _ in range(5)]
            cells.append(f"{name} {statistics.median(b / a for a, b in times):.2f}")
        print(f"{size}: oneDNN / MKL: " + ", ".join(cells))
    for name in STEPS:
        print(f"{name}: step with oneDNN / without {step(name):.2f}")


if __name__ == "__main__":
    main()
