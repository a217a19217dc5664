"""Convolution and its adjoints against direct loops in float64, through each of the ways in which they are computed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from kcore_numpy import _blocks, _convolution, _rows

CASES = {
    "wide channels": ((2, 6, 5, 20), (3, 2, 20, 4), (1, 1), ((0, 0), (0, 0)), (1, 1), 1),
    "few channels": ((3, 6, 5, 2), (3, 2, 2, 5), (1, 1), ((1, 1), (0, 1)), (1, 1), 1),
    "strides that leave a rest": ((2, 8, 7, 3), (3, 2, 3, 4), (2, 3), ((1, 0), (0, 2)), (1, 1), 1),
    "dilation": ((1, 9, 8, 2), (3, 3, 2, 3), (2, 1), ((0, 0), (1, 1)), (2, 3), 1),
    "groups": ((2, 5, 5, 6), (2, 2, 3, 4), (1, 2), ((1, 0), (0, 0)), (1, 1), 2),
    "groups of many channels": ((2, 5, 5, 40), (2, 2, 20, 4), (1, 1), ((0, 0), (0, 0)), (1, 1), 2),
    "depthwise": ((2, 6, 6, 3), (3, 3, 1, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 3),
    "depthwise, two each": ((2, 6, 7, 3), (3, 2, 1, 6), (2, 1), ((0, 1), (0, 0)), (1, 2), 3),
    "pointwise": ((2, 3, 4, 5), (1, 1, 5, 6), (1, 1), ((0, 0), (0, 0)), (1, 1), 1),
    "pointwise with strides": ((2, 5, 4, 5), (1, 1, 5, 6), (2, 2), ((0, 0), (0, 0)), (1, 1), 1),
    "pointwise with padding": ((2, 3, 4, 5), (1, 1, 5, 6), (1, 1), ((1, 0), (0, 1)), (1, 1), 1),
    "one axis": ((3, 9, 4), (3, 4, 5), (2,), ((2, 0),), (2,), 1),
    "three axes": ((2, 4, 3, 5, 2), (2, 2, 3, 2, 3), (1, 1, 2), ((0, 1), (1, 0), (0, 0)), (1, 1, 1), 1),
    "rows with dilation": ((2, 9, 12, 8), (3, 3, 8, 4), (1, 1), ((1, 2), (2, 1)), (2, 2), 1),
    "rows of one axis": ((3, 12, 8), (3, 8, 5), (1,), ((2, 0),), (1,), 1),
    "rows of three axes": ((2, 4, 3, 7, 8), (2, 2, 3, 8, 3), (1, 1, 1), ((0, 1), (1, 0), (1, 1)), (1, 1, 1), 1),
    "rows with strides along the last axis": ((2, 9, 12, 8), (3, 2, 8, 4), (1, 3), ((1, 0), (2, 1)), (2, 1), 1),
    "one position": ((1, 3, 3, 2), (3, 3, 2, 2), (1, 1), ((0, 0), (0, 0)), (1, 1), 1),
}


def meetings(case):
    """For each position of the result: the slice of the batch there, and which input and tap meet."""
    x_shape, k_shape, strides, padding, dilation, _ = case
    size = [
        (n + lo + hi - (k - 1) * d - 1) // s + 1
        for n, k, s, (lo, hi), d in zip(x_shape[1:-1], k_shape[:-2], strides, padding, dilation, strict=True)
    ]
    for out in itertools.product(*map(range, size)):
        for tap in itertools.product(*map(range, k_shape[:-2])):
            at = [o * s - lo + t * d for o, s, (lo, _), t, d in zip(out, strides, padding, tap, dilation, strict=True)]
            if all(0 <= a < n for a, n in zip(at, x_shape[1:-1], strict=True)):
                yield (slice(None), *out), (slice(None), *at), tap


def output_shape(case):
    x_shape, k_shape, strides, padding, dilation, _ = case
    rows = zip(x_shape[1:-1], k_shape[:-2], strides, padding, dilation, strict=True)
    return (x_shape[0], *((n + lo + hi - (k - 1) * d - 1) // s + 1 for n, k, s, (lo, hi), d in rows), k_shape[-1])


def channel_pairs(case):
    """Each group's channels of x and features of y."""
    x_shape, k_shape, *_, groups = case
    channels, features = x_shape[-1] // groups, k_shape[-1] // groups
    for g in range(groups):
        yield slice(g * channels, (g + 1) * channels), slice(g * features, (g + 1) * features)


