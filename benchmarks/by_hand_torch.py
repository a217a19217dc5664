"""The workloads as loops written by hand in PyTorch, in its usual idiom; loss and accuracy are counted as in `fit`."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from torch import nn
from workloads import Workload


class _Recurrent(nn.Module):
    """An LSTM that gives its last output, or the mean of all."""

    def __init__(self, mean: bool) -> None:
        super().__init__()
        self.lstm = nn.LSTM(32, 128, batch_first=True)
        self.mean = mean

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        outputs = self.lstm(x)[0]
        return outputs.mean(1) if self.mean else outputs[:, -1]


class _Encoder(nn.Module):
    """Two encoder layers over embedded tokens, and a mean over them."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, 128)
        self.layers = nn.Sequential(
            *(nn.TransformerEncoderLayer(128, 4, 512, dropout=0.0, batch_first=True) for _ in range(2))
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(self.embedding(x)).mean(1)


def model(work: Workload) -> nn.Module:
    """The network."""
    features = {
        "dense": lambda: _dense(work),
        "cnn": lambda: [
            *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Linear(128, work.classes)),
        ],
        "lstm": lambda: [_Recurrent(mean=False), nn.Linear(128, work.classes)],
        "lstm_mean": lambda: [_Recurrent(mean=True), nn.Linear(128, work.classes)],
        "transformer": lambda: [_Encoder(work.vocabulary), nn.Linear(128, work.classes)],
    }
    return nn.Sequential(*features[work.family]())


def _dense(work: Workload) -> list[nn.Module]:
    sizes = (work.shape[0], *work.widths)
    linear = [nn.Linear(a, b) for a, b in pairwise(sizes)]
    for layer in linear:
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    hidden = [part for layer in linear for part in (layer, nn.ReLU())]
    return [*hidden, nn.Linear(sizes[-1], work.classes)]


def predictor(work: Workload) -> Callable[[np.ndarray], np.ndarray]:
    """A function from inputs to shares, arrays of the host."""
    network = model(work).eval()

    @torch.inference_mode()
    def run(x: np.ndarray) -> np.ndarray:
        inputs = torch.from_numpy(x)
        return torch.softmax(network(inputs.movedim(-1, 1) if work.family == "cnn" else inputs), 1).numpy()

    return run


def trainer(work: Workload, x: np.ndarray, y: np.ndarray) -> Callable[[int], None]:
    """A function that trains for a number of steps."""
    inputs, targets = torch.from_numpy(x), torch.from_numpy(y).long()
    if work.family == "cnn":
        inputs = inputs.movedim(-1, 1).contiguous()
    network = model(work)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    criterion = nn.CrossEntropyLoss()

    def run(steps: int) -> None:
        order = torch.from_numpy(np.random.permutation(steps * work.batch))
        total, correct = torch.zeros(()), torch.zeros(())
        for start in range(0, len(order), work.batch):
            index = order[start : start + work.batch]
            optimizer.zero_grad()
            labels = targets[index]
            logits = network(inputs[index])
            loss = criterion(logits, labels)
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(labels)
            correct += (logits.argmax(1) == labels).sum()
        for value in (total, correct):
            value.item()

    return run
