"""`TorchBackend`: kcore on PyTorch, which is imported with this package, when the backend is first used."""

import functools
import math

import numpy as np
import torch

from kcore.extend import Backend, Capabilities, is_float, required_primitives

from . import _autograd, _convolution, _elementwise, _movement, _reduction
from ._dtypes import DTYPES, NAMES, WIDE
from ._fused import FUSED

PRIMITIVES = {
    **{name: part for module in (_elementwise, _movement, _convolution) for name, part in vars(module).items()},
    **{**_elementwise.NATIVE, **_elementwise.SIMPLE, **_movement.SIMPLE, **_reduction.SIMPLE},
}


class TorchBackend(Backend):
    """PyTorch as a library of array functions, on a GPU where torch sees one (`CUDA_VISIBLE_DEVICES=` hides it), else
    the CPU. Tensors from elsewhere are moved there. On a GPU the constructor turns TF32 off in convolutions, as it is
    in products: its 10 bits would give other numbers than every other device.
    """

    name = "torch"
    capabilities = Capabilities(tuple(DTYPES), ("cpu", "cuda"))
    fused = FUSED
    native_autodiff = _autograd.AUTODIFF
    inplace = {
        **_elementwise.NATIVE,
        **{name: PRIMITIVES[name] for name in ("matmul", "pad", "sum")},
        "cast": lambda x, *, dtype, out: out.copy_(_elementwise.cast(x, dtype=dtype) if x.is_floating_point() else x),
        "concat": lambda *xs, axis, out: torch.cat(xs, axis, out=out),
    }
    views = frozenset({"reshape", "permute_dims", "broadcast_to", "slice", "windows"})

    def __init__(self, device: str | None = None):
        super().__init__(device)
        self._device = torch.device(self.device if self.device != "cpu:0" else "cpu")
        if self._device.type == "cuda":
            torch.backends.cudnn.allow_tf32 = False

    def iota(self, *, size, dtype):
        return torch.arange(size, device=self._device).to(DTYPES[dtype])

    def asarray(self, x, dtype=None):
        if isinstance(x, torch.Tensor):
            return x.to(self._device, DTYPES[dtype] if dtype else None)
        if dtype == "bfloat16":
            return self.asarray(np.asarray(x, np.float32)).to(torch.bfloat16)
        array = np.asarray(x, dtype)
        if not array.flags.writeable or not array.dtype.isnative or min(array.strides, default=0) < 0:
            array = array.astype(array.dtype.newbyteorder("="), order="C")
        return torch.from_numpy(array) if self._device.type == "cpu" else torch.from_numpy(array).to(self._device)

    def to_numpy(self, x):
        return (x.float() if x.dtype is torch.bfloat16 else x).numpy(force=True)

    def is_tensor(self, x):
        return isinstance(x, torch.Tensor) and x.device == self._device

    def dtype_of(self, x):
        return NAMES[x.dtype]

    def copy(self, x):
        return x.detach().clone(memory_format=torch.contiguous_format)

    def allocate(self, nbytes):
        return torch.empty(nbytes, dtype=torch.uint8, device=self._device)

    def place(self, block, spec):
        dtype = DTYPES[spec.dtype]
        return block[: math.prod(spec.shape) * dtype.itemsize].view(dtype).reshape(spec.shape)

    def is_contiguous(self, x):
        return x.is_contiguous()

    def run_context(self):
        return _autograd.below()

    def small_context(self):
        return _autograd.on_one_thread()

    def bind(self, name, params, specs, into=False):
        """Without the detour of wide unsigned integers, where there are none."""
        if name in _movement.BINDERS and not into:
            return _movement.BINDERS[name](**params)
        if name in _reduction.OF_FLOATS and is_float(specs[0].dtype) and params.get("axes", True):
            return _reduction.OF_FLOATS[name](specs, **params)
        function = super().bind(name, {}, specs, into)
        if not any(spec.dtype in WIDE for spec in specs):
            function = getattr(function, "__wrapped__", function)
        return functools.partial(function, **params) if params else function

    def writes(self, name, specs, whole):
        to_onednn = name == "matmul" and whole[0] and self.device == "cpu:0" and _convolution.is_large(*specs)
        return super().writes(name, specs, whole) and not to_onednn

    def devices(self):
        return [f"cuda:{i}" for i in range(torch.cuda.device_count())] + ["cpu:0"]

    def engine_version(self):
        return torch.__version__


for _name in required_primitives():
    if _name in PRIMITIVES:
        setattr(TorchBackend, _name, staticmethod(PRIMITIVES[_name]))
