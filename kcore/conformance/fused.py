"""Fused ops: the backend's fast path and the core's composite, each against loops in float64."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

import kcore.layers
import kcore.optimizers  # noqa: F401 - as well
from kcore.dtypes import is_float
from kcore.engine import primitives as P
from kcore.engine.autodiff import vjp
from kcore.engine.function import Function
from kcore.engine.fused import FUSED_OPS
from kcore.engine.primitives.samples import floats

from . import _gradients, _oracles
from .case import Case, case, family

GATES = {"activation": "tanh", "recurrent_activation": "sigmoid"}
RATES = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}


class Call(NamedTuple):
    """A call of a fused op.

    Attributes:
        op: the op.
        operands: NumPy arrays, float32.
        params: the static parameters.
        oracle: `oracle(*operands) -> tuple of float64 arrays`.
        grad: whether gradients are tried.
    """

    op: str
    operands: tuple
    params: dict
    oracle: Callable[..., tuple]
    grad: bool = True

    def outputs(self, run: Callable, operands) -> tuple:
        """What `run` gives on operands, as a tuple."""
        given = run(*operands, **self.params)
        return given if isinstance(given, tuple) else (given,)


def _pools() -> Iterator[tuple[str, Call]]:
    for op, oracle in (("max_pool", _oracles.max_pool), ("average_pool", _oracles.average_pool)):
        for name, row in _oracles.POOLS.items():
            only_padding = name == "wide padding"
            if op == "max_pool" or not only_padding:
                run = partial(_first, oracle, row)
                call = Call(op, (floats(*row[0]),), _oracles.pool_params(row), run, grad=not only_padding)
                yield f"{op}/{name}", call


def _first(oracle: Callable, row: tuple, x: np.ndarray) -> tuple:
    return (oracle(row, x)[0],)


def _recurrent() -> Iterator[tuple[str, Call]]:
    for op, gates, oracle in (("lstm", 4, _oracles.lstm), ("gru", 3, _oracles.gru)):
        for name, steps, batch in (("forwards", 5, 3), ("backwards", 5, 3), ("one step", 1, 2), ("empty batch", 4, 0)):
            states = [(batch, 4)] * (2 if op == "lstm" else 1)
            shapes = [(batch, steps, gates * 4), *states, (4, gates * 4), *([(gates * 4,)] if op == "gru" else [])]
            reverse = name == "backwards"
            operands = tuple(floats(*shape) for shape in shapes)
            call = Call(op, operands, {**GATES, "reverse": reverse}, partial(oracle, reverse=reverse))
            yield f"{op}/{name}", call
    yield from _recurrent_layers()


def _recurrent_layers() -> Iterator[tuple[str, Call]]:
    """With their inputs' projection: of a few samples and of several, which a backend may take for two matters."""
    oracles = {
        "lstm": lambda x, h, c, kernel, u, b, **way: _oracles.lstm(x @ kernel + b, h, c, u, **way),
        "gru": lambda x, h, kernel, u, b, **way: _oracles.gru(x @ kernel + b[0], h, u, b[1], **way),
    }
    for op, gates, bias in (("lstm", 4, (16,)), ("gru", 3, (2, 12))):
        for name, batch in (("few samples", 2), ("several samples", 5), ("empty batch", 0)):
            states = [(batch, 4)] * (2 if op == "lstm" else 1)
            shapes = [(batch, 5, 3), *states, (3, gates * 4), (4, gates * 4), bias]
            for how, reverse in (("", False), (", backwards", True)):
                operands, params = tuple(floats(*shape) for shape in shapes), {**GATES, "reverse": reverse}
                call = Call(f"{op}_layer", operands, params, partial(oracles[op], reverse=reverse))
                yield f"{call.op}/{name}{how}", call


def _adam() -> Iterator[tuple[str, Call]]:
    for name, size in (("vector", 37), ("zero size", 0)):
        tensors = (floats(size), floats(size + 1)[:size], floats(size) / 3, floats(size) ** 2)
        operands = (*tensors, np.int32(6), np.float32(0.01))
        yield f"adam/{name}", Call("adam", operands, RATES, partial(_oracles.adam, **RATES), grad=False)


