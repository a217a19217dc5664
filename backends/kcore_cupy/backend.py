"""`CupyBackend`: kcore on NVIDIA and AMD GPUs, by CuPy.

CuPy has NumPy's interface, so most primitives are those of `kcore_numpy`'s `ArrayModule` over another module. Here
stands what CuPy does in another way, and what a GPU leaves undefined: the order of repeated writes, shifts by the
width and beyond, conversions out of range.
"""

from __future__ import annotations

import numpy as np

from kcore.extend import Capabilities, Gap, iinfo, is_float, is_integer, itemsize
from kcore_numpy._array_module import ArrayModule

GAPS = (
    Gap("dtype:bfloat16", "notyet", "CuPy has no bfloat16", TypeError),
    Gap("index out of range", "never", "a kernel can't raise: indices wrap around", IndexError),
)


class CupyBackend(ArrayModule):
    """NumPy's interface on a GPU.

    Raises:
        ImportError: CuPy isn't installed, or finds no GPU.
    """

    name = "cupy"
    capabilities = Capabilities(devices=("gpu",), gaps=GAPS)

    def __init__(self):
        import cupy
        import cupyx
        from cupyx.scipy.special import erf

        if not cupy.cuda.is_available():
            raise ImportError("CuPy is installed, but finds no GPU")
        self.xp = cupy  # pyright: ignore[reportAttributeAccessIssue] - the module, once it is imported
        self.cupyx, self._erf = cupyx, erf
        super().__init__()

    def asarray(self, x, dtype=None):
        return self.xp.asarray(x, dtype)

    def to_numpy(self, x):
        return self.xp.asnumpy(x)

    def is_tensor(self, x):
        return isinstance(x, self.xp.ndarray)

    def dtype_of(self, x):
        return x.dtype.name

    def shape_of(self, x):
        return x.shape

    def copy(self, x):
        return self.xp.array(x)

    def devices(self):
        """CuPy's current one: `CUDA_VISIBLE_DEVICES` chooses it."""
        return [f"gpu:{self.xp.cuda.runtime.getDevice()}"]

    def engine_version(self):
        return self.xp.__version__

    # ---- elementwise

    def sigmoid(self, x):
        return self.xp.reciprocal(self.xp.exp(-x) + 1)

    def erf(self, x):
        return self._erf(x)

    def where(self, condition, x, y):
        return self.xp.where(condition, x, y)

    def floor_divide(self, x, y):
        return self._divided(self.xp.floor_divide, x, y)

    def remainder(self, x, y):
        return self._divided(self.xp.remainder, x, y)

    def _divided(self, function, x, y):
        """Integers divided by zero give 0."""
        if is_float(self.dtype_of(x)):
            return function(x, y)
        zero = y == 0
        return self.xp.where(zero, self.xp.zeros((), x.dtype), function(x, self.xp.where(zero, y + 1, y)))

    def power(self, x, y):
        if x.dtype.kind != "i":
            return self.xp.power(x, y)
        inverse = self.xp.where(x == 1, 1, self.xp.where(x == -1, 1 - 2 * (y & 1), 0)).astype(x.dtype)
        return self.xp.where(y < 0, inverse, self.xp.power(x, self.xp.maximum(y, y * 0)))

    def shift_left(self, x, y):
        inside = self._inside(x, y)
        return self.xp.where(inside, self.xp.left_shift(x, self.xp.where(inside, y, y * 0)), x * 0)

    def shift_right(self, x, y):
        inside = self._inside(x, y)
        beyond = self.xp.where(x < 0, ~(x * 0), x * 0)
        return self.xp.where(inside, self.xp.right_shift(x, self.xp.where(inside, y, y * 0)), beyond)

    def _inside(self, x, y):
        return y < 8 * itemsize(self.dtype_of(x))

    def cast(self, x, *, dtype):
        if not (is_float(self.dtype_of(x)) and is_integer(dtype)):
            return x.astype(dtype)
        low, high = iinfo(dtype).min, iinfo(dtype).max
        wide = x.astype("float64")
        above, below = wide >= high + 1.0, wide <= low
        inside = self.xp.where(self.xp.isnan(wide) | above | below, 0.0, wide).astype(dtype)
        limits = (self.xp.asarray(n, dtype) for n in (low, high))
        return self.xp.where(below, next(limits), self.xp.where(above, next(limits), inside))

    # ---- indexing

    def scatter(self, x, indices, updates, *, axis):
        """The last of repeated indices wins, which a GPU doesn't promise: look up who that is, and take its update."""
        xp, size = self.xp, indices.size
        if not size:
            return xp.array(x)
        last = xp.full(x.shape[axis], -1, "int32")
        self.cupyx.scatter_max(last, indices.reshape(-1), xp.arange(size, dtype="int32"))
        rows = updates.reshape(*x.shape[:axis], size, *x.shape[axis + 1 :])
        written = (last >= 0).reshape(-1, *(1,) * (x.ndim - axis - 1))
        return xp.where(written, xp.take(rows, xp.maximum(last, 0), axis), x)

    def scatter_add(self, x, indices, updates, *, axis):
        return self._added(x, (slice(None),) * axis + (indices,), updates)

    def scatter_add_along_axis(self, x, indices, updates, *, axis):
        grid = [self.xp.arange(n).reshape(-1, *(1,) * (x.ndim - 1 - i)) for i, n in enumerate(indices.shape)]
        grid[axis] = indices
        return self._added(x, tuple(grid), updates)

    def _added(self, x, where, updates):
        """The atomic addition of a GPU knows 32 and 64 bits, the latter without a sign."""
        wide = {"i": "uint64", "u": "uint64"}.get(x.dtype.kind, x.dtype)
        result = self.xp.array(x.astype(wide))
        if updates.size:
            self.cupyx.scatter_add(result, where, updates.astype(wide))
        return result.astype(x.dtype)

    def argsort(self, x, *, axis):
        return self.xp.argsort(x, axis).astype("int32")

    # ---- reduction

    def sum(self, x, *, axes, keepdims):
        return self.xp.sum(x, axes, self._accumulator(x), keepdims=keepdims).astype(x.dtype)

    def prod(self, x, *, axes, keepdims):
        return self.xp.prod(x, axes, self._accumulator(x), keepdims=keepdims).astype(x.dtype)

    def _accumulator(self, x):
        return np.float32 if x.dtype == np.float16 else x.dtype

    def max(self, x, *, axes, keepdims):
        return self.xp.amax(x, axes, keepdims=keepdims)

    def min(self, x, *, axes, keepdims):
        return self.xp.amin(x, axes, keepdims=keepdims)

    def cumsum(self, x, *, axis):
        wide = {"e": np.float32, "f": np.float64}.get(x.dtype.char, x.dtype)
        return self.xp.cumsum(x, axis, wide).astype(x.dtype)
