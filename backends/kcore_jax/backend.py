"""`JaxBackend`: kcore on JAX.

An eager call is a program of its own (`_programs`). A captured function is traced by `jax.jit`: its plan is a straight
line of the same methods, and XLA compiles them into one program, to which the state is donated. JAX is imported when
the backend is made, so that kcore knows of it without paying for it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kcore.extend import Backend, Capabilities, Gap, finfo, iinfo, is_float, is_integer

from ._linalg import LinearAlgebra

SAME = """
    absolute add arctan2 bitwise_and bitwise_not bitwise_or bitwise_xor cos equal exp expm1 floor less
    less_equal log log1p maximum minimum multiply negative sign sin sqrt subtract tanh where
""".split()
FUNCTIONS = {
    **{name: name for name in SAME},
    **{"divide": "true_divide", "round": "rint", "shift_left": "left_shift", "shift_right": "right_shift"},
}
"""Primitives that are one function of `jax.numpy`, under the function's name."""

GAPS = (
    Gap("subnormal numbers", "notyet", "XLA flushes them to zero on CPU", AssertionError),
    Gap("unfused multiply-add", "notyet", "XLA may keep a product unrounded in a sum that follows", AssertionError),
    Gap("index out of range", "never", "a compiled program can't raise: reads are clamped, writes dropped", IndexError),
)


