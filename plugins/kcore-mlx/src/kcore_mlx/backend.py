"""`MlxBackend`: the primitives on `mlx.core`.

MLX is lazy: a call builds a graph, and `eval` computes it. Four places here decide when that happens.

- `compile`: the results of a plan are sent off for evaluation when it ends, so that one step's graph never hangs on the
  last one's, and Python goes on to build the next while they are computed.
- `copy`: a variable that is assigned outside a plan takes its value through here.
- `guard`: of eager calls, every `EAGER_LIMIT`th one is sent off, so that a loop without a plan keeps a bounded graph.
- `to_numpy`: reading a value waits for it.
"""

from __future__ import annotations

import functools
import itertools
from importlib.metadata import version

import mlx.core as mx
import numpy as np

from kcore.extend import Backend, Capabilities, Gap

from . import _elementwise, _indexing, _operators, _reduction, _window

DTYPES = {"bool": mx.bool_, "bfloat16": mx.bfloat16} | {
    name: getattr(mx, name)
    for name in (
        *(f"{kind}{bits}" for kind in ("uint", "int") for bits in (8, 16, 32, 64)),
        "float16",
        "float32",
        "float64",
    )
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}

NUMPY = (np.ndarray, np.generic)
EAGER_LIMIT = 512
"""Eager calls between two that are sent off. A node holds its operands, so fewer keep less memory; each costs 5 us."""

CLAMPED = Gap("index out of range", "never", "MLX checks no index: reads are clamped, writes dropped", IndexError)
NO_DOUBLE_ON_GPU = Gap("dtype:float64", "notyet", "MLX computes in float64 on the CPU only", ValueError)


def _capabilities(device: mx.Device) -> Capabilities:
    """What a device can do: a GPU has no float64."""
    if device.type == mx.gpu:
        dtypes = tuple(name for name in DTYPES if name != "float64")
        return Capabilities(dtypes=dtypes, devices=("gpu", "cpu"), gaps=(CLAMPED, NO_DOUBLE_ON_GPU))
    return Capabilities(dtypes=tuple(DTYPES), gaps=(CLAMPED,))


