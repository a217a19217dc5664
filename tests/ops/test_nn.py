"""Convolution, pooling, normalization, losses and attention against loops and closed forms in float64."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from kcore import config, ops
from kcore.errors import InvalidArgumentError, ShapeError

RNG = np.random.default_rng(11)


def normal(*shape, dtype="float64"):
    return RNG.normal(size=shape).astype(dtype)


def close(got, want, rtol=1e-10, atol=1e-12):
    np.testing.assert_allclose(ops.convert_to_numpy(got), want, rtol=rtol, atol=atol)


def same_widths(size, extent, stride):
    total = max((-(-size // stride) - 1) * stride + extent - size, 0)
    return total // 2, total - total // 2


def conv_by_loops(x, kernel, stride, padding, dilation=1):
    """One output position, one group and one feature at a time."""
    rank, groups = x.ndim - 2, x.shape[-1] // kernel.shape[-2]
    extent = [(k - 1) * dilation + 1 for k in kernel.shape[:rank]]
    if padding == "same":
        widths = [same_widths(n, e, stride) for n, e in zip(x.shape[1:-1], extent, strict=True)]
        x = np.pad(x, ((0, 0), *widths, (0, 0)))
    out = [(n - e) // stride + 1 for n, e in zip(x.shape[1:-1], extent, strict=True)]
    y = np.zeros((len(x), *out, kernel.shape[-1]))
    depth, features = kernel.shape[-2], kernel.shape[-1] // groups
    for at in itertools.product(*map(range, out)):
        window = tuple(slice(a * stride, a * stride + e, dilation) for a, e in zip(at, extent, strict=True))
        patch = x[(slice(None), *window)]
        for group, feature in itertools.product(range(groups), range(features)):
            part = patch[..., group * depth : (group + 1) * depth]
            place = group * features + feature
            y[(slice(None), *at, place)] = (part * kernel[..., place]).sum(tuple(range(1, rank + 2)))
    return y


@pytest.mark.parametrize("size", [(7,), (6, 5), (4, 5, 3)])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (3, 1), (1, 2), (2, 2)])
@pytest.mark.parametrize("groups", [1, 2])
def test_conv(backend, size, padding, stride, dilation, groups):
    x, kernel = normal(2, *size, 4), normal(*(3, 2, 2)[: len(size)], 4 // groups, 6)
    if padding == "valid" and any((k - 1) * dilation >= n for k, n in zip(kernel.shape, size, strict=False)):
        padding = "same"
    want = conv_by_loops(x, kernel, stride, padding, dilation)
    close(ops.conv(x, kernel, stride, padding, dilation_rate=dilation), want)
    moved = ops.conv(np.moveaxis(x, -1, 1), kernel, stride, padding, "channels_first", dilation)
    close(moved, np.moveaxis(want, -1, 1))


def test_depthwise_conv_is_a_conv_of_each_channel(backend):
    x, kernel = normal(2, 6, 5, 3), normal(3, 2, 3, 2)
    want = np.stack(
        [
            conv_by_loops(x[..., c : c + 1], kernel[:, :, c : c + 1, m : m + 1], 2, "same")[..., 0]
            for c in range(3)
            for m in range(2)
        ],
        axis=-1,
    )
    close(ops.depthwise_conv(x, kernel, 2, "same"), want)


def test_separable_conv_is_depthwise_then_pointwise(backend):
    x, depthwise, pointwise = normal(2, 6, 5, 3), normal(3, 2, 3, 2), normal(1, 1, 6, 4)
    want = ops.convert_to_numpy(ops.depthwise_conv(x, depthwise, 2, "same")) @ pointwise[0, 0]
    close(ops.separable_conv(x, depthwise, pointwise, 2, "same"), want)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("window", [(3,), (2,), (1,), (4, 3)])
def test_conv_transpose_is_the_adjoint_of_conv(backend, padding, stride, window):
    """<conv_transpose(y), x> = <y, conv(x)> for every x."""
    y, kernel = normal(2, *(4, 5)[: len(window)], 3), normal(*window, 2, 3)
    image = ops.convert_to_numpy(ops.conv_transpose(y, kernel, stride, padding))
    assert image.shape[1:-1] == tuple(
        n * stride + (max(k - stride, 0) if padding == "valid" else 0)
        for n, k in zip(y.shape[1:-1], window, strict=True)
    )
    x = normal(*image.shape)
    forward = conv_by_loops(x, kernel, stride, padding)
    assert forward.shape == y.shape
    np.testing.assert_allclose((image * x).sum(), (forward * y).sum(), rtol=1e-10)


def test_conv_transpose_output_padding_sets_the_size(backend):
    y, kernel = normal(1, 4, 3), normal(3, 2, 3)
    sizes = [ops.conv_transpose(y, kernel, 3, "valid", extra).shape[1] for extra in (0, 1, 2)]
    assert sizes == [12, 13, 14]
    with pytest.raises(InvalidArgumentError, match="`output_padding` must be at least 0 and below the stride"):
        ops.conv_transpose(y, kernel, 3, "valid", 3)


def pool_by_loops(x, size, stride, padding, reduce):
    rank = x.ndim - 2
    widths = [same_widths(n, size, stride) if padding == "same" else (0, 0) for n in x.shape[1:-1]]
    x = np.pad(x, ((0, 0), *widths, (0, 0)), constant_values=np.nan)
    out = [(n - size) // stride + 1 for n in x.shape[1:-1]]
    y = np.zeros((len(x), *out, x.shape[-1]))
    for at in itertools.product(*map(range, out)):
        window = tuple(slice(a * stride, a * stride + size) for a in at)
        y[(slice(None), *at)] = reduce(x[(slice(None), *window)], axis=tuple(range(1, rank + 1)))
    return y


@pytest.mark.parametrize("size", [(7,), (6, 5), (4, 5, 3)])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("stride", [1, 2, None])
def test_pooling(backend, size, padding, stride):
    x = normal(2, *size, 3)
    want = pool_by_loops(x, 3, stride or 3, padding, np.nanmax)
    close(ops.max_pool(x, 3, stride, padding), want)
    want = pool_by_loops(x, 3, stride or 3, padding, np.nanmean)
    close(ops.average_pool(x, 3, stride, padding), want)


def test_fused_pooling_is_its_composite(backend):
    from kcore.ops.pooling import average_pool_windows, max_pool_windows

    x, geometry = normal(2, 6, 5, 3, dtype="float32"), {"size": (3, 2), "strides": (2, 1), "padding": ((1, 1), (0, 1))}
    x = ops.convert_to_tensor(x)
    for pool in (max_pool_windows, average_pool_windows):
        close(pool(x, **geometry), ops.convert_to_numpy(pool.composite(x, **geometry)), rtol=1e-6)


def test_max_pool_keeps_nan_and_pads_with_minus_infinity(backend):
    x = np.array([np.nan, 1.0, -np.inf, -np.inf], "float32").reshape(1, 4, 1)
    assert ops.convert_to_numpy(ops.max_pool(x, 2))[0, :, 0].tolist()[1] == -np.inf
    assert np.isnan(ops.convert_to_numpy(ops.max_pool(x, 2))[0, 0, 0])


def test_batch_normalization(backend):
    x, mean, variance, offset, scale = normal(3, 4, 5), normal(4), np.abs(normal(4)), normal(4), normal(4)
    want = (x - mean[:, None]) / np.sqrt(variance[:, None] + 0.1) * scale[:, None] + offset[:, None]
    close(ops.batch_normalization(x, mean, variance, 1, offset, scale, 0.1), want)


@pytest.mark.parametrize("axis", [-1, 1, (1, 2), (2, 1)])
def test_layer_and_rms_normalization(backend, axis):
    x = normal(3, 4, 5)
    shape = tuple(x.shape[a] for a in sorted(a % 3 for a in np.atleast_1d(axis)))
    gamma, beta = normal(*shape), normal(*shape)
    place = tuple(n if i in [a % 3 for a in np.atleast_1d(axis)] else 1 for i, n in enumerate(x.shape))
    mean, variance = x.mean(axis, keepdims=True), x.var(axis, keepdims=True)
    want = (x - mean) / np.sqrt(variance + 1e-7) * gamma.reshape(place) + beta.reshape(place)
    close(ops.layer_normalization(x, gamma, beta, axis), want)
    want = x / np.sqrt((x * x).mean(axis, keepdims=True) + 1e-7) * gamma.reshape(place)
    close(ops.rms_normalization(x, gamma, axis), want)


def test_variance_of_a_large_mean_keeps_its_digits(backend):
    """The shortcut E[x**2] - E[x]**2 gives anything between 0 and 16 here."""
    x = (1e4 + RNG.normal(size=100_000)).astype("float32")
    want = x.astype("float64").var()
    assert float(ops.var(x)) == pytest.approx(want, rel=1e-3)
    assert float(ops.moments(x, [0])[1]) == pytest.approx(want, rel=1e-3)


def test_half_precision_is_summed_in_single(backend):
    x = np.full(4096, 0.1, "float16")
    assert float(ops.mean(x)) == pytest.approx(0.1, rel=1e-3)
    assert ops.dtype(ops.mean(x)) == "float16"


def test_crossentropies_from_probabilities(backend):
    p = RNG.uniform(0.1, 0.9, (3, 4))
    rows = p / p.sum(-1, keepdims=True)
    onehot, labels = np.eye(4)[[0, 2, 3]], np.array([0, 2, 3])
    close(ops.categorical_crossentropy(onehot, p), -np.log(rows[np.arange(3), labels]))
    close(ops.sparse_categorical_crossentropy(labels, p), -np.log(rows[np.arange(3), labels]))
    close(ops.sparse_categorical_crossentropy(labels[:, None], p), -np.log(rows[np.arange(3), labels]))
    close(ops.binary_crossentropy(onehot, p), -onehot * np.log(p) - (1 - onehot) * np.log(1 - p))


def test_the_crossentropy_of_certain_probabilities_is_limited(backend):
    certain, least = [[1.0, 0.0], [1.0, 0.0]], config.epsilon()
    close(ops.sparse_categorical_crossentropy([0, 1], certain), [-np.log(np.float32(1 - least)), -np.log(least)], 1e-5)
    none = ops.sparse_categorical_crossentropy(np.zeros(0, "int32"), np.zeros((0, 2), "float32"))
    assert ops.shape(none) == (0,)


def test_crossentropies_from_logits(backend):
    z = normal(3, 4) * 3
    logs = z - np.log(np.exp(z).sum(-1, keepdims=True))
    soft = RNG.uniform(size=(3, 4))
    close(ops.categorical_crossentropy(soft, z, True), -(soft * logs).sum(-1))
    close(ops.sparse_categorical_crossentropy([0, 2, 3], z, True), -logs[np.arange(3), [0, 2, 3]])
    close(ops.categorical_crossentropy(soft, z, True, axis=0), -(soft * np.log(np.exp(z) / np.exp(z).sum(0))).sum(0))
    close(
        ops.binary_crossentropy(soft, z, True),
        -soft * np.log(1 / (1 + np.exp(-z))) - (1 - soft) * np.log(1 / (1 + np.exp(z))),
    )


def test_logits_of_any_size_lose_nothing(backend):
    assert ops.convert_to_numpy(ops.binary_crossentropy([1.0, 0.0], [-200.0, -200.0], True)).tolist() == [200.0, 0.0]
    assert ops.convert_to_numpy(ops.sparse_categorical_crossentropy([1], [[1000.0, 0.0]], True)).tolist() == [1000.0]
    assert ops.convert_to_numpy(ops.log_sigmoid([-300.0, 300.0])).tolist() == [-300.0, 0.0]
    assert ops.convert_to_numpy(ops.softplus([-300.0, 300.0])).tolist() == [0.0, 300.0]


@pytest.mark.parametrize("label", [-1, 4])
def test_a_label_that_is_no_class_is_an_error(backend, label):
    with pytest.raises(
        InvalidArgumentError, match=rf"`target` must hold class numbers in \[0, 4\)\. Received: target with {label}"
    ):
        ops.sparse_categorical_crossentropy([0, label], np.zeros((2, 4), "float32"), True)


def test_targets_of_another_shape_are_an_error(backend):
    with pytest.raises(ShapeError, match=r"`target` and `output` must have one shape.*ops.binary_crossentropy"):
        ops.binary_crossentropy(np.zeros((2, 3)), np.zeros((3, 2)))


def test_softmax_of_masked_rows(backend):
    x = np.array([[-np.inf, -np.inf], [0.0, -np.inf], [np.inf, 0.0], [np.nan, 0.0]], "float32")
    y = ops.convert_to_numpy(ops.softmax(x))
    assert y[:2].tolist() == [[0.0, 0.0], [1.0, 0.0]]
    assert np.isnan(y[2:]).all()
    assert ops.convert_to_numpy(ops.log_softmax(x[:2])).tolist() == [[-np.inf, -np.inf], [0.0, -np.inf]]
    assert ops.convert_to_numpy(ops.logsumexp(x[:2], axis=1)).tolist() == [-np.inf, 0.0]


def test_softmax_over_two_axes(backend):
    x = normal(2, 3, 4)
    e = np.exp(x)
    close(ops.softmax(x, axis=(0, 2)), e / e.sum((0, 2), keepdims=True))


def test_sparsemax_is_the_projection_on_the_simplex(backend):
    """It is the only p >= 0 of sum 1 with x - p constant where p > 0, and not above that constant elsewhere."""
    x = normal(20, 6)
    p = ops.convert_to_numpy(ops.sparsemax(x))
    np.testing.assert_allclose(p.sum(-1), 1, rtol=1e-12)
    assert (p >= 0).all()
    level = np.where(p > 0, x - p, np.inf).min(-1, keepdims=True)
    np.testing.assert_allclose(np.where(p > 0, x - p, level), np.broadcast_to(level, x.shape), atol=1e-12)
    assert (x[p == 0] <= np.broadcast_to(level, x.shape)[p == 0] + 1e-12).all()


def attention_by_heads(q, k, v, bias=0.0, mask=True, scale=None):
    heads = []
    for h in range(q.shape[2]):
        g = h * k.shape[2] // q.shape[2]
        scores = q[:, :, h] @ k[:, :, g].transpose(0, 2, 1) * (scale or q.shape[-1] ** -0.5)
        scores = np.where(
            mask[:, h] if isinstance(mask, np.ndarray) else mask,
            scores + (bias[:, h] if isinstance(bias, np.ndarray) else 0),
            -np.inf,
        )
        e = np.exp(scores - scores.max(-1, keepdims=True))
        heads.append(e / e.sum(-1, keepdims=True) @ v[:, :, g])
    return np.stack(heads, 2)


def test_attention(backend):
    q, k, v = normal(2, 5, 4, 8), normal(2, 6, 2, 8), normal(2, 6, 2, 3)
    bias, mask = normal(2, 4, 5, 6), RNG.uniform(size=(2, 4, 5, 6)) > 0.3
    mask[..., 0] = True
    close(ops.dot_product_attention(q, k, v), attention_by_heads(q, k, v))
    close(ops.dot_product_attention(q, k, v, bias, mask, 0.3), attention_by_heads(q, k, v, bias, mask, 0.3))
    causal = np.broadcast_to(np.tril(np.ones((5, 5), bool)), (2, 4, 5, 5)).copy()
    close(ops.dot_product_attention(q, q, q, is_causal=True), attention_by_heads(q, q, q, mask=causal))


def test_a_query_without_keys_gets_zero(backend):
    x = normal(1, 2, 1, 3, dtype="float32")
    mask = np.array([[[[True, True], [False, False]]]])
    y = ops.convert_to_numpy(ops.dot_product_attention(x, x, x, mask=mask))
    assert y[0, 1].tolist() == [[0.0, 0.0, 0.0]]
    assert np.isfinite(y).all()


def test_blocks_and_patches_are_inverse(backend):
    x = normal(2, 4, 6, 8)
    for data_format in ("channels_last", "channels_first"):
        y = ops.depth_to_space(ops.space_to_depth(x, 2, data_format), 2, data_format)
        close(y, x)
    x = normal(2, 3, 6, 4)
    columns = ops.unfold(x, 2, stride=2)
    close(ops.fold(columns, (6, 4), 2, stride=2), x)


def test_adaptive_pooling(backend):
    x = normal(2, 7, 3)
    edges = [(0, 3), (2, 5), (4, 7)]
    close(ops.adaptive_average_pool(x, 3), np.stack([x[:, a:b].mean(1) for a, b in edges], 1))
    close(ops.adaptive_max_pool(x, 3), np.stack([x[:, a:b].max(1) for a, b in edges], 1))
