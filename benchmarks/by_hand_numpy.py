"""The MLP workloads as loops written by hand in NumPy: forward, backward and Adam, in place."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from workloads import Workload


def trainer(work: Workload, x: np.ndarray, y: np.ndarray) -> Callable[[int], None]:
    """A function that trains for a number of steps."""
    if work.family != "dense":
        raise SystemExit(f"there is no loop written by hand for {work.family}")
    sizes = (work.shape[0], *work.widths, work.classes)
    shapes = [shape for a, b in pairwise(sizes) for shape in ((a, b), (b,))]
    flat, grads = (np.zeros(sum(map(math.prod, shapes)), "float32") for _ in range(2))
    params, into = _views(flat, shapes), _views(grads, shapes)
    for weight in params[::2]:
        weight[...] = np.random.default_rng(0).normal(size=weight.shape) * (2 / len(weight)) ** 0.5
    adam = _adam(flat, grads)

    def run(steps: int) -> None:
        order = np.random.permutation(steps * work.batch)
        for start in range(0, len(order), work.batch):
            index = order[start : start + work.batch]
            _gradients(params, into, x[index], y[index])
            adam()

    return run


def _views(flat: np.ndarray, shapes: list) -> list[np.ndarray]:
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    return [flat[end - math.prod(shape) : end].reshape(shape) for end, shape in zip(ends, shapes, strict=True)]


def _gradients(params: list, into: list, x: np.ndarray, y: np.ndarray) -> None:
    inputs = [x]
    for weight, bias in zip(params[0:-2:2], params[1:-2:2], strict=True):
        x = x @ weight
        x += bias
        np.maximum(x, 0, out=x)
        inputs.append(x)
    g = x @ params[-2]
    g += params[-1]
    g -= g.max(1, keepdims=True)
    np.exp(g, out=g)
    g /= g.sum(1, keepdims=True)
    g[np.arange(len(y)), y] -= 1
    g /= len(y)
    for i in range(len(params) - 2, -1, -2):
        np.matmul(inputs[i // 2].T, g, out=into[i])
        g.sum(0, out=into[i + 1])
        if i:
            g = g @ params[i].T
            g *= inputs[i // 2] > 0


def _adam(flat: np.ndarray, grads: np.ndarray) -> Callable[[], None]:
    m, v, a, b = (np.zeros_like(flat) for _ in range(4))
    steps = [0]

    def update() -> None:
        steps[0] += 1
        rate = 1e-3 * (1 - 0.999 ** steps[0]) ** 0.5 / (1 - 0.9 ** steps[0])
        np.subtract(grads, m, out=a)
        np.multiply(a, 0.1, out=a)
        np.add(m, a, out=m)
        np.multiply(grads, grads, out=a)
        np.subtract(a, v, out=a)
        np.multiply(a, 0.001, out=a)
        np.add(v, a, out=v)
        np.sqrt(v, out=b)
        np.add(b, 1e-7, out=b)
        np.divide(m, b, out=b)
        np.multiply(b, rate, out=b)
        np.subtract(flat, b, out=flat)

    return update