class JaxBackend(LinearAlgebra, Backend):
    """JAX, on CPU, GPU or TPU.

    All that kcore runs on it runs with 64 bits allowed; JAX's own defaults stay what they are. Loading it sets
    `jax_explicit_x64_dtypes`, so that a tensor of 64 bits keeps them under Python's operators as well.
    """

    name = "jax"
    immutable = True
    donates = True
    packs = False
    forks = False
    views = Backend.views | {"absolute", "concat"}
    capabilities = Capabilities(dtypes=(*Capabilities.dtypes, "bfloat16"), devices=("cpu", "gpu", "tpu"), gaps=GAPS)

    def __init__(self, device=None):
        import jax

        from . import _fused

        jax.config.update("jax_explicit_x64_dtypes", "allow")
        self.jax, self.jnp, self.lax = jax, jax.numpy, jax.lax
        self.fused = _fused.FUSED  # pyright: ignore[reportAttributeAccessIssue] - they import jax
        self._x64 = jax.enable_x64
        self._names: dict[Any, str] = {}
        self._places = {f"{place.platform}:{place.id}": place for place in (*jax.devices(), *jax.devices("cpu"))}
        self._place = None if device is None else self._places[device]
        super().__init__(device)

    def guard(self, function):
        from . import _programs

        call = _programs.program(function)
        return call if self._place is None or function.__name__ != "iota" else self._made_here(call)

    def _made_here(self, call):
        """A call without operands, which would make its result on JAX's default device."""
        return lambda **params: self.jax.device_put(call(**params), self._place)

    def run_context(self):
        return self._x64(True)

    eager_context = run_context

    # ---- tensors

    def asarray(self, x, dtype=None):
        if isinstance(x, self.jax.Array):
            x = x if self._place is None or isinstance(x, self.jax.core.Tracer) else self.jax.device_put(x, self._place)
            return x if dtype is None or self.dtype_of(x) == dtype else self.functions["cast"](x, dtype=dtype)
        with self.jax.ensure_compile_time_eval(), self._x64(True):
            return self.jax.device_put(np.array(x, None if dtype is None else self.jnp.dtype(dtype)), self._place)

    def argument(self, x):
        """The array, copied as its owner may change it before JAX has read it: `jit` takes it sooner than `asarray`."""
        return np.array(x)

    def to_numpy(self, x):
        return np.asarray(x)

    def is_tensor(self, x):
        return isinstance(x, self.jax.Array)

    def dtype_of(self, x):
        name = self._names.get(x.dtype)
        if name is None:
            name = self._names[x.dtype] = x.dtype.name
        return name

    def shape_of(self, x):
        return x.shape

    def copy(self, x):
        with self._x64(True):
            return self.jnp.copy(x) if isinstance(x, self.jax.core.Tracer) else self.jax.device_put(x, may_alias=False)

    def devices(self):
        return list(self._places)

    def engine_version(self):
        return self.jax.__version__

    # ---- compilation and control flow

    def compile(self, function, donate=()):
        from . import _programs

        return _programs.compiled(function, donate_argnums=donate)

    def cond(self, pred, yes, no):
        with self._x64(True):
            return self.lax.cond(pred, lambda: tuple(yes()), lambda: tuple(no()))

    def while_loop(self, test, body, state):
        with self._x64(True):
            return self.lax.while_loop(test, lambda s: tuple(body(s)), tuple(state))

    def scan(self, step, carry, xs, *, steps, reverse, specs):
        with self._x64(True):
            return self.lax.scan(step, tuple(carry), tuple(xs), length=steps, reverse=reverse)

    # ---- elementwise

    def sigmoid(self, x):
        return self.lax.logistic(x)

    def erf(self, x):
        return self.lax.erf(x)

    def floor_divide(self, x, y):
        if is_float(self.dtype_of(x)):
            return self.jnp.floor_divide(x, y)
        return self.jnp.where(y == 0, 0, self.jnp.floor_divide(x, self.jnp.where(y == 0, 1, y)))

    def remainder(self, x, y):
        if is_float(self.dtype_of(x)):
            return self.jnp.remainder(x, y)
        return self.jnp.where(y == 0, 0, self.jnp.remainder(x, self.jnp.where(y == 0, 1, y)))

    def power(self, x, y):
        if is_float(self.dtype_of(x)):
            return self.jnp.power(x, y)
        inverse = self.jnp.where(x == 1, 1, self.jnp.where(x == -1, 1 - 2 * (y & 1), 0))
        return self.jnp.where(y < 0, inverse, self.jnp.power(x, self.jnp.maximum(y, 0)))

    def cast(self, x, *, dtype):
        source = self.dtype_of(x)
        if not (is_float(source) and is_integer(dtype)):
            return x.astype(dtype)
        low, high = iinfo(dtype).min, iinfo(dtype).max
        largest = float(finfo(source).max)
        too_low, too_high = low if -low <= largest else -math.inf, high + 1.0 if high < largest else math.inf
        inside = self.jnp.where(self.jnp.isnan(x) | (x <= too_low) | (x >= too_high), 0, x).astype(dtype)
        return self.jnp.where(x >= too_high, high, self.jnp.where(x <= too_low, low, inside)).astype(dtype)

    # ---- movement

    def reshape(self, x, *, shape):
        return self.lax.reshape(x, shape)

    def permute_dims(self, x, *, axes):
        return self.lax.transpose(x, axes)

    def broadcast_to(self, x, *, shape):
        return self.jnp.broadcast_to(x, shape)

    def pad(self, x, value, *, widths):
        return self.lax.pad(x, value, [(lo, hi, 0) for lo, hi in widths])

    def slice(self, x, *, start, stop, step):
        return self.lax.slice(x, start, stop, step)

    def flip(self, x, *, axes):
        return self.lax.rev(x, axes)

    def concat(self, *xs, axis):
        return self.lax.concatenate(xs, axis)

    def iota(self, *, size, dtype):
        return self.lax.iota(dtype, size)

    # ---- indexing

    def take(self, x, indices, *, axis):
        return self.jnp.take(x, indices, axis, mode="clip")

    def take_along_axis(self, x, indices, *, axis):
        return self.jnp.take_along_axis(x, indices, axis, mode="clip")

    def scatter(self, x, indices, updates, *, axis):
        """The last of repeated indices wins, which XLA doesn't promise: look up who that is, and take its update."""
        flat = indices.reshape(-1)
        order = self.lax.iota("int32", flat.size)
        last = self.jnp.full(x.shape[axis], -1, "int32").at[flat].max(order)
        rows = updates.reshape(*x.shape[:axis], flat.size, *x.shape[axis + 1 :])
        if not flat.size:
            return x
        written = (last >= 0).reshape(-1, *(1,) * (x.ndim - axis - 1))
        return self.jnp.where(written, self.jnp.take(rows, self.jnp.maximum(last, 0), axis, mode="clip"), x)

    def scatter_add(self, x, indices, updates, *, axis):
        return x.at[(slice(None),) * axis + (indices,)].add(updates)

    def scatter_add_along_axis(self, x, indices, updates, *, axis):
        grid = [self.lax.broadcasted_iota("int32", indices.shape, i) for i in range(x.ndim)]
        grid[axis] = indices
        return x.at[tuple(grid)].add(updates)

    # ---- reduction

    def sum(self, x, *, axes, keepdims):
        return self.jnp.sum(x, axes, x.dtype, keepdims=keepdims)

    def prod(self, x, *, axes, keepdims):
        return self.jnp.prod(x, axes, x.dtype, keepdims=keepdims)

    def max(self, x, *, axes, keepdims):
        return self.jnp.max(x, axes, keepdims=keepdims)

    def min(self, x, *, axes, keepdims):
        return self.jnp.min(x, axes, keepdims=keepdims)

    def argmax(self, x, *, axis):
        return self.lax.argmax(x, axis, np.int32)

    def argmin(self, x, *, axis):
        return self.lax.argmin(x, axis, np.int32)

    def cumsum(self, x, *, axis):
        return self.jnp.cumsum(x, axis, x.dtype)

    def argsort(self, x, *, axis):
        positions = self.lax.broadcasted_iota("int32", x.shape, axis)
        return self.lax.sort((x, positions), dimension=axis, is_stable=True, num_keys=1)[1]

    # ---- contraction and windows

    def matmul(self, x, y):
        return self.jnp.matmul(x, y, precision=self.precision(), preferred_element_type=x.dtype)

    def precision(self) -> str | None:
        """That of products: all bits, unless JAX was told otherwise (`jax_default_matmul_precision`)."""
        return None if self.jax.config.jax_default_matmul_precision else "highest"

    def conv(self, x, kernel, *, strides, padding, dilation, groups):
        from . import _convolution as c

        return c.conv(x, kernel, c.Settings(strides, padding, dilation, groups, self.precision()))

    def conv_transpose(self, y, kernel, *, size, strides, padding, dilation, groups):
        from . import _convolution as c

        return c.conv_transpose(y, kernel, size, c.Settings(strides, padding, dilation, groups, self.precision()))

    def conv_kernel_grad(self, x, y, *, size, strides, padding, dilation, groups):
        from . import _convolution as c

        return c.conv_kernel_grad(x, y, size, c.Settings(strides, padding, dilation, groups, self.precision()))

    def windows(self, x, *, size, strides, dilation):
        from . import _window

        return _window.windows(x, size=size, strides=strides, dilation=dilation)

    def fold(self, y, *, shape, strides, dilation):
        from . import _window

        return _window.fold(y, shape=shape, strides=strides, dilation=dilation)


def _of_numpy(function: str):
    def primitive(self, *operands, **params):
        return getattr(self.jnp, function)(*operands, **params)

    primitive.__name__ = function
    return primitive


for _name, _function in FUNCTIONS.items():
    setattr(JaxBackend, _name, _of_numpy(_function))
