"""Random models: valid, the same for a seed, caught with a planted fault, and reduced to it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from spoiled import backward_of, broken, fused, instead

from kcore.conformance import run_case
from kcore.conformance.models.cases import case_of, is_valid, more
from kcore.conformance.models.description import shown, values
from kcore.conformance.models.generate import generate
from kcore.conformance.models.reduce import reduced, smaller
from kcore_numpy import NumpyBackend


def test_a_seed_gives_a_valid_graph_of_plain_data():
    for seed in range(30):
        description = generate(seed)
        assert json.loads(json.dumps(description)) == description == generate(seed)
        assert values(description)[-1].shape == (None, 2)


def test_many_kinds_of_layers_come_up():
    used = {node["layer"] for seed in range(150) for node in generate(seed)["nodes"]}
    assert {"Conv2D", "LSTM", "Embedding", "BatchNormalization", "MaxPooling1D", "Add", "Dropout", "Reshape"} <= used
    assert len(used) >= 35


def wrong_average(residuals, cotangents, x, **params):
    """The gradient of another scale."""
    (gradient,) = backward_of("average_pool")(residuals, cotangents, x, **params)
    return (gradient * np.asarray(1.5, gradient.dtype),)


WRONG = {
    "tanh": (5, instead("tanh", lambda x: (np.tanh(x) * 1.001).astype(x.dtype)), ("tanh",)),
    "the gradient of average pooling": (5, fused("average_pool", backward=wrong_average), ("AveragePooling1D",)),
}
"""By what is wrong: a seed whose model has it, the broken part, and words that the reduced model must hold."""


@pytest.mark.parametrize("name", WRONG)
def test_a_failure_names_its_seed_and_is_reduced_to_one_or_two_layers(name):
    seed, overrides, words = WRONG[name]
    result = run_case(case_of(seed), broken(name, overrides))
    assert result.outcome == "failed"
    assert f"--models 1 --seed {seed}`" in result.message
    smallest = result.message.partition("The smallest model that fails: ")[2]
    assert all(word in smallest for word in words)
    assert smallest.count(" of ") <= 2
    assert len(smallest) < len(shown(generate(seed)))


def test_a_view_that_a_backend_keeps_quiet_about_is_found():
    views = NumpyBackend.views - {"reshape", "permute_dims"}
    quiet = type("Quiet", (NumpyBackend,), {"name": "quiet", "views": views})()
    result = run_case(case_of(2), quiet)
    assert result.outcome == "failed"
    assert "from memory that was given up after" in result.message


def test_nothing_smaller_fails():
    def has_a_pool(description):
        return is_valid(description) and any("Pooling" in node["layer"] for node in description["nodes"])

    found = reduced(generate(5), has_a_pool)
    assert [node["layer"] for node in found["nodes"]] == ["AveragePooling1D"]
    assert not any(has_a_pool(candidate) for candidate in smaller(found))


def test_cases_of_more_seeds():
    assert [case.name for case in more(100, 2)] == ["model/seed 100", "model/seed 101"]
