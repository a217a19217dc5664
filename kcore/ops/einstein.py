"""`einsum`: sums of products in Einstein's notation, as batched matrix products."""

from __future__ import annotations

import string

import numpy as np

from kcore.engine import primitives as P
from kcore.engine.spec import broadcast_shapes
from kcore.errors import InvalidArgumentError

from ._common import cast, convert, dtype_of, product, promote, shape_of, to_dtype
from .contraction import permuted
from .diagonals import diagonal
from .operation import op


@op
def einsum(subscripts, *operands, **kwargs):
    """Sums of products by Einstein's notation.

    Args:
        subscripts: letters for the axes of each operand, separated by commas, and, after `->`, those of the result
            (by default all that occur once, in alphabetical order). `...` stands for axes that broadcast. A letter
            twice in one operand takes its diagonal.
        *operands: tensors.
        **kwargs: ignored (`optimize`): operands are joined two by two, in the order that costs least.

    Returns:
        A tensor of the promoted dtype.

    Raises:
        InvalidArgumentError: the subscripts don't fit the operands.

    Example:
        >>> ops.einsum("ij,j->i", [[1, 2], [3, 4]], [1, 1]).tolist()
        [3, 7]
    """
    tensors = promote(*map(convert, operands))
    narrow = dtype_of(tensors[0])
    if narrow == "bool":
        tensors = to_dtype("int32", *tensors)
    labels, result = _parse(subscripts, [len(shape_of(x)) for x in tensors], subscripts)
    terms = [_without_repeats(x, label) for x, label in zip(tensors, labels, strict=True)]
    for i, j in _path(terms, result):
        left, right = terms.pop(i), terms.pop(j)
        kept = set(result).union(*(label for _, label in terms))
        terms.append(_contract(left, right, kept))
    return cast(_finish(*terms[0], result), narrow)


def _parse(subscripts: str, ranks: list[int], shown: str) -> tuple[list[str], str]:
    """Each operand's letters and the result's, `...` spelled out in letters of its own."""
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != len(ranks):
        raise InvalidArgumentError(
            f"`subscripts` must have a term an operand. Received: subscripts={shown!r}, {len(ranks)} operands"
        )
    spare = [c for c in string.ascii_letters if c not in subscripts]
    widths = [rank - len(term.replace("...", "")) for term, rank in zip(terms, ranks, strict=True)]
    dots = "".join(spare[: max([w for term, w in zip(terms, widths, strict=True) if "..." in term], default=0)])
    labels = [term.replace("...", dots[len(dots) - max(w, 0) :]) for term, w in zip(terms, widths, strict=True)]
    if any(
        len(label) != rank or not set(label) <= set(string.ascii_letters)
        for label, rank in zip(labels, ranks, strict=True)
    ):
        raise InvalidArgumentError(
            f"`subscripts` must have a letter an axis. Received: subscripts={shown!r}, ranks={ranks}"
        )
    letters = "".join(terms).replace("...", "")
    implicit = dots + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    result = output.replace("...", dots) if arrow else implicit
    if len(set(result)) != len(result) or not set(result) <= set("".join(labels)):
        raise InvalidArgumentError(
            f"`subscripts` must use each letter of the result once. Received: subscripts={shown!r}"
        )
    return labels, result


def _without_repeats(x, label: str):
    for c in dict.fromkeys(label):
        while label.count(c) > 1:
            i = label.index(c)
            j = label.index(c, i + 1)
            x = diagonal(x, 0, i, j)
            label = label[:i] + label[i + 1 : j] + label[j + 1 :] + c
    return x, label


def _path(terms, result: str) -> list[tuple[int, int]]:
    """Which two terms to join next, the larger index first."""
    if len(terms) < 3:
        return [(0, 0)] * (len(terms) - 1)
    dummies = [np.broadcast_to(np.int8(0), tuple(map(int, shape_of(x)))) for x, _ in terms]
    path = np.einsum_path(",".join(label for _, label in terms) + "->" + result, *dummies, optimize="greedy")[0][1:]
    return [pair for step in path for pair in _pairs(sorted(step, reverse=True), len(terms))]


def _pairs(step, count) -> list[tuple[int, int]]:
    if len(step) == 1:
        return []
    return [(step[0], step[1]), *[(-1, i) for i in step[2:]]]


def _contract(left, right, kept: set[str]):
    """Two terms joined by one batched matrix product, summing over the letters that nobody needs any more."""
    x, a = _summed(left[0], left[1], kept | set(right[1]))
    y, b = _summed(right[0], right[1], kept | set(left[1]))
    sizes = dict([*zip(a, shape_of(x), strict=True), *zip(b, shape_of(y), strict=True)])
    for c, m, n in ((c, shape_of(x)[a.index(c)], shape_of(y)[b.index(c)]) for c in a if c in b):
        sizes[c] = broadcast_shapes((m,), (n,))[0]
    batch = [c for c in a if c in b and c in kept]
    joined = [c for c in a if c in b and c not in kept]
    rows, columns = [c for c in a if c not in b], [c for c in b if c not in a]
    n, k, m = (product(sizes[c] for c in group) for group in (rows, joined, columns))
    outer = tuple(sizes[c] for c in batch)
    x = P.reshape(_arranged(x, a, [*batch, *rows, *joined], sizes), shape=(*outer, n, k))
    y = P.reshape(_arranged(y, b, [*batch, *joined, *columns], sizes), shape=(*outer, k, m))
    label = "".join([*batch, *rows, *columns])
    return P.reshape(P.matmul(x, y), shape=tuple(sizes[c] for c in label)), label


def _summed(x, label: str, kept: set[str]):
    axes = tuple(i for i, c in enumerate(label) if c not in kept)
    x = P.sum(x, axes=axes, keepdims=False) if axes else x
    return x, "".join(c for c in label if c in kept)


def _arranged(x, label: str, order: list[str], sizes):
    x = permuted(x, tuple(label.index(c) for c in order))
    shape = tuple(sizes[c] for c in order)
    return x if shape_of(x) == shape else P.broadcast_to(x, shape=shape)


def _finish(x, label: str, result: str):
    x, label = _summed(x, label, set(result))
    return permuted(x, tuple(label.index(c) for c in result))
