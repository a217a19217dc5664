"""Learning rate schedules: against their formulas, and against rates that real Keras computed."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from kcore import config, ops
from kcore.engine.function import Function
from kcore.errors import InvalidArgumentError, SerializationError
from kcore.optimizers import schedules

KERAS = json.loads(Path(__file__).with_name("schedule_rates.json").read_text())["cases"]


@pytest.fixture
def double():
    """`floatx` is float64 while the test runs."""
    before = config.floatx()
    config.set_floatx("float64")
    yield
    config.set_floatx(before)


def make(name):
    return getattr(schedules, KERAS[name]["class"])(**KERAS[name]["arguments"])


FORMULAS = {
    "exponential": lambda t: 0.1 * 0.6 ** (t / 7),
    "exponential_staircase": lambda t: 0.1 * 0.6 ** (t // 7),
    "inverse_time": lambda t: 0.1 / (1 + 0.6 * t / 7),
    "inverse_time_staircase": lambda t: 0.1 / (1 + 0.6 * (t // 7)),
    "polynomial": lambda t: 0.09 * (1 - min(t, 7) / 7) ** 2 + 0.01,
    "polynomial_cycle": lambda t: 0.09 * (1 - t / (7 * max(1, math.ceil(t / 7)))) ** 0.5 + 0.01,
    "piecewise": lambda t: 1.0 if t <= 3 else 0.5 if t <= 7 else 0.25 if t <= 8 else 0.125,
    "cosine": lambda t: 0.1 * (0.1 + 0.45 * (1 + math.cos(math.pi * min(t, 7) / 7))),
    "cosine_warmup": lambda t: 0.05 * t if t < 4 else 0.2 * (0.1 + 0.45 * (1 + math.cos(math.pi * min(t - 4, 7) / 7))),
    "restarts_equal": lambda t: 0.1 * (0.1 + 0.5 ** (t // 3) * 0.45 * (1 + math.cos(math.pi * (t % 3) / 3))),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_rate_follows_the_formula(backend, double, name):
    schedule = make(name)
    got = [schedule(t).item() for t in range(25)]
    np.testing.assert_allclose(got, [FORMULAS[name](t) for t in range(25)], rtol=1e-12)


@pytest.mark.parametrize("name", KERAS)
def test_rate_is_that_of_real_keras(backend, double, name):
    schedule = make(name)
    np.testing.assert_allclose([schedule(t).item() for t in range(25)], KERAS[name]["rates"], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", KERAS)
def test_captured_rate_equals_eager_rate(backend, double, name):
    schedule = make(name)
    captured = Function(schedule)
    for t in (0, 1, 6, 7, 8, 20):
        step = ops.convert_to_tensor(np.int32(t))
        assert captured(step).item() == pytest.approx(schedule(t).item(), rel=1e-13)


@pytest.mark.parametrize("name", KERAS)
def test_configuration_is_that_of_real_keras_and_round_trips(backend, name):
    schedule = make(name)
    assert schedule.get_config() == KERAS[name]["config"]
    described = json.loads(json.dumps(schedules.serialize(schedule)))
    assert described["module"] == "keras.optimizers.schedules"
    assert schedules.deserialize(described).get_config() == schedule.get_config()


def test_growing_restarts_begin_where_the_formula_says(backend, double):
    schedule = schedules.CosineDecayRestarts(1.0, 4, t_mul=2.0, m_mul=0.5)
    assert [round(schedule(t).item(), 12) for t in (0, 4, 12, 28)] == [1.0, 0.5, 0.25, 0.125]
    assert schedule(8).item() == pytest.approx(0.25)


BAD_ARGUMENTS = [
    (lambda: schedules.ExponentialDecay(0.1, 0, 0.5), "`decay_steps` must be positive"),
    (lambda: schedules.InverseTimeDecay(0.1, -1, 0.5), "`decay_steps` must be positive"),
    (lambda: schedules.PolynomialDecay(0.1, 0), "`decay_steps` must be positive"),
    (lambda: schedules.CosineDecay(0.1, 0), "`decay_steps` must be positive"),
    (lambda: schedules.CosineDecay(0.1, 1, warmup_steps=-1), "`warmup_steps` must not be negative"),
    (lambda: schedules.CosineDecayRestarts(0.1, 0), "`first_decay_steps` must be positive"),
    (lambda: schedules.CosineDecayRestarts(0.1, 1, t_mul=0.5), "`t_mul` must be at least 1"),
    (lambda: schedules.PiecewiseConstantDecay([1, 2], [1.0]), "one more entry than `boundaries`"),
    (lambda: schedules.PiecewiseConstantDecay([2, 1], [1.0, 2.0, 3.0]), "`boundaries` must increase"),
]


@pytest.mark.parametrize(("make_bad", "message"), BAD_ARGUMENTS)
def test_bad_arguments_are_refused(make_bad, message):
    with pytest.raises(InvalidArgumentError, match=message):
        make_bad()


def test_unknown_schedule_is_not_loaded():
    with pytest.raises(SerializationError, match="Unknown"):
        schedules.deserialize({"class_name": "Unknown", "config": {}})


def test_schedule_of_a_user_must_define_its_rate():
    with pytest.raises(NotImplementedError, match="must define `__call__"):
        schedules.LearningRateSchedule()(0)
