"""The same seed gives the same bits: stored values, by every road."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from kcore import random
from kcore.engine import random as engine_random
from kcore.engine.function import Function

from .case import Case, case, family

GROUP = "randomness"
THREEFRY = {
    "zeros": ((0, 0), (0, 0), (0x9D1C5EC6, 0x8BD50731)),
    "ones": ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0xFD36D048, 0x2D17272C)),
    "pi": ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xBA3E4725, 0xF27D669E)),
}
"""Counter, key, result of 13 rounds: published with the generator's reference implementation (Random123)."""

STORED = {
    "bits": [3623138293, 4115838067, 1155130878],
    "normal": [1.0092707872390747, 1.731215238571167, -0.6159920692443848],
}
"""The first numbers of seed 42, first recorded with version 0.1."""

DROPPED = [
    [0, 2, 0, 2, 2, 0, 0, 0],
    [2, 2, 0, 0, 2, 2, 2, 2],
    [2, 2, 2, 0, 2, 0, 0, 2],
    [2, 0, 0, 0, 0, 0, 2, 0],
]
"""Ones after a dropout of 0.5 with seed 7, recorded with version 0.1."""

GLOROT = [
    [0.21050500869750977, -1.0655580759048462, 0.722801923751831],
    [-0.16755139827728271, -0.15246492624282837, 0.029747724533081055],
]
"""A kernel of shape (2, 3) with seed 7, recorded with version 0.1."""

DISTRIBUTIONS = {
    "uniform": (engine_random.uniform, engine_random.host_uniform, {}),
    "normal": (engine_random.normal, engine_random.host_normal, {}),
    "truncated_normal": (engine_random.truncated_normal, engine_random.host_truncated_normal, {}),
    "randint": (engine_random.randint, engine_random.host_randint, {"low": -3, "high": 11}),
}
"""By name: the function, its twin on the host, and parameters."""


def _known(counter, key, result, backend, check) -> None:
    words = [backend.asarray(np.array(w, np.uint32)) for w in (*key, *counter)]
    check.equal(list(engine_random.threefry2x32(*words)), [np.asarray(w, np.uint32) for w in result])


@family
def known_answers() -> Iterator[Case]:
    """The generator's published answers."""
    for name, row in THREEFRY.items():
        yield Case(
            f"random/threefry of {name}",
            partial(_known, *row),
            group=GROUP,
            op="random_bits",
            sources=("Random123, kat_vectors",),
        )


@case("random/stored bits", group=GROUP, op="random_bits", answer="3623138293, 4115838067, 1155130878 for seed 42.")
def stored_bits(backend, check):
    """Seed 42 gives the stored bits."""
    key = backend.asarray(engine_random.make_key(42))
    check.equal(engine_random.random_bits(key, shape=(3,)), np.array(STORED["bits"], np.uint32))
    composite = engine_random.random_bits.composite
    check.equal(composite(key, shape=(3,)), np.array(STORED["bits"], np.uint32))


@case("random/stored normal numbers", group=GROUP, op="normal", answer="1.00927..., 1.73121..., -0.61599... for 42.")
def stored_normal(backend, check):
    """Seed 42 gives the stored normal numbers."""
    key = backend.asarray(engine_random.make_key(42))
    check.equal(engine_random.normal(key, shape=(3,)), np.array(STORED["normal"], np.float32))


def _bits(shape: tuple, backend, check) -> None:
    key = np.array([99, 3], np.uint32)
    expected = engine_random.host_bits(key, shape=shape)
    tensor = backend.asarray(key)
    check.equal(engine_random.random_bits(tensor, shape=shape), expected)
    check.equal(engine_random.random_bits.composite(tensor, shape=shape), expected)
    check.equal(Function(lambda k: engine_random.random_bits(k, shape=shape))(tensor), expected)


@family
def bits_of_all_shapes() -> Iterator[Case]:
    """Fast path, composite and capture give the same bits, for every shape."""
    for shape in ((), (1,), (7,), (3, 5), (0, 2), (4, 3, 2), (70001,)):
        yield Case(
            f"random/bits of shape {shape}", partial(_bits, shape), group=GROUP, op="random_bits", quick=shape == (7,)
        )


def _distribution(draw, host, params: dict, backend, check) -> None:
    key = np.array([5, 8], np.uint32)
    expected = host(key, shape=(1001,), **params)
    check.equal(draw(backend.asarray(key), shape=(1001,), **params), expected)
    captured = Function(lambda k: draw(k, shape=(1001,), **params))(backend.asarray(key))
    check.equal(captured, expected)


@family
def distributions() -> Iterator[Case]:
    """Numbers of a distribution agree bit for bit, captured or not."""
    for name, row in DISTRIBUTIONS.items():
        yield Case(f"random/{name} is the host's, bit for bit", partial(_distribution, *row), group=GROUP, op=name)


@case("random/a generator goes on in captured steps", group=GROUP, op="SeedGenerator",
      answer="The draws of a captured step are those of an eager one, and no two are equal.")  # fmt: skip
def generator_goes_on(backend, check):
    """The state of a generator isn't baked into a captured step."""
    eager, captured = engine_random.SeedGenerator(3), engine_random.SeedGenerator(3)
    step = Function(lambda: engine_random.uniform(captured.next(), shape=(4,)))
    drawn = [check.numpy(engine_random.uniform(eager.next(), shape=(4,))) for _ in range(3)]
    for expected in drawn:
        check.equal(step(), np.array(expected))
    check.true(len({x.tobytes() for x in drawn}) == 3, "a draw was repeated")


@case("random/the global seed reproduces draws", group=GROUP, op="set_seed", answer="The same numbers again.")
def global_seed(backend, check):
    """Setting the seed again gives the same numbers again."""
    engine_random.set_seed(5)
    first = [np.array(check.numpy(random.normal((3,)))) for _ in range(2)]
    engine_random.set_seed(5)
    check.equal([random.normal((3,)) for _ in range(2)], first)
    check.true(not np.array_equal(first[0], first[1]), "a draw was repeated")


@case("random/dropout masks are stored bits", level="inference", group=GROUP, op="Dropout",
      answer="The kept elements of seed 7 are the same on every backend.")  # fmt: skip
def dropout_mask(backend, check):
    """The mask of dropout follows from the seed alone."""
    from kcore import layers

    layer = layers.Dropout(0.5, seed=7)
    kept = layer(backend.asarray(np.ones((4, 8), np.float32)), training=True)
    check.equal(kept, np.array(DROPPED, np.float32))


@case("random/initial weights are stored bits", level="inference", group=GROUP, op="GlorotUniform",
      answer="The kernel of seed 7 is the same on every backend.")  # fmt: skip
def initial_weights(backend, check):
    """Initial weights follow from the seed alone, bit for bit."""
    from kcore import initializers

    check.equal(initializers.GlorotUniform(seed=7)((2, 3)), np.array(GLOROT, np.float32))
