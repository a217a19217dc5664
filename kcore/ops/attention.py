"""Attention."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from kcore.engine import primitives as P
from kcore.engine.fused import fused_op
from kcore.errors import InvalidArgumentError, ShapeError

from ._common import cast, convert, dtype_of, promote_float, shape_of, wide_float
from .contraction import batched_product
from .operation import op
from .softmax import normalized


@op
def dot_product_attention(
    query,
    key,
    value,
    bias=None,
    mask=None,
    scale=None,
    is_causal=False,
    flash_attention=None,
    attn_logits_soft_cap=None,
):
    """`softmax(query @ key.T * scale + bias) @ value`, for each head.

    A query whose keys are all masked (or have a bias of `-inf`) gets 0.

    Args:
        query: a tensor of shape `(batch, queries, heads, size)`.
        key, value: tensors of shape `(batch, keys, groups, size)`; `heads` is a multiple of `groups`.
        bias: a tensor that broadcasts to `(batch, heads, queries, keys)`.
        mask: a bool tensor that broadcasts to it; false is masked.
        scale: a number; `1 / sqrt(size)` by default.
        is_causal: whether each query sees only the keys up to its own place.
        flash_attention: accepted; it makes no difference here.
        attn_logits_soft_cap: a number beyond which scores are adjusted back by tanh.

    Returns:
        A tensor of `query`'s shape, with the size of `value`.

    Raises:
        ShapeError: the shapes don't fit.

    Source:
        Vaswani et al., Attention is all you need (2017).

    Example:
        >>> x = ops.ones((1, 2, 1, 3))
        >>> ops.dot_product_attention(x, x, x).shape
        (1, 2, 1, 3)
    """
    query, key, value = promote_float(query, key, value)
    _check(query, key, value)
    heads, size = shape_of(query)[2:]
    times = heads // shape_of(key)[2]
    query = P.multiply(query, float(1 / math.sqrt(size) if scale is None else scale))
    key, value = _repeated(key, times), _repeated(value, times)
    if mask is None and bias is None and attn_logits_soft_cap is None:
        return _attention(query, key, value, causal=bool(is_causal))
    adjusted = partial(_adjusted, bias=bias, cap=attn_logits_soft_cap, mask=mask)
    return _attended(query, key, value, is_causal, adjusted)


def _check(query, key, value) -> None:
    shapes = [shape_of(x) for x in (query, key, value)]
    fits = all(len(s) == 4 for s in shapes) and shapes[1][:3] == shapes[2][:3] and shapes[0][3] == shapes[1][3]
    if not fits or shapes[0][0] != shapes[1][0] or shapes[0][2] % shapes[1][2]:
        raise ShapeError(
            f"`query`, `key` and `value` must be (batch, length, heads, size), the heads of `query` a multiple of "
            f"the others'. "
            f"Received: query.shape={shapes[0]}, key.shape={shapes[1]}, value.shape={shapes[2]}"
        )


def _repeated(x, times: int):
    """Each head `times` times."""
    if times == 1:
        return x
    batch, count, groups, size = shape_of(x)
    wide = P.reshape(x, shape=(batch, count, groups, 1, size))
    wide = P.broadcast_to(wide, shape=(batch, count, groups, times, size))
    return P.reshape(wide, shape=(batch, count, groups * times, size))


@fused_op("attention")
def _attention(query, key, value, *, causal):
    """`softmax(query @ key.T) @ value`, with as many heads in each operand."""
    return _attended(query, key, value, causal, lambda scores: scores)


def _attended(query, key, value, causal: bool, adjusted: Callable):
    """The same, with what else is done to the scores."""
    dtype = dtype_of(query)
    q, k, v = (P.permute_dims(x, axes=(0, 2, 1, 3)) for x in (query, key, value))
    scores = batched_product(q, P.permute_dims(k, axes=(0, 1, 3, 2)))
    scores = adjusted(cast(scores, wide_float(dtype)))
    if causal:
        scores = P.where(_earlier(*shape_of(scores)[-2:]), scores, -math.inf)
    weights = normalized(scores, axes=(len(shape_of(scores)) - 1,))
    return P.permute_dims(batched_product(cast(weights, dtype), v), axes=(0, 2, 1, 3))


def _adjusted(scores, bias, cap, mask):
    """Scores within a cap, with a bias, and where the mask lets them be."""
    if cap is not None:
        if not cap > 0:
            raise InvalidArgumentError(f"`attn_logits_soft_cap` must be positive. Received: attn_logits_soft_cap={cap}")
        scores = P.multiply(P.tanh(P.divide(scores, float(cap))), float(cap))
    if bias is not None:
        scores = P.add(scores, convert(bias, dtype_of(scores)))
    return scores if mask is None else P.where(convert(mask, "bool"), scores, -math.inf)


def _earlier(queries: int, keys: int):
    """`(queries, keys)`: where the key isn't later than the query."""
    rows = P.reshape(P.iota(size=queries, dtype="int32"), shape=(queries, 1))
    return P.less_equal(P.reshape(P.iota(size=keys, dtype="int32"), shape=(1, keys)), rows)
