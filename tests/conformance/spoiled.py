"""What is wrong with the methods of broken backends. `right` is the healthy backend, whose methods are spoiled."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np

from kcore.extend import check_backend
from kcore_numpy import NumpyBackend


class Healthy(NumpyBackend):
    """NumPy without its shortcuts in plans, so that a fault in a method is a fault everywhere."""

    name = "healthy"
    inplace = {}

    def bind(self, name, params, specs, into=False):
        return super(NumpyBackend, self).bind(name, params, specs, into)


SERVICES = {"scan", "while_loop", "cond"}


def broken(name, overrides):
    """The backend with a fault: attributes of the class; functions take what its methods take, without `self`."""
    attributes = {
        key: staticmethod(value) if callable(value) and key not in SERVICES else value
        for key, value in overrides.items()
        if key != "core"
    }
    cls = type("Broken", (Healthy,), {**attributes, "name": f"broken: {name}"})
    check_backend(cls)
    return cls()


right = NumpyBackend()


def quiet(function):
    """The function under NumPy's error state of a plan."""

    @functools.wraps(function)
    def run(*operands, **params):
        with right.run_context():
            return function(*operands, **params)

    return run


def after(name, spoil):
    """The right method, and then `spoil` of its result."""
    return {name: lambda *xs, **params: spoil(getattr(right, name)(*xs, **params))}


def instead(name, function):
    """Another function in the place of a method."""
    return {name: function}


def otherwise(name, **changed):
    """The right method with parameters changed: each by a function of its value."""
    return {
        name: lambda *xs, **params: getattr(right, name)(
            *xs, **{k: changed[k](v) if k in changed else v for k, v in params.items()}
        )
    }


def inside(x, writes):
    """Writes into an operand, as an engine would that saves memory."""
    if x.ndim and x.flags.writeable:
        writes(x)


def spoiled_operand(name, position):
    """The right method, which writes into an operand afterwards."""

    def run(*xs, **params):
        result = np.array(getattr(right, name)(*xs, **params))
        inside(xs[position], lambda x: np.copyto(x, 0))
        return result

    return {name: run}


def broadcast_shape(x, y):
    return np.broadcast_shapes(x.shape, y.shape)


def fused(name, **changes):
    """A fused op's entry with other functions."""
    return {"fused": {**NumpyBackend.fused, name: dataclasses.replace(NumpyBackend.fused[name], **changes)}}


def backward_of(name):
    return NumpyBackend.fused[name].backward


def forward_of(name):
    return NumpyBackend.fused[name].forward


# ---- the faults that need more than a line


def used_up(name):
    """The pullback of a fused op; what the forward pass kept is zero afterwards."""

    def backward(residuals, *arguments, **params):
        grads = backward_of(name)(residuals, *arguments, **params)
        residuals.fill(0)
        return grads

    return backward


def truncated_division(x, y):
    if x.dtype.kind == "f":
        return right.floor_divide(x, y)
    with np.errstate(all="ignore"):
        return np.where(y == 0, 0, np.trunc(x / np.where(y == 0, 1, y))).astype(x.dtype)


def wrapped_cast(x, *, dtype):
    with np.errstate(all="ignore"):
        return np.asarray(x).astype(dtype)


def half_away(x):
    return (np.sign(x) * np.floor(np.abs(x) + np.asarray(0.5, x.dtype))).astype(x.dtype)


def unstable_order(x, *, axis):
    mirrored = np.argsort(np.flip(x, axis), axis=axis, kind="stable")
    return (x.shape[axis] - 1 - mirrored).astype(np.int32)


def nan_first_order(x, *, axis):
    if x.dtype.kind != "f":
        return right.argsort(x, axis=axis)
    return np.argsort(np.where(np.isnan(x), -np.inf, x), axis=axis, kind="stable").astype(np.int32)


def last_of_equals(x, *, axis):
    return (x.shape[axis] - 1 - np.argmax(np.flip(x, axis), axis)).astype(np.int32)


def nan_skipped(x, *, axis):
    return np.argmax(np.where(np.isnan(x), -np.inf, x), axis).astype(np.int32)


def random_order_sum(x, *, axes, keepdims):
    if x.size < 1000 or x.dtype.kind != "f":
        return right.sum(x, axes=axes, keepdims=keepdims)
    flat = np.random.default_rng().permutation(x.ravel())
    return np.add.accumulate(flat)[-1].reshape((1,) * x.ndim if keepdims else ())


def random_order_scatter(x, indices, updates, *, axis):
    if len(np.shape(indices)) != 1 or x.dtype.kind != "f" or len(indices) < 100:
        return right.scatter_add(x, indices, updates, axis=axis)
    order = np.random.default_rng().permutation(len(indices))
    return right.scatter_add(x, indices[order], np.take(updates, order, axis), axis=axis)


