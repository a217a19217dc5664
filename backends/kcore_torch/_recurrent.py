"""LSTM and GRU layers by torch's own kernels (oneDNN, cuDNN), differentiated by its autograd."""

from __future__ import annotations

import torch


def lstm_layer(x, h0, c0, kernel, recurrent_kernel, bias, *, activation, recurrent_activation, reverse):
    """The core's `lstm_layer`: its gates are in torch's order. The residuals are leaves and outputs of a graph."""

    def layer(x, h0, c0, kernel, recurrent_kernel, bias):
        weights = [kernel.t(), recurrent_kernel.t(), bias, torch.zeros_like(bias)]
        ys, h, c = torch.lstm(x, (h0[None], c0[None]), weights, True, 1, 0.0, True, False, True)
        return ys, h[0], c[0]

    return _recorded(layer, (x, h0, c0, kernel, recurrent_kernel, bias), reverse)


def gru_layer(x, h0, kernel, recurrent_kernel, bias, *, activation, recurrent_activation, reverse):
    """The core's `gru_layer`: torch has the reset gate before the update gate."""

    def layer(x, h0, kernel, recurrent_kernel, bias):
        weights = [_reset_first(w) for w in (kernel.t(), recurrent_kernel.t(), bias[0], bias[1])]
        ys, h = torch.gru(x, h0[None], weights, True, 1, 0.0, True, False, True)
        return ys, h[0]

    return _recorded(layer, (x, h0, kernel, recurrent_kernel, bias), reverse)


def _reset_first(weight):
    update, reset, candidate = weight.chunk(3)
    return torch.cat((reset, update, candidate))


def _recorded(layer, operands, reverse):
    with torch.enable_grad():
        leaves = [x.detach().requires_grad_() for x in operands]
        x, *rest = leaves
        ys, *last = layer(x.flip(1) if reverse else x, *rest)
        outputs = (ys.flip(1) if reverse else ys, *last)
    return tuple(x.detach() for x in outputs), (outputs, leaves)


def pull_back(residuals, cotangents, *operands, **params):
    """The cotangents of the operands."""
    return torch.autograd.grad(*residuals, cotangents, retain_graph=True)
