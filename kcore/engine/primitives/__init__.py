"""The primitive table: every operation that a backend provides, a row each, in one file a kind.

    elementwise  reduction  movement  indexing  contraction  window

Call a row like a function (`P.add(x, y)`): arrays positional, static parameters by keyword, canonical arguments only. On the backend's
tensors it computes; on tracers it is recorded. See `row.Primitive` for the columns.
"""

from .contraction import conv, conv_kernel_grad, conv_transpose, matmul
from .elementwise import (
    absolute, add, arctan2, bitwise_and, bitwise_not, bitwise_or, bitwise_xor, cast, cos, divide, equal, erf, exp, expm1, floor,
    floor_divide, less, less_equal, log, log1p, maximum, minimum, multiply, negative, power, remainder, round, shift_left, shift_right,
    sigmoid, sign, sin, sqrt, subtract, tanh, where,
)  # fmt: skip
from .indexing import scatter, scatter_add, scatter_add_along_axis, take, take_along_axis
from .internal import custom, identity, stop_gradient
from .movement import broadcast_to, concat, flip, iota, pad, permute_dims, reshape, slice
from .reduction import argmax, argmin, argsort, cumsum, max, min, prod, sum
from .row import TABLE, Primitive, Sample
from .window import fold, windows

__all__ = [
    "TABLE", "Primitive", "Sample", "absolute", "add", "arctan2", "argmax", "argmin", "argsort", "bitwise_and", "bitwise_not",
    "bitwise_or", "bitwise_xor", "broadcast_to", "cast", "concat", "conv", "conv_kernel_grad", "conv_transpose", "cos", "cumsum",
    "custom", "divide", "equal", "erf", "exp", "expm1", "flip", "floor", "floor_divide", "fold", "identity", "iota", "less",
    "less_equal", "log", "log1p", "matmul", "max", "maximum", "min", "minimum", "multiply", "negative", "pad", "permute_dims", "power",
    "prod", "remainder", "reshape", "round", "scatter", "scatter_add", "scatter_add_along_axis", "shift_left", "shift_right", "sigmoid",
    "sign", "sin", "slice", "sqrt", "stop_gradient", "subtract", "sum", "take", "take_along_axis", "tanh", "where", "windows",
]  # fmt: skip
