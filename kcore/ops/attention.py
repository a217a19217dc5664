"""Attention."""

from __future__ import annotations

import math

from kcore.engine import primitives as P
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
        attn_logits_soft_cap: a number beyond which scores are bent back by tanh.

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
    dtype = dtype_of(query)
    heads, size = shape_of(query)[2:]
    groups = shape_of(key)[2]
    factor = 1 / math.sqrt(size) if scale is None else scale
    q = P.multiply(P.permute_dims(query, axes=(0, 2, 1, 3)), float(factor))
    k, v = (_repeated(P.permute_dims(x, axes=(0, 2, 1, 3)), heads // groups) for x in (key, value))
    scores = batched_product(q, P.permute_dims(k, axes=(0, 1, 3, 2)))
    weights = _weights(cast(scores, wide_float(dtype)), bias, mask, is_causal, attn_logits_soft_cap)
    return P.permute_dims(batched_product(cast(weights, dtype), v), axes=(0, 2, 1, 3))


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
    batch, groups, count, size = shape_of(x)
    wide = P.broadcast_to(
        P.reshape(x, shape=(batch, groups, 1, count, size)), shape=(batch, groups, times, count, size)
    )
    return P.reshape(wide, shape=(batch, groups * times, count, size))


def _weights(scores, bias, mask, is_causal, cap):
    dtype = dtype_of(scores)
    if cap is not None:
        if not cap > 0:
            raise InvalidArgumentError(f"`attn_logits_soft_cap` must be positive. Received: attn_logits_soft_cap={cap}")
        scores = P.multiply(P.tanh(P.divide(scores, float(cap))), float(cap))
    if bias is not None:
        scores = P.add(scores, convert(bias, dtype))
    if mask is not None:
        scores = P.where(convert(mask, "bool"), scores, -math.inf)
    if is_causal:
        queries, keys = shape_of(scores)[-2:]
        rows = P.reshape(P.iota(size=queries, dtype="int32"), shape=(queries, 1))
        columns = P.reshape(P.iota(size=keys, dtype="int32"), shape=(1, keys))
        scores = P.where(P.less_equal(columns, rows), scores, -math.inf)
    return normalized(scores, axes=(len(shape_of(scores)) - 1,))
