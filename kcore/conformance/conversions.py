"""What a backend's conversions promise: dtypes, shapes, copies, what is a tensor and what isn't."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from kcore import dtypes
from kcore.engine import primitives as P

from .case import Case, case, family

GROUP = "conversions"


def _dtype(name: str, backend, check) -> None:
    tensor = backend.asarray([0, 1], name)
    check.true(backend.is_tensor(tensor), "`asarray` gives no tensor")
    check.spec(tensor, (2,), name)
    check.equal(P.cast(tensor, dtype="int32"), np.array([0, 1], np.int32))
    back = P.cast(backend.asarray(np.array([0, 1], np.int32)), dtype=name)
    check.spec(back, (2,), name)
    check.spec(P.permute_dims(back, axes=(0,)), (2,), name)


@family
def each_dtype() -> Iterator[Case]:
    """Each dtype is kept by what makes and moves tensors, or is a gap."""
    for name in dtypes.ALL:
        yield Case(f"dtype/{name}", partial(_dtype, name), group=GROUP, op="asarray", needs=(f"dtype:{name}",),
                   answer="The dtype that was asked for.")  # fmt: skip


SHAPES = ((), (0,), (1,), (2, 0, 3), (2, 3, 4))


def _shape(shape: tuple, backend, check) -> None:
    source = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    tensor = backend.asarray(source)
    check.true(tuple(backend.shape_of(tensor)) == shape, f"`shape_of` gives {backend.shape_of(tensor)} for {shape}")
    check.true(backend.dtype_of(tensor) == "float32", f"`dtype_of` gives {backend.dtype_of(tensor)}")
    check.equal(backend.to_numpy(tensor), source)
    check.equal(backend.asarray(np.array(source, order="F")), source)


@family
def each_shape() -> Iterator[Case]:
    """Arrays of any shape and order come back as they went in."""
    for shape in SHAPES:
        yield Case(f"conversion/shape {shape}", partial(_shape, shape), group=GROUP, op="asarray")


@case("conversion/a list of numbers", group=GROUP, op="asarray", answer="A tensor of the dtype that is named.")
def nested_list(backend, check):
    """Nested lists become tensors of the dtype asked for."""
    check.equal(backend.asarray([[1, 2], [3, 4]], "float32"), np.array([[1, 2], [3, 4]], np.float32))


@case("conversion/what is no tensor", group=GROUP, op="is_tensor", answer="Lists, numbers and text are no tensors.")
def what_is_no_tensor(backend, check):
    """Python objects are no tensors."""
    for x in ([1.0], 1.0, 1, "x", None, True):
        check.true(not backend.is_tensor(x), f"`is_tensor` takes {x!r} for a tensor")


@case(
    "conversion/a copy is apart", group=GROUP, op="copy", answer="Writing into what it was made from changes nothing."
)
def copies_are_apart(backend, check):
    """A copy shares no memory that anyone can write to."""
    source = np.arange(4, dtype=np.float32)
    copied = backend.copy(backend.asarray(source))
    source += 9
    check.equal(copied, np.arange(4, dtype=np.float32))
