"""Moving elements, where a module's own function would be slow or write where it may not."""

from __future__ import annotations


def pad(xp, x, value, *, widths, out=None):
    """x with `value` around it."""
    shape = tuple(lo + n + hi for n, (lo, hi) in zip(x.shape, widths, strict=True))
    if out is None:
        out = xp.empty(shape, x.dtype)
    if out.size != x.size:
        out[...] = value
    out[tuple(slice(lo, lo + n) for n, (lo, _) in zip(x.shape, widths, strict=True))] = x
    return out


def flipped(rank: int, axes) -> tuple[slice, ...]:
    """The index that reverses these axes."""
    return tuple(slice(None, None, -1) if i in axes else slice(None) for i in range(rank))
