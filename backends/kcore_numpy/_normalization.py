"""Layer normalization over the last axis, with its gradient, in as few passes as they take.

Notation: rows `(R, n)`; `y` is `(x - mean) * inverse`, where `inverse` is `1 / sqrt(variance + epsilon)`, `(R, 1)`.
"""

from __future__ import annotations

import numpy as np

from . import _reduction


def last_axis(specs, params) -> bool:
    """The last axis of floats, with a scale and a shift of its length."""
    x, gamma, beta = specs
    vectors = gamma.shape == beta.shape == x.shape[-1:]
    return vectors and params["axes"] == (len(x.shape) - 1,) and x.dtype in {"float32", "float64"} and 0 not in x.shape


def _means(x, y):
    """The mean of x * y in each row, `(R, 1)`."""
    return (np.einsum("ij,ij->i", x, y) / x.dtype.type(x.shape[1]))[:, None]


def layer_norm(x, gamma, beta, *, axes, epsilon):
    """The core's `layer_norm`; the residuals are y and `inverse`."""
    rows = x.reshape(-1, x.shape[-1])
    mean = _reduction.sum(rows, axes=(1,), keepdims=True)
    y = np.subtract(rows, np.divide(mean, rows.shape[1], out=mean))
    inverse = _means(y, y)
    np.sqrt(np.add(inverse, epsilon, out=inverse), out=inverse)
    np.divide(1, inverse, out=inverse)
    np.multiply(y, inverse, out=y)
    out = np.multiply(y, gamma)
    return (np.add(out, beta, out=out).reshape(x.shape),), (y, inverse)


def layer_norm_grad(residuals, cotangents, x, gamma, beta, *, axes, epsilon):
    """With h = g * gamma: inverse * (h - mean(h) - y * mean(h * y)), and the sums of g * y and of g."""
    y, inverse = residuals
    g = cotangents[0].reshape(y.shape)
    h = np.multiply(g, gamma)
    grad = np.multiply(y, _means(h, y))
    np.subtract(h, grad, out=grad)
    mean = _reduction.sum(h, axes=(1,), keepdims=True)
    np.subtract(grad, np.divide(mean, h.shape[1], out=mean), out=grad)
    np.multiply(grad, inverse, out=grad)
    by_gamma = _reduction.sum(np.multiply(g, y, out=h), axes=(0,), keepdims=False)
    return grad.reshape(x.shape), by_gamma, _reduction.sum(g, axes=(0,), keepdims=False)
