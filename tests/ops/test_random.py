"""`kcore.random`: distributions, seeds, and the process-wide stream; the generator itself is tested with the engine."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kcore import ops, random
from kcore.engine.function import Function
from kcore.engine.random import set_seed
from kcore.engine.selection import use_backend
from kcore.errors import InvalidArgumentError, ShapeError

COUNT = 40_000


def to_numpy(x):
    return np.asarray(ops.convert_to_numpy(x))


def assert_moments(sample, mean, variance, fourth=None):
    """Mean and variance within 5 standard errors; `fourth` is the 4th central moment (a normal one's if `None`)."""
    sample = sample.astype("float64").ravel()
    fourth = 3 * variance**2 if fourth is None else fourth
    assert abs(sample.mean() - mean) < 5 * math.sqrt(variance / sample.size)
    assert abs(sample.var() - variance) < 5 * math.sqrt((fourth - variance**2) / sample.size)


DRAWS = {
    "uniform": lambda seed: random.uniform((COUNT,), -1.0, 3.0, seed=seed),
    "normal": lambda seed: random.normal((COUNT,), 2.0, 0.5, seed=seed),
    "truncated_normal": lambda seed: random.truncated_normal((COUNT,), 2.0, 0.5, seed=seed),
    "randint": lambda seed: random.randint((COUNT,), -2, 5, seed=seed),
    "categorical": lambda seed: random.categorical(np.log([[0.1, 0.6, 0.3]]), COUNT, seed=seed),
    "dropout": lambda seed: random.dropout(np.ones((COUNT,), "float32"), 0.3, seed=seed),
    "shuffle": lambda seed: random.shuffle(np.arange(COUNT), seed=seed),
    "gamma": lambda seed: random.gamma((COUNT,), 2.5, seed=seed),
    "beta": lambda seed: random.beta((COUNT,), 2.0, 3.0, seed=seed),
    "binomial": lambda seed: random.binomial((COUNT,), 10, 0.3, seed=seed),
}
#: mean, variance, and the fourth central moment where it isn't 3 times the variance squared.
MOMENTS = {
    "uniform": (1, 16 / 12, 16**2 / 80),
    "normal": (2, 0.25),
    "truncated_normal": (2, 0.25 * 0.7737413),
    "randint": (1, 4, 28),
    "categorical": (1.2, 0.36, 0.1 * 1.2**4 + 0.6 * 0.2**4 + 0.3 * 0.8**4),
    "dropout": (1, 0.3 / 0.7, 0.3 + 0.7 * (3 / 7) ** 4),
    "gamma": (2.5, 2.5, 3 * 2.5**2 + 6 * 2.5),
    "beta": (0.4, 0.04),
    "binomial": (3, 2.1, 3 * 2.1**2 + 2.1 * (1 - 6 * 0.21)),
}


@pytest.mark.parametrize("name", MOMENTS)
def test_the_moments_are_those_of_the_distribution(name, backend):
    assert_moments(to_numpy(DRAWS[name](11)), *MOMENTS[name])


@pytest.mark.parametrize("name", DRAWS)
def test_an_integer_seed_gives_the_same_numbers_at_every_call(name, backend):
    first, second, other = (to_numpy(DRAWS[name](seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


@pytest.mark.parametrize("name", DRAWS)
def test_a_generator_gives_its_next_numbers(name, backend):
    generator, twin = random.SeedGenerator(3), random.SeedGenerator(3)
    numbers = [to_numpy(DRAWS[name](generator)) for _ in range(2)]
    assert (numbers[0] != numbers[1]).any()
    np.testing.assert_array_equal(numbers, [to_numpy(DRAWS[name](twin)) for _ in range(2)])


@pytest.mark.parametrize("name", DRAWS)
def test_without_a_seed_the_process_wide_stream_goes_on(name, backend):
    def two():
        return [to_numpy(DRAWS[name](None)) for _ in range(2)]

    set_seed(9)
    first = two()
    set_seed(9)
    np.testing.assert_array_equal(first, two())
    assert (first[0] != first[1]).any()


@pytest.mark.parametrize("name", ["uniform", "normal", "truncated_normal", "randint", "dropout", "shuffle"])
def test_a_seed_gives_the_same_bits_on_every_backend(name, backend):
    here = to_numpy(DRAWS[name](5))
    with use_backend("numpy"):
        reference = to_numpy(DRAWS[name](5))
    assert here.tobytes() == reference.tobytes()


def test_a_captured_function_draws_new_numbers_at_each_replay(backend):
    draw = Function(lambda x: random.uniform((4,)) + x)
    zero = ops.convert_to_tensor(np.zeros(4, "float32"))
    set_seed(2)
    captured = [to_numpy(draw(zero)) for _ in range(3)]
    assert len(np.unique(captured)) == 12
    set_seed(2)
    np.testing.assert_array_equal(captured[0], to_numpy(random.uniform((4,))))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_dtype_is_the_given_one(dtype, backend):
    for draw in (random.uniform, random.normal, random.truncated_normal):
        assert to_numpy(draw((3,), dtype=dtype, seed=1)).dtype == dtype
    assert to_numpy(random.gamma((3,), 2.0, dtype=dtype, seed=1)).dtype == dtype
    assert to_numpy(random.randint((3,), 0, 9, dtype="uint8", seed=1)).dtype == "uint8"
    assert to_numpy(random.categorical(np.zeros((1, 3)), 2, dtype="int64", seed=1)).dtype == "int64"


def test_ranges_are_kept(backend):
    u = to_numpy(random.uniform((COUNT,), 2.0, 5.0, seed=1))
    assert 2 <= u.min() < 2.01
    assert 4.99 < u.max() < 5
    assert sorted(set(to_numpy(random.randint((COUNT,), -2, 5, seed=1)).tolist())) == [*range(-2, 5)]
    assert abs(to_numpy(random.truncated_normal((COUNT,), seed=1))).max() <= 2


def test_a_class_without_probability_is_never_drawn(backend):
    logits = np.array([[-np.inf, 0.0, -np.inf, 1.0, -np.inf], [0.0, -np.inf, -np.inf, -np.inf, -np.inf]])
    drawn = to_numpy(random.categorical(logits, 2000, seed=1))
    assert drawn.shape == (2, 2000)
    assert set(drawn[0].tolist()) == {1, 3}
    assert set(drawn[1].tolist()) == {0}


def test_dropout_drops_together_where_the_noise_shape_says(backend):
    x = np.ones((50, 4, 3), "float32")
    result = to_numpy(random.dropout(x, 0.5, noise_shape=(None, 1, 3), seed=1))
    assert (result == result[:, :1]).all()
    assert set(np.unique(result).tolist()) == {0, 2}
    assert to_numpy(random.dropout(x, 0.0, seed=1)).min() == 1
    assert to_numpy(random.dropout(x, 1.0, seed=1)).max() == 0


def test_a_shuffle_moves_whole_slices(backend):
    x = np.arange(12).reshape(3, 4)
    columns = to_numpy(random.shuffle(x, axis=-1, seed=2))
    assert sorted(columns.T.tolist()) == x.T.tolist()
    assert (columns != x).any()


def test_every_order_is_as_likely(backend):
    counts = {}
    for seed in range(1200):
        order = tuple(to_numpy(random.shuffle(np.arange(3), seed=seed)).tolist())
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 6
    assert sum((count - 200) ** 2 / 200 for count in counts.values()) < 20.5  # chi squared, 5 degrees: 0.001


@pytest.mark.parametrize("alpha", [0.2, 0.9, 1.0, 7.0, 100.0])
def test_gamma_moments_over_its_parameter(alpha, backend):
    assert_moments(to_numpy(random.gamma((COUNT,), alpha, seed=2)), alpha, alpha, 3 * alpha**2 + 6 * alpha)


def test_gamma_of_shape_1_is_exponential(backend):
    ordered = np.sort(to_numpy(random.gamma((COUNT,), 1.0, seed=8)).astype("float64"))
    distance = abs((np.arange(COUNT) + 0.5) / COUNT - (1 - np.exp(-ordered))).max()
    assert math.sqrt(COUNT) * distance < 1.95


@pytest.mark.parametrize(("n", "p"), [(1, 0.3), (16, 0.9), (17, 0.2), (500, 0.01), (10_000, 0.6)])
def test_binomial_moments_over_its_parameters(n, p, backend):
    sample = to_numpy(random.binomial((COUNT // 2,), n, p, seed=3))
    q = 1 - p
    assert (sample == np.round(sample)).all()
    assert 0 <= sample.min() <= sample.max() <= n
    assert_moments(sample, n * p, n * p * q, 3 * (n * p * q) ** 2 + n * p * q * (1 - 6 * p * q))


def test_parameters_may_be_tensors(backend):
    alpha = ops.convert_to_tensor(np.array([0.5, 50.0], "float32"))
    sample = to_numpy(random.gamma((4000, 2), alpha, seed=1))
    np.testing.assert_allclose(sample.mean(0), [0.5, 50], rtol=0.06)
    counts = to_numpy(random.binomial((4000, 2), np.array([3.0, 300.0]), 0.5, seed=1))
    np.testing.assert_allclose(counts.mean(0), [1.5, 150], rtol=0.06)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: random.uniform((2,), seed="x"),
        lambda: random.uniform((2,), seed=-1),
        lambda: random.normal((2,), dtype="int32"),
        lambda: random.randint((2,), 0, 5, dtype="float32"),
        lambda: random.randint((2,), 5, 5),
        lambda: random.dropout(np.ones(2), 1.5),
    ],
)
def test_an_argument_out_of_range_is_refused(draw, backend):
    with pytest.raises(InvalidArgumentError, match="Received: "):
        draw()


def test_logits_must_be_a_matrix(backend):
    with pytest.raises(ShapeError, match="`logits` must be of shape"):
        random.categorical(np.ones(3), 2)


def test_a_generator_is_made_again_from_its_config(backend):
    generator = random.SeedGenerator(7)
    again = random.SeedGenerator.from_config(generator.get_config())
    np.testing.assert_array_equal(to_numpy(again.next()), to_numpy(generator.next()))
