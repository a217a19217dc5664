"""Activations and the cross-entropy of probabilities with their gradients, in as few passes as they take."""

from __future__ import annotations

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


def softmax(x, *, axes):
    """The core's `softmax`: 0 where all are -inf."""
    shift = np.maximum.reduce(x, axes, keepdims=True)
    out = np.subtract(x, np.maximum(shift, np.finfo(x.dtype).min, out=shift))
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


def crossentropy(output, target, *, axis, epsilon):
    """The core's `crossentropy_of_classes`; the residuals are the target's place, the total, and the shares."""
    place = np.expand_dims(target, axis)
    total = _reduction.sum(output, axes=(axis,), keepdims=True)
    share = np.take_along_axis(output, place, axis)
    np.divide(share, total, out=share)
    kept = np.minimum(np.maximum(share, epsilon), 1 - epsilon)
    loss = np.log(kept)
    return (np.negative(loss, out=loss).reshape(target.shape),), (place, total, share, kept)


def crossentropy_grad(residuals, cotangents, output, target, *, axis, epsilon):
    """With u = g / (kept * total) inside the limits: u * share everywhere, less u at the target."""
    place, total, share, kept = residuals
    u = np.multiply(kept, total)
    np.divide(cotangents[0].reshape(u.shape), u, out=u)
    np.multiply(u, share == kept, out=u)
    flow = np.multiply(u, share)
    grad = np.empty_like(output)
    np.copyto(grad, flow)
    np.subtract(flow, u, out=flow)
    np.put_along_axis(grad, place, flow, axis)
    return grad, None
