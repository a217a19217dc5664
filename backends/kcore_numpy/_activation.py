"""Activations and the cross-entropy of logits with their gradients, in as few passes as they take."""

from __future__ import annotations

import math

import numpy as np

from . import _reduction


def relu(x):
    """max(x, 0), which its pullback reads."""
    out = np.maximum(x, 0)
    return (out,), out


def relu_inplace(x):
    """The same, written into x."""
    return (np.maximum(x, 0, out=x),), x


def relu_grad(out, cotangents, x):
    """The cotangent where the result is positive."""
    grad = np.greater(out, 0, out=np.empty_like(out), casting="unsafe")
    return (np.multiply(cotangents[0], grad, out=grad),)


def _shifted(x, axes):
    """x, less its largest over the axes, of which -inf counts as the least number there is."""
    largest = np.maximum.reduce(x, axes, keepdims=True)
    return np.subtract(x, np.maximum(largest, np.finfo(x.dtype).min, out=largest))


def softmax(x, *, axes):
    """The core's `softmax`: 0 where all are -inf."""
    out = _shifted(x, axes)
    np.exp(out, out=out)
    total = _reduction.sum(out, axes=axes, keepdims=True)
    total[total == 0] = 1
    return (np.divide(out, total, out=out),), out


def softmax_grad(out, cotangents, x, *, axes):
    """out * (g - sum(g * out))."""
    g = cotangents[0]
    grad = np.multiply(g, out)
    np.subtract(g, _reduction.sum(grad, axes=axes, keepdims=True), out=grad)
    return (np.multiply(grad, out, out=grad),)


def crossentropy_of_logits(logits, target, *, axis, epsilon):
    """The core's `crossentropy_of_logits` along the last axis; the residuals, in rows of classes: exp(logits) and its
    sums, the targets' places, and, if there are limits, where they let the gradient pass."""
    rows, place = logits.reshape(-1, logits.shape[-1]), (np.arange(target.size), target.reshape(-1))
    exps = _shifted(rows, (1,))
    loss = exps[place]
    total = _reduction.sum(np.exp(exps, out=exps), axes=(1,), keepdims=True)
    np.subtract(np.log(total[:, 0]), loss, out=loss)
    if not epsilon:
        return (loss.reshape(target.shape),), (exps, total, place, None)
    kept = np.minimum(np.maximum(loss, -math.log1p(-epsilon)), -math.log(epsilon))
    return (kept.reshape(target.shape),), (exps, total, place, np.equal(kept, loss))


def crossentropy_of_logits_grad(residuals, cotangents, logits, target, *, axis, epsilon):
    """softmax, less 1 at the target, inside the limits."""
    exps, total, place, passed = residuals
    flow = cotangents[0].reshape(-1)
    if passed is not None:
        flow = np.multiply(flow, passed)
    grad = np.divide(exps, total)
    grad[place] -= 1
    np.multiply(grad, flow[:, None], out=grad)
    return grad.reshape(*target.shape, -1), None
