"""`TorchBackend`: kcore on PyTorch.

PyTorch is imported with this package, which is imported when the backend is first used.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from kcore.extend import Backend, Capabilities

from . import _convolution, _elementwise, _movement, _reduction
from ._dtypes import DTYPES, NAMES
from ._fused import FUSED
from ._plan import BINDERS, INPLACE


class TorchBackend(Backend):
    """PyTorch as a library of array functions: nothing here needs its autograd, its modules or its generators.

    Tensors live on `device`, which is the GPU where torch sees one (`CUDA_VISIBLE_DEVICES=` hides it) and else the
    CPU. Tensors that come from elsewhere are moved there. On a GPU the constructor turns off TF32 in convolutions, as
    it is off in
    matrix products already: its 10 bits make other numbers than all other devices do.

    Args:
        device: a device's name, instead of that rule.
    """

    name = "torch"
    capabilities = Capabilities(
        dtypes=tuple(DTYPES),
        devices=("cpu", "cuda"),
    )
    fused = FUSED
    inplace = INPLACE
    views = frozenset({"reshape", "permute_dims", "broadcast_to", "slice", "windows"})

    def __init__(self, device: str | None = None):
        self.device = torch.device(device or ("cuda:0" if torch.cuda.is_available() else "cpu"))
        if self.device.type == "cuda":
            torch.backends.cudnn.allow_tf32 = False
        super().__init__()

    absolute = staticmethod(_elementwise.absolute)
    sign = staticmethod(_elementwise.sign)
    floor_divide = staticmethod(_elementwise.floor_divide)
    remainder = staticmethod(_elementwise.remainder)
    power = staticmethod(_elementwise.power)
    shift_right = staticmethod(_elementwise.shift_right)
    where = staticmethod(torch.where)
    cast = staticmethod(_elementwise.cast)

    pad = staticmethod(_movement.pad)
    flip = staticmethod(_movement.flip)
    take = staticmethod(_movement.take)
    take_along_axis = staticmethod(_movement.take_along_axis)
    scatter = staticmethod(_movement.scatter)
    scatter_add = staticmethod(_movement.scatter_add)
    scatter_add_along_axis = staticmethod(_movement.scatter_add_along_axis)
    windows = staticmethod(_movement.windows)
    fold = staticmethod(_movement.fold)

    sum = staticmethod(_reduction.sum)
    prod = staticmethod(_reduction.prod)
    max = staticmethod(_reduction.max)
    min = staticmethod(_reduction.min)
    argmax = staticmethod(_reduction.argmax)
    argmin = staticmethod(_reduction.argmin)
    argsort = staticmethod(_reduction.argsort)
    cumsum = staticmethod(_reduction.cumsum)

    matmul = staticmethod(_convolution.matmul)
    conv = staticmethod(_convolution.conv)
    conv_transpose = staticmethod(_convolution.conv_transpose)
    conv_kernel_grad = staticmethod(_convolution.conv_kernel_grad)

    def reshape(self, x, *, shape):
        return x.reshape(shape)

    def permute_dims(self, x, *, axes):
        return x.permute(axes)

    def broadcast_to(self, x, *, shape):
        return x.expand(shape)

    def slice(self, x, *, start, stop, step):
        return x[tuple(map(slice, start, stop, step))]

    def concat(self, *xs, axis):
        return torch.cat(xs, axis)

    def iota(self, *, size, dtype):
        return torch.arange(size, device=self.device).to(DTYPES[dtype])

    def asarray(self, x, dtype=None):
        if isinstance(x, torch.Tensor):
            return x.to(self.device, DTYPES[dtype] if dtype else None)
        if dtype == "bfloat16":
            return self.asarray(np.asarray(x, np.float32)).to(torch.bfloat16)
        array = np.asarray(x, dtype)
        if not array.flags.writeable or not array.dtype.isnative or min(array.strides, default=0) < 0:
            array = array.astype(array.dtype.newbyteorder("="), order="C")
        return torch.from_numpy(array).to(self.device)

    def to_numpy(self, x):
        x = x.detach().cpu()
        return x.float().numpy() if x.dtype is torch.bfloat16 else x.numpy()

    def is_tensor(self, x):
        return isinstance(x, torch.Tensor) and x.device == self.device

    def dtype_of(self, x):
        return NAMES[x.dtype]

    def shape_of(self, x):
        return tuple(x.shape)

    def copy(self, x):
        return x.detach().clone(memory_format=torch.contiguous_format)

    def allocate(self, nbytes):
        return torch.empty(nbytes, dtype=torch.uint8, device=self.device)

    def place(self, block, spec):
        dtype = DTYPES[spec.dtype]
        return block[: math.prod(spec.shape) * dtype.itemsize].view(dtype).reshape(spec.shape)

    def run_context(self):
        return torch.no_grad()

    def bind(self, name, params):
        binder = BINDERS.get(name)
        return binder(**params) if binder else super().bind(name, params)

    def devices(self):
        return [f"cuda:{i}" for i in range(torch.cuda.device_count())] + ["cpu:0"]

    def engine_version(self):
        return torch.__version__


for _name, _function in _elementwise.NATIVE.items():
    setattr(TorchBackend, _name, staticmethod(_function))
