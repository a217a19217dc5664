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

DTYPES = {"bool": mx.bool_} | {
    name: getattr(mx, name)
    for name in "uint8 int8 uint16 int16 uint32 int32 uint64 int64 float16 bfloat16 float32 float64".split()
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}

SAME = (
    "add", "arctan2", "bitwise_and", "bitwise_or", "bitwise_xor", "divide", "equal", "expm1", "floor", "less",
    "less_equal", "log", "log1p", "maximum", "minimum", "multiply", "negative", "round", "sqrt", "subtract", "tanh",
    "where",
)  # fmt: skip
WRITTEN = {
    _elementwise: "cos erf exp floor_divide power remainder shift_left shift_right sigmoid sign sin",
    _indexing: "scatter scatter_add scatter_add_along_axis take take_along_axis",
    _reduction: "argmax argmin argsort cumsum matmul max min prod sum",
    _window: "conv conv_kernel_grad conv_transpose fold windows",
}
FUNCTIONS = {
    **{name: getattr(mx, name) for name in SAME},
    "absolute": mx.abs,
    "bitwise_not": mx.bitwise_invert,
    **{name: getattr(module, name) for module, names in WRITTEN.items() for name in names.split()},
}
"""The primitives that are a function as they stand: MLX's, or one of this package."""

NUMPY = (np.ndarray, np.generic)
EAGER_LIMIT = 512
"""Eager calls between two that are sent off: what they keep alive is bounded, and not each pays for an evaluation."""

CLAMPED = Gap("index out of range", "never", "MLX checks no index: reads are clamped, writes dropped", IndexError)
NO_DOUBLE_ON_GPU = Gap("dtype:float64", "notyet", "MLX computes in float64 on the CPU only", ValueError)


def _capabilities(device: mx.Device) -> Capabilities:
    """What a device can do: a GPU has no float64."""
    if device.type == mx.gpu:
        dtypes = tuple(name for name in DTYPES if name != "float64")
        return Capabilities(dtypes=dtypes, devices=("gpu",), gaps=(CLAMPED, NO_DOUBLE_ON_GPU))
    return Capabilities(dtypes=tuple(DTYPES), gaps=(CLAMPED,))


class MlxBackend(Backend):
    """kcore on one device, which is MLX's default when the backend is made: the GPU of Apple silicon, else the CPU."""

    name = "mlx"
    immutable = True

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


for _name, _function in FUNCTIONS.items():
    setattr(MlxBackend, _name, staticmethod(_function))
