"""Bits of integers. On bools these are the logical operations."""

from __future__ import annotations

from kcore.engine import primitives as P

from ._common import convert, promote, require_integer
from .operation import op


@op
def bitwise_and(x, y):
    """Bits set in both operands; logical and of bools.

    Args:
        x, y: integer or bool tensors, of shapes that broadcast.

    Returns:
        A tensor of the broadcast shape and the promoted dtype.

    Raises:
        DtypeError: an operand is floating.

    Example:
        >>> ops.bitwise_and([6], [3]).tolist()
        [2]
    """
    return P.bitwise_and(*promote(x, y))


@op
def bitwise_or(x, y):
    """Bits set in either operand; logical or of bools.

    Args:
        x, y: integer or bool tensors, of shapes that broadcast.

    Returns:
        A tensor of the broadcast shape and the promoted dtype.
    """
    return P.bitwise_or(*promote(x, y))


@op
def bitwise_xor(x, y):
    """Bits set in one operand only; logical exclusive or of bools.

    Args:
        x, y: integer or bool tensors, of shapes that broadcast.

    Returns:
        A tensor of the broadcast shape and the promoted dtype.
    """
    return P.bitwise_xor(*promote(x, y))


@op
def bitwise_not(x):
    """Every bit flipped; logical not of bools.

    Args:
        x: an integer or bool tensor.

    Returns:
        A tensor of `x`'s shape and dtype.
    """
    return P.bitwise_not(convert(x))


@op
def bitwise_invert(x):
    """Another name of `bitwise_not`."""
    return P.bitwise_not(convert(x))


@op
def bitwise_left_shift(x, y):
    """`x * 2**y` in the dtype's width; 0 when `y` reaches the width.

    Args:
        x: an integer tensor.
        y: non-negative shifts, of a shape that broadcasts.

    Returns:
        A tensor of the broadcast shape and the promoted dtype.

    Example:
        >>> ops.left_shift([1, 3], 2).tolist()
        [4, 12]
    """
    return P.shift_left(*_integers(x, y))


@op
def left_shift(x, y):
    """Another name of `bitwise_left_shift`."""
    return P.shift_left(*_integers(x, y))


@op
def bitwise_right_shift(x, y):
    """`floor(x / 2**y)`; 0, or -1 for negative `x`, when `y` reaches the width.

    Args:
        x: an integer tensor.
        y: non-negative shifts, of a shape that broadcasts.

    Returns:
        A tensor of the broadcast shape and the promoted dtype.
    """
    return P.shift_right(*_integers(x, y))


@op
def right_shift(x, y):
    """Another name of `bitwise_right_shift`."""
    return P.shift_right(*_integers(x, y))


def _integers(x, y):
    x, y = promote(x, y)
    require_integer(x, "x")
    return x, y
