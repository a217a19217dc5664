"""`ArrayModule`: the primitives that are written alike for every module with NumPy's interface.

A subclass sets `xp`, and writes the rest. A method is one to three lines. What a module does with one function of its
own is taken over as it is (`FUNCTIONS`), so that nothing stands between a plan and the module.
"""

from __future__ import annotations

from typing import Any, ClassVar

from kcore.extend import Backend

from . import _convolution, _indexing, _movement, _window

SAME = (
    "absolute", "add", "arctan2", "bitwise_and", "bitwise_or", "bitwise_xor", "cos", "equal", "exp", "expm1", "floor",
    "floor_divide", "less", "less_equal", "log", "log1p", "maximum", "minimum", "multiply", "negative", "remainder",
    "sign", "sin", "sqrt", "subtract", "tanh",
)  # fmt: skip
FUNCTIONS = {
    **{name: name for name in SAME},
    "bitwise_not": "invert",
    "divide": "true_divide",
    "round": "rint",
    "shift_left": "left_shift",
    "shift_right": "right_shift",
}
"""Primitives that are a function of the module, under the function's name."""


def _looked_up(function: str):
    def primitive(self, *operands):
        return getattr(self.xp, function)(*operands)

    return primitive


class ArrayModule(Backend):
    """A backend over a module with NumPy's interface.

    Attributes:
        xp: the module. A subclass sets it in its body, or where importing it is dear, before it makes an instance.
    """

    xp: ClassVar[Any]

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        xp = getattr(cls, "xp", None)
        for name, function in FUNCTIONS.items():
            if name not in vars(cls):
                setattr(cls, name, _looked_up(function) if xp is None else staticmethod(getattr(xp, function)))

    def reshape(self, x, *, shape):
        return x.reshape(shape)

    def permute_dims(self, x, *, axes):
        return x.transpose(axes)

    def broadcast_to(self, x, *, shape):
        return self.xp.broadcast_to(x, shape)

    def pad(self, x, value, *, widths):
        return _movement.pad(self.xp, x, value, widths=widths)

    def slice(self, x, *, start, stop, step):
        return x[tuple(map(slice, start, stop, step))]

    def flip(self, x, *, axes):
        return x[_movement.flipped(x.ndim, axes)]

    def concat(self, *xs, axis):
        return self.xp.concatenate(xs, axis)

    def iota(self, *, size, dtype):
        return self.xp.arange(size, dtype=dtype)

    def take(self, x, indices, *, axis):
        return self.xp.take(x, indices, axis)

    def take_along_axis(self, x, indices, *, axis):
        return _indexing.take_along_axis(self.xp, x, indices, axis=axis)

    def scatter(self, x, indices, updates, *, axis):
        return _indexing.scatter(self.xp, x, indices, updates, axis=axis)

    def scatter_add(self, x, indices, updates, *, axis):
        return _indexing.scatter_add(self.xp, x, indices, updates, axis=axis)

    def scatter_add_along_axis(self, x, indices, updates, *, axis):
        return _indexing.scatter_add_along_axis(self.xp, x, indices, updates, axis=axis)

    def argmax(self, x, *, axis):
        return self.xp.argmax(x, axis).astype(self.xp.int32)

    def argmin(self, x, *, axis):
        return self.xp.argmin(x, axis).astype(self.xp.int32)

    def argsort(self, x, *, axis):
        return self.xp.argsort(x, axis, kind="stable").astype(self.xp.int32)

    def windows(self, x, *, size, strides, dilation):
        return _window.windows(self.xp, x, size=size, strides=strides, dilation=dilation)

    def fold(self, y, *, shape, strides, dilation):
        return _window.fold(self.xp, y, shape=shape, strides=strides, dilation=dilation)

    def conv(self, x, kernel, *, strides, padding, dilation, groups):
        settings = _convolution.Settings(strides, padding, dilation, groups)
        return _convolution.conv(self.xp, x, kernel, settings)

    def conv_transpose(self, y, kernel, *, size, strides, padding, dilation, groups):
        settings = _convolution.Settings(strides, padding, dilation, groups)
        return _convolution.conv_transpose(self.xp, y, kernel, size, settings)

    def conv_kernel_grad(self, x, y, *, size, strides, padding, dilation, groups):
        settings = _convolution.Settings(strides, padding, dilation, groups)
        return _convolution.conv_kernel_grad(self.xp, x, y, size, settings)

    def matmul(self, x, y):
        if x.dtype.char == "e":
            return self.xp.matmul(x.astype("float32"), y.astype("float32")).astype("float16")
        return self.xp.matmul(x, y)
