"""The meaning of fused ops, as slow loops in NumPy and float64.

Notation of pooling: a row of `POOLS` is (shape, size, strides, padding); of recurrence: see the loops' arguments, which
are those of the fused ops.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

POOLS: dict[str, tuple] = {
    "apart": ((2, 6, 4, 3), (2, 2), (2, 2), ((0, 0), (0, 0))),
    "a rest": ((2, 7, 5, 2), (2, 2), (2, 2), ((0, 0), (0, 0))),
    "overlapping": ((2, 6, 7, 3), (3, 3), (2, 2), ((0, 0), (0, 0))),
    "padding": ((2, 5, 6, 2), (3, 2), (2, 1), ((1, 1), (0, 1))),
    "padding before": ((2, 4, 4, 2), (2, 2), (2, 2), ((1, 0), (1, 0))),
    "gaps": ((1, 7, 7, 2), (2, 2), (3, 3), ((0, 0), (0, 0))),
    "one axis": ((2, 9, 3), (3,), (2,), ((1, 0),)),
    "three axes": ((1, 4, 4, 5, 2), (2, 2, 2), (2, 2, 1), ((0, 0), (0, 0), (1, 0))),
    "wide padding": ((1, 3, 3, 1), (2, 2), (1, 1), ((2, 2), (0, 2))),
    "empty batch": ((0, 4, 4, 2), (2, 2), (2, 2), ((0, 0), (0, 0))),
    "no window fits": ((2, 2, 2, 2), (3, 3), (1, 1), ((0, 0), (0, 0))),
}
"""Poolings by what is special about them."""


def pool_params(case: tuple) -> dict:
    """The parameters of a row of `POOLS`."""
    return dict(zip(("size", "strides", "padding"), case[1:], strict=True))


def pool_counts(case: tuple) -> list[int]:
    """How many windows fit along each spatial axis."""
    shape, size, strides, padding = case
    rows = zip(shape[1:-1], size, strides, padding, strict=True)
    return [max(0, (n + lo + hi - k) // s + 1) for n, k, s, (lo, hi) in rows]


def pool_windows(case: tuple) -> Iterator[tuple[tuple, list[tuple]]]:
    """Each window: its position, and the positions in the image, row-major."""
    shape, size, strides, padding = case
    for out in itertools.product(*map(range, pool_counts(case))):
        ats = [[o * s - lo + t for t in range(k)] for o, k, s, (lo, _) in zip(out, size, strides, padding, strict=True)]
        inside = [at for at in itertools.product(*ats) if all(0 <= a < n for a, n in zip(at, shape[1:-1], strict=True))]
        yield out, inside


def max_pool(case: tuple, x: np.ndarray, g: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The largest of each window, and the gradient for the cotangent `g`, which goes to the first of equal ones."""
    out = np.full((x.shape[0], *pool_counts(case), x.shape[-1]), -np.inf)
    grad = np.zeros(x.shape)
    for position, members in pool_windows(case):
        for n, c in itertools.product(range(x.shape[0]), range(x.shape[-1])):
            values = [x[(n, *at, c)] for at in members]
            if values:
                best = int(np.argmax(values))
                out[(n, *position, c)] = values[best]
                grad[(n, *members[best], c)] += 0 if g is None else g[(n, *position, c)]
    return out, grad


def average_pool(case: tuple, x: np.ndarray, g: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The mean of each window, padding not counted, and the gradient for `g`. A window of padding alone gives NaN."""
    out = np.full((x.shape[0], *pool_counts(case), x.shape[-1]), np.nan)
    grad = np.zeros(x.shape)
    for position, members in pool_windows(case):
        where = (slice(None), *position)
        for at in members:
            grad[(slice(None), *at)] += 0 if g is None else g[where].astype(np.float64) / len(members)
        if members:
            out[where] = np.mean([x[(slice(None), *m)] for m in members], 0, np.float64)
    return out, grad


def sigmoid(x: np.ndarray) -> np.ndarray:
    """The logistic function."""
    return 1 / (1 + np.exp(-x))


def lstm(x_proj, h, c, kernel, reverse: bool) -> tuple:
    """The LSTM: outputs, last output, last cell."""
    ys = np.empty((*x_proj.shape[:2], h.shape[1]))
    for t in _steps(x_proj, reverse):
        i, f, g, o = np.split(x_proj[:, t] + h @ kernel, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = ys[:, t] = sigmoid(o) * np.tanh(c)
    return ys, h, c


def gru(x_proj, h, kernel, bias, reverse: bool) -> tuple:
    """The GRU: outputs, last output."""
    ys = np.empty((*x_proj.shape[:2], h.shape[1]))
    for t in _steps(x_proj, reverse):
        xz, xr, xh = np.split(x_proj[:, t], 3, axis=1)
        rz, rr, rh = np.split(h @ kernel + bias, 3, axis=1)
        z, r = sigmoid(xz + rz), sigmoid(xr + rr)
        h = ys[:, t] = z * h + (1 - z) * np.tanh(xh + r * rh)
    return ys, h


def _steps(x_proj, reverse: bool) -> Sequence[int]:
    steps = range(x_proj.shape[1])
    return steps[::-1] if reverse else steps


def adam(gradient, value, momentum, velocity, iterations, learning_rate, *, beta_1, beta_2, epsilon) -> tuple:
    """Update `iterations + 1` of Adam: value, momentum, velocity."""
    t = int(iterations) + 1
    step_size = learning_rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    m = beta_1 * momentum + (1 - beta_1) * gradient
    v = beta_2 * velocity + (1 - beta_2) * gradient**2
    return value - m * step_size / (np.sqrt(v) + epsilon), m, v


def softmax(x, *, axes) -> tuple:
    """Softmax along axes; 0 where all are -inf."""
    shift = np.max(x, axes, keepdims=True, initial=np.finfo(np.float64).min)
    raised = np.exp(x - shift)
    total = raised.sum(axes, keepdims=True)
    return (raised / np.where(total == 0, 1, total),)


def attention(query, key, value, *, causal) -> tuple:
    """A query at a time, over the keys that it sees; 0 where there are none."""
    out = np.zeros((*query.shape[:3], value.shape[3]))
    for sample, place, head in np.ndindex(query.shape[:3]):
        keys, values = (x[sample, : place + 1 if causal else None, head] for x in (key, value))
        out[sample, place, head] = softmax(keys @ query[sample, place, head], axes=(0,))[0] @ values
    return (out,)


def layer_norm(x, gamma, beta, *, epsilon) -> tuple:
    """Rows of mean 0 and variance 1, scaled and shifted."""
    distance = x - x.mean(-1, keepdims=True)
    return (distance / np.sqrt((distance**2).mean(-1, keepdims=True) + epsilon) * gamma + beta,)


def crossentropy_of_logits(logits, target, *, axis, epsilon) -> tuple:
    """The cross-entropy of the softmax along the last axis."""
    shares = softmax(logits, axes=(axis,))[0]
    share = np.take_along_axis(shares, target[..., None], axis)[..., 0]
    return (-np.log(np.clip(share, epsilon, 1 - epsilon)),)
