"""What a plan uses: functions that write into a buffer, and functions with their static parameters fixed beforehand."""

from __future__ import annotations

import torch

from . import _movement
from ._elementwise import NATIVE, bind_cast, cast_into

INPLACE = {
    **NATIVE,
    "where": torch.where,
    "matmul": torch.matmul,
    "pad": _movement.pad,
    "cast": cast_into,
    "concat": lambda *xs, axis, out: torch.cat(xs, axis, out=out),
}
"""`INPLACE[name](*operands, out=buffer, **params)`."""

BINDERS = {
    "reshape": _movement.bind_reshape,
    "permute_dims": _movement.bind_permute,
    "broadcast_to": _movement.bind_broadcast,
    "slice": _movement.bind_slice,
    "concat": _movement.bind_concat,
    "cast": bind_cast,
}
