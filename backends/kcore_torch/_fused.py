"""torch's kernels for the core's fused ops, forwards and backwards. Of the recurrent layers it has no call for the way
back, so autograd goes it, over the one call of the forward pass."""

import functools
import math

import torch
from torch.nn import functional

from kcore.extend import Fused

from ._autograd import pulled_back, recording
from ._convolution import _back, _image, product
from ._random import random_bits

ATEN = torch.ops.aten
NO_CLASS = torch.iinfo(torch.int64).min


def _floats(specs, params) -> bool:
    """At least one float in each operand."""
    return specs[0].dtype in {"float32", "float64"} and all(0 not in spec.shape for spec in specs)


def _attendable(specs, params) -> bool:
    """Many keys: where a few keys' scores are all NaN, torch's kernel makes 0 of them, as if nothing was seen."""
    return specs[1].shape[1] >= 64 and _floats(specs, params)


def _standard_gates(specs, params) -> bool:
    return (params["activation"], params["recurrent_activation"]) == ("tanh", "sigmoid") and _floats(specs, params)


def _poolable(specs, params) -> bool:
    """Two axes; torch takes as much padding before as after, at most half of the window, and a window must fit."""
    axes = zip(specs[0].shape[1:-1], params["size"], params["padding"], strict=True)
    fits = all(lo == hi <= k // 2 and n + lo + hi >= k for n, k, (lo, hi) in axes)
    return fits and len(params["size"]) == 2 and _floats(specs, params)


def _differentiable(layer, applies):
    """A layer's entry: its residuals are the results as an autograd graph, and the graph's leaves."""

    def forward(*operands, **params):
        with recording():
            leaves = [x.detach().requires_grad_() for x in operands]
            outputs = layer(*leaves, **params)
        return tuple(x.detach() for x in outputs), (outputs, leaves)

    return Fused(applies, forward, _pull_back, chooses=True)


def _pull_back(residuals, cotangents, *operands, wanted, **params):
    outputs, leaves = residuals
    chosen = [leaf for leaf, want in zip(leaves, wanted, strict=True) if want]
    grads = iter(pulled_back(outputs, cotangents, chosen))
    return tuple(next(grads) if want else None for want in wanted)


def max_pool(x, *, size, strides, padding):
    """The largest of each window, NaN first; the residuals are its places."""
    out, places = ATEN.max_pool2d_with_indices.default(_image(x), size, strides, [lo for lo, _ in padding])
    return (_back(out),), places


def max_pool_backward(places, cotangents, x, *, size, strides, padding):
    """The cotangent of each window goes to its place."""
    call = size, strides, [lo for lo, _ in padding], (1, 1), False, places
    return (_back(ATEN.max_pool2d_with_indices_backward.default(_image(cotangents[0]), _image(x), *call)),)


def average_pool(x, *, size, strides, padding):
    """The mean of each window, padding not counted."""
    return (_back(ATEN.avg_pool2d.default(_image(x), size, strides, [lo for lo, _ in padding], False, False)),), None


def average_pool_backward(residuals, cotangents, x, *, size, strides, padding):
    """The cotangent of each window, in equal parts."""
    call = size, strides, [lo for lo, _ in padding], False, False, None
    return (_back(ATEN.avg_pool2d_backward.default(_image(cotangents[0]), _image(x), *call)),)


def relu(x, apply=torch.relu):
    """max(x, 0), which its pullback reads."""
    out = apply(x)
    return (out,), out


def relu_backward(out, cotangents, x):
    """The cotangent where the result is positive."""
    return (ATEN.threshold_backward.default(cotangents[0], out, 0),)


def softmax(x, *, axes):
    """The core's `softmax`: 0 where all are -inf, of which torch makes NaN, in all of the row. A CPU looks for that."""
    out = torch.softmax(x, axes[0])
    looked_at = out if out.numel() < 4096 else out.select(axes[0], 0)
    if x.is_cuda or math.isnan(looked_at.sum().item()):
        out.masked_fill_(x.amax(axes, True) == -math.inf, 0.0)
    return (out,), out


def softmax_backward(out, cotangents, x, *, axes):
    """out * (g - sum(g * out))."""
    return (torch._softmax_backward_data(cotangents[0], out, axes[0], out.dtype),)


def layer_norm(x, gamma, beta, *, axes, epsilon):
    """The core's `layer_norm`; the residuals are mean and deviation."""
    out, *moments = ATEN.native_layer_norm.default(x, gamma.shape, gamma, beta, epsilon)
    return (out,), moments


def layer_norm_backward(moments, cotangents, x, gamma, beta, *, axes, epsilon):
    """torch's own, for all three operands."""
    call = cotangents[0], x, gamma.shape, *moments, gamma, beta, [True, True, True]
    return ATEN.native_layer_norm_backward.default(*call)


def crossentropy_of_logits(logits, target, *, axis, epsilon):
    """The core's `crossentropy_of_logits`; residuals: log(softmax), targets, and the loss if limits changed it."""
    logs, place = torch.log_softmax(logits, axis), target.long()
    if axis > 1:
        logs, place = logs.flatten(0, -2), place.flatten()
    loss = torch._C._nn.nll_loss(logs, place, None, 0, NO_CLASS)  # pyright: ignore[reportAttributeAccessIssue]
    inside = not epsilon or (not loss.is_cuda and _within(loss, *_limits(epsilon)))  # a GPU isn't asked
    out = loss if inside else loss.clamp(*_limits(epsilon))
    return (out.view(target.shape) if axis > 1 else out,), (logs, place, None if out is loss else loss)


def crossentropy_backward(residuals, cotangents, logits, target, *, axis, epsilon):
    """softmax, less 1 at the target, inside the limits."""
    logs, place, loss = residuals
    flow = cotangents[0].flatten() if axis > 1 else cotangents[0]
    if loss is not None:
        flow = ATEN.hardtanh_backward.default(flow, loss, *_limits(epsilon))
    grad = ATEN.nll_loss_backward.default(flow, logs, place, None, 0, NO_CLASS, _scalar(0.0, flow.device))
    grad = torch._log_softmax_backward_data(grad, logs, 1, logs.dtype)
    return grad.view(logits.shape) if axis > 1 else grad, None


def _within(x, least, most) -> bool:
    low, high = x.aminmax()
    return least <= low.item() and high.item() <= most


def _limits(epsilon: float) -> tuple[float, float]:
    """Of the loss, where its share is limited to [epsilon, 1 - epsilon]."""
    return -math.log1p(-epsilon), -math.log(epsilon)


def _step_size(iterations, rate, beta_1, beta_2):
    """The learning rate with both bias corrections; on a CPU by the host."""
    t, expm1 = ((iterations + 1).to(rate.dtype), torch.expm1) if rate.is_cuda else (iterations.item() + 1, math.expm1)
    rate = rate if rate.is_cuda else rate.item()
    return rate * (-expm1(t * math.log(beta_2))) ** 0.5 / -expm1(t * math.log(beta_1))


def adam(gradient, *state_and_rates, beta_1, beta_2, epsilon, copies=True):
    """The core's `adam_update`: torch's kernel reads and writes each number once, of copies or in place."""
    *state, count, rate = state_and_rates
    g, x, m, v = [each.contiguous() for each in (gradient, *(map(torch.clone, state) if copies else state))]
    rates = {"lr": _step_size(count, rate, beta_1, beta_2), "beta1": beta_1, "beta2": beta_2, "eps": epsilon}
    late = _scalar(1e9, x.device)  # a step at which no bias is left to correct: the step size does that
    torch._fused_adam_([x], [g], [m], [v], [], [late], **rates, weight_decay=0.0, amsgrad=False, maximize=False)
    return (x, m, v), None


@functools.cache
def _scalar(value, device):
    return torch.tensor(value, device=device)


def lstm_layer(x, h0, c0, kernel, recurrent_kernel, bias, *, activation, recurrent_activation, reverse):
    """The core's `lstm_layer`: its gates are in torch's order. Views of kernels would be copied twice."""
    weights = [kernel.t().contiguous(), recurrent_kernel.t().contiguous(), bias, torch.zeros_like(bias)]
    ys, h, c = torch.lstm(x.flip(1) if reverse else x, (h0[None], c0[None]), weights, True, 1, 0.0, True, False, True)
    return ys.flip(1) if reverse else ys, h[0], c[0]


def gru_layer(x, h0, kernel, recurrent_kernel, bias, *, activation, recurrent_activation, reverse):
    """The core's `gru_layer`: torch has the reset gate before the update gate."""
    gates = (w.chunk(3) for w in (kernel.t(), recurrent_kernel.t(), *bias))
    weights = [torch.cat((reset, update, candidate)) for update, reset, candidate in gates]
    ys, h = torch.gru(x.flip(1) if reverse else x, h0[None], weights, True, 1, 0.0, True, False, True)
    return ys.flip(1) if reverse else ys, h[0]


def attention(*operands, causal):
    """The core's `attention`."""
    by_heads = (x.transpose(1, 2) for x in operands)
    return (functional.scaled_dot_product_attention(*by_heads, is_causal=causal, scale=1.0).transpose(1, 2),)


def _one_axis(specs, params) -> bool:
    return len(params["axes"]) == 1 and _floats(specs, params)


def _last_of_some(specs, params) -> bool:
    return params["axis"] == len(specs[0].shape) - 1 > 0 and _floats(specs, params)


def _last_axis(specs, params) -> bool:
    """The last axis, with a scale and a shift of its length."""
    vectors = specs[1].shape == specs[2].shape == specs[0].shape[-1:]
    return vectors and params["axes"] == (len(specs[0].shape) - 1,) and _floats(specs, params)


def _decaying(specs, params) -> bool:
    return _floats(specs, params) and min(params["beta_1"], params["beta_2"]) > 0


FUSED = {
    "linear": Fused(_floats, lambda x, kernel, bias: ((product(x, kernel, bias),), None)),
    "relu": Fused(_floats, relu, relu_backward, functools.partial(relu, apply=torch.relu_), (0,), reads=()),
    "softmax": Fused(_one_axis, softmax, softmax_backward, reads=()),
    "crossentropy_of_logits": Fused(_last_of_some, crossentropy_of_logits, crossentropy_backward, reads=(0, 1)),
    "layer_norm": Fused(_last_axis, layer_norm, layer_norm_backward),
    "adam": Fused(_decaying, adam, inplace=functools.partial(adam, copies=False), overwrites=(1, 2, 3)),
    "random_bits": Fused(lambda specs, params: True, random_bits),
    "max_pool": Fused(_poolable, max_pool, max_pool_backward),
    "average_pool": Fused(_poolable, average_pool, average_pool_backward),
    "attention": _differentiable(attention, _attendable),
    "lstm_layer": _differentiable(lstm_layer, _standard_gates),
    "gru_layer": _differentiable(gru_layer, _standard_gates),
}