def _dense() -> Iterator[tuple[str, Call]]:
    """What a classifier is made of."""
    masked = floats(3, 5)
    masked[1], masked[0, 2] = -np.inf, -np.inf
    for name, rows in (("matrix", 3), ("zero size", 0)):
        x = floats(rows, 5)
        yield f"linear/{name}", Call("linear", (x, floats(5, 4), floats(4)), {}, lambda x, w, b: (x @ w + b,))
        yield f"relu/{name}", Call("relu", (x,), {}, lambda x: (np.maximum(x, 0),))
        yield f"softmax/{name}", Call("softmax", (x,), {"axes": (1,)}, partial(_oracles.softmax, axes=(1,)))
    for name, shape, epsilon in (("rows", (3, 5), 0.0), ("rank 3", (2, 3, 4), 1e-7), ("zero size", (0, 5), 1e-7)):
        params = {"axis": len(shape) - 1, "epsilon": epsilon}
        classes = np.arange(math.prod(shape[:-1]), dtype="int32").reshape(shape[:-1]) % shape[-1]
        oracle = partial(_oracles.crossentropy_of_logits, **params)
        call = Call("crossentropy_of_logits", (floats(*shape), classes), params, oracle)
        yield f"{call.op}/{name}", call
    certain = np.array([[80.0, 0.0], [80.0, 0.0]], "float32")
    params = {"axis": 1, "epsilon": 1e-7}
    oracle = partial(_oracles.crossentropy_of_logits, **params)
    yield "crossentropy_of_logits/limits", Call("crossentropy_of_logits", (certain, np.array([0, 1])), params, oracle)
    for name, shape in (("rows", (3, 5)), ("rank 3", (2, 3, 4)), ("zero size", (0, 5))):
        operands = floats(*shape), floats(shape[-1]), floats(shape[-1])
        last = {"axes": (len(shape) - 1,), "epsilon": 1e-3}
        yield f"layer_norm/{name}", Call("layer_norm", operands, last, partial(_oracles.layer_norm, epsilon=1e-3))
    yield (
        "softmax/two axes",
        Call("softmax", (floats(2, 3, 4),), {"axes": (0, 2)}, partial(_oracles.softmax, axes=(0, 2))),
    )
    yield "softmax/masked", Call("softmax", (masked,), {"axes": (1,)}, partial(_oracles.softmax, axes=(1,)), grad=False)


def _attention() -> Iterator[tuple[str, Call]]:
    """Few keys and many, which a backend may take for two matters."""
    for name, batch, queries, keys in (("few keys", 2, 3, 5), ("many keys", 2, 5, 70), ("empty batch", 0, 5, 70)):
        operands = floats(batch, queries, 2, 3), *(floats(batch, keys, 2, 3) for _ in range(2))
        for how, causal in (("", False), (", causal", True)):
            oracle = partial(_oracles.attention, causal=causal)
            yield f"attention/{name}{how}", Call("attention", operands, {"causal": causal}, oracle)


CALLS: dict[str, Call] = dict([*_pools(), *_recurrent(), *_adam(), *_dense(), *_attention()])
"""Every call that is tried, by `op/name`."""


def _operands(call: Call, backend) -> list:
    return [backend.asarray(np.array(x)) for x in call.operands]


def _expected(call: Call) -> list[np.ndarray]:
    with np.errstate(all="ignore"):
        return [np.asarray(y) for y in call.oracle(*map(_wide, call.operands))]


def _wide(x) -> np.ndarray:
    x = np.asarray(x)
    return x.astype(np.float64) if x.dtype.kind == "f" else x


def _value(call: Call, backend, check) -> None:
    operands = _operands(call, backend)
    got = call.outputs(FUSED_OPS[call.op], operands)
    check.close(list(got), _expected(call), op=call.op, dtype="float32")
    for i, (x, before) in enumerate(zip(operands, call.operands, strict=True)):
        check.true(np.array_equal(check.numpy(x), before), f"operand {i} was written to")


def _composite(call: Call, backend, check) -> None:
    got = call.outputs(FUSED_OPS[call.op].composite, _operands(call, backend))
    check.close(list(got), _expected(call), op=call.op, dtype="float32")


