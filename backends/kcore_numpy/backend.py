"""`NumpyBackend`: kcore on NumPy alone."""

from __future__ import annotations

import functools
import math

import numpy as np

from kcore.extend import Capabilities, Gap

from . import _elementwise, _reduction
from ._array_module import ArrayModule
from ._erf import erf
from ._fused import FUSED
from ._plan import BINDERS, INPLACE

QUIET = (
    "argmax", "argmin", "argsort", "bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor", "broadcast_to", "concat",
    "equal", "flip", "iota", "less", "less_equal", "pad", "permute_dims", "reshape", "round", "scatter", "shift_left",
    "shift_right", "slice", "take", "take_along_axis", "where", "windows",
)  # fmt: skip
"""Primitives in which NumPy never warns, so that an eager call needs no error state around it."""

ALIGNMENT = 64
"""Bytes: a line of the cache, and the widest vector register."""


DTYPE_NAMES = {np.dtype(name): name for name in Capabilities().dtypes}
"""The names of dtypes; `dtype.name` makes its string anew each time, in 1 us."""


class NumpyBackend(ArrayModule):
    """The reference among the engines, and the only one that kcore needs.

    Every method expects to run under `run_context`. NumPy reports overflow, division by zero and invalid values as
    warnings, and setting its error state costs as much as a small operation (1 us): it is set once a plan, and once
    an eager call.
    """

    name = "numpy"
    xp = np
    capabilities = Capabilities(gaps=(Gap("dtype:bfloat16", "notyet", "NumPy has no bfloat16", TypeError),))
    fused = FUSED
    inplace = INPLACE

    sigmoid = staticmethod(_elementwise.sigmoid)
    erf = staticmethod(erf)
    power = staticmethod(_elementwise.power)
    where = staticmethod(_elementwise.where)
    cast = staticmethod(_elementwise.cast)
    sum = staticmethod(_reduction.sum)
    prod = staticmethod(_reduction.prod)
    max = staticmethod(_reduction.max)
    min = staticmethod(_reduction.min)
    cumsum = staticmethod(_reduction.cumsum)

    def __init__(self, device=None):
        super().__init__(device)
        self.functions.update({name: getattr(self, name) for name in QUIET})

    def asarray(self, x, dtype=None):
        x = np.asarray(x, dtype)
        if x.dtype not in DTYPE_NAMES:
            raise TypeError(f"NumPy's backend has no dtype {x.dtype}; it has {', '.join(DTYPE_NAMES.values())}")
        return x

    def to_numpy(self, x):
        return np.asarray(x)

    def is_tensor(self, x):
        return isinstance(x, (np.ndarray, np.generic))

    def dtype_of(self, x):
        return DTYPE_NAMES.get(x.dtype) or x.dtype.name

    def shape_of(self, x):
        return x.shape

    def copy(self, x):
        return np.array(x)

    def allocate(self, nbytes):
        block = np.empty(nbytes + ALIGNMENT, np.uint8)
        first = -block.ctypes.data % ALIGNMENT
        return block[first : first + nbytes]

    def place(self, block, spec):
        dtype = np.dtype(spec.dtype)
        return block[: math.prod(spec.shape) * dtype.itemsize].view(dtype).reshape(spec.shape)

    def is_contiguous(self, x):
        return x.flags.c_contiguous

    def run_context(self):
        return np.errstate(all="ignore")

    eager_context = run_context

    def guard(self, function):
        @functools.wraps(function)
        def guarded(*operands, **params):
            with np.errstate(all="ignore"):
                return function(*operands, **params)

        return guarded

    def bind(self, name, params, specs, into=False):
        binder = None if into else BINDERS.get(name)
        return binder(**params) if binder else super().bind(name, params, specs, into)

    def engine_version(self):
        return np.__version__
