"""Initializers: fan rules, distributions, seeds, shapes, names and configs."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from kcore import initializers, ops
from kcore.engine import random
from kcore.errors import InvalidArgumentError, SerializationError


def values(initializer, shape, dtype=None):
    return np.asarray(ops.convert_to_numpy(initializer(shape, dtype=dtype)))


# As Keras 3.15.1 computes them.
@pytest.mark.parametrize(
    ("shape", "fans"),
    [
        ((), (1, 1)),
        ((5,), (5, 5)),
        ((3, 4), (3, 4)),
        ((2, 3, 4), (6, 8)),
        ((3, 3, 4, 8), (36, 72)),
        ((2, 2, 2, 3, 5), (24, 40)),
    ],
)
def test_fans_count_the_receptive_field(shape, fans):
    assert initializers.compute_fans(shape) == fans


def test_fans_take_other_axes():
    assert initializers.compute_fans((3, 4, 5), [0], [1, 2]) == (3, 20)
    assert initializers.compute_fans((3, 4, 5), [0, 1], [2]) == (12, 5)
    assert initializers.compute_fans((7, 3, 4), [-2], [-1]) == (21, 28)
    with pytest.raises(InvalidArgumentError, match="must be given together"):
        initializers.compute_fans((3, 4), input_axes=[0])


def standardized(sample, low, high, cdf):
    """The Kolmogorov-Smirnov distance of a sample from a distribution, times the root of its size."""
    ordered = np.sort(sample.ravel().astype("float64"))
    assert low <= ordered[0]
    assert ordered[-1] <= high
    ideal = cdf(ordered)
    steps = np.arange(1, len(ordered) + 1) / len(ordered)
    return math.sqrt(len(ordered)) * max((steps - ideal).max(), (ideal - steps + 1 / len(ordered)).max())


def normal_cdf(x):
    return 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def truncated_cdf(x):
    low, high = normal_cdf(-2.0), normal_cdf(2.0)
    return (normal_cdf(x) - low) / (high - low)


NORMAL = lambda stddev: (-6 * stddev, 6 * stddev, lambda x: normal_cdf(x / stddev))
TRUNCATED = lambda stddev: (-2 * stddev, 2 * stddev, lambda x: truncated_cdf(x / stddev))
UNIFORM = lambda limit: (-limit, limit, lambda x: (x + limit) / (2 * limit))
_TRUE = 0.87962566103423978
#: The shape (100, 500) has fan in 100, fan out 500, mean 300.
DISTRIBUTIONS = [
    (initializers.RandomNormal(seed=1), NORMAL(0.05)),
    (initializers.TruncatedNormal(seed=1), TRUNCATED(0.05)),
    (initializers.RandomUniform(seed=1), UNIFORM(0.05)),
    (initializers.GlorotUniform(seed=1), UNIFORM(math.sqrt(6 / 600))),
    (initializers.GlorotNormal(seed=1), TRUNCATED(math.sqrt(2 / 600) / _TRUE)),
    (initializers.HeUniform(seed=1), UNIFORM(math.sqrt(6 / 100))),
    (initializers.HeNormal(seed=1), TRUNCATED(math.sqrt(2 / 100) / _TRUE)),
    (initializers.LecunUniform(seed=1), UNIFORM(math.sqrt(3 / 100))),
    (initializers.LecunNormal(seed=1), TRUNCATED(math.sqrt(1 / 100) / _TRUE)),
    (initializers.VarianceScaling(3.0, "fan_out", "untruncated_normal", seed=1), NORMAL(math.sqrt(3 / 500))),
    (initializers.VarianceScaling(3.0, "fan_out", "normal", seed=1), TRUNCATED(math.sqrt(3 / 500) / _TRUE)),
]


@pytest.mark.parametrize(("initializer", "distribution"), DISTRIBUTIONS, ids=lambda x: type(x).__name__)
def test_the_numbers_have_their_distribution(initializer, distribution, backend):
    """Kolmogorov and Smirnov's test: a distance above 1.95 has probability 0.001."""
    assert standardized(values(initializer, (100, 500)), *distribution) < 1.95