def _captured(call: Call, backend, check) -> None:
    """Twice, of arguments, which stay as they are, and of intermediate results, which may be written over."""
    for enter in (lambda x: x, lambda x: P.negative(P.negative(x)) if is_float(x.dtype) else x):
        run = Function(lambda *xs, enter=enter: call.outputs(FUSED_OPS[call.op], [enter(x) for x in xs]))
        for _ in range(2):
            check.close(list(run(*_operands(call, backend))), _expected(call), op=call.op, dtype="float32")


def _gradient(call: Call, order: int, backend, check) -> None:
    problem = _gradients.Problem(
        run=lambda *xs: call.outputs(FUSED_OPS[call.op], xs),
        oracle=call.oracle,
        arrays=tuple(map(_wide, call.operands)),
        places=_gradients.floating_places(call.operands),
    )
    dtype = _gradients.gradient_dtype(backend)
    (_gradients.check_first if order == 1 else _gradients.check_second)(problem, backend, check, dtype)


def _pulled_twice(call: Call, backend, check) -> None:
    """What a forward pass keeps for its pullback is there for a second one: a persistent tape asks twice."""
    operands = _operands(call, backend)
    places = _gradients.floating_places(call.operands)

    def run(*moving):
        now = dict(zip(places, moving, strict=True))
        return call.outputs(FUSED_OPS[call.op], [now.get(i, x) for i, x in enumerate(operands)])

    outputs, pullback = vjp(run, *[operands[i] for i in places])
    cotangents = tuple(backend.asarray(floats(*y.shape) + np.float32(1)) for y in outputs)
    first = [check.numpy(g).copy() for g in pullback(cotangents)]
    check.close(list(pullback(cotangents)), [g.astype(np.float64) for g in first], op=call.op, dtype="float32")
    check.close(list(outputs), _expected(call), op=call.op, dtype="float32")


QUICK = ("max_pool/overlapping", "average_pool/padding", "lstm/forwards", "gru/backwards")
"""The calls whose gradients are part of the quick form."""

RUNS = {
    "fused": _value,
    "composite": _composite,
    "captured fused": _captured,
    "fused gradient twice": _pulled_twice,
    "fused gradient": lambda call, backend, check: _gradient(call, 1, backend, check),
    "fused second gradient": lambda call, backend, check: _gradient(call, 2, backend, check),
}


@family
def cases() -> Iterator[Case]:
    """Each kind of question for each call."""
    for kind, run in RUNS.items():
        for name, call in CALLS.items():
            if "gradient" not in kind or call.grad:
                yield Case(
                    f"{kind}/{name}",
                    partial(run, call),
                    group="fused ops",
                    op=call.op,
                    quick=kind == "fused" or (kind == "fused gradient" and name in QUICK),
                )


@case("kink/max pool of equals", group="gradients at kinks", op="max_pool", answer="The first one gets the gradient.")
def pool_of_equals(backend, check):
    """The gradient of a maximum over a window goes to the first of equal ones."""
    row = _oracles.POOLS["overlapping"]
    _pool_gradient(backend, check, row, np.round(floats(*row[0])))


@case("special/max pool of nan", group="specials", op="max_pool",
      answer="NaN is the largest, and gets the gradient; which of several in a window is left open.",
      sources=("Keras probes: TF drops NaN",))  # fmt: skip
def pool_of_nan(backend, check):
    """NaN isn't lost in a window."""
    row = _oracles.POOLS["overlapping"]
    x = floats(*row[0])
    x[0, 1, 1, 0] = x[1, 2, 3, 0] = np.nan
    _pool_gradient(backend, check, row, x)
    x[1] = np.nan
    expected, _ = _oracles.max_pool(row, x.astype(np.float64), None)
    check.close(FUSED_OPS["max_pool"](backend.asarray(x), **_oracles.pool_params(row)), expected, op="max_pool")


def _pool_gradient(backend, check, row: tuple, x: np.ndarray) -> None:
    g = floats(x.shape[0], *_oracles.pool_counts(row), x.shape[-1])
    expected, grad = _oracles.max_pool(row, x.astype(np.float64), g)
    params = _oracles.pool_params(row)
    out, pullback = vjp(lambda x: FUSED_OPS["max_pool"](x, **params), backend.asarray(x))
    check.close(out, expected, op="max_pool", dtype="float32")
    check.close(pullback(backend.asarray(g))[0], grad, op="average_pool", dtype="float32")
