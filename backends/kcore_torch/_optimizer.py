"""Adam's update by torch's fused kernel, which reads and writes each tensor once."""

from __future__ import annotations

import functools

import torch


@functools.cache
def _no_correction(device):
    """The number of a step that is late enough: the kernel corrects for a bias of beta**step, which the core's step
    size does already."""
    return torch.tensor(1e9, device=device)


def adam(gradient, value, momentum, velocity, step_size, *, beta_1, beta_2, epsilon):
    """One update of Adam, as the core's `adam_update`: `((value, momentum, velocity), None)`."""
    value, momentum, velocity = (x.clone(memory_format=torch.contiguous_format) for x in (value, momentum, velocity))
    decays = {"beta_1": beta_1, "beta_2": beta_2, "epsilon": epsilon}
    return adam_inplace(gradient, value, momentum, velocity, step_size, **decays), None


def adam_inplace(gradient, value, momentum, velocity, step_size, *, beta_1, beta_2, epsilon):
    """The same, written into `value`, `momentum` and `velocity`, which are returned."""
    slots = [x.contiguous() for x in (value, momentum, velocity)]
    torch._fused_adam_(
        *([x] for x in (slots[0], gradient.contiguous(), slots[1], slots[2])),
        [],
        [_no_correction(step_size.device)],
        lr=step_size,
        beta1=beta_1,
        beta2=beta_2,
        weight_decay=0.0,
        eps=epsilon,
        amsgrad=False,
        maximize=False,
    )
    return tuple(slots)