@pytest.mark.parametrize(
    "name", ["GlorotUniform", "GlorotNormal", "HeNormal", "HeUniform", "LecunNormal", "LecunUniform"]
)
def test_the_variance_is_that_of_the_fan(name, backend):
    scale = 2 if name.startswith("He") else 1
    fan = (9 * 20 + 9 * 200) / 2 if name.startswith("Glorot") else 9 * 20
    sample = values(getattr(initializers, name)(seed=3), (3, 3, 20, 200))
    assert sample.var() == pytest.approx(scale / fan, rel=0.02)
    assert sample.mean() == pytest.approx(0, abs=5 * math.sqrt(scale / fan / sample.size))


def test_mean_and_limits_are_shifted(backend):
    assert values(initializers.RandomNormal(mean=3.0, stddev=0.1, seed=1), (1000,)).mean() == pytest.approx(3, abs=0.02)
    sample = values(initializers.RandomUniform(2.0, 5.0, seed=1), (1000,))
    assert 2 <= sample.min() < 2.1
    assert 4.9 < sample.max() < 5


# ------------------------------------------------------------------------------------------------------------- seeds


def test_an_integer_seed_gives_the_same_numbers_at_every_call(backend):
    initializer = initializers.RandomNormal(seed=5)
    np.testing.assert_array_equal(values(initializer, (4,)), values(initializer, (4,)))
    np.testing.assert_array_equal(values(initializer, (4,)), values(initializers.RandomNormal(seed=5), (4,)))
    assert (values(initializer, (4,)) != values(initializers.RandomNormal(seed=6), (4,))).all()


def test_without_a_seed_each_call_gives_new_numbers_of_the_process_wide_stream(backend):
    def three():
        initializer = initializers.GlorotUniform()
        return [values(initializer, (4,)), values(initializer, (4,)), values(initializers.GlorotUniform(), (4,))]

    random.set_seed(7)
    first = three()
    random.set_seed(7)
    second = three()
    np.testing.assert_array_equal(first, second)
    assert len(np.unique(first)) == 12


def test_a_generator_gives_its_next_numbers(backend):
    initializer = initializers.RandomUniform(seed=random.SeedGenerator(3))
    assert (values(initializer, (4,)) != values(initializer, (4,))).all()


@pytest.mark.parametrize("name", ["RandomUniform", "RandomNormal", "TruncatedNormal", "GlorotUniform", "Orthogonal"])
def test_a_seed_gives_the_same_bits_on_every_backend(name, backend):
    from kcore.engine.selection import use_backend

    initializer = getattr(initializers, name)(seed=42)
    here = values(initializer, (8, 5))
    with use_backend("numpy"):
        reference = values(initializer, (8, 5))
    assert here.tobytes() == reference.tobytes()


@pytest.mark.parametrize("seed", ["7", 1.5, -1, True])
def test_a_seed_that_is_no_integer_is_refused(seed):
    with pytest.raises(InvalidArgumentError, match="`seed` must be"):
        initializers.RandomNormal(seed=seed)


# -------------------------------------------------------------------------------------------------- fixed initializers


def test_constants(backend):
    assert values(initializers.Zeros(), (2,)).tolist() == [0, 0]
    assert values(initializers.Ones(), (2,), "int32").dtype == "int32"
    assert values(initializers.Constant(3), (2, 2)).tolist() == [[3, 3], [3, 3]]
    assert values(initializers.Constant([1.0, 2.0]), (2, 2)).tolist() == [[1, 2], [1, 2]]
    assert values(initializers.Constant(True), (2,), "bool").tolist() == [True, True]
    with pytest.raises(InvalidArgumentError, match=r"`value` must broadcast .* value.shape=\(3,\), shape=\(2, 2\)"):
        initializers.Constant([1.0, 2.0, 3.0])((2, 2))


def test_the_identity(backend):
    assert values(initializers.Identity(2.0), (2, 3)).tolist() == [[2, 0, 0], [0, 2, 0]]
    with pytest.raises(InvalidArgumentError, match="matrix"):
        initializers.Identity()((2, 2, 2))


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5), (3, 2, 4), (2, 2, 2, 9)])
def test_orthogonal_matrices_are_orthogonal(shape, backend):
    matrix = values(initializers.Orthogonal(gain=1.5, seed=2), shape, "float64").reshape(-1, shape[-1]) / 1.5
    gram = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
    np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-12)