def remembered(function):
    """Answers a second call of the same shapes from memory."""
    known: dict[Any, Any] = {}

    def run(*xs, **params):
        key = (*((np.shape(x), x.dtype.name) for x in xs), *sorted(params.items()))
        if key not in known:
            known[key] = function(*xs, **params)
        return known[key]

    return run


def one_buffer(function):
    """Writes every result of a shape into the same memory."""
    buffers: dict[Any, Any] = {}

    def run(*xs):
        result = np.asarray(function(*xs))
        buffer = buffers.setdefault((result.shape, result.dtype), np.empty_like(result))
        np.copyto(buffer, result)
        return buffer

    return run


def counted_padding(x, *, size, strides, padding):
    widths = ((0, 0), *padding, (0, 0))
    (out,), _ = forward_of("average_pool")(np.pad(x, widths), size=size, strides=strides, padding=((0, 0),) * len(size))
    return (out,), None


def max_pool_without_nan(x, *, size, strides, padding):
    return forward_of("max_pool")(np.where(np.isnan(x), -np.inf, x).astype(x.dtype), size=size, strides=strides,
                                  padding=padding)  # fmt: skip


def shared_among_equals(residuals, cotangents, x, *, size, strides, padding):
    """The mean of the gradients to the first and to the last of equals: the last is the first in a mirror."""
    first = backward_of("max_pool")(residuals, cotangents, x, size=size, strides=strides, padding=padding)[0]
    mirror, g = np.ascontiguousarray(x[:, ::-1, ::-1]), np.ascontiguousarray(cotangents[0][:, ::-1, ::-1])
    params = {"size": size, "strides": strides, "padding": tuple((hi, lo) for lo, hi in padding)}
    last = backward_of("max_pool")(forward_of("max_pool")(mirror, **params)[1], (g,), mirror, **params)[0]
    return ((first + last[:, ::-1, ::-1]) / 2,)


def written_adam(*operands, **rates):
    outputs, residuals = forward_of("adam")(*operands, **rates)
    inside(operands[1], lambda x: np.copyto(x, outputs[0]))
    return outputs, residuals


def swapped_decays(*operands, beta_1, beta_2, epsilon):
    return forward_of("adam")(*operands, beta_1=beta_2, beta_2=beta_1, epsilon=epsilon)


def always_forwards(name):
    def run(*operands, reverse, **params):
        return forward_of(name)(*operands, reverse=False, **params)

    return run


def without_last_grad(name):
    def run(residuals, cotangents, *operands, **params):
        return (*backward_of(name)(residuals, cotangents, *operands, **params)[:-1], None)

    return run


def blind_to_the_stream(key, *, shape):
    return forward_of("random_bits")(np.array([key[0], 0], np.uint32), shape=shape)


def other_bits(key, *, shape):
    return (np.random.default_rng(int(key[0])).integers(0, 2**32, shape, np.uint32),), None


def signed_shift(x, y):
    if x.dtype != np.uint32:
        return right.shift_right(x, y)
    return np.right_shift(x.view(np.int32), y.view(np.int32)).view(np.uint32)


def clipped_matmul(x, y):
    inner = min(x.shape[-1], y.shape[-2])
    return np.matmul(x[..., :inner], y[..., :inner, :])


def clipped_add(x, y):
    if x.shape != y.shape and x.ndim == y.ndim == 1:
        x, y = x[: len(y)], y[: len(x)]
    return np.add(x, y)


def raises(error):
    def run(*operands, **params):
        raise error

    return run


def in_core(layer, method, spoil):
    """A fault of the core and of no backend: `method` of a layer becomes `spoil(the right method)`."""
    return {"core": (layer, method, spoil)}


def other_error(error):
    """Spoils a method: what it raises has another type."""

    def spoil(method):
        def run(*arguments, **options):
            try:
                return method(*arguments, **options)
            except ValueError as err:
                raise error(str(err)) from err

        return run

    return spoil


def gaps(*declared):
    return {"capabilities": dataclasses.replace(NumpyBackend.capabilities, gaps=declared)}


def scan_forwards(self, step, carry, xs, *, steps, reverse, specs):
    return NumpyBackend.scan(self, step, carry, xs, steps=steps, reverse=False, specs=specs)


def scan_out_of_place(self, step, carry, xs, *, steps, reverse, specs):
    carry, ys = NumpyBackend.scan(self, step, carry, xs, steps=steps, reverse=reverse, specs=specs)
    return carry, [np.flip(y, 0) for y in ys] if reverse else ys


def body_first(self, test, body, state):
    state = body(state)
    while bool(test(state)):
        state = body(state)
    return state
