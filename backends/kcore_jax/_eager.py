"""Eager calls: each is one program, made once for its operands' shapes and dtypes and its parameters.

`jax.numpy` would compile a program for each step of a primitive and take longer to dispatch it. Compiling is what an
eager call on small operands costs, so that is made cheap: `docs/decisions/0009-jax-compiling.md`.
"""

from __future__ import annotations

import functools
import inspect

import jax
from jax.core import Tracer

SMALL = 1 << 16
"""The elements of an operand up to which a CPU's program is compiled quickly rather than well."""
QUICKLY = {"xla_backend_optimization_level": 0, "xla_cpu_use_fusion_emitters": False}
"""XLA's options for that: 15 to 20 ms for a program that otherwise takes 35 to 55."""


@functools.cache
def quick_options() -> dict[str, bool | int] | None:
    """`QUICKLY`, if the default device is a CPU whose compiler knows these options."""
    if jax.default_backend() != "cpu":
        return None
    try:
        jax.jit(lambda: 0, compiler_options=QUICKLY)()
    except jax.errors.JaxRuntimeError:
        return None
    return QUICKLY


def program(function):
    """A primitive `function(*operands, **params)` for eager calls; what JAX is tracing goes into its trace."""
    static = [p.name for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY]
    well = jax.jit(function, static_argnames=static)
    quickly = jax.jit(function, static_argnames=static, compiler_options=quick_options())

    @functools.wraps(function)
    def call(*operands, **params):
        small = True
        for x in operands:
            if isinstance(x, Tracer):
                return function(*operands, **params)
            small = small and x.size <= SMALL
        with jax.enable_x64(True):
            return (quickly if small else well)(*operands, **params)

    return call
