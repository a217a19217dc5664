"""The workloads as loops written by hand in PyTorch, in its usual idiom; loss and accuracy are added up as `fit` does."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from workloads import WORKLOADS, data


class _Last(nn.Module):
    """An LSTM that gives its last output."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(32, 128, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.lstm(x)[0][:, -1]


class _Encoder(nn.Module):
    """Two encoder layers over embedded tokens, and a mean over them."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(1000, 128)
        self.layers = nn.Sequential(
            *(nn.TransformerEncoderLayer(128, 4, 512, dropout=0.0, batch_first=True) for _ in range(2))
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(self.embedding(x)).mean(1)


def model(name: str) -> nn.Module:
    """The network."""
    features = {
        "tiny": lambda: [nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 2)],
        "mlp": lambda: [nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)],
        "cnn": lambda: [
            *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Linear(128, 10)),
        ],
        "lstm": lambda: [_Last(), nn.Linear(128, 10)],
        "transformer": lambda: [_Encoder(), nn.Linear(128, 10)],
    }
    return nn.Sequential(*features[name]())


def epoch_runner(name: str) -> Callable[[], None]:
    """A function that trains for one epoch."""
    x, y = (torch.from_numpy(part) for part in data(name))
    x, y = x.movedim(-1, 1).contiguous() if name == "cnn" else x, y.long()
    batch = WORKLOADS[name].batch
    network = model(name)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    criterion = nn.CrossEntropyLoss()

    def run() -> None:
        order = torch.from_numpy(np.random.permutation(len(x)))
        total, correct = torch.zeros(()), torch.zeros(())
        for start in range(0, len(x), batch):
            index = order[start : start + batch]
            optimizer.zero_grad()
            labels = y[index]
            logits = network(x[index])
            loss = criterion(logits, labels)
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(labels)
            correct += (logits.argmax(1) == labels).sum()
        total.item(), correct.item()

    return run
