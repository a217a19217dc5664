"""Adam's update as a fused operation, a block at a time, so that each tensor is read and written once."""

from __future__ import annotations

import math

import numpy as np

from ._blocks import flat_blocks

BLOCK = 32768
"""Elements at a time. Measured for 1.2 million parameters: 8 ms, and 14 ms in whole-array operations."""


def adam(gradient, value, momentum, velocity, *rates, **settings):
    """One update of Adam, as the core's `adam_update`: `((value, momentum, velocity), None)`, updated."""
    results = tuple(np.empty(x.shape, x.dtype) for x in (value, momentum, velocity))
    _adam((gradient, value, momentum, velocity), results, *rates, **settings)
    return results, None


def adam_inplace(gradient, value, momentum, velocity, *rates, **settings):
    """The same, written into `value`, `momentum` and `velocity`."""
    results = (value, momentum, velocity)
    _adam((gradient, *results), results, *rates, **settings)
    return results, None


def _step_size(iterations, learning_rate, beta_1, beta_2):
    """The learning rate with both bias corrections."""
    t = float(iterations) + 1
    root = math.sqrt(-math.expm1(t * math.log(beta_2)))
    return learning_rate.dtype.type(float(learning_rate) * root / -math.expm1(t * math.log(beta_1)))


def _adam(operands, results, iterations, learning_rate, *, beta_1, beta_2, epsilon) -> None:
    flat, flat_results = ([x.reshape(-1) for x in arrays] for arrays in (operands, results))
    size = flat[0].size
    scratch = np.empty((2, min(BLOCK, size)), flat[0].dtype)
    rates = (_step_size(iterations, learning_rate, beta_1, beta_2), 1 - beta_1, 1 - beta_2, epsilon)
    for block in flat_blocks(size, BLOCK):
        inputs, outputs = [x[block] for x in flat], [x[block] for x in flat_results]
        _adam_block(inputs, outputs, scratch[:, : block.stop - block.start], rates)


def _adam_block(operands, results, scratch, rates) -> None:
    (g, x, m, v), (new_x, new_m, new_v), (a, b) = operands, results, scratch
    step_size, share_1, share_2, epsilon = rates
    np.subtract(g, m, a)
    np.multiply(a, share_1, a)
    np.add(m, a, new_m)
    np.multiply(g, g, a)
    np.subtract(a, v, a)
    np.multiply(a, share_2, a)
    np.add(v, a, new_v)
    np.multiply(new_m, step_size, a)
    np.sqrt(new_v, b)
    np.add(b, epsilon, b)
    np.divide(a, b, a)
    np.subtract(x, a, new_x)