class MlxBackend(Backend):
    """kcore on MLX's default device: the GPU of Apple silicon, the CPU elsewhere."""

    name = "mlx"
    immutable = True

    absolute = staticmethod(mx.abs)
    add = staticmethod(mx.add)
    arctan2 = staticmethod(mx.arctan2)
    bitwise_and = staticmethod(mx.bitwise_and)
    bitwise_not = staticmethod(mx.bitwise_invert)
    bitwise_or = staticmethod(mx.bitwise_or)
    bitwise_xor = staticmethod(mx.bitwise_xor)
    divide = staticmethod(mx.divide)
    equal = staticmethod(mx.equal)
    expm1 = staticmethod(mx.expm1)
    floor = staticmethod(mx.floor)
    less = staticmethod(mx.less)
    less_equal = staticmethod(mx.less_equal)
    log = staticmethod(mx.log)
    log1p = staticmethod(mx.log1p)
    maximum = staticmethod(mx.maximum)
    minimum = staticmethod(mx.minimum)
    multiply = staticmethod(mx.multiply)
    negative = staticmethod(mx.negative)
    round = staticmethod(mx.round)
    sqrt = staticmethod(mx.sqrt)
    subtract = staticmethod(mx.subtract)
    tanh = staticmethod(mx.tanh)
    where = staticmethod(mx.where)

    cos = staticmethod(_elementwise.cos)
    erf = staticmethod(_elementwise.erf)
    exp = staticmethod(_elementwise.exp)
    floor_divide = staticmethod(_elementwise.floor_divide)
    power = staticmethod(_elementwise.power)
    remainder = staticmethod(_elementwise.remainder)
    shift_left = staticmethod(_elementwise.shift_left)
    shift_right = staticmethod(_elementwise.shift_right)
    sigmoid = staticmethod(_elementwise.sigmoid)
    sign = staticmethod(_elementwise.sign)
    sin = staticmethod(_elementwise.sin)

    argmax = staticmethod(_reduction.argmax)
    argmin = staticmethod(_reduction.argmin)
    argsort = staticmethod(_reduction.argsort)
    cumsum = staticmethod(_reduction.cumsum)
    matmul = staticmethod(_reduction.matmul)
    max = staticmethod(_reduction.max)
    min = staticmethod(_reduction.min)
    prod = staticmethod(_reduction.prod)
    sum = staticmethod(_reduction.sum)

    scatter = staticmethod(_indexing.scatter)
    scatter_add = staticmethod(_indexing.scatter_add)
    scatter_add_along_axis = staticmethod(_indexing.scatter_add_along_axis)
    take = staticmethod(_indexing.take)
    take_along_axis = staticmethod(_indexing.take_along_axis)

    conv = staticmethod(_window.conv)
    conv_kernel_grad = staticmethod(_window.conv_kernel_grad)
    conv_transpose = staticmethod(_window.conv_transpose)
    fold = staticmethod(_window.fold)
    windows = staticmethod(_window.windows)

    def __init__(self):
        _operators.install()
        self.capabilities = _capabilities(mx.default_device())
        self._calls = itertools.count(1)
        super().__init__()

    def cast(self, x, *, dtype):
        return _elementwise.cast(x, DTYPES[dtype])

    def reshape(self, x, *, shape):
        return mx.reshape(x, shape)

    def permute_dims(self, x, *, axes):
        return mx.transpose(x, axes)

    def broadcast_to(self, x, *, shape):
        return mx.broadcast_to(x, shape)

    def pad(self, x, value, *, widths):
        return mx.pad(x, widths, constant_values=value)

    def slice(self, x, *, start, stop, step):
        return x[tuple(map(slice, start, stop, step))]

    def flip(self, x, *, axes):
        return x[tuple(slice(None, None, -1) if i in axes else slice(None) for i in range(x.ndim))]

    def concat(self, *xs, axis):
        return mx.concatenate(xs, axis)

    def iota(self, *, size, dtype):
        return mx.arange(size, dtype=DTYPES[dtype])

    def asarray(self, x, dtype=None):
        if isinstance(x, mx.array):
            return x if dtype is None or x.dtype == DTYPES[dtype] else _elementwise.cast(x, DTYPES[dtype])
        array = np.asarray(x, "float32" if dtype == "bfloat16" else dtype, order="C")
        return mx.array(array, dtype=DTYPES[dtype or array.dtype.name])

    def to_numpy(self, x):
        """The tensor as a NumPy array that shares its memory, so it is read-only; bfloat16 comes as float32."""
        array = np.array(x.astype(mx.float32) if x.dtype == mx.bfloat16 else x, copy=None)
        array.flags.writeable = False
        return array

    def is_tensor(self, x):
        return isinstance(x, mx.array)

    def dtype_of(self, x):
        return NAMES[x.dtype]

    def shape_of(self, x):
        return x.shape

    def copy(self, x):
        """A new handle on the same memory, which MLX never writes to: `+=` and `x[i] =` re-point a handle."""
        mx.async_eval(x)
        return mx.array(x)

    def guard(self, function):
        """Take NumPy's arrays for tensors (MLX would read one of float64 as float32), and bound the graph."""

        @functools.wraps(function)
        def guarded(*operands, **params):
            result = function(*[self.asarray(x) if isinstance(x, NUMPY) else x for x in operands], **params)
            if next(self._calls) % EAGER_LIMIT == 0:
                mx.async_eval(result)
            return result

        return guarded

    def compile(self, function, donate=()):
        def evaluated(*inputs):
            outputs = function(*inputs)
            mx.async_eval(outputs)
            return outputs

        return evaluated

    def devices(self):
        return [f"{kind}:0" for kind in self.capabilities.devices]

    def engine_version(self):
        return version("mlx")