def test_orthogonal_matrices_are_evenly_distributed(backend):
    """The determinant's sign and the entries' mean would show a QR decomposition whose signs weren't set right."""
    matrices = [values(initializers.Orthogonal(seed=seed), (3, 3), "float64") for seed in range(400)]
    assert abs(np.mean([np.linalg.det(m) for m in matrices])) < 0.16
    assert abs(np.mean(matrices, axis=0)).max() < 4 * math.sqrt(1 / 3 / 400)


def test_an_orthogonal_vector_is_refused(backend):
    with pytest.raises(InvalidArgumentError, match="at least two dimensions"):
        initializers.Orthogonal()((3,))


def test_fourier_kernels_transform(backend):
    frame, bins = 16, 9
    signal = np.random.default_rng(0).normal(size=frame)
    real, imaginary = (
        values(initializers.STFT(side, window=None), (frame, 1, bins), "float64")[:, 0] for side in ("real", "imag")
    )
    np.testing.assert_allclose(signal @ real + 1j * (signal @ imaginary), np.fft.rfft(signal), atol=1e-12)


# As Keras 3.15.1 computes them.
@pytest.mark.parametrize(
    ("arguments", "column"),
    [
        (("hann", "spectrum", False), [0.0, 0.5, 0.5, 0.0]),
        (("hann", "density", True), [0.0, 0.408248, 0.816497, 0.408248]),
        (("hamming", "density", False), [0.07307, 0.70332, 0.70332, 0.07307]),
        (([1.0, 2.0, 3.0, 4.0], None, False), [1.0, 2.0, 3.0, 4.0]),
    ],
)
def test_fourier_kernels_are_windowed_and_scaled(arguments, column, backend):
    kernels = values(initializers.STFT("real", *arguments), (4, 2, 3))
    np.testing.assert_allclose(kernels[:, 1, 0], column, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_dtype_is_the_given_one(dtype, backend):
    for name in ("Zeros", "RandomNormal", "HeNormal", "Orthogonal", "Identity"):
        assert values(getattr(initializers, name)(), (3, 2), dtype).dtype == dtype
    assert values(initializers.Ones(), (2,)).dtype == "float32"


@pytest.mark.parametrize("shape", [(-1, 2), (1.5,), "ab", (None, 2)])
def test_a_shape_that_is_none_is_refused(shape, backend):
    with pytest.raises(InvalidArgumentError, match="`shape` must consist of integers"):
        initializers.HeNormal()(shape)


# --------------------------------------------------------------------------------------------------- names and configs


@pytest.mark.parametrize(
    ("names", "cls"),
    [
        ("zeros zero Zeros", initializers.Zeros),
        ("ones one Ones", initializers.Ones),
        ("constant Constant", initializers.Constant),
        ("random_normal normal RandomNormal", initializers.RandomNormal),
        ("random_uniform uniform RandomUniform", initializers.RandomUniform),
        ("truncated_normal TruncatedNormal", initializers.TruncatedNormal),
        ("variance_scaling VarianceScaling", initializers.VarianceScaling),
        ("glorot_uniform GlorotUniform", initializers.GlorotUniform),
        ("glorot_normal GlorotNormal", initializers.GlorotNormal),
        ("he_normal HeNormal", initializers.HeNormal),
        ("he_uniform HeUniform", initializers.HeUniform),
        ("lecun_normal LecunNormal", initializers.LecunNormal),
        ("lecun_uniform LecunUniform", initializers.LecunUniform),
        ("orthogonal Orthogonal OrthogonalInitializer", initializers.Orthogonal),
        ("identity Identity IdentityInitializer", initializers.Identity),
        ("stft STFT STFTInitializer", initializers.STFT),
    ],
)
def test_an_initializer_is_found_by_each_of_its_names(names, cls):
    assert all(type(initializers.get(name)) is cls for name in names.split())
    assert all(getattr(initializers, name) is cls for name in names.split())


def test_get_takes_numbers_arrays_functions_classes_and_configs(backend):
    assert values(initializers.get(3), (2,)).tolist() == [3, 3]
    assert values(initializers.get(np.array([1.0, 2.0])), (2,)).tolist() == [1, 2]
    assert initializers.get(None) is None
    assert isinstance(initializers.get(initializers.Ones), initializers.Ones)
    function = lambda shape, dtype=None: np.zeros(shape)
    assert initializers.get(function) is function
    instance = initializers.HeNormal(seed=1)
    assert initializers.get(instance) is instance
    assert initializers.get({"class_name": "HeNormal", "config": {"seed": 3}}).seed == 3


def test_an_unknown_name_is_refused_with_near_ones():
    with pytest.raises(InvalidArgumentError, match="Did you mean 'GlorotUniform'"):
        initializers.get("GlorotUnifrom")
    with pytest.raises(InvalidArgumentError, match="Received: identifier=True"):
        initializers.get(True)
    with pytest.raises(SerializationError, match="NoSuch"):
        initializers.deserialize({"class_name": "NoSuch", "config": {}})


# The configs are those of Keras 3.15.1.
@pytest.mark.parametrize(
    ("initializer", "config"),
    [
        (initializers.Zeros(), {}),
        (initializers.Constant(3), {"value": 3}),
        (initializers.Identity(2.0), {"gain": 2.0}),
        (initializers.RandomNormal(seed=1), {"seed": 1, "mean": 0.0, "stddev": 0.05}),
        (initializers.TruncatedNormal(), {"seed": None, "mean": 0.0, "stddev": 0.05}),
        (initializers.RandomUniform(), {"seed": None, "minval": -0.05, "maxval": 0.05}),
        (initializers.GlorotUniform(), {"seed": None, "input_axes": None, "output_axes": None}),
        (initializers.Orthogonal(seed=1), {"seed": 1, "gain": 1.0}),
        (initializers.STFT(), {"side": "real", "window": "hann", "scaling": "density", "periodic": False}),
        (
            initializers.VarianceScaling(distribution="normal"),
            {
                "seed": None,
                "scale": 1.0,
                "mode": "fan_in",
                "distribution": "truncated_normal",
                "input_axes": None,
                "output_axes": None,
            },
        ),
    ],
    ids=lambda x: type(x).__name__,
)
def test_a_config_is_that_of_keras_and_makes_the_same_initializer(initializer, config):
    data = json.loads(json.dumps(initializers.serialize(initializer)))
    assert data == {
        "module": "keras.initializers",
        "class_name": type(initializer).__name__,
        "config": config,
        "registered_name": None,
    }
    assert initializers.deserialize(data).get_config() == initializer.clone().get_config() == config


def test_the_config_of_an_array_comes_back(backend):
    again = initializers.deserialize(json.loads(json.dumps(initializers.serialize(initializers.Constant(np.eye(2))))))
    assert values(again, (2, 2)).tolist() == [[1, 0], [0, 1]]
    kernel = initializers.STFT(window=np.array([1.0, 2.0]))
    again = initializers.deserialize(json.loads(json.dumps(initializers.serialize(kernel))))
    np.testing.assert_array_equal(values(again, (2, 1, 2)), values(kernel, (2, 1, 2)))


@pytest.mark.parametrize(
    "build",
    [
        lambda: initializers.VarianceScaling(scale=0),
        lambda: initializers.VarianceScaling(mode="fan"),
        lambda: initializers.VarianceScaling(distribution="beta"),
        lambda: initializers.STFT("left"),
        lambda: initializers.STFT(window="triangle"),
        lambda: initializers.STFT(scaling="mean"),
        lambda: initializers.STFT()((4, 4)),
        lambda: initializers.STFT(window=[1.0])((4, 1, 3)),
    ],
)
def test_an_argument_out_of_range_is_refused(build, backend):
    with pytest.raises(InvalidArgumentError, match="Received: "):
        build()


def test_an_initializer_without_call_says_so():
    with pytest.raises(NotImplementedError, match="must define `__call__"):
        initializers.Initializer()((2,))
