"""Shapes and dtypes of tensors, and the dimension that isn't known yet.

A `Spec` is what a spec rule takes and returns. Its dimensions are integers, always: a dimension that a user left open
(`None`) is an `UnknownDim`, an integer that stands for any size and whose arithmetic stays unknown. So shape code in
ops, layers and rules is written once, in plain integers, and never branches on `None`; `public_shape` turns unknown
dimensions back into `None`.
"""

from __future__ import annotations

from dataclasses import dataclass

from kcore.errors import ShapeError

PLACEHOLDER = 2039
"""The size an unknown dimension pretends to have.

A prime, so that an exact ratio of two unknown sizes is a known number.
"""


class UnknownDim(int):
    """A dimension of unknown size. Sums, products and quotients of it are unknown; an exact quotient of two unknowns
    is known.

    >>> dim = UnknownDim(PLACEHOLDER)
    >>> type(dim * 3), (dim * 3) // dim
    (<class 'kcore.engine.spec.UnknownDim'>, 3)
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "None"

    __str__ = __repr__

    def __floordiv__(self, other):
        quotient = int(self) // int(other)
        exact = isinstance(other, UnknownDim) and int(self) % int(other) == 0
        return quotient if exact else UnknownDim(quotient)


def _closed(name: str):
    plain = getattr(int, name)

    def method(self, other):
        result = plain(self, other)
        return UnknownDim(result) if result.__class__ is int else result

    method.__name__ = name
    return method


for _name in ("add", "radd", "sub", "rsub", "mul", "rmul", "rfloordiv", "mod", "rmod"):
    setattr(UnknownDim, f"__{_name}__", _closed(f"__{_name}__"))
UnknownDim.__neg__ = lambda self: UnknownDim(-int(self))  # type: ignore[method-assign]


@dataclass(frozen=True, slots=True)
class Spec:
    """The shape (a tuple of integers) and the dtype (a canonical name) of a tensor."""

    shape: tuple[int, ...]
    dtype: str

    def __str__(self) -> str:
        return f"{self.dtype}[{','.join(map(str, self.shape))}]"


def public_shape(shape: tuple[int, ...]) -> tuple[int | None, ...]:
    """The shape as users see it: unknown dimensions are `None`."""
    return tuple(None if isinstance(d, UnknownDim) else d for d in shape)


def abstract_shape(shape) -> tuple[int, ...]:
    """The shape as rules see it: `None` becomes an `UnknownDim`."""
    return tuple(UnknownDim(PLACEHOLDER) if d is None else d for d in shape)


def broadcast_shapes(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that arrays of these shapes broadcast to, by NumPy's rule. An unknown dimension gives way to a known
    one.

    Raises:
        ShapeError: the shapes don't broadcast.
    """
    first = shapes[0]
    if all(shape == first for shape in shapes):
        return first
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    return tuple(_broadcast_dims(dims, shapes) for dims in zip(*padded, strict=True))


def _broadcast_dims(dims: tuple[int, ...], shapes) -> int:
    sizes = [d for d in dims if d != 1]
    if not sizes:
        return dims[0]
    known = [d for d in sizes if not isinstance(d, UnknownDim)]
    if any(d != known[0] for d in known) or (not known and any(d != sizes[0] for d in sizes)):
        raise ShapeError(f"Shapes must broadcast to one another. Received: shapes={', '.join(str(s) for s in shapes)}")
    return known[0] if known else sizes[0]
