"""The generator: known answers, statistical quality, the same bits by every road."""

import math
import statistics

import numpy as np
import pytest

from kcore.engine import random as R
from kcore.engine.function import Function
from kcore.engine.selection import use_backend
from kcore.errors import InvalidArgumentError

N = 1 << 18

# Threefry-2x32 of 13 and of 20 rounds: counter, key, result;
# published with the generator's reference implementation (Random123).
KNOWN = [
    (13, (0, 0), (0, 0), (0x9D1C5EC6, 0x8BD50731)),
    (13, (0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0xFD36D048, 0x2D17272C)),
    (13, (0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xBA3E4725, 0xF27D669E)),
    (20, (0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
    (20, (0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    (20, (0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xC4923A9C, 0x483DF7A0)),
]


STORED_BITS = [3623138293, 4115838067, 1155130878]
STORED_NORMAL = [1.0092707872390747, 1.731215238571167, -0.6159920692443848]


def bits(seed=1, stream=0, count=N):
    return R.host_bits(np.array([seed, stream], np.uint32), shape=(count,))


def chi_square_bound(freedom, sigmas=5):
    return freedom + sigmas * math.sqrt(2 * freedom)


@pytest.mark.parametrize(("rounds", "counter", "key", "result"), KNOWN)
def test_known_answers(backend, monkeypatch, rounds, counter, key, result):
    monkeypatch.setattr(R, "ROUNDS", rounds)
    words = [backend.asarray(np.array(w, np.uint32)) for w in (*key, *counter)]
    assert tuple(int(x) for x in R.threefry2x32(*words)) == result


@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 5), (0, 2), (4, 3, 2), (70001,)])
def test_the_backends_bits_are_the_composites(backend, shape):
    key = backend.asarray(np.array([99, 3], np.uint32))
    expected = R.host_bits(np.array([99, 3], np.uint32), shape=shape)
    for run in (R.random_bits, R.random_bits.composite):
        got = backend.to_numpy(run(key, shape=shape))
        assert got.dtype == np.uint32
        np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(backend.to_numpy(Function(lambda k: R.random_bits(k, shape=shape))(key)), expected)


DISTRIBUTIONS = {
    "uniform": (R.uniform, R.host_uniform, {}),
    "normal": (R.normal, R.host_normal, {}),
    "truncated_normal": (R.truncated_normal, R.host_truncated_normal, {}),
    "randint": (R.randint, R.host_randint, {"low": -3, "high": 11}),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_numbers_agree_bit_for_bit_between_backends_and_modes(backend, name):
    draw, host, params = DISTRIBUTIONS[name]
    key = np.array([5, 8], np.uint32)
    expected = host(key, shape=(1001,), **params)
    np.testing.assert_array_equal(backend.to_numpy(draw(backend.asarray(key), shape=(1001,), **params)), expected)
    captured = Function(lambda k: draw(k, shape=(1001,), **params))(backend.asarray(key))
    np.testing.assert_array_equal(backend.to_numpy(captured), expected)


def test_stored_numbers():
    """Seeds give the same numbers in every version: values of this implementation, first recorded with version 0.1."""
    key = R.make_key(42)
    np.testing.assert_array_equal(R.host_bits(key, shape=(3,)), STORED_BITS)
    np.testing.assert_array_equal(R.host_normal(key, shape=(3,)), np.array(STORED_NORMAL, np.float32))


def test_every_bit_is_fair():
    x = bits()
    for position in range(32):
        ones = int(((x >> np.uint32(position)) & np.uint32(1)).sum())
        assert abs(ones - N / 2) < 5 * math.sqrt(N) / 2, f"bit {position}"


@pytest.mark.parametrize("shift", [0, 8, 16, 24])
def test_bytes_are_uniform(shift):
    counts = np.bincount((bits() >> np.uint32(shift)) & np.uint32(255), minlength=256)
    assert ((counts - N / 256) ** 2 / (N / 256)).sum() < chi_square_bound(255)


def test_pairs_are_independent():
    x = (bits() >> np.uint32(28)).reshape(-1, 2)
    counts = np.bincount(x[:, 0] * 16 + x[:, 1], minlength=256)
    expected = len(x) / 256
    assert ((counts - expected) ** 2 / expected).sum() < chi_square_bound(255)


@pytest.mark.parametrize("lag", [1, 2, 3, 64, 1000])
def test_no_serial_correlation(lag):
    u = bits() / 2.0**32 - 0.5
    correlation = float((u[:-lag] * u[lag:]).mean() * 12)
    assert abs(correlation) < 5 / math.sqrt(N - lag)


@pytest.mark.parametrize(("other_seed", "other_stream"), [(2, 0), (1, 1), (0x80000001, 0)])
def test_streams_and_seeds_are_unrelated(other_seed, other_stream):
    a, b = bits() / 2.0**32 - 0.5, bits(other_seed, other_stream) / 2.0**32 - 0.5
    assert abs(float((a * b).mean() * 12)) < 5 / math.sqrt(N)


def test_a_flipped_key_bit_flips_half_of_the_result():
    base = bits(0x12345678, 77, 4096)
    for position in range(32):
        for changed in (bits(0x12345678 ^ (1 << position), 77, 4096), bits(0x12345678, 77 ^ (1 << position), 4096)):
            flipped = np.unpackbits((base ^ changed).view(np.uint8)).mean()
            assert abs(flipped - 0.5) < 5 * 0.5 / math.sqrt(4096 * 32)


def test_birthday_spacings():
    """Marsaglia's test: spacings of 512 birthdays in a year of 2**24 days repeat as a Poisson number of mean 2."""
    rounds, days, people = 400, 2**24, 512
    x = np.sort((bits(3, 0, rounds * people) >> np.uint32(8)).reshape(rounds, people).astype(np.int64), axis=1)
    spacings = np.sort(np.diff(x, axis=1), axis=1)
    repeats = (np.diff(spacings, axis=1) == 0).sum(axis=1)
    mean = people**3 / (4 * days)
    assert abs(repeats.mean() - mean) < 5 * math.sqrt(mean / rounds)


def kolmogorov(sample, cdf):
    ordered = np.sort(sample)
    theory = np.vectorize(cdf)(ordered)
    steps = np.arange(len(ordered) + 1) / len(ordered)
    return max(np.max(steps[1:] - theory), np.max(theory - steps[:-1])) * math.sqrt(len(ordered))


def test_normal_follows_its_distribution():
    x = R.host_normal(R.make_key(7), shape=(N,)).astype(np.float64)
    assert kolmogorov(x[:20000], statistics.NormalDist().cdf) < 1.95  # the 0.1% point of Kolmogorov's distribution
    for power, moment in ((1, 0), (2, 1), (3, 0), (4, 3)):
        assert abs((x**power).mean() - moment) < 5 * math.sqrt(math.prod(range(1, 2 * power, 2)) / N)
    beyond = [(np.abs(x) > z).sum() for z in (2, 3, 4)]
    for count, z in zip(beyond, (2, 3, 4), strict=True):
        expected = N * 2 * statistics.NormalDist().cdf(-z)
        assert abs(count - expected) < 5 * math.sqrt(expected) + 1


def test_truncated_normal_follows_its_distribution():
    x = R.host_truncated_normal(R.make_key(8), shape=(20000,)).astype(np.float64)
    normal = statistics.NormalDist()
    low = normal.cdf(-2)
    assert kolmogorov(x, lambda z: (normal.cdf(z) - low) / (1 - 2 * low)) < 1.95
    assert np.abs(x).max() <= 2
    assert abs(x.std() - 0.87962566103423978) < 0.02


def test_uniform_lies_in_its_interval():
    x = R.host_uniform(R.make_key(9), shape=(N,))
    assert x.dtype == np.float32
    assert x.min() >= 0
    assert x.max() < 1
    assert kolmogorov(x[:20000].astype(np.float64), lambda z: z) < 1.95


def test_randint_covers_its_interval_evenly():
    counts = np.bincount(R.host_randint(R.make_key(1), shape=(70000,), low=0, high=7))
    assert len(counts) == 7
    assert ((counts - 10000) ** 2 / 10000).sum() < chi_square_bound(6)


def test_permutation_holds_each_once_and_is_fair():
    orders = np.stack([R.host_permutation(R.make_key(seed), size=5) for seed in range(2000)])
    np.testing.assert_array_equal(np.sort(orders, axis=1), np.tile(np.arange(5), (2000, 1)))
    for column in orders.T:
        counts = np.bincount(column, minlength=5)
        assert ((counts - 400) ** 2 / 400).sum() < chi_square_bound(4)


def test_bernoulli_has_its_probability(backend):
    key = backend.asarray(R.make_key(4))
    assert abs(float(np.mean(backend.to_numpy(R.bernoulli(key, shape=(N,), p=0.3)))) - 0.3) < 5 * math.sqrt(0.21 / N)
    assert not np.any(backend.to_numpy(R.bernoulli(key, shape=(1000,), p=0.0)))
    assert np.all(backend.to_numpy(R.bernoulli(key, shape=(1000,), p=1.0)))


def test_a_generator_never_repeats_and_goes_on_in_captured_steps(backend):
    eager, captured = R.SeedGenerator(3), R.SeedGenerator(3)
    step = Function(lambda: R.uniform(captured.next(), shape=(4,)))
    drawn = [backend.to_numpy(R.uniform(eager.next(), shape=(4,))) for _ in range(3)]
    for expected in drawn:
        np.testing.assert_array_equal(backend.to_numpy(step()), expected)
    assert len({x.tobytes() for x in drawn}) == 3


def test_the_global_seed_makes_draws_reproducible():
    R.set_seed(5)
    first = [R.draw_key() for _ in range(3)]
    R.set_seed(5)
    np.testing.assert_array_equal([R.draw_key() for _ in range(3)], first)
    assert len({x.tobytes() for x in first}) == 3


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, "x", True])
def test_a_bad_seed_is_named(seed):
    with pytest.raises(InvalidArgumentError, match="`seed` must be an integer of at least 0"):
        R.make_key(seed)


def test_seeds_beyond_32_bits_differ():
    assert len({R.make_key(s).tobytes() for s in (1, 1 + 2**32, 1 + 2**33)}) == 3


@pytest.mark.parametrize("data", [0, 1, 77, 2**32 - 1])
def test_the_hosts_integers_fold_like_tensors(data):
    key = np.array([2**32 - 5, 9], np.uint32)
    with use_backend("numpy"):
        np.testing.assert_array_equal(R.host_fold_in(key, data=data), R.fold_in(key, data))
