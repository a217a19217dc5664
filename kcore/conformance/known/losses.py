"""Losses."""

from __future__ import annotations

import numpy as np

from kcore import Function, losses, ops
from kcore.errors import InvalidArgumentError

from ._section import PROBED, f32, f64, i32, section, slope, twice

known = section("Losses")


@known(57, "label_that_is_no_class", answer="An error that names the classes; inside a captured step, where values "
       "aren't looked at, what `take_along_axis` does; `ignore_class` leaves samples out.")  # fmt: skip
def _labels(backend, check):
    probabilities = f32([0.2, 0.8], [0.2, 0.8])
    for label in (-1, 2):
        for call in (ops.sparse_categorical_crossentropy, losses.sparse_categorical_crossentropy):
            with check.raises(InvalidArgumentError, r"class numbers in \[0, 2\)"):
                call(i32(0, label), probabilities)
    labels = i32(-1, 0)
    got = losses.sparse_categorical_crossentropy(labels, probabilities, ignore_class=-1)
    check.close(got, f64(0, -np.log(0.2)))
    mean = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    check.close(mean(labels, probabilities), -np.log(0.2))
    check.close(Function(mean)(labels, probabilities), -np.log(0.2))


@known(
    58,
    "crossentropy_of_probabilities_that_do_not_add_up",
    sources=("K#19838", PROBED),
    answer="They are divided by their sum, for sparse labels as for one-hot ones.",
)
def _unnormalised(backend, check):
    output, expected = f32([0.2, 0.6]), f64(-np.log(0.75))
    for sparse in (ops.sparse_categorical_crossentropy, losses.sparse_categorical_crossentropy):
        check.close(sparse(i32(1), output), expected)
    for dense in (ops.categorical_crossentropy, losses.categorical_crossentropy):
        check.close(dense(f32([0, 1]), output), expected)
    got = slope(lambda p: ops.sparse_categorical_crossentropy(i32(1), p), output)
    check.close(got, f64([1 / 0.8, 1 / 0.8 - 1 / 0.6]))


@known(59, "binary_crossentropy_of_large_logits", answer="Exact, without clipping: 200 for -200 where 1 is right, and "
       "its gradient is `sigmoid(x) - y`.")  # fmt: skip
def _logits(backend, check):
    labels, logits = f32(1, 0, 1, 0), f32(-200, 200, 200, -200)
    for got in twice(lambda y, x: ops.binary_crossentropy(y, x, from_logits=True), labels, logits):
        check.equal(got, f32(200, 200, 0, 0))
    check.equal(losses.binary_crossentropy(labels[None], logits[None], from_logits=True), f32(100))
    got = slope(lambda x: ops.binary_crossentropy(labels, x, from_logits=True), logits)
    check.equal(got, f32(-1, 1, 0, 0))


@known(
    60,
    "label_smoothing_along_another_axis",
    sources=("K#23437",),
    answer="The classes are counted along `axis`.",
)
def _smoothing(backend, check):
    y, p = f32(1, 0, 0, 1, 0, 0).reshape(1, 3, 2), f32(0.5, 0.25, 0.25, 0.25, 0.25, 0.5).reshape(1, 3, 2)
    smooth = y * 0.7 + 0.3 / 3
    expected = -np.sum(smooth * np.log(p.astype(np.float64)), axis=1)
    check.close(losses.categorical_crossentropy(y, p, label_smoothing=0.3, axis=1), expected)
    mean = losses.CategoricalCrossentropy(label_smoothing=0.3, axis=1)
    check.close(mean(y, p), expected.mean())


@known(
    60,
    "losses_keep_their_config",
    sources=("K#23286",),
    answer="Every argument of the constructor is in the config and comes back from it.",
)
def _config(backend, check):
    arguments = {
        "Huber": {"delta": 3.0},
        "BinaryCrossentropy": {"from_logits": True, "label_smoothing": 0.25, "axis": 1},
        "CategoricalCrossentropy": {"from_logits": True, "label_smoothing": 0.25, "axis": 1},
        "SparseCategoricalCrossentropy": {"from_logits": True, "ignore_class": 2, "axis": 1},
        "BinaryFocalCrossentropy": {"apply_class_balancing": True, "alpha": 0.5, "gamma": 3.0},
        "CategoricalFocalCrossentropy": {"alpha": 0.5, "gamma": 3.0, "axis": 1},
        "CosineSimilarity": {"axis": 1},
        "Dice": {"axis": (1, 2)},
        "Tversky": {"alpha": 0.25, "beta": 0.75, "axis": (1, 2)},
        "Circle": {"gamma": 40.0, "margin": 0.25, "remove_diagonal": False},
        "CategoricalGeneralizedCrossEntropy": {"q": 0.25},
    }
    for name, given in arguments.items():
        loss = getattr(losses, name)(**given, reduction="sum", name="mine")
        again = losses.deserialize(losses.serialize(loss)).get_config()
        expected = {**given, "reduction": "sum", "name": "mine"}
        kept = {key: tuple(v) if isinstance(v := again[key], list) else v for key in expected}
        check.true(kept == expected, f"{name} kept {kept} of {expected}")


@known(
    60,
    "binary_crossentropy_with_label_smoothing",
    sources=("K#21816",),
    answer="Labels move towards 1/2, sample by sample, without broadcasting samples against one another.",
)
def _binary_smoothing(backend, check):
    y, p = f32([1], [0], [1]), f32([0.5], [0.25], [0.75])
    smooth = y * 0.75 + 0.125
    each = -(smooth * np.log(np.float64(p)) + (1 - smooth) * np.log(1 - np.float64(p)))
    check.close(losses.binary_crossentropy(y, p, label_smoothing=0.25), each[:, 0])
    check.close(losses.BinaryCrossentropy(label_smoothing=0.25)(y, p), each.mean())