def direct(case, x, kernel, y):
    """conv(x, kernel), conv_transpose(y, kernel) and conv_kernel_grad(x, y), by their definition."""
    x, kernel, y = (a.astype(np.float64) for a in (x, kernel, y))
    out, dx, dk = np.zeros_like(y), np.zeros_like(x), np.zeros_like(kernel)
    for o, i, tap in meetings(case):
        for c, f in channel_pairs(case):
            out[o][:, f] += x[i][:, c] @ kernel[tap][:, f]
            dx[i][:, c] += y[o][:, f] @ kernel[tap][:, f].T
            dk[tap][:, f] += x[i][:, c].T @ y[o][:, f]
    return out, dx, dk


def settings(case):
    return dict(zip(("strides", "padding", "dilation", "groups"), case[2:], strict=True))


def operands(case, normal, dtype="float32"):
    return normal(*case[0], dtype=dtype), normal(*case[1], dtype=dtype), normal(*output_shape(case), dtype=dtype)


def all_three(backend, case, x, kernel, y):
    named = settings(case)
    yield backend.conv(x, kernel, **named)
    yield backend.conv_transpose(y, kernel, size=case[0][1:-1], **named)
    yield backend.conv_kernel_grad(x, y, size=case[1][:-2], **named)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_matches_the_definition(numpy_backend, normal, case, dtype):
    arrays = operands(case, normal, dtype)
    tolerance = {"float16": 2e-2, "float32": 2e-5, "float64": 1e-12}[dtype]
    for got, expected in zip(all_three(numpy_backend, case, *arrays), direct(case, *arrays), strict=True):
        assert got.dtype == dtype
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


def test_which_adjoints_go_by_rows(normal):
    by_rows = set()
    for name, case in CASES.items():
        _, kernel, y = operands(case, normal)
        if _rows.applies(y, kernel, _convolution.Settings(*case[2:])):
            by_rows.add(name)
    last = "rows with strides along the last axis"
    assert {name for name in CASES if name.startswith(("rows", "wide"))} - {last} <= by_rows
    assert not by_rows & {last, "strides that leave a rest", "groups", "depthwise", "three axes"}


def test_which_kernel_gradients_go_by_rows(normal):
    for name, strides, rows, batch in (
        ("large", (1, 1), 20, 1),
        ("small", (1, 1), 3, 64),
        ("strides", (2, 1), 20, 1),
        ("strides along the last axis", (1, 2), 20, 1),
    ):
        x, y = np.empty((batch, 24, 26, 32), "float32"), np.empty((batch, rows, 24, 8), "float32")
        given = _convolution.Settings(strides, ((0, 0), (0, 0)), (1, 1), 1)
        applies = _rows.kernel_grad_applies(x, y, (3, 3), given)
        assert applies == (name in {"large", "strides along the last axis"}), name


def test_a_long_signal_is_not_made_into_patches_as_a_whole():
    kernel, settings = np.empty((7, 8, 16), "float32"), _convolution.Settings((1,), ((3, 3),), (1,), 1)
    short, long = np.empty((1, 500, 16), "float32"), np.empty((1, 100_000, 16), "float32")
    assert _rows.applies(short, kernel, settings)
    assert not _rows.applies(long, kernel, settings)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_small_blocks_give_the_same(numpy_backend, normal, monkeypatch, case):
    arrays = operands(case, normal, "float64")
    whole = [a.copy() for a in all_three(numpy_backend, case, *arrays)]
    original = _blocks.image_blocks
    for module in (_convolution, _rows):
        monkeypatch.setattr(module, "image_blocks", lambda n, rows, size, *_: original(n, rows, size, 600))
    monkeypatch.setattr(_rows, "PATCH_BYTES", 3000)
    for got, expected in zip(all_three(numpy_backend, case, *arrays), whole, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)


def test_operands_need_not_be_contiguous(numpy_backend, normal):
    case = CASES["few channels"]
    x, kernel, y = operands(case, normal, "float64")
    strided = [np.repeat(a, 2, axis=-1)[..., ::2] for a in (x, kernel, y)]
    for got, expected in zip(all_three(numpy_backend, case, *strided), direct(case, x, kernel, y), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("empty", ["batch", "channels", "features"])
def test_zero_sizes_give_zeros(numpy_backend, empty):
    n, c, f = (0 if empty == name else 2 for name in ("batch", "channels", "features"))
    x, kernel, y = np.ones((n, 4, 4, c), "float32"), np.ones((3, 3, c, f), "float32"), np.ones((n, 2, 2, f), "float32")
    named = {"strides": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1), "groups": 1}
    for got, shape in (
        (numpy_backend.conv(x, kernel, **named), y.shape),
        (numpy_backend.conv_transpose(y, kernel, size=(4, 4), **named), x.shape),
        (numpy_backend.conv_kernel_grad(x, y, size=(3, 3), **named), kernel.shape),
    ):
        assert got.shape == shape
        assert not got.any()
