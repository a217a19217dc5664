"""PyTorch's own tape: for `NativeGradientTape`, for the kernels whose way back only it knows, and how to do without."""

import contextlib

import torch

from kcore.extend import NativeAutodiff


def _gradients(targets, cotangents, sources, keep):
    pairs = [(x, torch.ones_like(x) if g is None else g) for x, g in zip(targets, cotangents, strict=True)]
    pairs = [(x, g) for x, g in pairs if x.requires_grad]
    tracked = [x for x in sources if x.requires_grad]
    if not (pairs and tracked):
        return [None] * len(sources)
    outputs, given = zip(*pairs, strict=True)
    found = iter(torch.autograd.grad(outputs, tracked, given, retain_graph=keep, allow_unused=True))
    return [next(found) if x.requires_grad else None for x in sources]


class _Custom(torch.autograd.Function):
    @staticmethod
    def forward(ctx, f, *operands):
        outputs, ctx.gradient = f(*operands)
        return tuple(outputs) if isinstance(outputs, list) else outputs

    @staticmethod
    def backward(ctx, *cotangents):
        found = ctx.gradient(*cotangents)
        return None, *(found if isinstance(found, (tuple, list)) else (found,))


AUTODIFF = NativeAutodiff(
    leaf=lambda x: x.detach().requires_grad_(),
    gradients=_gradients,
    detach=torch.Tensor.detach,
    custom=lambda f, operands: _Custom.apply(f, *operands),
)

_NORMAL = torch._C._dispatch_tls_local_include_set(), torch._C._dispatch_tls_local_exclude_set()

below = torch._C._AutoDispatchBelowAutograd
"""Context manager: calls go to torch's kernels straight, past the layer that records. `no_grad` passes it each time."""


class on_one_thread(below):
    """`below`, and torch wakes no other thread."""

    def __enter__(self):
        self._threads = torch.get_num_threads()
        torch.set_num_threads(1)
        return super().__enter__()

    def __exit__(self, *error):
        torch.set_num_threads(self._threads)
        return super().__exit__(*error)


@contextlib.contextmanager
def recording():
    """Context manager: calls are recorded, inside `below` too."""
    with torch._C._ForceDispatchKeyGuard(*_NORMAL), torch.enable_grad():
        yield


def pulled_back(outputs, cotangents, leaves):
    """The leaves' cotangents, and the graph stays. `torch.autograd.grad` is this after checks that import SymPy."""
    engine = torch.autograd.Variable._execution_engine  # pyright: ignore[reportAttributeAccessIssue]
    return engine.run_backward(tuple(outputs), tuple(cotangents), True, False, tuple(leaves), False, False)
