"""Fourier transforms against NumPy in float64, their inverses, gradients, inference, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kcore import KerasTensor, ops
from kcore.engine.function import Function
from kcore.errors import InvalidArgumentError, ShapeError

from .test_gradients import check_grads, numbers

RNG = np.random.default_rng(8)
PAIR = RNG.normal(size=(2, 3, 4, 5))
SIGNAL = RNG.normal(size=(2, 30))


def _complex(pair):
    return numbers(pair[0]) + 1j * numbers(pair[1])


@pytest.mark.parametrize(("name", "oracle"), [("fft", np.fft.fft), ("fft2", np.fft.fft2), ("ifft2", np.fft.ifft2)])
def test_transforms_are_numpys(backend, name, oracle):
    function = getattr(ops, name)
    for run in (lambda re, im: function((re, im)), Function(lambda re, im: function((re, im)))):
        np.testing.assert_allclose(_complex(run(*PAIR)), oracle(PAIR[0] + 1j * PAIR[1]), atol=1e-12)
    single = function((PAIR[0].astype("float32"), PAIR[1].astype("float32")))
    assert [ops.dtype(x) for x in single] == ["float32"] * 2
    check_grads(lambda re, im: ops.stack(function((re, im))), *PAIR, order=1)


@pytest.mark.parametrize("length", [None, 3, 4, 9])
def test_transforms_of_real_numbers(backend, length):
    x = PAIR[0]
    pair = ops.rfft(x, length)
    np.testing.assert_allclose(_complex(pair), np.fft.rfft(x, length), atol=1e-12)
    np.testing.assert_allclose(
        numbers(ops.irfft(tuple(PAIR), length)), np.fft.irfft(PAIR[0] + 1j * PAIR[1], length), atol=1e-12
    )
    check_grads(lambda x: ops.stack(ops.rfft(x, length)), x, order=1)
    check_grads(lambda re, im: ops.irfft((re, im), length), *PAIR, order=1)


def test_half_precision_and_integers(backend):
    re, _ = ops.fft((np.array([1, 2], np.float16), np.zeros(2, np.float16)))
    assert (ops.dtype(re), numbers(re).tolist()) == ("float16", [3, -1])
    assert ops.dtype(ops.rfft([1, 2, 3])[0]) == "float32"


WINDOWS: list[Any] = ["hann", "hamming", None, np.linspace(0.5, 1, 6)]


def _plain_window(window):
    if isinstance(window, str):
        a = {"hann": 0.5, "hamming": 0.54}[window]
        return a - (1 - a) * np.cos(2 * np.pi * np.arange(6) / 6)
    return np.ones(6) if window is None else window


@pytest.mark.parametrize("window", WINDOWS, ids=["hann", "hamming", "none", "tensor"])
@pytest.mark.parametrize("center", [True, False])
def test_short_time_transforms_and_back(backend, window, center):
    pair = ops.stft(SIGNAL, 6, 2, 8, window, center)
    padded = np.pad(SIGNAL, ((0, 0), (4, 4)), "reflect") if center else SIGNAL
    weights = np.pad(_plain_window(window), 1)
    for i in range(pair[0].shape[1]):
        expected = np.fft.rfft(padded[:, 2 * i : 2 * i + 8] * weights)
        np.testing.assert_allclose(_complex(pair)[:, i], expected, atol=1e-12)
    back = numbers(ops.istft(pair, 6, 2, 8, window=window, center=center))
    inner = slice(None) if center else slice(2, -2)
    np.testing.assert_allclose(back[:, inner], SIGNAL[:, inner], atol=1e-10)
    cut = numbers(ops.istft(pair, 6, 2, 8, length=7, window=window, center=center))
    np.testing.assert_array_equal(cut, back[:, :7])
    longer = numbers(ops.istft(pair, 6, 2, 8, length=40, window=window, center=center))
    assert longer.shape == (2, 40)
    check_grads(lambda x: ops.stack(ops.stft(x, 6, 2, 8, window, center)), SIGNAL[:, :12], order=1)


def test_inferred_shapes(backend):
    x = KerasTensor((None, 30))
    assert [tuple(y.shape) for y in ops.stft(x, 6, 2, 8)] == [(None, 16, 5)] * 2
    assert tuple(ops.istft(ops.stft(x, 6, 2, 8), 6, 2, 8).shape) == (None, 30)
    assert tuple(ops.istft(ops.stft(x, 6, 2, 8), 6, 2, 8, length=50).shape) == (None, 50)
    assert [tuple(y.shape) for y in ops.rfft(x, 7)] == [(None, 4)] * 2


def test_what_is_refused(backend):
    for call, error, words in (
        (lambda: ops.fft(SIGNAL), InvalidArgumentError, "must be a pair"),
        (lambda: ops.fft((SIGNAL, SIGNAL[0])), ShapeError, "one shape"),
        (lambda: ops.fft2((SIGNAL[0], SIGNAL[0])), ShapeError, "rank 2"),
        (lambda: ops.irfft((SIGNAL, SIGNAL), 0), InvalidArgumentError, "`fft_length` must be"),
        (lambda: ops.stft(SIGNAL, 9, 2, 8), InvalidArgumentError, "at most `fft_length`"),
        (lambda: ops.stft(SIGNAL, 6, 2, 8, "bell"), InvalidArgumentError, "`window` must be"),
        (lambda: ops.stft(SIGNAL, 6, 2, 8, np.ones(5)), ShapeError, "`window` must be"),
        (lambda: ops.stft(SIGNAL[:, :3], 6, 2, 8), ShapeError, "longer than half"),
    ):
        with pytest.raises(error, match=words):
            call()
