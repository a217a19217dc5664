"""How programs are compiled. An eager call is one, made once for its operands' shapes and dtypes and its parameters.

`jax.numpy` would compile a program for each step of a primitive and take longer to dispatch it. Compiling is what an
eager call on small operands costs, so that is made cheap: `docs/decisions/0009-jax-compiling.md`.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any

import jax
from jax.core import Tracer

SMALL = 1 << 16
"""The elements of an operand up to which a CPU's program is compiled quickly rather than well."""
QUICKLY = {"xla_backend_optimization_level": 0, "xla_cpu_use_fusion_emitters": False}
"""XLA's options for that: 15 to 20 ms for a program that otherwise takes 35 to 55."""
WELL = {
    "xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT,LIBRARY_FUSION_TYPE_REDUCE",
    "xla_cpu_prefer_vector_width": 512,
}
"""XLA's options for all other programs: products go to its YNNPACK, convolutions to its Eigen, and its own loops take
the widest vectors. On a CPU that is up to six times as fast as what it does on its own: the tables in
`docs/decisions/0009-jax-compiling.md`."""


@functools.cache
def _known(*options: tuple[str, Any]) -> dict[str, Any] | None:
    """The options, if the default device is a CPU whose compiler knows them."""
    if jax.default_backend() != "cpu":
        return None
    try:
        jax.jit(lambda: 0, compiler_options=dict(options))()
    except jax.errors.JaxRuntimeError:
        return None
    return dict(options)


def compiled(function, quickly: bool = False, **settings):
    """`jax.jit`, with the options that suit this machine."""
    return jax.jit(function, compiler_options=_known(*(QUICKLY if quickly else WELL).items()), **settings)


def program(function):
    """A primitive `function(*operands, **params)` for eager calls; what JAX is tracing goes into its trace."""
    static = [p.name for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY]
    well = compiled(function, static_argnames=static)
    quickly = compiled(function, quickly=True, static_argnames=static)

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
