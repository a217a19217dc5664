"""Python's operators, and NumPy's and torch's function protocols: on tracers and `KerasTensor`s all of them are ops.

`np.exp(x)` or `torch.exp(x)` on a tracer is the op of that name. One that kcore has no op for says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kcore.engine import tracing
from kcore.engine.callers import user_line
from kcore.errors import UnsupportedError

from . import (
    arithmetic,
    bits,
    comparison,
    contraction,
    core,
    elementwise,
    extremes,
    getitem,
    reductions,
    rounding,
    shaping,
)
from .keras_tensor import OPERATORS, OPS

_UFUNCS: dict[str, str] = {"conjugate": "conj", "float_power": "power", "invert": "bitwise_not", "remainder": "mod"}
_FUNCTIONS: dict[str, str] = {
    "amax": "max",
    "amin": "min",
    "concat": "concatenate",
    "permute_dims": "transpose",
    "round_": "round",
}
_TORCH_FUNCTIONS = {
    "bmm": "matmul",
    "cat": "concatenate",
    "clamp": "clip",
    "div": "divide",
    "eq": "equal",
    "ge": "greater_equal",
    "gt": "greater",
    "le": "less_equal",
    "lt": "less",
    "mm": "matmul",
    "mul": "multiply",
    "ne": "not_equal",
    "neg": "negative",
    "permute": "transpose",
    "pow": "power",
    "remainder": "mod",
    "sub": "subtract",
    "unsqueeze": "expand_dims",
}


def _swapped(fn: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: fn(other, self)


def _call_op(name: str, source: str, args: tuple, kwargs: dict) -> Any:
    if name not in OPS:
        raise UnsupportedError(
            f"`{source}.{name}` isn't one of kcore's ops, so it can't be applied to a traced or symbolic tensor "
            f"({user_line() or 'inside kcore'}). In code that runs eagerly and needs no gradient, give it "
            "`ops.convert_to_numpy(x)`."
        )
    return OPS[name](*args, **kwargs)


def _ufunc(self, ufunc, method, *inputs, **kwargs):
    """`__array_ufunc__`: a plain call is the op of that name; `out=`, `where=` and methods such as `reduce` aren't."""
    name = str(ufunc.__name__)
    if method != "__call__" or kwargs:
        raise UnsupportedError(
            f"`np.{name}` on a traced or symbolic tensor must be a plain call. Received: {method}, {kwargs}"
        )
    return _call_op(_UFUNCS.get(name, name), "np", inputs, {})


def _array_function(self, func, types, args, kwargs):
    """`__array_function__`: the op of that name, with the same arguments."""
    name = str(func.__name__)
    return _call_op(_FUNCTIONS.get(name, name), "np", args, kwargs)


def _torch_function(func, types, args, kwargs):
    """`__torch_function__`: the op of that name, `dim` being `axis` and `keepdim` being `keepdims`."""
    name = getattr(func, "__name__", str(func)).strip("_")
    renamed = {{"dim": "axis", "keepdim": "keepdims", "other": "x2"}.get(k, k): v for k, v in kwargs.items()}
    return _call_op(_TORCH_FUNCTIONS.get(name, name), "torch", args, renamed)


def _reshape(self, *newshape):
    return shaping.reshape(self, newshape[0] if len(newshape) == 1 else newshape)


def _transpose(self, *axes):
    if not axes:
        return shaping.transpose(self)
    return shaping.transpose(self, axes[0] if isinstance(axes[0], (list, tuple)) or axes[0] is None else axes)


def _round(self, ndigits=0):
    return rounding.round(self, ndigits or 0)


_BINARY = {
    "add": arithmetic.add,
    "and": bits.bitwise_and,
    "floordiv": arithmetic.floor_divide,
    "lshift": bits.bitwise_left_shift,
    "matmul": contraction.matmul,
    "mod": arithmetic.mod,
    "mul": arithmetic.multiply,
    "or": bits.bitwise_or,
    "pow": arithmetic.power,
    "rshift": bits.bitwise_right_shift,
    "sub": arithmetic.subtract,
    "truediv": arithmetic.divide,
    "xor": bits.bitwise_xor,
}

OPERATORS.update(_BINARY)
OPERATORS.update({f"r{name}": _swapped(fn) for name, fn in _BINARY.items()})
OPERATORS.update(
    {
        "abs": elementwise.abs,
        "array_function": _array_function,
        "astype": core.cast,
        "eq": comparison.equal,
        "flatten": shaping.ravel,
        "ge": comparison.greater_equal,
        "getitem": getitem.get_item,
        "gt": comparison.greater,
        "invert": bits.bitwise_not,
        "le": comparison.less_equal,
        "lt": comparison.less,
        "max": extremes.max,
        "mean": reductions.mean,
        "min": extremes.min,
        "ne": comparison.not_equal,
        "neg": elementwise.negative,
        "pos": core.convert_to_tensor,
        "reshape": _reshape,
        "round": _round,
        "squeeze": shaping.squeeze,
        "sum": reductions.sum,
        "torch_function": _torch_function,
        "transpose": _transpose,
        "ufunc": _ufunc,
    }
)
tracing.set_operators(OPERATORS)
